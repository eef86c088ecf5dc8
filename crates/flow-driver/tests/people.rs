//! Steps and guards that ask a person: answers, digests, silence, labels, places, cancels, replays.

#![allow(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

mod harness;

use flow_driver::{
    Answer, Command, Driver, Event, How, NodeStatus, Note, Question, QuestionEnd, RunStatus, Says, Wait,
};
use flow_expr::{Expr, ExprKind, Field, Name, Part, Type, TypeDef, Value, Variant};
use flow_plan::{APPROVAL, Body, CachePolicy, ErrorClass, Guard, GuardAction, NodeKind, Program, RetryPolicy, Step};
use harness::*;
use std::{collections::HashSet, sync::Arc};

const HOUR: i64 = 3_600_000;

fn text(said: &str) -> Expr {
    constant(Value::String(said.into()))
}

/// `ask "boss" "Pay {a}?"` with a parameter, for four hours.
fn approve() -> Step {
    let message =
        ExprKind::Interpolate(vec![Part::Text("Pay ".into()), Part::Hole(var(0), None), Part::Text("?".into())]);
    let message = Expr::new(message, Default::default());
    Step {
        body: Body::Ask { who: text("boss"), message },
        returns: Type::Named(Name::new(APPROVAL)),
        timeout_ms: 4 * HOUR as u64,
        cache: CachePolicy::Never,
        ..step("approve", 1)
    }
}

fn asking(step: Step) -> Program {
    let short = step.name.short().to_owned();
    program(vec![step], vec![], vec![flow("main", vec![call(1, "ok", &short, vec![int(12)])], Some(var(1)))])
}

/// `guard it < 10 else ask "editor" within 1h`
fn guarded(fallback: Option<Expr>) -> Step {
    let action = GuardAction::Ask { who: text("editor"), message: None, within_ms: HOUR as u64 };
    let guard = Guard { condition: binary(flow_expr::BinaryOp::Less, it(), int(10)), text: "it < 10".into(), action };
    Step { guards: vec![guard], fallback, cache: CachePolicy::Never, ..step("count", 1) }
}

fn answer(question: &Question, says: Says) -> Answer {
    Answer { by: "ada".into(), says, note: Some("fine".into()), digest: question.digest.clone() }
}

fn run_with(program: &Program, says: Option<(i64, Says)>) -> Run {
    World::new(&mut Memory::default())
        .people(move |question, _| says.clone().map(|(after, says)| (after, answer(question, says))))
        .run(program, "main")
}

fn ends(run: &Run) -> Vec<QuestionEnd> {
    let ends = run.notes.iter().filter_map(|(_, note)| match note {
        Note::QuestionEnded { end, .. } => Some((**end).clone()),
        _ => None,
    });
    ends.collect()
}

fn fallback_of(call: &mut flow_plan::Node) {
    if let NodeKind::Call { recover, .. } = &mut call.kind {
        *recover = Some(block(vec![compute(9, "plan b", int(8))], Some(var(9))));
    }
}

#[test]
fn a_yes_is_a_value_that_says_who_when_and_why() {
    let run = run_with(&asking(approve()), Some((3 * HOUR, Says::Approved)));
    let Some(Value::Record(approval)) = run.driver.result() else { panic!("{:?}", run.driver.result()) };
    assert_eq!(approval.ty, Name::new(APPROVAL));
    let question = &run.questions[0];
    assert_eq!((&*question.who, &*question.message), ("boss", "Pay 12?"));
    assert_eq!(question.arguments, [("a".into(), "12".into())]);
    assert_eq!(approval.get("by"), Some(&Value::String("ada".into())));
    assert_eq!(approval.get("note"), Some(&Value::String("fine".into())));
    assert_eq!(approval.get("digest"), Some(&Value::String(question.digest.clone())));
    let Some(Value::Timestamp(when)) = approval.get("at") else { panic!("no time") };
    assert_eq!(ms(*when), 3 * HOUR, "when it was answered, not when it was asked");
    assert_eq!((run.end_of("ok").attempts, run.end_of("ok").how), (1, Some(How::Ran)));
    assert_eq!(ms(question.until) - ms(question.since), 4 * HOUR);
}

