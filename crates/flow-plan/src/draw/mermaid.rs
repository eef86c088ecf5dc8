//! A picture for Mermaid, as Markdown viewers draw it.

use super::Picture;
use crate::graph::{EdgeKind, VertexKind};
use std::fmt::Write as _;

/// The picture as a `flowchart`.
#[must_use]
pub fn mermaid(picture: &Picture) -> String {
    let mut out = String::from("flowchart LR\n");
    for (index, node) in picture.nodes.iter().enumerate() {
        let (open, close) = match node.kind {
            VertexKind::Dataset => ("[(", ")]"),
            VertexKind::Step => ("[", "]"),
            VertexKind::Value | VertexKind::Flow => ("([", "])"),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  n{index}{open}\"{}\"{close}", escape(&node.label));
    }
    for (from, to, kind) in &picture.edges {
        let arrow = if *kind == EdgeKind::Order { "-.->" } else { "-->" };
        let _ = writeln!(out, "  n{from} {arrow} n{to}");
    }
    out
}

/// Everything but plain characters as Mermaid's numbered entities.
fn escape(text: &str) -> String {
    let escaped = text.chars().map(|char| match char {
        _ if char.is_alphanumeric() || matches!(char, ' ' | '_' | '.' | '-') => char.to_string(),
        _ => format!("#{};", u32::from(char)),
    });
    escaped.collect()
}
