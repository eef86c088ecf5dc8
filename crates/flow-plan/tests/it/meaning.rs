//! What changes a step's meaning, and what does not.

use crate::sample::{name, program};
use flow_expr::{Expr, ExprKind, TypeDef, Value};
use flow_plan::{Body, Meaning, Meanings, Program, clause_hashes, dataset_clauses, flow_clauses};

fn meaning(program: &Program, step: &str) -> Meaning {
    Meanings::new(program).step(&name(step)).expect("the sample has it")
}

fn changed(change: impl FnOnce(&mut Program)) -> bool {
    let (before, mut after) = (program(0), program(0));
    change(&mut after);
    meaning(&before, "shop.daily").hash != meaning(&after, "shop.daily").hash
}

#[test]
fn places_change_nothing() {
    assert_eq!(meaning(&program(0), "shop.daily"), meaning(&program(500), "shop.daily"));
}

#[test]
fn what_decides_the_result_changes_it() {
    assert!(changed(|program| {
        let step = program.steps.get_mut(&name("shop.daily")).unwrap();
        step.body = Body::Sql { text: "select 1 as total".into(), connection: None };
    }));
    assert!(changed(|program| program.steps.get_mut(&name("shop.daily")).unwrap().fallback = None));
}

#[test]
fn functions_and_types_count_however_far() {
    assert!(changed(|program| {
        let helper = program.functions.get_mut(&name("shop.helper")).unwrap();
        helper.body = Expr::new(ExprKind::Const(Value::Unit), helper.body.at);
    }));
    assert!(changed(|program| {
        let Some(TypeDef::Record(fields)) = program.types.0.get_mut(&name("shop.Order")) else { panic!() };
        fields[1].refinement = None;
    }));
    assert!(!changed(|program| drop(program.types.0.remove(&name("shop.Unused")))));
    assert!(!changed(|program| {
        program.types.0.insert(name("shop.Unused"), TypeDef::Record(vec![]));
    }));
}

#[test]
fn how_it_is_run_and_for_whom_is_no_change() {
    assert!(!changed(|program| {
        let step = program.steps.get_mut(&name("shop.daily")).unwrap();
        step.timeout_ms = 1;
        step.owner = None;
        step.tags.clear();
    }));
}

#[test]
fn clauses_name_what_differs() {
    let (before, mut after) = (program(0), program(7));
    let step = after.steps.get_mut(&name("shop.daily")).unwrap();
    step.timeout_ms = 60_000;
    let old = clause_hashes(&before.steps[&name("shop.daily")]);
    let new = clause_hashes(&after.steps[&name("shop.daily")]);
    let differing: Vec<&str> =
        old.iter().filter(|(name, old)| new[*name].hash != old.hash).map(|(name, _)| &**name).collect();
    assert_eq!(differing, ["timeout"]);
    assert_eq!((&*old["timeout"].text, &*new["timeout"].text), ("5m", "1m"));
    assert_eq!(&*old["fallback"].text, "fallback(source)");
    let meaning = meaning(&before, "shop.daily");
    assert_eq!(&*meaning.clauses["type Order"].text, "{ id: Int, amount: Int where it >= 0 }");
    assert_eq!(&*meaning.clauses["fn fallback"].text, "helper(v1)");
    let orders = dataset_clauses(&before.datasets[&name("shop.orders")]);
    assert_eq!(&*orders["at"].text, "csv(\"orders.csv\")");
    assert_eq!(&*orders["fresh"].text, "within 1h");
    let flow = flow_clauses(&before.flows[&name("shop.make_note")]);
    assert_eq!(&*flow["`made`"].text, "report(read source)");
}
