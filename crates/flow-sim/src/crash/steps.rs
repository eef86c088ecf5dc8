//! Random steps: of every effect, with and without a key, with retries, guards and fallbacks; models, judges, tools, people.
//!
//! What a step does is in its declaration alone. Knows nothing of where it is called.

use super::{build::*, program::NUMBER, random::Random};
use flow_expr::{BinaryOp, Expr, ExprKind, Name, Part, Type};
use flow_plan::{
    APPROVAL, AiBody, Body, Budget, CachePolicy, Dataset, Effect, ErrorClass, Flow, Guard, GuardAction, Idempotency,
    Model, Price, Program, Provider, RetryPolicy, Step,
};

const HOUR: u64 = 3_600_000;

/// The steps of a program that is made.
pub(super) struct Steps {
    seed: u64,
    steps: Vec<Step>,
    judges: Vec<Step>,
    pub(super) is_timely: bool,
}

impl Steps {
    pub(super) fn of(seed: u64) -> Self {
        Self { seed, steps: vec![], judges: vec![], is_timely: false }
    }

    /// The program of these steps.
    pub(super) fn program(self, datasets: Vec<Dataset>, flows: Vec<Flow>) -> Program {
        let models = ["one", "two"].map(|short| {
            let price = Some(Price { input: 1_000_000, output: 2_000_000 });
            let made = Model::new(name(short), Provider::Openai, "m-2026-01-01");
            Model { price, max_tokens: Some(50), ..made }
        });
        Program {
            steps: self.steps.into_iter().map(|step| (step.name.clone(), step)).collect(),
            judges: self.judges.into_iter().map(|step| (step.name.clone(), step)).collect(),
            datasets: datasets.into_iter().map(|dataset| (dataset.name.clone(), dataset)).collect(),
            flows: flows.into_iter().map(|flow| (flow.name.clone(), flow)).collect(),
            models: models.into_iter().map(|model| (model.name.clone(), model)).collect(),
            pools: [(name("narrow"), 1)].into(),
            ..Program::default()
        }
    }

    fn next(&self, what: &str) -> String {
        format!("{what}{}", self.steps.len() + self.judges.len())
    }

    fn add(&mut self, step: Step) -> Name {
        let name = step.name.clone();
        self.steps.push(step);
        name
    }

    /// A step with a program as its body.
    pub(super) fn plain(&mut self, random: &mut Random) -> Name {
        let by_key = Idempotency::By(add(var(0), int((self.seed % 1000) as i64)));
        let (what, effect, idempotent) = match random.below(9) {
            0 => ("pure", Effect::None, None),
            1 | 2 => ("reads", Effect::Read, None),
            3 | 4 => ("writes", Effect::Write, None),
            5 => ("keyed", Effect::Write, Some(by_key)),
            6 => ("harmless", Effect::Write, Some(Idempotency::Harmless)),
            7 => ("final", Effect::Irreversible, None),
            _ => ("finalkeyed", Effect::Irreversible, Some(by_key)),
        };
        let cache = match effect {
            Effect::None => CachePolicy::Unchanged,
            Effect::Read if random.chance(30) => CachePolicy::For(HOUR),
            _ => CachePolicy::Never,
        };
        let pool = random.chance(20).then(|| name("narrow"));
        let fallback = random.chance(15).then(|| int(3));
        let timeout_ms = random.between(500, 60_000);
        let (retry, guards) = (self.retry(random), self.guards(random));
        // Of equal calls the one that a person lets pass first is remembered for the others.
        let asks = guards.iter().any(|guard| matches!(guard.action, GuardAction::Ask { .. }));
        self.is_timely |= asks && cache != CachePolicy::Never;
        let made = step(&self.next(what));
        self.add(Step { effect, idempotent, cache, pool, fallback, timeout_ms, retry, guards, ..made })
    }

    fn retry(&mut self, random: &mut Random) -> Option<RetryPolicy> {
        if random.chance(50) {
            return None;
        }
        let within_ms = random.chance(10).then(|| random.between(1_000, 600_000));
        self.is_timely |= within_ms.is_some();
        let (backoff_min_ms, backoff_max_ms) = (random.between(0, 2_000), random.between(2_000, 30_000));
        let on = vec![ErrorClass::Any];
        Some(RetryPolicy { times: random.between(1, 3) as u32, on, backoff_min_ms, backoff_max_ms, within_ms })
    }

    fn guards(&mut self, random: &mut Random) -> Vec<Guard> {
        if !random.chance(20) {
            return vec![];
        }
        let action = match random.below(6) {
            0 | 1 => GuardAction::Retry(None),
            2 => GuardAction::Warn(None),
            3 => GuardAction::Fail(None),
            4 => GuardAction::Fallback(int(5)),
            _ => GuardAction::Ask { who: text("editor"), message: None, within_ms: 12 * HOUR },
        };
        let condition = binary(BinaryOp::Greater, it(), int(random.below(8) as i64));
        vec![Guard { condition, text: "it is enough".into(), action }]
    }

    /// A step that asks a person.
    pub(super) fn person(&mut self, random: &mut Random) -> Name {
        let body = Body::Ask { who: text("boss"), message: text("May it?") };
        let returns = Type::Named(Name::new(APPROVAL));
        let fallback = None;
        let retry = if random.chance(30) { self.retry(random) } else { None };
        let made = step(&self.next("person"));
        self.add(Step { body, returns, fallback, retry, timeout_ms: 12 * HOUR, ..made })
    }

    /// A step that asks a model.
    pub(super) fn model(&mut self, random: &mut Random) -> Name {
        let tools = if random.chance(25) { vec![self.plain(random)] } else { vec![] };
        let mut guards = vec![];
        if random.chance(30) {
            let condition = binary(BinaryOp::Greater, it(), int(random.below(6) as i64));
            guards.push(Guard { condition, text: "it is enough".into(), action: GuardAction::Retry(None) });
        }
        if random.chance(25) {
            let judge = self.judge(random);
            let call = Expr::new(ExprKind::Call(judge, vec![it()]), Default::default());
            let action = if random.chance(60) { GuardAction::Retry(None) } else { GuardAction::Warn(None) };
            guards.push(Guard { condition: call, text: "the judge says so".into(), action });
        }
        let models = if random.chance(30) { vec![name("one"), name("two")] } else { vec![name("one")] };
        let body = AiBody { tools, turns: 3, ..AiBody::new(models, vec![Part::Text("How many?".into())]) };
        let asks = random.chance(60).then(|| random.between(1, 6));
        let micro_dollars = random.chance(20).then(|| random.between(200, 1_500));
        let budget = Some(Budget { asks, tokens: None, micro_dollars });
        let (retry, fallback) = (self.retry(random), random.chance(30).then(|| int(4)));
        let body = Body::Ai(Box::new(body));
        let made = step(&self.next("model"));
        self.add(Step { body, budget, guards, retry, fallback, timeout_ms: 60_000, ..made })
    }

    fn judge(&mut self, random: &mut Random) -> Name {
        let body = AiBody::new(vec![name("two")], vec![Part::Text("Is it good?".into())]);
        let asks = random.chance(50).then(|| random.between(1, 3));
        let budget = Some(Budget { asks, ..Budget::default() });
        let retry = self.retry(random);
        let made = step(&self.next("judge"));
        let judge = Step { body: Body::Ai(Box::new(body)), returns: Type::Bool, budget, retry, ..made };
        let name = judge.name.clone();
        self.judges.push(judge);
        name
    }
}

/// What every other step gives.
pub(super) fn gives(step: &Step) -> Type {
    if step.returns == Type::Bool { Type::Bool } else { NUMBER }
}
