//! Differences between variants of the sample.

use crate::sample::{name, program};
use flow_plan::{
    Body, Program,
    diff::{Difference, How, Kind, diff},
};

fn changed(change: impl FnOnce(&mut Program)) -> Difference {
    let mut new = program(321);
    change(&mut new);
    diff(&program(0), &new)
}

fn touched(difference: &Difference) -> Vec<String> {
    difference.touched.iter().map(|touched| format!("{} {}", touched.kind.word(), touched.name.short())).collect()
}

#[test]
fn moved_text_is_no_difference() {
    assert!(changed(|_| ()).is_empty());
}

#[test]
fn a_query_shows_its_clause_and_touches_what_is_made_from_it() {
    let difference = changed(|program| {
        let text = "select sum(amount) + 1 as total from source".into();
        program.steps.get_mut(&name("shop.daily")).unwrap().body = Body::Sql { text, connection: None };
    });
    let [change] = &difference.changes[..] else { panic!("{difference:?}") };
    assert_eq!((change.kind, change.change, &*change.clauses[0].clause), (Kind::Step, How::Changed, "body"));
    assert_eq!(change.clauses[0].new.as_deref(), Some("select sum(amount) + 1 as total from source"));
    assert_eq!(
        touched(&difference),
        ["flow make_note", "flow make_revenue", "step report", "dataset note", "dataset revenue"]
    );
}

#[test]
fn a_timeout_touches_nothing() {
    let difference = changed(|program| program.steps.get_mut(&name("shop.daily")).unwrap().timeout_ms = 1000);
    assert_eq!(&*difference.changes[0].clauses[0].clause, "timeout");
    assert!(difference.touched.is_empty(), "{:?}", difference.touched);
}

#[test]
fn contracts_are_marked() {
    let difference = changed(|program| {
        let fresh = program.datasets.get_mut(&name("shop.revenue")).unwrap().fresh.as_mut().unwrap();
        fresh.within_ms *= 2;
    });
    let clause = &difference.changes[0].clauses[0];
    assert!(clause.contract);
    assert_eq!((clause.old.as_deref(), clause.new.as_deref()), (Some("within 1h"), Some("within 2h")));
}

#[test]
fn added_and_removed() {
    let difference = changed(|program| {
        let mut step = program.steps.remove(&name("shop.report")).unwrap();
        step.name = name("shop.other");
        program.steps.insert(step.name.clone(), step);
    });
    let shown: Vec<_> = difference.changes.iter().map(|change| (change.name.short(), change.change)).collect();
    assert_eq!(shown, [("other", How::Added), ("report", How::Removed)]);
}

#[test]
fn a_function_shows_where_it_is_used() {
    let difference = changed(|program| {
        let helper = program.functions.get_mut(&name("shop.helper")).unwrap();
        helper.body.kind = flow_expr::ExprKind::Const(flow_expr::Value::Int(7));
    });
    let kinds: Vec<Kind> = difference.changes.iter().map(|change| change.kind).collect();
    assert_eq!(kinds, [Kind::Step, Kind::Step, Kind::Function]);
    assert_eq!(&*difference.changes[0].clauses[0].clause, "fn helper");
    assert_eq!(difference.changes[2].clauses[0].new.as_deref(), Some("7"));
}
