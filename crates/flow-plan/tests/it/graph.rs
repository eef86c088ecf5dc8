//! The graph of the sample and of a large program.

use crate::sample::{flow, name, node, program, step, var};
use flow_expr::Type;
use flow_plan::{
    Block, NodeKind, Program,
    graph::{EdgeKind, Graph, VertexKind},
};

fn edges(graph: &Graph) -> Vec<String> {
    let shown = graph.edges().iter().map(|edge| {
        let arrow = if edge.kind == EdgeKind::Data { "->" } else { "~>" };
        format!("{} {arrow} {}", graph.vertex(edge.from).label, graph.vertex(edge.to).label)
    });
    shown.collect()
}

#[test]
fn datasets_join_flows() {
    let graph = Graph::of(&program(0));
    let mut shown = edges(&graph);
    shown.sort();
    // Both calls have the label `made`.
    assert_eq!(shown, ["made -> note", "made -> revenue", "orders -> made", "revenue -> made"]);
    let order: Vec<_> = graph.sorted().unwrap().into_iter().map(|id| graph.vertex(id)).collect();
    let place = |dataset: &str| order.iter().position(|vertex| vertex.name == name(dataset));
    assert!(place("shop.orders") < place("shop.revenue") && place("shop.revenue") < place("shop.note"));
}

#[test]
fn branches_hang_on_their_condition_and_feed_the_result() {
    let mut program = program(0);
    let flow = program.flows.get_mut(&name("shop.make_note")).unwrap();
    let inner = |id, label: &str| Block {
        nodes: vec![node(
            id,
            label,
            NodeKind::Call { step: name("shop.report"), args: vec![var(100, 1)], recover: None },
            &[0],
        )],
        result: Some(Box::new(var(100 + id, 1))),
    };
    flow.body.nodes[1].kind =
        NodeKind::If { condition: var(100, 2), then: inner(10, "left"), otherwise: inner(11, "right") };
    let graph = Graph::of(&program);
    let shown = edges(&graph);
    for edge in ["made -> left", "made -> right", "left -> made", "right -> made", "made -> note", "revenue -> left"] {
        assert!(shown.iter().any(|shown| shown == edge), "{edge}: {shown:?}");
    }
    assert!(graph.sorted().is_ok());
    let note = graph.ids().find(|id| graph.vertex(*id).name == name("shop.note")).unwrap();
    // Left and right are calls, the branch between them and the dataset is only a value.
    let near: Vec<_> = graph.upstream(&[note], Some(1)).into_iter().map(|id| graph.vertex(id).kind).collect();
    assert_eq!(near.iter().filter(|kind| **kind == VertexKind::Step).count(), 2);
}

#[test]
fn a_hundred_thousand_calls() {
    let mut program = Program::default();
    let declared = step("big.work", Type::Unit, Type::Unit, "select 1", 0);
    program.steps.insert(declared.name.clone(), declared);
    let mut big = flow("big.flow", "big.in", "big.work", "big.out");
    let call = || NodeKind::Call { step: name("big.work"), args: vec![], recover: None };
    big.body.nodes = (0..100_000_u32)
        .map(|id| {
            let needs: Vec<u32> = [1, 7, 100].into_iter().filter_map(|back| id.checked_sub(back)).collect();
            node(id, &format!("n{id}"), call(), &needs)
        })
        .collect();
    program.flows.insert(big.name.clone(), big);
    #[expect(clippy::disallowed_methods, reason = "a test that measures")]
    let begin = std::time::Instant::now();
    let graph = Graph::of(&program);
    assert_eq!(graph.edges().len(), 299_892);
    assert_eq!(graph.sorted().unwrap().len(), 100_001);
    assert_eq!(graph.downstream(&[1], None).len(), 100_000);
    eprintln!("100,000 calls, 300,000 edges: built, sorted and walked in {:?}", begin.elapsed());
}
