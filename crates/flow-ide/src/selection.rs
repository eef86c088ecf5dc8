//! What is selected when a selection grows: the word, then each construct around it. Syntax alone.

use crate::{folding::trimmed, place::token_at};
use flow_syntax::{Parse, TextRange};

/// The ranges around a place, from the smallest; each holds the one before.
#[must_use]
pub fn selections(parse: &Parse, offset: u32) -> Vec<TextRange> {
    let root = parse.tree();
    let Some(token) = token_at(&root, offset) else { return vec![] };
    let mut found: Vec<TextRange> = vec![token.text_range()];
    for node in token.parent_ancestors() {
        let last = found.last().copied().unwrap_or_default();
        for range in [trimmed(&node), node.text_range()] {
            if range.contains_range(last) && found.last() != Some(&range) {
                found.push(range);
            }
        }
    }
    found
}