#[test]
fn a_no_is_a_verdict_which_the_fallback_does_not_mend_and_else_does() {
    let mut program = asking(Step { fallback: Some(int(1)), ..approve() });
    let run = run_with(&program, Some((10, Says::Rejected)));
    let failure = run.end_of("ok").failure.clone().unwrap();
    assert_eq!((failure.class, &*failure.code, &*failure.message), (ErrorClass::Refused, "R0760", "ada rejected it"));
    assert_eq!(failure.details, ["asked: boss", "note: fine"]);
    assert_eq!(run.end.status, RunStatus::Failed);
    let main = program.flows.get_mut(&name("m.main")).unwrap();
    fallback_of(&mut main.body.nodes[0]);
    let run = run_with(&program, Some((10, Says::Rejected)));
    assert_eq!(run.driver.result(), Some(&Value::Int(8)));
    assert_eq!(run.end_of("ok").how, Some(How::Recovered));
}

#[test]
fn silence_ends_with_the_time_and_leads_to_retry_fallback_or_failure() {
    let run = run_with(&asking(approve()), None);
    let failure = run.end_of("ok").failure.clone().unwrap();
    assert_eq!((failure.class, &*failure.code), (ErrorClass::Timeout, "R0761"));
    assert_eq!(failure.message, "boss gave no answer within 4h");
    assert_eq!((run.took(), ends(&run)), (4 * HOUR, vec![QuestionEnd::Unanswered]));

    let run = run_with(&asking(Step { fallback: Some(int(7)), ..approve() }), None);
    assert_eq!(run.driver.result(), Some(&Value::Int(7)));

    let policy =
        RetryPolicy { times: 1, on: vec![ErrorClass::Timeout], backoff_min_ms: 0, backoff_max_ms: 0, within_ms: None };
    let again = asking(Step { retry: Some(policy), ..approve() });
    let run = World::new(&mut Memory::default())
        .people(|question, _| (question.number == 2).then(|| (5, answer(question, Says::Approved))))
        .run(&again, "main");
    assert_eq!((run.end.status, run.took()), (RunStatus::Succeeded, 4 * HOUR + 5));
    assert_eq!(run.questions[0].digest, run.questions[1].digest, "the same question");
    assert_eq!(run.end_of("ok").attempts, 2);
}

#[test]
fn an_answer_to_another_digest_is_refused_and_the_question_stays_open() {
    let mut tries = 0;
    let run = World::new(&mut Memory::default())
        .people(|question, _| {
            tries += 1;
            let mut given = answer(question, Says::Approved);
            if tries == 1 {
                given.digest = "0000".into();
            }
            Some((10, given))
        })
        .run(&asking(approve()), "main");
    let refused = run.notes.iter().filter(|(_, note)| matches!(note, Note::AnswerRefused { .. })).count();
    assert_eq!((refused, run.end.status, run.took()), (1, RunStatus::Succeeded, 20));
    // What is asked about is in the digest: other arguments, another digest.
    let mut other = asking(approve());
    other.flows.get_mut(&name("m.main")).unwrap().body.nodes[0] = call(1, "ok", "approve", vec![int(13)]);
    let other = run_with(&other, Some((1, Says::Approved)));
    assert_ne!(other.questions[0].digest, run.questions[0].digest);
}

#[test]
fn words_to_choose_from_are_values_of_their_enum() {
    let when = Name::new("m.When");
    let variant = |short: &str| Variant { name: short.into(), payload: vec![] };
    let mut program = asking(Step { returns: Type::Named(when.clone()), ..approve() });
    program.types.0.insert(when.clone(), TypeDef::Enum(vec![variant("Now"), variant("Later")]));
    let run = run_with(&program, Some((1, Says::Gives("Later".into()))));
    let Some(Value::Variant(chosen)) = run.driver.result() else { panic!("{:?}", run.driver.result()) };
    assert_eq!((&chosen.ty, &*chosen.variant), (&when, "Later"));
    assert_eq!(run.questions[0].choices, ["Now".into(), "Later".into()]);
    for wrong in [Says::Approved, Says::Gives("Never".into())] {
        let run = run_with(&program, Some((HOUR, wrong.clone())));
        assert_eq!(ends(&run), [QuestionEnd::Unanswered], "{wrong:?} is no answer");
    }
    // Where it is asked whether or not, there is nothing to give.
    let run = run_with(&asking(approve()), Some((HOUR, Says::Gives("yes".into()))));
    assert_eq!(ends(&run), [QuestionEnd::Unanswered]);
}

