//! What can be wrong with names and types, one struct per kind, one file per family.
//!
//! Each struct holds the facts; its `From` is the one place that puts them into words. Nothing here
//! looks anything up. Every code's page has examples that a test runs.

pub(crate) mod arguments;
pub(crate) mod collections;
pub(crate) mod context;
pub(crate) mod cycles;
pub(crate) mod judges;
pub(crate) mod manifest;
pub(crate) mod matching;
pub(crate) mod mismatch;
pub(crate) mod names;
pub(crate) mod operators;
pub(crate) mod records;
pub(crate) mod settings;
pub(crate) mod strings;
pub(crate) mod types;
pub(crate) mod values;

/// The candidate most like `name`, if any is like it enough to be what was meant.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len().abs_diff(name.len()) <= limit + 2 && *candidate != name)
        .map(|candidate| (strsim::damerau_levenshtein(&name.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= limit && *distance < candidate.chars().count())
        .min()
        .map(|(_, candidate)| candidate)
}

/// `a`, `a or b`, `a, b or c`, each between backticks; at most eight.
pub(crate) fn one_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let mut shown: Vec<String> = names.iter().take(8).map(|name| format!("`{name}`")).collect();
    if names.len() > shown.len() {
        return format!("{}, … ({} in all)", shown.join(", "), names.len());
    }
    match shown.pop() {
        None => "none".into(),
        Some(last) if shown.is_empty() => last,
        Some(last) => format!("{} or {last}", shown.join(", ")),
    }
}

/// `1 field`, `2 fields`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
