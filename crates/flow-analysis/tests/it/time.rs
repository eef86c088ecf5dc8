//! Worst cases with the sums written out.

use crate::build::*;
use flow_analysis::time::{bounds, step_bound};
use flow_plan::{
    AiBody, Body, Budget, ErrorClass, Guard, GuardAction, NodeKind, Provenance, RetryPolicy, Samples, Step,
};

#[test]
fn a_step_counts_attempts_and_backoffs() {
    assert_eq!(step_bound(&step("s")).worst_ms, 10_000);
    let retried = Step { retry: Some(policy(4)), ..step("s") };
    // Five attempts of 10 s; waits of 1 s, 2 s, 4 s, 4 s.
    assert_eq!(step_bound(&retried).worst_ms, 5 * 10_000 + 11_000);
    assert_eq!(step_bound(&retried).attempts, 5);
    let capped = Step { retry: Some(RetryPolicy { within_ms: Some(30_000), ..policy(4) }), ..step("s") };
    assert_eq!(step_bound(&capped).worst_ms, 30_000);
    let many = Step { retry: Some(policy(u32::MAX)), ..step("s") };
    assert_eq!(step_bound(&many).worst_ms, (1 << 32) * 10_000 + 3_000 + ((1 << 32) - 3) * 4_000);
}

#[test]
fn a_step_counts_what_its_guards_wait_for_people() {
    let action = GuardAction::Ask { who: constant(1), message: None, within_ms: 7_200_000 };
    let guard = Guard { condition: constant(1), text: "it".into(), action };
    let asked = Step { guards: vec![guard], ..step("s") };
    assert_eq!(step_bound(&asked).worst_ms, 10_000 + 7_200_000);
    // Each attempt may end with a question; what caps the attempts does not cap the person.
    let policy = RetryPolicy { within_ms: Some(15_000), ..policy(1) };
    assert_eq!(step_bound(&Step { retry: Some(policy), ..asked }).worst_ms, 15_000 + 2 * 7_200_000);
}

fn asking(tools: Vec<flow_expr::Name>, samples: Option<Box<Samples>>) -> Step {
    let body = AiBody { tools, turns: 3, samples, ..AiBody::new(vec![name("m")], vec![]) };
    Step { body: Body::Ai(Box::new(body)), ..step("asks") }
}

#[test]
fn each_turn_may_call_the_slowest_tool_as_often_as_an_answer_may() {
    let slow = Step { timeout_ms: 60_000, ..step("slow") };
    let asks = asking(vec![name("quick"), name("slow")], None);
    let quick = Step { timeout_ms: 1_000, ..step("quick") };
    let found =
        bounds(&program(vec![], vec![asks, quick, slow], vec![flow("f", vec![(call("asks"), vec![])])]), &name("f"));
    // Three answers of 10 s; two of them call eight steps each, which end within the 10 s of their caller.
    assert_eq!(found.nodes[&0].worst_ms, 3 * 10_000 + 2 * 8 * 10_000);
    assert_eq!(found.nodes[&0].attempts, 3 + 2 * 8);
}

#[test]
fn several_answers_take_as_many_asks() {
    let samples = Samples { most: 3, agree: 2, on: None, text: "".into() };
    let bound = step_bound(&asking(vec![], Some(Box::new(samples))));
    assert_eq!((bound.worst_ms, bound.attempts), (30_000, 3));
}

#[test]
fn a_flow_is_its_longest_path() {
    let (short, long) = (Step { timeout_ms: 1_000, ..step("short") }, step("long"));
    let rounds = NodeKind::For {
        item: flow_expr::VarId(9),
        items: constant(1),
        limit: 10,
        parallel: 4,
        body: block(vec![(call("short"), vec![])], 3),
    };
    let path = flow("f", vec![(call("short"), vec![]), (call("long"), vec![]), (rounds, vec![0])]);
    let program = program(vec![], vec![short, long], vec![path]);
    let found = bounds(&program, &name("f"));
    // `long` alone takes 10 s; `short`, then 3 rounds of `short`, 4 s.
    assert_eq!(found.flow.map(|bound| bound.worst_ms), Some(10_000));
    assert_eq!(found.nodes[&2].worst_ms, 3_000);
    assert_eq!(found.nodes[&2].attempts, 10);
}

#[test]
fn a_called_flow_counts_whole_and_a_default_is_an_assumption() {
    let inner = flow("inner", vec![(call("s"), vec![]), (call("s"), vec![0])]);
    let outer = flow("outer", vec![(run("inner"), vec![]), (call("s"), vec![0])]);
    let assumed = Step { timeout_declared: false, ..step("s") };
    let found = bounds(&program(vec![], vec![assumed], vec![inner, outer]), &name("outer"));
    let whole = found.flow.expect("everything is bounded");
    assert_eq!((whole.worst_ms, whole.attempts, whole.provenance), (30_000, 3, Provenance::Assumed));
}

#[test]
fn flows_in_a_circle_have_no_bound() {
    let again = flow("again", vec![(run("again"), vec![])]);
    assert_eq!(bounds(&program(vec![], vec![], vec![again]), &name("again")).flow, None);
}

fn asked(models: usize, retry: Option<RetryPolicy>, asks: Option<u64>) -> Step {
    let models = (0..models).map(|number| name(&format!("m{number}"))).collect();
    let budget = asks.map(|asks| Budget { asks: Some(asks), ..Budget::default() });
    Step { body: Body::Ai(Box::new(AiBody::new(models, vec![]))), retry, budget, ..step("asks") }
}

#[test]
fn answers_that_do_not_fit_and_transports_that_fail_are_counted_apart() {
    let attempts = |step: &Step| (step_bound(step).attempts, step_bound(step).worst_ms);
    assert_eq!(attempts(&asked(1, None, None)), (1, 10_000));
    // One ask of each, if each is out of reach.
    assert_eq!(attempts(&asked(3, None, None)), (3, 30_000));
    // Two answers that do not fit, then three tries of a model that is gone; pauses of 1 s and 2 s.
    assert_eq!(attempts(&asked(1, Some(policy(2)), None)), (5, 53_000));
    // The second model has its tries and pauses anew.
    assert_eq!(attempts(&asked(2, Some(policy(2)), None)), (8, 86_000));
    let on_timeout = RetryPolicy { on: vec![ErrorClass::Timeout], ..policy(2) };
    assert_eq!(attempts(&asked(1, Some(on_timeout), None)), (3, 33_000));
    // Under a budget of asks an answer is sent back as long as it lasts.
    assert_eq!(attempts(&asked(1, None, Some(4))).0, 4);
    assert_eq!(attempts(&asked(2, Some(policy(9)), Some(3))).0, 3);
    let within = RetryPolicy { within_ms: Some(15_000), ..policy(2) };
    // Each of eight asks that come too late still has a millisecond.
    assert_eq!(attempts(&asked(2, Some(within), None)).1, 30_008);
}
