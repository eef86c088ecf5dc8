//! Problems as workflow commands, which GitHub shows beside the lines of a pull request.
//!
//! One line per problem; reasons and advice are folded into the message, since annotations have no parts.

use super::places::Places;
use crate::{Problem, Problems, Severity, Sources};
use std::fmt::Write as _;

/// One command per line.
#[must_use]
pub fn github(problems: &Problems, sources: &Sources) -> String {
    let mut places = Places::new(sources);
    let mut out = String::new();
    for problem in &problems.0 {
        let command = match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let place = places.get(problem.span());
        let mut fields = String::new();
        if let Some(place) = place {
            fields = format!(
                "file={},line={},endLine={},col={},endColumn={},",
                property(place.path),
                place.start.line,
                place.end.line,
                place.start.column,
                place.end.column
            );
        }
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "::{command} {fields}title={}::{}",
            property(&format!("{}: {}", problem.code, problem.title)),
            data(&message(problem))
        );
    }
    out
}

fn message(problem: &Problem) -> String {
    let label = problem.labels.iter().find(|label| label.primary).map(|label| label.text.clone());
    let label = label.filter(|text| !text.is_empty()).unwrap_or_else(|| problem.title.clone());
    let notes = problem.notes.iter().map(|note| format!("note: {note}"));
    let helps = problem.helps.iter().map(|help| format!("help: {help}"));
    std::iter::once(label).chain(notes).chain(helps).collect::<Vec<_>>().join("\n")
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
