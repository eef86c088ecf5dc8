//! What may be spent, with the sums written out.

use crate::build::*;
use flow_analysis::{
    bounds::SystemBounds,
    calendar::Horizon,
    spend::{Measure, Spending},
};
use flow_expr::{Expr, ExprKind};
use flow_plan::*;

const CENT: u64 = 10_000;

fn asking(text: &str, cents: u64) -> Step {
    let body = AiBody::new(vec![name("m")], vec![]);
    let budget = Some(Budget { asks: Some(2), tokens: Some(1_000_000), micro_dollars: Some(cents * CENT) });
    Step { body: Body::Ai(Box::new(body)), effect: Effect::Read, budget, ..step(text) }
}

fn with_models(mut program: Program) -> Program {
    let priced = Model::new(name("m"), Provider::Openai, "m-2026-01-01");
    program.models.insert(name("m"), Model { price: Some(Price { input: 1_000_000, output: 2_000_000 }), ..priced });
    program
}

fn by_clock(minutes: Vec<u16>) -> Vec<Start> {
    let schedule = Schedule::Days { days: (1..=7).collect(), minutes, zone: "Europe/London".into() };
    vec![Start { trigger: Trigger::Schedule(schedule), with: vec![], at: at(50) }]
}

/// Micro-dollars of a run and of a day, and runs a day; none where there is no bound.
fn spent(program: &Program, of: &str) -> (Option<u64>, Option<u64>, Option<u64>) {
    let mut bounds = SystemBounds::of(program, Horizon::YEAR);
    let spending = Spending::of(&mut bounds);
    let flow = &program.flows[&name(of)];
    let run = spending.run(&flow.name).expect("no circle").most.clone();
    let most = |spend: &flow_analysis::spend::Spend| spend.of(Measure::Dollars).as_ref().ok().map(|amount| amount.most);
    let day = spending.per_day(&mut bounds, flow);
    (most(&run), most(&day), spending.runs_per_day(&mut bounds, &flow.name).ok())
}

#[test]
fn a_day_has_as_many_runs_as_start_it() {
    let looped = NodeKind::For {
        item: flow_expr::VarId(9),
        items: constant(1),
        limit: 10,
        parallel: 2,
        body: block(vec![(run("inner"), vec![])], 1),
    };
    let inner = flow("inner", vec![(call("s"), vec![])]);
    let outer = Flow { starts: by_clock(vec![360, 1080]), ..flow("outer", vec![(looped, vec![])]) };
    let written = Dataset { writer: Some(name("writes")), ..dataset("d") };
    let writes = Flow { starts: by_clock(vec![0]), ..flow("writes", vec![(write("d"), vec![])]) };
    let on = |trigger| vec![Start { trigger, with: vec![], at: at(51) }];
    let follows = Flow { starts: on(Trigger::Updates(vec![name("d")])), ..flow("follows", vec![(call("s"), vec![])]) };
    let asked = Flow { starts: on(Trigger::Webhook("/x".into())), ..flow("asked", vec![(call("s"), vec![])]) };
    let by_hand = flow("by_hand", vec![(call("s"), vec![])]);
    let flows = vec![inner, outer, writes, follows, asked, by_hand];
    let found = with_models(program(vec![written], vec![asking("s", 1)], flows));
    assert_eq!(spent(&found, "outer"), (Some(10 * CENT), Some(20 * CENT), Some(2)));
    // Both runs of a day call it ten times.
    assert_eq!(spent(&found, "inner"), (Some(CENT), Some(20 * CENT), Some(20)));
    assert_eq!(spent(&found, "follows"), (Some(CENT), Some(CENT), Some(1)));
    assert_eq!(spent(&found, "asked"), (Some(CENT), None, None));
    assert_eq!(spent(&found, "by_hand"), (Some(CENT), None, None));
    assert_eq!(spent(&found, "writes"), (Some(0), Some(0), Some(1)));
}

#[test]
fn each_model_fails_at_its_own_price_and_the_dearest_gives_the_answers() {
    let priced = |text: &str, per_million: u64| {
        let price = Some(Price { input: per_million, output: per_million });
        Model { price, context: Some(1_000_000), ..Model::new(name(text), Provider::Openai, "m-2026-01-01") }
    };
    let spends = |models: Vec<&str>, times: u32, asks: Option<u64>| {
        let ai = AiBody::new(models.into_iter().map(name).collect(), vec![]);
        let retry = Some(RetryPolicy { on: vec![ErrorClass::Timeout], ..policy(times) });
        let budget = asks.map(|asks| Budget { asks: Some(asks), ..Budget::default() });
        let asks = Step { body: Body::Ai(Box::new(ai)), effect: Effect::Read, retry, budget, ..step("s") };
        let mut found = program(vec![], vec![asks], vec![flow("f", vec![(call("s"), vec![])])]);
        found.models.insert(name("cheap"), priced("cheap", 1));
        found.models.insert(name("dear"), priced("dear", 100));
        spent(&found, "f").0
    };
    let cost = |models, times| spends(models, times, None);
    let capped = |models, times, asks| spends(models, times, Some(asks));
    assert_eq!(cost(vec!["cheap"], 2), Some(3));
    // Both fail three times but for the last, which answers.
    assert_eq!(cost(vec!["cheap", "dear"], 2), Some(3 + 2 * 100 + 100));
    // An answer of the dear one that is no answer to the question is asked for of nobody else.
    assert_eq!(cost(vec!["dear", "cheap"], 2), Some(3 * 100 + 2 + 100));
    // With a budget of asks the first ones are the first model's, until it has failed so often.
    assert_eq!(capped(vec!["cheap", "dear"], 2, 3), Some(3));
    assert_eq!(capped(vec!["cheap", "dear"], 2, 5), Some(3 + 2 * 100));
    assert_eq!(capped(vec!["dear", "cheap"], 2, 2), Some(200));
}

