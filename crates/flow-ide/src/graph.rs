//! The system, or a part of it, as a picture.

use crate::Analysis;
use flow_plan::{
    draw::{Picture, svg},
    graph::Graph,
    select::{Selector, select},
};

/// The picture as SVG; of what a selector such as `+board_note` chooses, if there is one.
///
/// # Errors
/// The selector is wrong or selects nothing, or there is too much to draw, with why.
pub fn graph(analysis: &Analysis, selector: Option<&str>) -> Result<String, String> {
    let program = &analysis.compilation.program;
    let system = Graph::of(program);
    let chosen = match selector {
        None => None,
        Some(text) => {
            let selector = Selector::parse(text).map_err(|error| error.to_string())?;
            let chosen = select(&system, &selector).map_err(|error| error.to_string())?;
            if chosen.is_empty() {
                return Err(format!("`{text}` selects nothing"));
            }
            Some(chosen)
        }
    };
    let picture = Picture::of(&system, chosen.as_deref());
    svg(&picture, &program.project)
        .map_err(|boxes| format!("{boxes} boxes are more than a picture shows; select a part"))
}
