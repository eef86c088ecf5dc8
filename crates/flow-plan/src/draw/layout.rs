//! Where the boxes of a picture stand: from left to right, as data runs.
//!
//! Small pictures are laid out by rust-sugiyama, which hangs on repeated edges and panics on loops; a
//! [`super::Picture`] has neither. Large ones, and those it fails on, are laid out here, in columns by
//! distance from the sources, in time linear in what is drawn.

use rust_sugiyama::configure::Config;

/// Above so many boxes or arrows the layout is plain: the time of the other grows with the square.
const SMALL_NODES: usize = 250;
const SMALL_EDGES: usize = 600;
const GAP: f64 = 28.0;
const COLUMN_GAP: f64 = 70.0;

/// The left upper corner of each box, and the size of the whole.
pub(super) struct Layout {
    pub(super) corners: Vec<(f64, f64)>,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Places boxes of the given sizes.
pub(super) fn layout(sizes: &[(f64, f64)], edges: &[(usize, usize)]) -> Layout {
    let mut corners = match sizes.len() <= SMALL_NODES && edges.len() <= SMALL_EDGES {
        true => sugiyama(sizes, edges).unwrap_or_else(|| columns(sizes, edges)),
        false => columns(sizes, edges),
    };
    let left = corners.iter().map(|(x, _)| *x).fold(f64::INFINITY, f64::min);
    let top = corners.iter().map(|(_, y)| *y).fold(f64::INFINITY, f64::min);
    let (mut width, mut height) = (0.0_f64, 0.0_f64);
    for (corner, size) in corners.iter_mut().zip(sizes) {
        *corner = (corner.0 - left, corner.1 - top);
        width = width.max(corner.0 + size.0);
        height = height.max(corner.1 + size.1);
    }
    Layout { corners, width, height }
}

/// Layers of the library run downwards; turned by a quarter they run to the right.
fn sugiyama(sizes: &[(f64, f64)], edges: &[(usize, usize)]) -> Option<Vec<(f64, f64)>> {
    let vertices: Vec<(u32, (f64, f64))> =
        (0_u32..).zip(sizes).map(|(id, (width, height))| (id, (*height, *width))).collect();
    let edges: Vec<(u32, u32)> = edges
        .iter()
        .map(|(from, to)| Some((u32::try_from(*from).ok()?, u32::try_from(*to).ok()?)))
        .collect::<Option<_>>()?;
    let config = Config { vertex_spacing: GAP, dummy_size: 0.5, ..Config::default() };
    let layouts = rust_sugiyama::from_vertices_and_edges(&vertices, &edges, &config);
    let mut corners = vec![None; sizes.len()];
    let mut top = 0.0;
    for (placed, ..) in layouts {
        let least = placed.iter().map(|(id, (across, _))| across - sizes[*id].1 / 2.0).fold(f64::INFINITY, f64::min);
        let mut bottom = top;
        for (id, (across, along)) in placed {
            let (width, height) = sizes[id];
            let y = across - height / 2.0 - least + top;
            // More room between columns than between rows, for the arrows.
            corners[id] = Some((along * (1.0 + COLUMN_GAP / 200.0) - width / 2.0, y));
            bottom = f64::max(bottom, y + height);
        }
        top = bottom + GAP * 1.5;
    }
    corners.into_iter().collect()
}

/// Columns by the longest way from a source; within a column, boxes follow what they are made from.
fn columns(sizes: &[(f64, f64)], edges: &[(usize, usize)]) -> Vec<(f64, f64)> {
    let mut after = vec![Vec::new(); sizes.len()];
    let mut before = vec![Vec::new(); sizes.len()];
    for (from, to) in edges {
        after[*from].push(*to);
        before[*to].push(*from);
    }
    let mut waiting: Vec<usize> = before.iter().map(Vec::len).collect();
    let mut ready: Vec<usize> = (0..sizes.len()).filter(|node| waiting[*node] == 0).collect();
    let mut column = vec![0_usize; sizes.len()];
    let mut next = 0;
    while let Some(node) = ready.get(next).copied() {
        next += 1;
        for target in &after[node] {
            column[*target] = column[*target].max(column[node] + 1);
            waiting[*target] -= 1;
            if waiting[*target] == 0 {
                ready.push(*target);
            }
        }
    }
    let mut columns = vec![Vec::new(); column.iter().max().map_or(0, |last| last + 1)];
    for (node, column) in column.iter().enumerate() {
        columns[*column].push(node);
    }
    let mut corners = vec![(0.0, 0.0); sizes.len()];
    let mut x = 0.0;
    for nodes in &mut columns {
        let middle = |node: &usize| {
            let origins = &before[*node];
            let sum: f64 = origins.iter().map(|origin| corners[*origin].1).sum();
            if origins.is_empty() { f64::MAX } else { sum / origins.len() as f64 }
        };
        nodes.sort_by(|a, b| middle(a).total_cmp(&middle(b)));
        let mut y = 0.0;
        let mut widest = 0.0_f64;
        for node in nodes {
            corners[*node] = (x, y);
            y += sizes[*node].1 + GAP;
            widest = widest.max(sizes[*node].0);
        }
        x += widest + COLUMN_GAP;
    }
    corners
}
