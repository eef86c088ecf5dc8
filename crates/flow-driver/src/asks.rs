//! An AI step: the conversation with a model, and what becomes of each way in which it can go wrong.
//!
//! The prompt is filled in once, which says how long it is; then each ask is charged to the ledger and sent.
//! An answer that does not fit, or that a guard sends back, is asked again with what is wrong with it, as
//! long as the budget lasts. What the transport does wrong follows the retry policy, for each model anew;
//! what that cannot mend goes to the next model. Steps that a model calls run in between. Knows no provider.

use crate::{
    Driver, Note,
    budgets::Refused,
    evaluate::Job,
    failures,
    inner::Inside,
    ledger::{Ledger, Spent},
    message::AskStep,
    retry::{Failed, next_attempt, seed_at},
    state::{Activity, Settled},
};
use flow_expr::Name;
use flow_plan::{AiBody, AskReport, Body, Called, ErrorClass, Failure, Model, ReAsks, Rendered, Said, tokens_at_most};
use jiff::Timestamp;
use std::{collections::VecDeque, sync::Arc};

/// Tokens that a message takes besides its text.
const MESSAGE_TOKENS: u64 = 8;

/// How many of its rejected answers a model sees.
const MOST_RE_ASKS_SAID: usize = 3;

/// An AI step while it is asked.
#[derive(Debug)]
pub(crate) struct Asking {
    pub(crate) ledger: Ledger,
    /// What the ask that is charged can cost.
    pub(crate) worst: Worst,
    /// The attempt for which budgets that runs share are charged, until it begins.
    pub(crate) reserved: Option<u32>,
    /// What is noted if they have room.
    pub(crate) because: Option<Note>,
    /// Asks made.
    asked: u32,
    /// Answers sent back that the retry policy paid for.
    pub(crate) sent_back: u32,
    /// Which of the body's models is asked.
    model: usize,
    /// Asks of this model that the transport failed.
    failed: u32,
    /// When this model was first asked.
    since: Option<Timestamp>,
    /// What was said after the prompt.
    pub(crate) said: Vec<Said>,
    prompt_tokens: u64,
    /// Answers that called steps.
    pub(crate) turns: u32,
    /// Steps that the model wants called.
    pub(crate) calls: VecDeque<Called>,
    /// The one that runs, as the provider names it.
    pub(crate) calling: Option<Arc<str>>,
    /// The last answer, until it is sent back.
    pub(crate) answer: Option<Arc<str>>,
    /// Several answers to one question.
    pub(crate) ballot: crate::samples::Ballot,
    /// Why the last ask failed.
    pub(crate) last: Option<Failure>,
}

impl Asking {
    pub(crate) fn of(body: &Body, budget: Option<&flow_plan::Budget>) -> Option<Box<Self>> {
        let Body::Ai(_) = body else { return None };
        Some(Box::new(Self {
            ledger: Ledger::new(budget.cloned().unwrap_or_default()),
            worst: Worst::default(),
            reserved: None,
            because: None,
            asked: 0,
            sent_back: 0,
            model: 0,
            failed: 0,
            since: None,
            said: vec![],
            prompt_tokens: 0,
            turns: 0,
            calls: VecDeque::new(),
            calling: None,
            answer: None,
            ballot: Default::default(),
            last: None,
        }))
    }

    /// When the model that is asked was first asked.
    pub(crate) fn since(&self) -> Option<Timestamp> {
        self.since
    }

    /// The model that is asked.
    pub(crate) fn asked_model(&self, step: &flow_plan::Step) -> Option<Name> {
        let Body::Ai(ai) = &step.body else { return None };
        ai.models.get(self.model).cloned()
    }
}

/// What an ask can cost at most.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Worst {
    pub(crate) input_tokens: u64,
    pub(crate) output_tokens: u64,
    pub(crate) micro_dollars: u64,
}

impl Worst {
    pub(crate) fn spent(self) -> Spent {
        let tokens = self.input_tokens.saturating_add(self.output_tokens);
        Spent { asks: 1, tokens, micro_dollars: self.micro_dollars }
    }
}

/// What an ask is about to cost at most.
fn worst(asking: &Asking, ai: &AiBody, model: &Model) -> Worst {
    let said: u64 = asking.said.iter().map(said_tokens).sum();
    let input_tokens = asking.prompt_tokens.saturating_add(said);
    let output_tokens = ai.answer_tokens(model);
    let micro_dollars = model.price.map_or(0, |price| price.micro_dollars(input_tokens, output_tokens));
    Worst { input_tokens, output_tokens, micro_dollars }
}