#[test]
fn a_person_lets_pass_what_a_guard_does_not() {
    let run = |fallback, says| {
        World::new(&mut Memory::default())
            .steps(|_, _| (10, Ok(Value::Int(42))))
            .people(move |question, _| Option::clone(&says).map(|says| (HOUR / 2, answer(question, says))))
            .run(&asking(guarded(fallback)), "main")
    };
    let approved = run(None, Some(Says::Approved));
    assert_eq!(approved.driver.result(), Some(&Value::Int(42)));
    let draft = approved.questions[0].draft.clone().unwrap();
    assert_eq!((&*draft.guard, &*draft.value), ("it < 10", "42"));
    assert_eq!(approved.end_of("ok").how, Some(How::Ran));

    // What a person gives is checked against the type, and by no guard.
    let given = run(None, Some(Says::Gives("99".into())));
    assert_eq!(given.driver.result(), Some(&Value::Int(99)));
    assert_eq!(given.end_of("ok").how, Some(How::Given));
    let wrong = run(Some(int(3)), Some(Says::Gives("many".into())));
    assert_eq!(wrong.driver.result(), Some(&Value::Int(3)), "what is no Int is no answer");

    let rejected = run(None, Some(Says::Rejected));
    let failure = rejected.end_of("ok").failure.clone().unwrap();
    assert_eq!((failure.class, &*failure.code), (ErrorClass::GuardFailed, "R0760"));
    assert_eq!(run(Some(int(3)), Some(Says::Rejected)).driver.result(), Some(&Value::Int(3)));
    let silent = run(Some(int(3)), None);
    assert_eq!((silent.driver.result(), silent.took()), (Some(&Value::Int(3)), HOUR + 10));
}

#[test]
fn what_people_pass_must_still_pass_the_guards_that_follow() {
    let mut step = guarded(None);
    step.guards.push(Guard {
        condition: binary(flow_expr::BinaryOp::Less, it(), int(40)),
        text: "it < 40".into(),
        action: GuardAction::Fail(None),
    });
    let run = World::new(&mut Memory::default())
        .steps(|_, _| (10, Ok(Value::Int(42))))
        .people(|question, _| Some((1, answer(question, Says::Approved))))
        .run(&asking(step), "main");
    assert_eq!(&*run.end_of("ok").failure.clone().unwrap().code, "R0705");
}

#[test]
fn whoever_waits_for_a_person_takes_no_place() {
    let nodes = (0..20).map(|id| call(id, &format!("ask{id}"), "approve", vec![int(1)]));
    let nodes = nodes.chain([call(20, "work", "work", vec![])]).collect();
    let program = program(vec![approve(), step("work", 0)], vec![], vec![flow("main", nodes, None)]);
    let mut memory = Memory::default();
    let run = World { jobs: 1, ..World::new(&mut memory) }
        .people(|question, _| Some((HOUR, answer(question, Says::Approved))))
        .run(&program, "main");
    assert_eq!((run.end.status, run.took()), (RunStatus::Succeeded, HOUR));
    assert_eq!(ms(run.end_of("work").ended), 10, "it does not wait for those who wait");
    let waits = |note: &Note| matches!(note, Note::Waiting { why: Wait::Pool { .. }, .. });
    assert!(!run.notes.iter().any(|(_, note)| waits(note)));
}

