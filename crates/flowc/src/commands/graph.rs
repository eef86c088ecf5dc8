//! `flowc graph`: the system as a picture.

use crate::{
    cli::Global,
    exit::{Exit, Failure, Outcome},
    programs,
    project::write_whole,
    ui::Ui,
};
use clap::{Args, ValueEnum};
use flow_plan::{
    draw::{self, MOST_DRAWN, Picture},
    graph::Graph as System,
    select::{Selector, select},
};
use std::path::PathBuf;

/// Draws the system: datasets, steps, and what is made from what
#[derive(Debug, Args)]
pub(crate) struct Graph {
    /// The part to draw, as in `--select '+board_note'` [default: all]
    #[arg(value_name = "SELECTOR")]
    select: Option<String>,
    /// svg, dot (Graphviz), mermaid, or json for tools
    #[arg(long, value_name = "FORMAT", default_value = "svg")]
    format: Format,
    /// Draws this plan file, or the program at this git revision
    #[arg(long, value_name = "PLAN|REV")]
    of: Option<String>,
    /// Writes to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Svg,
    Dot,
    Mermaid,
    Json,
}

impl Graph {
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        let Some(program) = programs::named(self.of.as_deref().unwrap_or("."), global, ui)? else {
            return Ok(Exit::Wrong);
        };
        let system = System::of(&program);
        let chosen = match &self.select {
            None => None,
            Some(text) => {
                let selector = Selector::parse(text).map_err(|error| Failure::wrong(error.to_string()))?;
                let chosen = select(&system, &selector).map_err(|error| Failure::wrong(error.to_string()))?;
                if chosen.is_empty() {
                    return Err(Failure::wrong(format!("`{text}` selects nothing")));
                }
                Some(chosen)
            }
        };
        let picture = Picture::of(&system, chosen.as_deref());
        let drawn = match self.format {
            Format::Svg => draw::svg(&picture, &program.project).map_err(|boxes| {
                Failure::wrong(format!("{boxes} boxes are more than the {MOST_DRAWN} that an SVG shows"))
                    .hint("draw a part, as in `flowc graph '2+NAME+2'`, or use --format dot")
            })?,
            Format::Dot => draw::dot(&picture),
            Format::Mermaid => draw::mermaid(&picture),
            Format::Json => json(&picture),
        };
        match &self.out {
            Some(path) => write_whole(path, &drawn)?,
            None => ui.out(&drawn)?,
        }
        Ok(Exit::Done)
    }
}

fn json(picture: &Picture) -> String {
    let nodes = picture.nodes.iter().zip(0..).map(|(node, id): (_, usize)| {
        serde_json::json!({ "id": id, "kind": node.kind.word(), "label": node.label, "detail": node.detail })
    });
    let edges = picture.edges.iter().map(|(from, to, kind)| {
        let kind = if *kind == flow_plan::graph::EdgeKind::Data { "data" } else { "order" };
        serde_json::json!({ "from": from, "to": to, "kind": kind })
    });
    let nodes = serde_json::Value::from_iter(nodes);
    let edges = serde_json::Value::from_iter(edges);
    format!("{:#}\n", serde_json::json!({ "format": 1, "nodes": nodes, "edges": edges }))
}