fn said_tokens(said: &Said) -> u64 {
    MESSAGE_TOKENS
        + match said {
            Said::Answer { text, calls } => {
                tokens_at_most(text) + calls.iter().map(|call| tokens_at_most(&call.arguments)).sum::<u64>()
            }
            Said::Feedback { text } | Said::Result { text, .. } => tokens_at_most(text),
        }
}

impl Driver {
    pub(crate) fn asking(&mut self, id: u32) -> Option<(&mut Asking, Arc<flow_plan::Step>)> {
        match &mut self.instances[id as usize].activity {
            Activity::Call(call) => Some((call.asking.as_deref_mut()?, call.step.clone())),
            _ => None,
        }
    }

    /// The prompt is filled in: the first ask.
    pub(crate) fn rendered(&mut self, id: u32, result: Result<Rendered, Failure>) {
        match result {
            _ if self.cancelled => self.settle(id, Settled::Cancelled),
            Ok(rendered) => {
                let Some((asking, _)) = self.asking(id) else { return };
                asking.prompt_tokens = rendered.tokens;
                self.ask(id);
            }
            Err(failure) => self.exhausted(id, failure),
        }
    }

    /// Charges an ask and has it sent; nothing of both where the budget leaves no room for it.
    pub(crate) fn ask(&mut self, id: u32) {
        self.ask_because(id, None);
    }

    /// As [`Driver::ask`]; `because` is noted if it is sent.
    fn ask_because(&mut self, id: u32, because: Option<Note>) {
        if self.cancelled {
            return self.settle(id, Settled::Cancelled);
        }
        let program = self.program.clone();
        let Some((asking, step)) = self.asking(id) else { return };
        let Body::Ai(ai) = &step.body else { return };
        let Some(model) = ai.models.get(asking.model).and_then(|name| program.models.get(name)) else {
            return self.fail(id, failures::plan_is_wrong("it asks a model that there is not"));
        };
        let worst = worst(asking, ai, model);
        match self.charge(id, worst) {
            Ok(()) => self.reserve(id, because),
            Err(refused) => self.over_budget(id, &refused),
        }
    }

    /// Has an ask sent that is charged.
    pub(crate) fn send(&mut self, id: u32, because: Option<Note>) {
        let now = self.now;
        let Some((asking, _)) = self.asking(id) else { return };
        asking.since.get_or_insert(now);
        because.into_iter().for_each(|note| self.note(note));
        self.enqueue(id, Job::Attempt);
    }

    /// What goes with an attempt of an AI step.
    pub(crate) fn ask_step(&mut self, id: u32) -> Option<Box<AskStep>> {
        let (asking, step) = self.asking(id)?;
        let Body::Ai(ai) = &step.body else { return None };
        asking.asked += 1;
        asking.reserved = None;
        Some(Box::new(AskStep {
            model: ai.models.get(asking.model)?.clone(),
            said: asking.said.clone(),
            spent: asking.ledger.spent(),
        }))
    }

    /// A budget leaves no room for another ask.
    pub(crate) fn over_budget(&mut self, id: u32, refused: &Refused) {
        let Some((asking, _)) = self.asking(id) else { return };
        let failure = match asking.last.take() {
            Some(failure) => failure.detail(failures::budget_words(refused)),
            None => failures::budget(refused),
        };
        self.exhausted(id, failure);
    }

    /// An ask has ended: what it cost is settled. Gives whether the model calls steps, so that there is no result yet.
    pub(crate) fn settle_ask(&mut self, id: u32, report: Option<&mut AskReport>) -> bool {
        let Some((asking, step)) = self.asking(id) else { return false };
        // Of an ask of which nobody knows what it cost, the worst stays charged.
        let charged = asking.ledger.charged();
        let Some(report) = report else {
            self.settle_charge(id, Some(charged));
            return false;
        };
        let tokens = report.input_tokens.saturating_add(report.output_tokens);
        let actual = match report.known {
            true => Spent { asks: 1, tokens, micro_dollars: report.micro_dollars },
            false => charged,
        };
        report.micro_dollars = actual.micro_dollars;
        self.settle_charge(id, Some(actual));
        let Some((asking, _)) = self.asking(id) else { return false };
        asking.answer = Some(report.answer.clone());
        if report.calls.is_empty() || !matches!(&step.body, Body::Ai(ai) if !ai.tools.is_empty()) {
            return false;
        }
        asking.turns += 1;
        report.calls = crate::tools::bounded(std::mem::take(&mut report.calls));
        asking.said.push(Said::Answer { text: report.answer.clone(), calls: report.calls.clone() });
        asking.calls.extend(report.calls.iter().cloned());
        true
    }

