//! From a path in a run (`5[17].2`) to the node of the plan that stands there.
//!
//! Knows how the driver writes paths: numbers of nodes from the outside in, positions of loops in brackets.

use flow_plan::{Flow, Node, NodeKind, Plan, Program};

/// Where a path leads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    /// The flow that the node belongs to.
    pub(crate) flow: &'a Flow,
    /// The node.
    pub(crate) node: &'a Node,
}

/// The node at a path; none for the flow's own result, and for paths of another plan.
pub(crate) fn place<'a>(plan: &'a Plan, path: &str) -> Option<Place<'a>> {
    let program = &plan.program;
    let mut flow = program.flows.get(&plan.flow)?;
    let mut found: Option<Place<'a>> = None;
    for segment in path.split('.') {
        let number: u32 = segment.split('[').next()?.parse().ok()?;
        if let Some(inner) = found.and_then(|place| inner(program, place.node)) {
            flow = inner;
        }
        let node = flow.nodes().find(|node| node.id.0 == number)?;
        found = Some(Place { flow, node });
    }
    found
}

/// The flow that a node runs.
fn inner<'a>(program: &'a Program, node: &Node) -> Option<&'a Flow> {
    match &node.kind {
        NodeKind::Flow { flow, .. } => program.flows.get(flow),
        // `else refresh` runs the flow that writes the dataset.
        NodeKind::RequireFresh { dataset, .. } => {
            program.datasets.get(dataset)?.writer.as_ref().and_then(|writer| program.flows.get(writer))
        }
        _ => None,
    }
}

/// The path around a path: `5[17]` for `5[17].2`, `5` for `5[17]`; none at the top.
pub(crate) fn around(path: &str) -> Option<&str> {
    match path.strip_suffix(']') {
        Some(open) => open.rfind('[').map(|at| &path[..at]),
        None => path.rfind('.').map(|at| &path[..at]),
    }
}

/// A label without the positions of loops: `rate` for `rate[3]`.
pub(crate) fn plain(label: &str) -> &str {
    let end = label.find('[').filter(|_| label.ends_with(']')).unwrap_or(label.len());
    &label[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_apart() {
        assert_eq!(around("5[17].2"), Some("5[17]"));
        assert_eq!(around("5[17]"), Some("5"));
        assert_eq!(around("5"), None);
        assert_eq!((plain("rate[3][1]"), plain("write x")), ("rate", "write x"));
    }
}
