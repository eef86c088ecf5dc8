//! Problems as one JSON document, for tools. Its shape is versioned: a change that could break a
//! reader raises [`PROBLEMS_FORMAT`].
//!
//! Lines and columns count from 1, columns in characters; `offset` counts bytes from 0.

use super::{Counts, places::Places};
use crate::{Problem, Problems, Sources, Span};
use serde_json::{Value, json};

/// The version of the document's shape.
pub const PROBLEMS_FORMAT: u32 = 1;

/// The document, indented, with a line end.
#[must_use]
pub fn json(problems: &Problems, sources: &Sources) -> String {
    let mut places = Places::new(sources);
    let counts = Counts::of(problems);
    let problems: Vec<Value> = problems.0.iter().map(|problem| problem_json(problem, &mut places)).collect();
    let document = json!({
        "format": PROBLEMS_FORMAT,
        "errors": counts.errors,
        "warnings": counts.warnings,
        "problems": problems,
    });
    format!("{document:#}\n")
}

fn problem_json(problem: &Problem, places: &mut Places<'_>) -> Value {
    let labels: Vec<Value> = problem
        .labels
        .iter()
        .map(|label| {
            let mut value = place_json(label.span, places);
            value["text"] = label.text.as_str().into();
            value["primary"] = label.primary.into();
            value
        })
        .collect();
    let fixes: Vec<Value> = problem
        .fixes
        .iter()
        .map(|fix| {
            let edits: Vec<Value> = fix
                .edits
                .iter()
                .map(|edit| {
                    let mut value = place_json(edit.span, places);
                    value["text"] = edit.text.as_str().into();
                    value
                })
                .collect();
            json!({ "title": fix.title, "edits": edits })
        })
        .collect();
    json!({
        "code": problem.code,
        "severity": problem.severity,
        "title": problem.title,
        "labels": labels,
        "notes": problem.notes,
        "helps": problem.helps,
        "fixes": fixes,
    })
}

fn place_json(span: Span, places: &mut Places<'_>) -> Value {
    match places.get(span) {
        Some(place) => json!({
            "path": place.path,
            "start": { "offset": span.start, "line": place.start.line, "column": place.start.column },
            "end": { "offset": span.end, "line": place.end.line, "column": place.end.column },
        }),
        None => json!({ "path": null }),
    }
}
