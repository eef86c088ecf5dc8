//! A picture for Graphviz.

use super::Picture;
use crate::graph::{EdgeKind, VertexKind};
use std::fmt::Write as _;

/// The picture as a `digraph`.
#[must_use]
pub fn dot(picture: &Picture) -> String {
    let mut out = String::from(
        "digraph flow {\n  rankdir=LR;\n  node [fontname=\"Helvetica\", fontsize=11];\n  edge [color=\"#6b7280\"];\n",
    );
    for (index, node) in picture.nodes.iter().enumerate() {
        let shape = match node.kind {
            VertexKind::Dataset => "cylinder",
            VertexKind::Step => "box",
            VertexKind::Value | VertexKind::Flow => "ellipse",
        };
        let (label, title) = (escape(&node.label), escape(&node.title));
        let detail =
            if node.kind == VertexKind::Dataset { String::new() } else { format!("\\n{}", escape(&node.detail)) };
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  n{index} [shape={shape}, label=\"{label}{detail}\", tooltip=\"{title}\"];");
    }
    for (from, to, kind) in &picture.edges {
        let style = if *kind == EdgeKind::Order { " [style=dashed]" } else { "" };
        let _ = writeln!(out, "  n{from} -> n{to}{style};");
    }
    out.push_str("}\n");
    out
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
