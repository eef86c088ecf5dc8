//! Plans as files: there and back, and what is refused.

use crate::sample::{at, name, program};
use flow_expr::{BinaryOp, Expr, ExprKind, UnaryOp, Value};
use flow_plan::{Bounds, PLAN_FORMAT, Plan, PlanError};
use std::collections::BTreeMap;

pub(crate) fn plan() -> Plan {
    let flow = name("shop.make_revenue");
    let mut plan = Plan {
        format: PLAN_FORMAT,
        compiler: "0.1.0".into(),
        hash: "".into(),
        program: program(0).part(&flow),
        flow,
        params: BTreeMap::from([("at".into(), Value::Int(5))]),
        inputs: vec![],
        decisions: vec![],
        bounds: Bounds::default(),
    };
    plan.hash = plan.content_hash();
    plan
}

#[test]
fn there_and_back() {
    let plan = plan();
    assert_eq!(Plan::from_json(&plan.to_json(), "0.1.0").unwrap(), plan);
}

#[test]
fn holds_only_what_the_flow_reaches() {
    let plan = plan();
    let keys = |names: Vec<&flow_expr::Name>| names.into_iter().map(|name| name.short().to_owned()).collect::<Vec<_>>();
    assert_eq!(keys(plan.program.steps.keys().collect()), ["daily"]);
    assert_eq!(keys(plan.program.datasets.keys().collect()), ["orders", "revenue"]);
    assert_eq!(keys(plan.program.types.0.keys().collect()), ["Order", "Revenue"]);
    assert_eq!(keys(plan.program.functions.keys().collect()), ["fallback", "helper"]);
}

#[test]
fn refusals_say_why() {
    let json = plan().to_json();
    let refused = |text: &str, compiler| Plan::from_json(text, compiler).unwrap_err();
    assert_eq!(refused(&json.replacen("\"format\": 1", "\"format\": 2", 1), "0.1.0"), PlanError::Format { found: 2 });
    let other = refused(&json, "0.2.0").to_string();
    assert!(other.contains("flowc 0.1.0") && other.contains("flowc 0.2.0"), "{other}");
    let changed = json.replace("sum(amount)", "max(amount)");
    assert!(matches!(refused(&changed, "0.1.0"), PlanError::Changed { .. }));
    assert!(matches!(refused(&json.replace("\"int\": 5", "\"int\": 6"), "0.1.0"), PlanError::Changed { .. }));
    for text in ["", "{}", "[]", "null", "{\"format\": 1}", "not json", "{\"format\": \"1\"}", &(json.clone() + "x")] {
        assert!(matches!(refused(text, "0.1.0"), PlanError::Malformed(_)), "{text}");
    }
    let deep = "{\"x\":".to_owned() + &"[".repeat(1_000_000);
    assert_eq!(refused(&deep, "0.1.0"), PlanError::TooDeep);
    assert!(matches!(refused(&json[..json.len() / 2], "0.1.0"), PlanError::Malformed(_)));
}

#[test]
fn long_chains_of_operators() {
    let with_terms = |terms: u32| {
        let mut plan = plan();
        let one = || Expr::new(ExprKind::Const(Value::Int(1)), at(0));
        let add = |sum, _| Expr::new(ExprKind::Binary(BinaryOp::Add, Box::new(sum), Box::new(one())), at(0));
        let sum = (0..terms).fold(one(), add);
        plan.program.steps.get_mut(&name("shop.daily")).unwrap().fallback = Some(sum);
        plan.hash = plan.content_hash();
        plan
    };
    let plan = with_terms(300);
    assert_eq!(Plan::from_json(&plan.to_json(), "0.1.0").unwrap(), plan);
}

#[test]
fn nesting_is_read_back_as_deep_as_programs_go() {
    let mut plan = plan();
    let not = |inner, _| Expr::new(ExprKind::Unary(UnaryOp::Not, Box::new(inner)), at(0));
    let mut with = |levels: u32| {
        let nested = (0..levels).fold(Expr::new(ExprKind::Const(Value::Bool(true)), at(0)), not);
        plan.program.steps.get_mut(&name("shop.daily")).unwrap().fallback = Some(nested);
        plan.hash = plan.content_hash();
        plan.clone()
    };
    for levels in [60, 200, 256] {
        let plan = with(levels);
        assert_eq!(Plan::from_json(&plan.to_json(), "0.1.0").unwrap(), plan, "{levels}");
    }
}
