//! E05 on long chains; what is found is shown through text in `tests/check/trust.flow`.

use crate::build::*;
use flow_expr::{Expr, ExprKind, VarId};
use flow_plan::{AiBody, Body, Effect, NodeKind, Step};

const LENGTH: u32 = 100_000;

fn var(id: u32) -> Expr {
    Expr::new(ExprKind::Var(VarId(id)), at(id))
}

fn asking() -> Step {
    let body = AiBody::new(vec![name("m")], vec![]);
    Step { body: Body::Ai(Box::new(body)), effect: Effect::Read, ..step("ask") }
}

#[test]
fn a_draft_at_the_end_of_a_long_way() {
    let given = |step: &str, from: u32| NodeKind::Call { step: name(step), args: vec![var(from)], recover: None };
    let mut nodes = vec![(call("ask"), vec![])];
    nodes.extend((1..LENGTH).map(|id| (given("look", id - 1), vec![id - 1])));
    let mut long = flow("long", nodes);
    for node in &mut long.body.nodes {
        node.var = VarId(node.id.0);
    }
    let look = Step { effect: Effect::Read, ..step("look") };
    let clean = program(vec![], vec![asking(), look.clone(), step("send")], vec![long.clone()]);
    let drafts =
        |program: &flow_plan::Program| flow_analysis::trust::check(program, &flow_analysis::Mentions::default());
    assert!(drafts(&clean).is_empty());
    if let Some(last) = long.body.nodes.last_mut() {
        last.kind = given("send", LENGTH - 2);
    }
    let sent = program(vec![], vec![asking(), look, step("send")], vec![long]);
    assert_eq!(codes(&drafts(&sent)), ["E0502"]);
}