#[test]
fn a_cancel_ends_questions() {
    let mut memory = Memory::default();
    let program = asking(approve());
    let run = World { cancel_at: Some(50), ..World::new(&mut memory) }.run(&program, "main");
    assert_eq!((run.end.status, run.status("ok")), (RunStatus::Cancelled, NodeStatus::Cancelled));
    assert_eq!((ends(&run), run.stopped.len()), (vec![QuestionEnd::Cancelled], 1));
}

#[test]
fn labelled_data_is_left_out_of_what_is_shown() {
    let payment = Name::new("m.Payment");
    let pii = || vec![Name::new("m.pii")];
    let field = |short: &str, ty, labels| Field { name: short.into(), ty, refinement: None, labels };
    let fields = vec![field("to", Type::String, pii()), field("amount", Type::Int, vec![])];
    let at = |short: &str| ExprKind::Field { base: Box::new(var(0)), name: short.into() };
    let hole = |kind| Part::Hole(Expr::new(kind, Default::default()), None);
    let parts = vec![hole(at("amount")), Part::Text(" to ".into()), hole(at("to")), Part::Text(" by ".into())];
    let because = text("who pays may see to whom");
    let shown = ExprKind::Builtin("declassify".into(), vec![Expr::new(at("to"), Default::default()), because]);
    let last = [Part::Hole(var(1), None), Part::Hole(var(0), None), Part::Text(" for ".into()), hole(shown)];
    let parts = parts.into_iter().chain(last).collect();
    let message = Expr::new(ExprKind::Interpolate(parts), Default::default());
    let mut step = Step { body: Body::Ask { who: text("boss"), message }, ..approve() };
    step.params[0].ty = Type::Named(payment.clone());
    step.params.push(flow_plan::Param {
        name: "iban".into(),
        var: flow_expr::VarId(1),
        ty: Type::String,
        default: None,
        labels: pii(),
    });
    let record = flow_expr::Record {
        ty: payment.clone(),
        fields: vec![("to".into(), Value::String("Ada".into())), ("amount".into(), Value::Int(5))],
    };
    let mut program = asking(step);
    let args = vec![constant(Value::Record(Arc::new(record))), text("GB29")];
    program.flows.get_mut(&name("m.main")).unwrap().body.nodes[0] = call(1, "ok", "approve", args);
    program.types.0.insert(payment, TypeDef::Record(fields));
    let run = run_with(&program, Some((1, Says::Approved)));
    let question = &run.questions[0];
    assert_eq!(&*question.message, "5 to ‹pii› by ‹pii›‹pii› for Ada", "what is declassified is shown");
    let shown =
        format!("{:?}", run.notes.iter().filter(|(_, note)| matches!(note, Note::Asked(_))).collect::<Vec<_>>());
    assert_eq!((shown.matches("Ada").count(), shown.contains("GB29")), (1, false), "{shown}");
    assert!(question.arguments[0].1.contains("\"amount\": 5"), "{:?}", question.arguments);
}

#[test]
fn a_replay_asks_and_answers_the_same() {
    let program = asking(Step { fallback: Some(int(3)), ..guarded(None) });
    let run = World::new(&mut Memory::default())
        .steps(|_, _| (10, Ok(Value::Int(42))))
        .people(|question, _| Some((HOUR / 2, answer(question, Says::Gives("7".into())))))
        .run(&program, "main");
    let text = serde_json::to_string(&run.journal).unwrap();
    let journal: Vec<(jiff::Timestamp, Event)> = serde_json::from_str(&text).unwrap();
    let fresh = || {
        let program = Arc::new(program.clone());
        Driver::with_program(program, name("m.main"), Default::default(), HashSet::new(), run.start.clone())
    };
    let mut replayed = fresh();
    let mut questions = vec![];
    for (now, event) in &journal {
        let commands = replayed.on(event.clone(), *now);
        assert!(replayed.on(event.clone(), *now).is_empty(), "a repeated event changes nothing: {event:?}");
        questions.extend(commands.into_iter().filter_map(|command| match command {
            Command::Ask(question) => Some(*question),
            _ => None,
        }));
    }
    assert_eq!(replayed.snapshot(), run.driver.snapshot());
    assert_eq!(questions, run.questions);
}
