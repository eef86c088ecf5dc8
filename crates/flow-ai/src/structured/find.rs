//! JSON in an answer's text: every value in brackets, and what stands around them.
//!
//! Where a value breaks off that was clearly meant as JSON, nothing after it is looked at: a part of a broken answer is
//! not the answer. Each byte is read once: what failed is not read again. Knows no types.

use super::{
    leniency::Leniency,
    loose::{Broken, Loose, Parsed, parse},
};

/// The most values that one answer may hold.
const MOST_FOUND: usize = 64;

/// What an answer's text holds.
pub(super) struct Found {
    /// Values with where they begin.
    pub(super) values: Vec<(usize, Parsed)>,
    /// What was meant as one and is none.
    pub(super) broken: Option<Broken>,
}

/// All values in brackets.
pub(super) fn find(text: &str) -> Found {
    let mut values = Vec::new();
    let mut at = 0;
    while let Some(next) = text[at..].find(['{', '[']) {
        let start = at + next;
        match parse(text, start) {
            Ok(_) if values.len() == MOST_FOUND => {
                let broken = Broken { at: start, why: "it holds more than 64 values", meant: true };
                return Found { values, broken: Some(broken) };
            }
            Ok(parsed) => {
                at = parsed.end;
                values.push((start, parsed));
            }
            Err(broken) if broken.meant => return Found { values, broken: Some(broken) },
            Err(broken) => {
                at = broken.at.max(start + 1);
                // An error may stand within a character's bytes.
                while !text.is_char_boundary(at) {
                    at += 1;
                }
            }
        }
    }
    Found { values, broken: None }
}

/// A value without brackets that is all of the text. Without quotes it may be taken for a string.
pub(super) fn bare(text: &str, unquoted: bool) -> Option<Parsed> {
    let text = text.trim();
    let parsed = parse(text, 0).ok().filter(|parsed| parsed.end == text.len());
    parsed.or_else(|| {
        let short = unquoted && !text.is_empty() && text.len() <= 1000 && !text.contains(['\n', '{', '[', '"']);
        let value = Loose::String(text.trim_matches(['`', '*']).to_owned());
        let mut parsed = Parsed { value, end: text.len(), forgiven: super::leniency::Forgiven::default() };
        parsed.forgiven.once(Leniency::Bare);
        short.then_some(parsed)
    })
}

/// The text after the part in which a model thinks aloud, and whether there was one; none if that part has no end.
pub(super) fn after_thinking(text: &str) -> Option<(&str, bool)> {
    let trimmed = text.trim_start();
    for (start, end) in [("<think>", "</think>"), ("<thinking>", "</thinking>")] {
        if let Some(rest) = trimmed.strip_prefix(start) {
            return rest.split_once(end).map(|(_, rest)| (rest, true));
        }
    }
    Some((text, false))
}

/// What stands around a value.
pub(super) fn around(text: &str, start: usize, end: usize) -> Vec<Leniency> {
    let (before, after) = (&text[..start], &text[end..]);
    let fenced = before.contains("```");
    let before = if fenced { without_fence(before) } else { before };
    let after = after.trim_start().strip_prefix("```").unwrap_or(after);
    let prose = !before.trim().is_empty() || !after.trim().is_empty();
    let both = [fenced.then_some(Leniency::Fence), prose.then_some(Leniency::Prose)];
    both.into_iter().flatten().collect()
}

/// The text before the last fence, if nothing but its language follows it.
fn without_fence(before: &str) -> &str {
    match before.rsplit_once("```") {
        Some((text, language)) if language.trim().bytes().all(|byte| byte.is_ascii_alphanumeric()) => text,
        _ => before,
    }
}