    /// An ask has failed, or a guard has sent its answer back.
    pub(crate) fn ask_failed(&mut self, id: u32, failure: Failure, by_guard: bool) {
        let (now, path) = (self.now, self.path(id));
        let seed = seed_at(self.start.seed, &path);
        let Some((asking, step)) = self.asking(id) else { return };
        asking.last = Some(failure.clone());
        if by_guard || failure.class == ErrorClass::Malformed {
            return self.ask_again(id, failure, by_guard);
        }
        asking.failed += 1;
        let (failed, since) = (asking.failed, asking.since.unwrap_or(now));
        let facts = Failed { failure: &failure, by_guard: false, attempts: failed, since, now, seed };
        let again = step.retry.as_ref().and_then(|policy| Some((next_attempt(policy, &facts)?, policy.times)));
        if let Some((at, times)) = again {
            let (attempt, attempts) = (failed + 1, times.saturating_add(1));
            let (label, class, why) = (self.label(id), failure.class, self.whose(id, &failure.message));
            let Inside { judge, tool } = self.inside(id);
            self.note(Note::Retrying { path, label, attempt, judge, tool, attempts, class, why, at });
            return self.sleep(id, at);
        }
        let Body::Ai(ai) = &step.body else { return };
        if moves_on(failure.class) && asking.model + 1 < ai.models.len() {
            asking.model += 1;
            (asking.failed, asking.since) = (0, None);
            let attempts = u32::try_from(ai.models.len()).unwrap_or(u32::MAX);
            let attempt = u32::try_from(asking.model).unwrap_or(u32::MAX).saturating_add(1);
            let next = ai.models.get(asking.model).map_or("", Name::short);
            let why = format!("{}; `{next}` is asked instead", failure.message);
            let why = self.whose(id, &why);
            let (label, class) = (self.label(id), failure.class);
            let Inside { judge, tool } = self.inside(id);
            let because = Note::Retrying { path, label, attempt, judge, tool, attempts, class, why, at: now };
            return self.ask_because(id, Some(because));
        }
        self.exhausted(id, failure);
    }

    /// What is said of an ask, with the name of the judge or tool if it is theirs.
    fn whose(&self, id: u32, words: &str) -> Arc<str> {
        let inside = self.inside(id);
        match inside.judge.or(inside.tool) {
            Some(name) => format!("`{}`: {words}", name.short()).into(),
            None => words.into(),
        }
    }

    /// Sends the answer back with what is wrong with it, if somebody pays for that.
    fn ask_again(&mut self, id: u32, failure: Failure, by_guard: bool) {
        let (now, path, label) = (self.now, self.path(id), self.label(id));
        let Some((asking, step)) = self.asking(id) else { return };
        let (attempt, attempts) = match step.re_asks(failure.class) {
            Some(ReAsks::Policy(times)) if asking.sent_back < times => {
                asking.sent_back += 1;
                (asking.sent_back + 1, times.saturating_add(1))
            }
            Some(ReAsks::Budget(asks)) => (asking.asked + 1, u32::try_from(asks).unwrap_or(u32::MAX)),
            _ => return self.exhausted(id, failure),
        };
        let text = asking.answer.take().unwrap_or_default();
        forget_oldest(&mut asking.said);
        asking.said.push(Said::Answer { text, calls: vec![] });
        asking.said.push(Said::Feedback { text: failures::feedback(&failure, by_guard).into() });
        let (class, why) = (failure.class, self.whose(id, &failure.message));
        let Inside { judge, tool } = self.inside(id);
        self.ask_because(id, Some(Note::Retrying { path, label, attempt, judge, tool, attempts, class, why, at: now }));
    }
}

/// Leaves room for another answer and what is wrong with it: a conversation does not grow without end.
fn forget_oldest(said: &mut Vec<Said>) {
    let is_pair =
        |pair: &[Said]| matches!(pair, [Said::Answer { calls, .. }, Said::Feedback { .. }] if calls.is_empty());
    if said.windows(2).filter(|pair| is_pair(pair)).count() >= MOST_RE_ASKS_SAID
        && let Some(oldest) = said.windows(2).position(is_pair)
    {
        said.drain(oldest..oldest + 2);
    }
}

/// Whether another model may do better with a failure of this class.
fn moves_on(class: ErrorClass) -> bool {
    matches!(
        class,
        ErrorClass::Timeout
            | ErrorClass::Connection
            | ErrorClass::RateLimited
            | ErrorClass::ServerError
            | ErrorClass::ClientError
            | ErrorClass::Auth
            | ErrorClass::Refused
    )
}