#[test]
fn of_branches_the_worst_and_handlers_besides() {
    let either = NodeKind::If {
        condition: constant(1),
        then: block(vec![(call("one"), vec![]), (call("one"), vec![])], 1),
        otherwise: block(vec![(call("three"), vec![])], 3),
    };
    let recovered =
        NodeKind::Call { step: name("one"), args: vec![], recover: Some(block(vec![(call("three"), vec![])], 6)) };
    let mut made = flow("f", vec![(either, vec![]), (call("one"), vec![])]);
    made.body.nodes.extend(block(vec![(recovered, vec![])], 5).nodes);
    made.handlers = vec![Handler { on: HandlerEvent::Failure, body: block(vec![(call("one"), vec![])], 9) }];
    let steps = || vec![asking("one", 1), asking("three", 3)];
    let mut found = with_models(program(vec![], steps(), vec![made]));
    // The dearer branch, one beside it, one and what stands in for it, and the handler.
    assert_eq!(spent(&found, "f").0, Some((3 + 1 + 4 + 1) * CENT));
    let caps = Budget { micro_dollars: Some(5 * CENT), ..Budget::default() };
    let flow = found.flows.get_mut(&name("f")).expect("it is there");
    flow.budgets = vec![FlowBudget { caps: caps.clone(), per_ms: None, at: at(3) }];
    assert_eq!(spent(&found, "f").0, Some(5 * CENT));
    // A budget for a time longer than a run holds for the run too, and for a day as often as it fits.
    let flow = found.flows.get_mut(&name("f")).expect("it is there");
    flow.budgets = vec![FlowBudget { caps, per_ms: Some(12 * 3_600_000), at: at(3) }];
    assert_eq!(spent(&found, "f"), (Some(5 * CENT), Some(10 * CENT), None));
}

#[test]
fn judges_and_tools_count_for_their_step() {
    let mut judged = asking("judged", 100);
    let ask = Expr::new(ExprKind::Call(name("judge"), vec![constant(1)]), at(7));
    judged.budget = Some(Budget { asks: Some(2), tokens: Some(1000), micro_dollars: None });
    judged.guards = vec![Guard { condition: ask, text: "judge(it)".into(), action: GuardAction::Fail(None) }];
    let mut helped = asking("helped", 100);
    helped.budget = Some(Budget { tokens: Some(1000), ..Budget::default() });
    if let Body::Ai(body) = &mut helped.body {
        (body.tools, body.turns) = (vec![name("tool")], 3);
    }
    let flows = vec![flow("f", vec![(call("judged"), vec![])]), flow("g", vec![(call("helped"), vec![])])];
    let mut found = with_models(program(vec![], vec![judged, helped, asking("tool", 1)], flows));
    found.judges.insert(name("judge"), asking("judge", 2));
    // An ask of at most 1,000 tokens, the dearest way; the other one is its judge's, of two cents.
    assert_eq!(spent(&found, "f").0, Some(2_000 + 2 * CENT));
    // Three turns, of which two call eight tools of a cent.
    assert_eq!(spent(&found, "g").0, Some(2_000 + 16 * CENT));
    // With four asks there are two results, or one that is judged in two asks.
    let judged = found.steps.get_mut(&name("judged")).expect("it is there");
    judged.retry = Some(RetryPolicy { on: vec![ErrorClass::Malformed], ..policy(3) });
    judged.budget = Some(Budget { asks: Some(4), tokens: Some(1000), micro_dollars: None });
    assert_eq!(spent(&found, "f").0, Some(2_000 + 2 * 2 * CENT));
}

#[test]
fn a_cap_on_asks_caps_what_the_dearest_of_them_cost() {
    let looped = |step: &str, limit: u64, first: u32| NodeKind::For {
        item: flow_expr::VarId(900 + first),
        items: constant(1),
        limit,
        parallel: 1,
        body: block(vec![(call(step), vec![])], first),
    };
    let nodes = vec![(looped("dear", 3, 10), vec![]), (looped("cheap", 100, 20), vec![])];
    let caps = |asks| Budget { asks: Some(asks), ..Budget::default() };
    let budget = |asks, per_ms| FlowBudget { caps: caps(asks), per_ms, at: at(3) };
    let by_hand = Flow { budgets: vec![budget(10, None), budget(15, Some(86_400_000))], ..flow("f", nodes) };
    let outer = flow("outer", vec![(run("f"), vec![]), (call("dear"), vec![])]);
    let steps = vec![asking("cheap", 1), asking("dear", 20)];
    let found = with_models(program(vec![], steps, vec![by_hand, outer]));
    // A cent or twenty in two asks. One ask may take all of it: three dear ones, and seven cheap ones.
    assert_eq!(spent(&found, "f").0, Some((3 * 20 + 7) * CENT));
    assert_eq!(spent(&found, "outer").0, Some((3 * 20 + 7 + 20) * CENT));
    // People start it as often as they like: fifteen dear asks a day, and no more.
    assert_eq!(spent(&found, "f").1, Some(15 * 20 * CENT));
    assert_eq!(spent(&found, "outer").1, None);
}
