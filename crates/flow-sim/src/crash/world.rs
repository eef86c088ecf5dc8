//! The world outside: how attempts of steps go, what they have done, what is at the datasets' locations, what people say.
//!
//! How an attempt goes follows from the seed, the step, its arguments and its number; of models and people from the
//! place of the call. So it goes the same way whatever happens to the driver. Knows nothing of journals.

use super::{build::name, random::Random, steps::gives};
use flow_driver::{Answer, Question, RunStep, Says};
use flow_expr::{Name, Type, Value, digest};
use flow_plan::{AskReport, Body, Called, Effect, ErrorClass, Failure, Fingerprint, Program};
use jiff::Timestamp;
use std::{collections::BTreeMap, sync::Arc};

/// What every prompt is long.
pub(super) const PROMPT_TOKENS: u64 = 100;

/// How an attempt goes.
#[derive(Clone, Debug)]
pub(super) struct Course {
    /// When it is answered.
    pub(super) takes_ms: u64,
    /// When what it does is done, if it is.
    pub(super) lands_ms: Option<u64>,
    pub(super) result: Result<Value, Failure>,
    pub(super) ask: Option<AskReport>,
    /// When it answers once more.
    pub(super) repeats_ms: Option<u64>,
}

/// One attempt that was begun.
#[derive(Clone, Debug)]
pub(super) struct Execution {
    pub(super) run: Arc<str>,
    pub(super) path: Arc<str>,
    pub(super) attempt: u32,
    pub(super) step: Name,
    pub(super) effect: Effect,
    pub(super) may_repeat: bool,
    pub(super) is_ask: bool,
    /// What it gives, if it succeeds.
    pub(super) value: Option<Value>,
    /// Whether what it does has been done.
    pub(super) landed: bool,
}

/// What is at a location.
#[derive(Clone, Debug)]
pub(super) struct Content {
    pub(super) value: Value,
    pub(super) at: Timestamp,
}

impl Content {
    pub(super) fn fingerprint(&self) -> Fingerprint {
        Fingerprint { hash: digest(&self.value).into(), modified: Some(self.at), data_time: None }
    }
}

/// The world.
#[derive(Clone, Debug)]
pub(super) struct World {
    seed: u64,
    pub(super) executions: Vec<Execution>,
    pub(super) places: BTreeMap<Name, Content>,
}

impl World {
    pub(super) fn of(seed: u64, began: Timestamp) -> Self {
        let source = Content { value: Value::Int((seed % 7) as i64), at: began };
        Self { seed, executions: vec![], places: [(name("source"), source)].into() }
    }

    /// How an attempt goes.
    pub(super) fn course(&self, run: &RunStep, program: &Program) -> Course {
        let is_model = matches!(run.step.body, Body::Ai(_));
        let arguments: Vec<String> = run.args.iter().map(|(_, value)| digest(value)).collect();
        let place = if is_model { &*run.path } else { "" };
        let about = format!("{} {arguments:?} {place} {}", run.step.name, run.attempt);
        let mut random = Random::about(self.seed, &about);
        let timeout = run.timeout_ms.max(2);
        let longest = if random.chance(80) { 400 } else { 30_000 };
        let takes = random.between(1, longest.min(timeout - 1));
        let repeats_ms = random.chance(8).then(|| takes + random.below(20_000));
        if let (true, Some(ask)) = (is_model, &run.ask) {
            let (result, report) = self.answer(run, &ask.model, program, &mut random);
            return Course { takes_ms: takes, lands_ms: None, result, ask: Some(report), repeats_ms };
        }
        let fails = self.fails(run, &arguments);
        let hangs = fails && random.chance(35);
        let takes_ms = if hangs { timeout } else { takes };
        // What fails may have been done all the same, and what hangs answers when nobody waits any more.
        let lands_ms = (!fails || random.chance(15)).then(|| random.below(takes_ms));
        let result = match fails {
            true => Err(failure(if hangs { ErrorClass::Timeout } else { ErrorClass::Exit(1) })),
            false => Ok(self.value(run, &arguments)),
        };
        let repeats_ms = if hangs { Some(takes_ms + random.between(1, 60_000)) } else { repeats_ms };
        Course { takes_ms, lands_ms, result, ask: None, repeats_ms }
    }

