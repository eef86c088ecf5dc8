//! Long chains: nothing recurses over a graph, and nothing is quadratic.

use crate::build::*;
use flow_analysis::time::bounds;

const LENGTH: u32 = 100_000;

#[test]
fn a_chain_of_nodes() {
    let mut nodes = vec![(call("s"), vec![])];
    nodes.extend((1..LENGTH).map(|id| (call("s"), vec![id - 1])));
    let mut long = flow("long", nodes);
    long.body.nodes[0].after.push(flow_plan::NodeId(LENGTH - 1));
    let whole = program(vec![], vec![step("s")], vec![long.clone()]);
    assert_eq!(codes(&check(&whole)), ["E0305"]);
    long.body.nodes[0].after.clear();
    let whole = program(vec![], vec![step("s")], vec![long]);
    assert!(check(&whole).is_empty());
    let worst = bounds(&whole, &name("long")).flow.expect("bounded").worst_ms;
    assert_eq!(worst, u64::from(LENGTH) * 10_000);
}

#[test]
fn a_chain_of_flows_through_datasets_and_calls() {
    let datasets: Vec<_> = (0..LENGTH).map(|id| dataset(&format!("d{id:06}"))).collect();
    let flows = (0..LENGTH).map(|id| {
        let mut nodes = vec![(write(&format!("d{id:06}")), vec![])];
        if id > 0 {
            nodes.push((read(&format!("d{:06}", id - 1)), vec![]));
            nodes.push((run(&format!("f{:06}", id - 1)), vec![]));
        }
        flow(&format!("f{id:06}"), nodes)
    });
    let mut whole = program(datasets, vec![], flows.collect());
    assert!(check(&whole).is_empty());
    // The last of the chain is promised to be fresh, which rests on all before it.
    let last = whole.datasets.get_mut(&name(&format!("d{:06}", LENGTH - 1))).expect("it is there");
    last.writer = Some(name(&format!("f{:06}", LENGTH - 1)));
    last.fresh = Some(flow_plan::Freshness { within_ms: 1, by: flow_plan::DataTimeSource::Derived, at: at(1) });
    for id in 0..LENGTH {
        let written = whole.datasets.get_mut(&name(&format!("d{id:06}"))).expect("it is there");
        written.writer = Some(name(&format!("f{id:06}")));
    }
    // Nobody rests on what is started by hand.
    assert!(check(&whole).is_empty());
    let starts = &mut whole.flows.get_mut(&name(&format!("f{:06}", LENGTH - 1))).expect("it is there").starts;
    starts.push(flow_plan::Start { trigger: flow_plan::Trigger::Webhook("/x".into()), with: vec![], at: at(2) });
    assert_eq!(codes(&check(&whole)), ["W0801"]);
    whole.datasets.values_mut().for_each(|dataset| dataset.fresh = None);
    assert!(bounds(&whole, &name(&format!("f{:06}", LENGTH - 1))).flow.is_some());
    let closing = flow("f000000", vec![(write("d000000"), vec![]), (read(&format!("d{:06}", LENGTH - 1)), vec![])]);
    whole.flows.insert(name("f000000"), closing);
    let found = check(&whole);
    assert_eq!(codes(&found), ["E0301"]);
}

#[test]
fn labels_through_long_chains_of_nodes_functions_and_flows() {
    use flow_analysis::{Mentions, labels, sql::Queries};
    use flow_expr::{Expr, ExprKind, Function, Type, VarId};
    let var = |id: u32| Expr::new(ExprKind::Var(VarId(id)), at(id));
    let compute = |expr: Expr| flow_plan::NodeKind::Compute { expr, data: false };
    let write_of =
        |dataset: &str, value: Expr| flow_plan::NodeKind::Write { dataset: name(dataset), value, partition: vec![] };
    let parameter = |labels: &[&str]| flow_plan::Param {
        name: "x".into(),
        var: VarId(LENGTH * 2),
        ty: Type::String,
        default: None,
        labels: labels.iter().map(|label| name(label)).collect(),
    };
    // A labelled parameter goes through a chain of values and is written at its end.
    let mut nodes = vec![(compute(var(LENGTH * 2)), vec![])];
    nodes.extend((1..LENGTH).map(|id| (compute(var(id - 1)), vec![id - 1])));
    let mut long = flow("long", nodes);
    long.params = vec![parameter(&["m.pii"])];
    let mut last = flow("w", vec![(write_of("d", var(LENGTH - 1)), vec![])]).body.nodes.remove(0);
    last.var = VarId(LENGTH);
    long.body.nodes.push(last);
    let whole = program(vec![dataset("d")], vec![], vec![long]);
    let (found, _) = labels::check(&whole, &Mentions::default(), &Queries::default(), false);
    assert_eq!(codes(&found), ["E0603"]);
    // The same through functions that call functions, and flows that call flows.
    let chained = |id: u32| Function {
        params: vec![VarId(1)],
        body: match id {
            0 => var(1),
            _ => Expr::new(ExprKind::Call(name(&format!("f{:06}", id - 1)), vec![var(1)]), at(id)),
        },
    };
    let flows = (0..LENGTH).map(|id| {
        let kind = match id {
            0 => write_of(
                "d",
                Expr::new(ExprKind::Call(name(&format!("f{:06}", LENGTH - 1)), vec![var(LENGTH * 2)]), at(7)),
            ),
            _ => flow_plan::NodeKind::Flow {
                flow: name(&format!("g{:06}", id - 1)),
                args: vec![var(LENGTH * 2)],
                recover: None,
            },
        };
        let mut one = flow(&format!("g{id:06}"), vec![(kind, vec![])]);
        one.params = vec![parameter(if id == LENGTH - 1 { &["m.pii"] } else { &[] })];
        one
    });
    let mut whole = program(vec![dataset("d")], vec![], flows.collect());
    whole.functions = (0..LENGTH).map(|id| (name(&format!("f{id:06}")), chained(id))).collect();
    let (found, _) = labels::check(&whole, &Mentions::default(), &Queries::default(), false);
    assert_eq!(codes(&found), ["E0603"]);
}
