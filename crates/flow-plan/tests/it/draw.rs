//! Pictures of the sample, of hostile names and of large graphs.

use crate::sample::{flow, name, node, program, step, var};
use flow_expr::Type;
use flow_plan::{
    NodeKind, Program,
    draw::{Picture, dot, mermaid, svg},
    graph::Graph,
};

#[test]
fn the_sample_in_each_format() {
    let picture = Picture::of(&Graph::of(&program(0)), None);
    assert_eq!((picture.nodes.len(), picture.edges.len()), (5, 4));
    let shown = svg(&picture, "shop").unwrap();
    assert_eq!(shown.matches("<rect").count(), 6);
    assert_eq!(shown.matches("class=\"edge\"").count(), 4);
    assert!(shown.contains("daily in make_revenue") && shown.contains("prefers-color-scheme: dark"));
    // Many converters know no variables, and would paint everything black.
    assert!(shown.contains("fill: #ffffff") && !shown.contains("var("));
    assert_eq!(dot(&picture).matches("->").count(), 4);
    assert!(mermaid(&picture).starts_with("flowchart LR\n  n0[(\"note\")]\n"), "{}", mermaid(&picture));
}

#[test]
fn values_between_calls_become_arrows() {
    let mut program = program(0);
    let flow = program.flows.get_mut(&name("shop.make_note")).unwrap();
    let compute = NodeKind::Compute { expr: var(101, 1), data: false };
    flow.body.nodes.push(node(7, "between", compute, &[1]));
    flow.body.nodes[2].needs = vec![flow_plan::NodeId(7)];
    let picture = Picture::of(&Graph::of(&program), None);
    assert!(picture.nodes.iter().all(|node| &*node.label != "between"));
    let place = |label: &str| picture.nodes.iter().position(|node| &*node.title == label).unwrap();
    let arrow = (place("step shop.report\nowner: finance\ntags: daily"), place("dataset shop.note\nowner: finance"));
    assert!(picture.edges.iter().any(|(from, to, _)| (*from, *to) == arrow), "{picture:?}");
}

#[test]
fn names_cannot_break_out() {
    let mut picture = Picture::of(&Graph::of(&program(0)), None);
    picture.nodes[0].label = "</text><script>\"]; x --> y\\\n\u{1b}".into();
    let shown = svg(&picture, "<b>").unwrap();
    assert!(!shown.contains("<script>") && !shown.contains("<b>") && !shown.contains('\u{1b}'));
    assert!(dot(&picture).contains("label=\"</text><script>\\\"]; x --> y\\\\\\n"));
    assert!(mermaid(&picture).contains("#60;#47;text#62;"), "{}", mermaid(&picture));
}

fn wide(calls: u32) -> Graph {
    let mut program = Program::default();
    let declared = step("big.work", Type::Unit, Type::Unit, "select 1", 0);
    program.steps.insert(declared.name.clone(), declared);
    let mut big = flow("big.flow", "big.in", "big.work", "big.out");
    let call = || NodeKind::Call { step: name("big.work"), args: vec![], recover: None };
    let needs = |id: u32| [1, 3, 8].into_iter().filter_map(|back| id.checked_sub(back)).collect::<Vec<_>>();
    big.body.nodes = (0..calls).map(|id| node(id, &format!("n{id}"), call(), &needs(id))).collect();
    program.flows.insert(big.name.clone(), big);
    Graph::of(&program)
}

#[test]
fn large_pictures_are_drawn_or_refused() {
    for calls in [200, 1000, 4900] {
        let picture = Picture::of(&wide(calls), None);
        assert_eq!(svg(&picture, "big").unwrap().matches("class=\"step\"").count(), calls as usize);
    }
    assert_eq!(svg(&Picture::of(&wide(6000), None), "big"), Err(6000));
    assert_eq!(Picture::of(&wide(100_000), None).nodes.len(), 100_000);
}

/// Left, top, right and bottom of every box.
fn boxes(svg: &str) -> Vec<[f64; 4]> {
    let number = |text: &str, after: &str| -> f64 {
        let rest = &text[text.find(after).unwrap() + after.len()..];
        rest[..rest.find([' ', ')', '"']).unwrap()].parse().unwrap()
    };
    let mut found = Vec::new();
    let nodes = svg.lines().filter(|line| line.starts_with("<g class=\"")).collect::<Vec<_>>();
    for line in nodes {
        let at = line.find("translate(").unwrap();
        let (x, rest) = line[at + 10..].split_once(' ').unwrap();
        let x: f64 = x.parse().unwrap();
        let y: f64 = rest[..rest.find(')').unwrap()].parse().unwrap();
        let size = &svg[svg.find(line).unwrap()..];
        found.push([x, y, x + number(size, "<rect width=\""), y + number(size, "height=\"")]);
    }
    found
}

#[test]
fn boxes_do_not_lie_on_each_other_and_stay_inside() {
    for graph in [Graph::of(&program(0)), wide(5), wide(60), wide(200), wide(400)] {
        let shown = svg(&Picture::of(&graph, None), "x").unwrap();
        let boxes = boxes(&shown);
        assert!(boxes.len() >= 5);
        for (index, a) in boxes.iter().enumerate() {
            assert!(a[0] >= 0.0 && a[1] >= 0.0, "{a:?}");
            for b in &boxes[index + 1..] {
                let apart = a[2] <= b[0] || b[2] <= a[0] || a[3] <= b[1] || b[3] <= a[1];
                assert!(apart, "{} boxes: {a:?} and {b:?}", boxes.len());
            }
        }
    }
}
