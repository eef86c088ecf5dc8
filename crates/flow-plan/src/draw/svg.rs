//! A picture as SVG that stands alone: its own style, light and dark, a tooltip on each box.
//!
//! Holds no script and refers to nothing outside, so it can be opened from anywhere.

use super::{Picture, PictureNode, layout::layout};
use crate::graph::{EdgeKind, VertexKind};
use std::fmt::Write as _;

/// Pictures with more boxes than this are refused: no viewer shows them, and nobody reads them.
pub const MOST_DRAWN: usize = 5000;

const MARGIN: f64 = 24.0;
const HEIGHT: f64 = 44.0;
/// Colours are written out: viewers and converters without variables would paint everything black.
const STYLE: &str = "
  svg { color-scheme: light dark; font-family: system-ui, 'DejaVu Sans', sans-serif; font-size: 13px; }
  .back { fill: #ffffff; } text { fill: #1f2937; text-anchor: middle; } .dim { fill: #6b7280; font-size: 11px; }
  .edge { fill: none; stroke: #9ca3af; stroke-width: 1.4; } .order { stroke-dasharray: 5 4; } .head { fill: #9ca3af; }
  .step rect, .value rect, .flow rect { fill: #f9fafb; stroke: #d1d5db; } .dataset rect { fill: #ecfdf5; stroke: #34d399; }
  g:hover > rect { stroke-width: 2.5; }
  @media (prefers-color-scheme: dark) {
    .back { fill: #111827; } text { fill: #f3f4f6; } .dim { fill: #9ca3af; } .edge { stroke: #6b7280; } .head { fill: #6b7280; }
    .step rect, .value rect, .flow rect { fill: #1f2937; stroke: #4b5563; } .dataset rect { fill: #064e3b; stroke: #10b981; }
  }
";

/// The picture as an SVG document.
///
/// # Errors
/// The picture has more than [`MOST_DRAWN`] boxes; the error is their number.
pub fn svg(picture: &Picture, title: &str) -> Result<String, usize> {
    if picture.nodes.len() > MOST_DRAWN {
        return Err(picture.nodes.len());
    }
    let sizes: Vec<(f64, f64)> = picture.nodes.iter().map(size).collect();
    let pairs: Vec<(usize, usize)> = picture.edges.iter().map(|(from, to, _)| (*from, *to)).collect();
    let placed = layout(&sizes, &pairs);
    let (width, height) = (placed.width + 2.0 * MARGIN, placed.height + 2.0 * MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" role=\"img\">\n<title>{}</title>\n<style>{STYLE}</style>\n\
         <defs><marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" \
         orient=\"auto\"><path class=\"head\" d=\"M0 0 8 4 0 8z\"/></marker></defs>\n\
         <rect class=\"back\" width=\"100%\" height=\"100%\"/>\n<g transform=\"translate({MARGIN} {MARGIN})\">\n",
        escape(title)
    );
    for (from, to, kind) in &picture.edges {
        let order = if *kind == EdgeKind::Order { " order" } else { "" };
        let (start, end) = (placed.corners[*from], placed.corners[*to]);
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "<path class=\"edge{order}\" marker-end=\"url(#head)\" d=\"{}\"/>",
            curve((start.0 + sizes[*from].0, start.1 + sizes[*from].1 / 2.0), (end.0, end.1 + sizes[*to].1 / 2.0))
        );
    }
    for ((node, size), corner) in picture.nodes.iter().zip(&sizes).zip(&placed.corners) {
        draw_node(&mut out, node, *size, *corner);
    }
    out.push_str("</g>\n</svg>\n");
    Ok(out)
}

fn draw_node(out: &mut String, node: &PictureNode, (width, height): (f64, f64), (x, y): (f64, f64)) {
    let radius = if node.kind == VertexKind::Dataset { height / 2.0 } else { 6.0 };
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "<g class=\"{}\" transform=\"translate({x:.1} {y:.1})\"><title>{}</title>\
         <rect width=\"{width:.1}\" height=\"{height:.1}\" rx=\"{radius}\"/>\
         <text x=\"{middle:.1}\" y=\"19\">{}</text><text class=\"dim\" x=\"{middle:.1}\" y=\"35\">{}</text></g>",
        node.kind.word(),
        escape(&node.title),
        escape(&node.label),
        escape(&node.detail),
        middle = width / 2.0,
    );
}

fn size(node: &PictureNode) -> (f64, f64) {
    let width = |text: &str, char: f64| text.chars().count() as f64 * char;
    (f64::max(width(&node.label, 7.4), width(&node.detail, 6.2)).clamp(56.0, 420.0) + 28.0, HEIGHT)
}

/// A curve that leaves and arrives level; one that runs backwards makes a wider bow.
fn curve(from: (f64, f64), to: (f64, f64)) -> String {
    let reach = if to.0 > from.0 { (to.0 - from.0) / 2.0 } else { 80.0 + (from.0 - to.0) / 6.0 };
    format!(
        "M{:.1} {:.1}C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1}",
        from.0,
        from.1,
        from.0 + reach,
        from.1,
        to.0 - reach,
        to.1,
        to.0,
        to.1
    )
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML has no way to write these at all.
            _ if char.is_control() && char != '\n' => out.push('\u{FFFD}'),
            _ => out.push(char),
        }
    }
    out
}
