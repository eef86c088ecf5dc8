//! Every path that a document names exists.
//!
//! A path is what begins with one of the root's folders, anywhere in the text, or what a link points to.
//! Patterns with placeholders (`CODE.md`, `*.flow`, `<name>`) are passed over.

use super::{Project, TextFile};
use std::collections::BTreeSet;

/// How paths begin.
const STARTS: [&str; 8] = ["crates/", "grammar/", "stdlib/", "examples/", "tests/", "editors/", ".ci/", ".cargo/"];

/// Complaints about the documents' paths.
pub(super) fn check(project: &Project) -> Vec<String> {
    let known: BTreeSet<&str> = project.paths.iter().map(String::as_str).collect();
    let is_document = |path: &str| {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        path.ends_with(".md") && (["", "crates", "grammar"].contains(&folder) || folder.starts_with("examples"))
    };
    let documents = project.files.iter().filter(|file| is_document(&file.path));
    documents.flat_map(|file| complaints(file, &known)).collect()
}

fn complaints(file: &TextFile, known: &BTreeSet<&str>) -> Vec<String> {
    let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut missing = Vec::new();
    for path in named(&file.text) {
        if !known.contains(&*path) {
            missing.push(format!("{}: `{path}` does not exist", file.path));
        }
    }
    for target in links(&file.text) {
        let path = resolve(folder, &target);
        if !known.contains(&*path) && !path.is_empty() {
            missing.push(format!("{}: the link to `{target}` leads nowhere", file.path));
        }
    }
    missing
}

/// Words that look like paths from the root.
fn named(text: &str) -> Vec<String> {
    let separates = |c: char| c.is_whitespace() || "`\"'()[]|,;".contains(c);
    let words = text.split(separates).filter(|word| STARTS.iter().any(|start| word.starts_with(start)));
    words.filter_map(path_of).collect()
}

/// The path in a word, without line number, anchor and full stop; none if it has a placeholder.
fn path_of(word: &str) -> Option<String> {
    if word.contains(['*', '<', '{', '$', '…']) || word.contains("CODE") || word.contains("NAME") {
        return None;
    }
    let word = word.split(['#', ':']).next().unwrap_or_default();
    Some(word.trim_end_matches(['.', '/']).to_owned())
}

/// Targets of links that stay in the project.
fn links(text: &str) -> Vec<String> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://") && !target.starts_with('#')).filter_map(path_of).collect()
}

/// A link's target from the root, `..` and `.` walked.
fn resolve(folder: &str, target: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_found_in_prose_tables_and_commands() {
        let text = "See `crates/a/src/lib.rs:12`, (grammar/flow.pest).\n| tests/x.md | y |\n$ flowc run examples/01/\n\
                    but not crates/CODE.md nor stdlib/*.flow nor other/thing";
        assert_eq!(named(text), ["crates/a/src/lib.rs", "grammar/flow.pest", "tests/x.md", "examples/01"]);
    }

    #[test]
    fn what_does_not_exist_is_named() {
        let file = TextFile {
            path: "grammar/README.md".into(),
            text: "`crates/a` and [up](../README.md) and [gone](gone.md) and `tests/gone`".into(),
        };
        let complaints = complaints(&file, &BTreeSet::from(["crates/a", "README.md"]));
        assert_eq!(complaints.len(), 2, "{complaints:?}");
        assert!(complaints[0].contains("tests/gone") && complaints[1].contains("gone.md"));
    }
}