    /// A step fails so many times first, or always.
    fn fails(&self, run: &RunStep, arguments: &[String]) -> bool {
        let mut random = Random::about(self.seed, &format!("{} {arguments:?}", run.step.name));
        match random.below(100) {
            0..6 => true,
            6..26 => u64::from(run.attempt) <= random.between(1, 2),
            _ => false,
        }
    }

    fn value(&self, run: &RunStep, arguments: &[String]) -> Value {
        let mut random = Random::about(self.seed, &format!("value of {} {arguments:?}", run.step.name));
        match gives(&run.step) {
            Type::Bool => Value::Bool(random.chance(60)),
            _ => Value::Int(random.below(10) as i64),
        }
    }

    fn answer(
        &self,
        run: &RunStep,
        model: &Name,
        program: &Program,
        random: &mut Random,
    ) -> (Result<Value, Failure>, AskReport) {
        let mut report = AskReport {
            model: model.clone(),
            served: "served".into(),
            input_tokens: PROMPT_TOKENS,
            output_tokens: random.between(1, 50),
            micro_dollars: 0,
            known: random.chance(90),
            finish: "".into(),
            asked: "".into(),
            answer: "7".into(),
            leniencies: vec![],
            calls: vec![],
        };
        let price = program.models.get(model).and_then(|model| model.price);
        report.micro_dollars = price.map_or(0, |price| price.micro_dollars(report.input_tokens, report.output_tokens));
        let result = match random.below(100) {
            0..12 => Err(failure(ErrorClass::Malformed)),
            12..20 => Err(failure(ErrorClass::ServerError)),
            20..26 => Err(failure(ErrorClass::Timeout)),
            _ => Ok(match gives(&run.step) {
                Type::Bool => Value::Bool(random.chance(60)),
                _ => Value::Int(random.below(10) as i64),
            }),
        };
        let Body::Ai(body) = &run.step.body else { return (result, report) };
        if let Some(tool) = body.tools.first().filter(|_| result.is_ok() && random.chance(50)) {
            let value = random.below(4) as i64;
            let args = vec![("a".into(), Value::Int(value))];
            let arguments = format!("{{\"a\": {value}}}").into();
            report.calls = vec![Called { id: "c".into(), step: tool.0.clone(), arguments, args, refused: None }];
        }
        (result, report)
    }

    /// What a person says to a question that is seen for the first time, or once more after an answer that did not fit.
    pub(super) fn says(&self, question: &Question, before: u32) -> Option<(i64, Answer)> {
        let about = format!("{} {} {before}", question.path, question.number);
        let mut random = Random::about(self.seed, &about);
        let says = match random.below(100) {
            0..12 if before == 0 => return None,
            12..30 if before == 0 => Says::Gives("no number".into()),
            30..42 => Says::Rejected,
            42..60 => Says::Gives("9".into()),
            _ => Says::Approved,
        };
        let after = random.between(1, 1_800_000) as i64;
        Some((after, Answer { by: "ada".into(), says, note: None, digest: question.digest.clone() }))
    }

    /// An attempt begins; its number among all.
    pub(super) fn begin(&mut self, run_id: &Arc<str>, run: &RunStep, course: &Course) -> usize {
        self.executions.push(Execution {
            run: run_id.clone(),
            path: run.path.clone(),
            attempt: run.attempt,
            step: run.step.name.clone(),
            effect: run.step.effect,
            may_repeat: run.step.idempotent.is_some(),
            is_ask: run.ask.is_some(),
            value: course.result.as_ref().ok().cloned(),
            landed: false,
        });
        self.executions.len() - 1
    }

    /// The executions of one attempt.
    pub(super) fn of_attempt<'w>(
        &'w self,
        run: &'w str,
        path: &'w str,
        attempt: u32,
    ) -> impl Iterator<Item = &'w Execution> {
        self.executions.iter().filter(move |one| &*one.run == run && &*one.path == path && one.attempt == attempt)
    }
}

fn failure(class: ErrorClass) -> Failure {
    Failure::new(class, "R0000", "so it goes")
}
