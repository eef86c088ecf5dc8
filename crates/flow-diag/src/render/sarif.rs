//! Problems as SARIF 2.1.0, the format that code scanners exchange.
//!
//! Built as plain JSON: the part of the standard that a compiler needs is one page long.

use super::places::{Place, Places};
use crate::{Code, Problem, Problems, Severity, Sources, Span};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The log, indented, with a line end. `version` is the compiler's.
#[must_use]
pub fn sarif(problems: &Problems, sources: &Sources, version: &str) -> String {
    let mut places = Places::new(sources);
    let codes: Vec<Code> = problems.0.iter().map(|problem| problem.code).collect::<BTreeSet<_>>().into_iter().collect();
    let results: Vec<Value> = problems.0.iter().map(|problem| result(problem, &codes, &mut places)).collect();
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "flowc",
                "version": version,
                "rules": codes.iter().map(|code| rule(*code)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn rule(code: Code) -> Value {
    json!({
        "id": code,
        "shortDescription": { "text": code.title() },
        "help": { "text": code.page(), "markdown": code.page() },
    })
}

fn result(problem: &Problem, codes: &[Code], places: &mut Places<'_>) -> Value {
    let level = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let labels = |primary: bool| problem.labels.iter().filter(move |label| label.primary == primary);
    let locations: Vec<Value> =
        labels(true).filter_map(|label| location(label.span, &label.text, None, places)).collect();
    let related: Vec<Value> =
        labels(false).zip(0..).filter_map(|(label, id)| location(label.span, &label.text, Some(id), places)).collect();
    let mut result = json!({
        "ruleId": problem.code,
        "ruleIndex": codes.binary_search(&problem.code).unwrap_or_default(),
        "level": level,
        "message": { "text": message(problem) },
        "locations": locations,
    });
    if !related.is_empty() {
        result["relatedLocations"] = related.into();
    }
    let fixes: Vec<Value> = problem.fixes.iter().filter_map(|fix| fix_json(fix, places)).collect();
    if !fixes.is_empty() {
        result["fixes"] = fixes.into();
    }
    result
}

fn message(problem: &Problem) -> String {
    let notes = problem.notes.iter().map(|note| format!("note: {note}"));
    let helps = problem.helps.iter().map(|help| format!("help: {help}"));
    std::iter::once(problem.title.clone()).chain(notes).chain(helps).collect::<Vec<_>>().join("\n")
}

fn location(span: Span, text: &str, id: Option<u32>, places: &mut Places<'_>) -> Option<Value> {
    let place = places.get(span)?;
    let mut location = json!({
        "physicalLocation": { "artifactLocation": { "uri": uri(place.path) }, "region": region(&place) },
    });
    if let Some(id) = id {
        location["id"] = id.into();
    }
    if !text.is_empty() {
        location["message"] = json!({ "text": text });
    }
    Some(location)
}

fn fix_json(fix: &crate::Fix, places: &mut Places<'_>) -> Option<Value> {
    // One change per file, as the standard wants; a fix nearly always touches one file.
    let mut changes: Vec<(String, Vec<Value>)> = Vec::new();
    for edit in &fix.edits {
        let place = places.get(edit.span)?;
        let replacement = json!({ "deletedRegion": region(&place), "insertedContent": { "text": edit.text } });
        let uri = uri(place.path);
        match changes.iter_mut().find(|(known, _)| *known == uri) {
            Some((_, replacements)) => replacements.push(replacement),
            None => changes.push((uri, vec![replacement])),
        }
    }
    let changes: Vec<Value> = changes
        .into_iter()
        .map(|(uri, replacements)| json!({ "artifactLocation": { "uri": uri }, "replacements": replacements }))
        .collect();
    Some(json!({ "description": { "text": fix.title }, "artifactChanges": changes }))
}

fn region(place: &Place<'_>) -> Value {
    json!({
        "startLine": place.start.line,
        "startColumn": place.start.column,
        "endLine": place.end.line,
        "endColumn": place.end.column,
    })
}

/// A path as a relative URI reference: what may not stand in one is percent-encoded.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
