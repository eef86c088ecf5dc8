//! Waiting for people: the question of an `ask` step, and of a guard that lets a person decide.
//!
//! A question is put together from values alone, so a replay asks the same one with the same digest. It takes no
//! place: nothing is done meanwhile. An answer that does not fit leaves it open. A no to a step is a verdict, which
//! only the call's `else` can mend; a no to a result, or no answer in time, leads to the step's fallback. Knows
//! neither how people are reached nor who they are.

use crate::{
    Answer, Command, Draft, Driver, How, Note, Product, Question, QuestionEnd, Task, failures,
    inner::Inside,
    judges::{self, Next},
    question::{Verdict, choices},
    retry::millis_between,
    shown,
    state::{Activity, CallState, Phase, Settled, Then},
};
use flow_expr::{Expr, Name, Record, Value, digest};
use flow_plan::{APPROVAL, Body, Failure, GuardAction, Step, meaning_hash};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// What people are asked during one call of a step.
#[derive(Debug, Default)]
pub(crate) struct People {
    /// The one that is open.
    open: Option<Box<Question>>,
}

impl Driver {
    /// The question of an `ask` step.
    pub(crate) fn ask_person(&mut self, id: u32) {
        let Some(call) = self.called(id) else { return };
        let Body::Ask { who, message } = &call.step.body else { return };
        let exprs = self.speakable(&call.step, [Some(who), Some(message)]);
        self.evaluate(id, exprs, Then::Question);
    }

    /// A guard does not hold, and a person is to decide.
    pub(crate) fn ask_about_draft(&mut self, id: u32) {
        let Some(call) = self.called(id) else { return };
        let Some(guard) = call.step.guards.get(call.guard) else { return };
        let GuardAction::Ask { who, message, .. } = &guard.action else { return };
        // A message may speak of a verdict; of one that there is not, it cannot.
        let spoken = |expr| match judges::next(expr, &call.verdicts, &self.program) {
            Next::Known(known) => Some(known),
            Next::Ask(_) | Next::NoVerdict => None,
        };
        let (who, message) = (spoken(who).unwrap_or_else(|| who.clone()), message.as_ref().and_then(spoken));
        let exprs = self.speakable(&call.step, [Some(&who), message.as_ref()]);
        self.evaluate(id, exprs, Then::Question);
    }

    /// Expressions whose texts show no labelled data.
    fn speakable(&self, step: &Step, exprs: [Option<&Expr>; 2]) -> Vec<Arc<Expr>> {
        let seen = shown::variables(step);
        let types = &self.program.types;
        exprs.into_iter().flatten().map(|expr| Arc::new(shown::without_labelled(expr, &seen, types))).collect()
    }

    fn called(&self, id: u32) -> Option<&CallState> {
        match &self.instances[id as usize].activity {
            Activity::Call(call) => Some(call),
            _ => None,
        }
    }

    fn called_mut(&mut self, id: u32) -> Option<&mut CallState> {
        match &mut self.instances[id as usize].activity {
            Activity::Call(call) => Some(call),
            _ => None,
        }
    }

    /// Whom to ask what is known: the question is asked.
    pub(crate) fn question_known(&mut self, id: u32, values: Vec<Value>) {
        if self.cancelled {
            return self.settle(id, Settled::Cancelled);
        }
        let mut texts = values.into_iter().filter_map(crate::call::as_text);
        let (who, said) = (texts.next().unwrap_or_default(), texts.next());
        let now = self.now;
        let is_draft = self.called(id).is_some_and(|call| call.product.is_some() || call.before);
        if is_draft {
            self.note_guard(id, said.clone());
        } else {
            let instance = &mut self.instances[id as usize];
            instance.attempts += 1;
            instance.began.get_or_insert(now);
            let attempt = instance.attempts;
            let (path, label) = (self.path(id), self.label(id));
            if let Some(call) = self.called_mut(id) {
                call.attempt_began = Some(now);
                call.since.get_or_insert(now);
                call.tries += 1;
            }
            self.note(Note::Started { path, label, attempt });
        }
        let task = self.next_task(id);
        let Some(question) = self.question(id, task, &who, said.as_deref()) else { return };
        let until = question.until;
        self.instances[id as usize].questions = question.number;
        if let Some(call) = self.called_mut(id) {
            call.people.open = Some(Box::new(question.clone()));
        }
        self.instances[id as usize].phase = Phase::Asked;
        self.sleeping += 1;
        self.note(Note::Asked(Box::new(question.clone())));
        self.command(Command::Ask(Box::new(question)));
        self.command(Command::Timer { task, at: until });
    }

    fn note_guard(&mut self, id: u32, message: Option<Arc<str>>) {
        let Some(call) = self.called(id) else { return };
        let Some(guard) = call.step.guards.get(call.guard) else { return };
        let (Inside { judge: of, tool }, judges) = call.said_to(&guard.condition, &self.program);
        let saw = call.saw(&guard.condition, &self.program);
        let text = guard.text.clone();
        let action = "ask".into();
        let verdict = crate::ContractVerdict::Guard { text, kept: false, action, message, saw, of, tool, judges };
        self.contract(id, verdict);
    }

    fn question(&self, id: u32, task: Task, who: &Arc<str>, said: Option<&str>) -> Option<Question> {
        let call = self.called(id)?;
        let (step, types) = (&call.step, &self.program.types);
        let arguments = step.params.iter().zip(&call.args);
        let shown = arguments
            .clone()
            .map(|(param, value)| (param.name.clone(), shown::value(value, &param.ty, &param.labels, types)));
        let (draft, wait_ms) = match (&call.product, step.guards.get(call.guard)) {
            (product, Some(guard)) if call.before || product.is_some() => {
                let GuardAction::Ask { within_ms, .. } = guard.action else { return None };
                let value = match product {
                    Some(product) => shown::value(&product.value, &step.returns, &[], types),
                    None => format!("none yet: `{}` runs after a yes", step.name.short()).into(),
                };
                (Some(Draft { guard: guard.text.clone(), value }), within_ms)
            }
            _ => (None, step.timeout_ms),
        };
        let message = match (said, &draft) {
            (Some(said), _) => shown::short(said),
            (None, Some(draft)) if call.before => {
                format!("`{}` does not hold: run `{}` all the same?", draft.guard, step.name.short()).into()
            }
            (None, Some(draft)) => format!("`{}` does not hold: use the result all the same?", draft.guard).into(),
            (None, None) => "".into(),
        };
        let digests: Vec<(&Arc<str>, String)> = arguments.map(|(param, value)| (&param.name, digest(value))).collect();
        let about = call.product.as_ref().map(|product| digest(&product.value));
        let digest = meaning_hash(&(&step.name, who, &message, digests, about, draft.as_ref().map(|it| &it.guard)));
        let choices = if draft.is_some() { vec![] } else { choices(&step.returns, types) };
        Some(Question {
            task,
            path: self.path(id),
            label: self.label(id),
            step: step.name.clone(),
            number: self.instances[id as usize].questions + 1,
            who: who.clone(),
            message,
            arguments: shown.collect(),
            draft,
            choices,
            digest,
            since: self.now,
            until: later(self.now, wait_ms),
        })
    }

    /// The arguments of the call that a task belongs to; none if it is no call.
    #[must_use]
    pub fn arguments(&self, task: Task) -> &[Value] {
        let instance = self.instances.get(task.instance as usize);
        match instance.map(|instance| &instance.activity) {
            Some(Activity::Call(call)) => &call.args,
            _ => &[],
        }
    }

    /// Whether an open question is what a task stands for.
    pub(crate) fn waits_for_person(&self, task: Task) -> bool {
        let instance = self.instances.get(task.instance as usize);
        instance.is_some_and(|instance| instance.turn == task.turn && matches!(instance.phase, Phase::Asked))
    }

    /// Ends the open question of an instance, which must then go on.
    fn close(&mut self, id: u32, end: QuestionEnd) -> Option<Box<Question>> {
        let question = self.called_mut(id)?.people.open.take()?;
        let task = question.task;
        self.sleeping -= 1;
        // A second answer, or the timer, would find nobody waiting.
        self.instances[id as usize].turn += 1;
        self.instances[id as usize].phase = Phase::Waiting;
        let (path, label, number) = (question.path.clone(), question.label.clone(), question.number);
        self.note(Note::QuestionEnded { path, label, number, end: Box::new(end) });
        self.command(Command::Stop { task });
        Some(question)
    }

    /// Somebody has answered, or could not be asked.
    pub(crate) fn person_answered(&mut self, task: Task, result: Result<Answer, Failure>) {
        if !self.waits_for_person(task) {
            return;
        }
        let id = task.instance;
        let answer = match result {
            Ok(answer) => answer,
            Err(failure) => {
                let Some(question) = self.close(id, QuestionEnd::Unanswered) else { return };
                return self.without_answer(id, &question, failure);
            }
        };
        let Some(call) = self.called(id) else { return };
        let Some(question) = call.people.open.clone() else { return };
        match question.read(&answer, &call.step, &self.context()) {
            Ok(verdict) => {
                self.close(id, QuestionEnd::Answered(answer.clone()));
                match question.draft {
                    Some(_) => self.draft_decided(id, verdict, &question, &answer),
                    None => self.step_decided(id, verdict, &question, &answer),
                }
            }
            // Its timer has been spent on this answer.
            Err(_) if self.now >= question.until => self.person_silent(id),
            Err(misfit) => {
                let (path, label, number) = (question.path.clone(), question.label.clone(), question.number);
                let why = misfit.to_string().into();
                self.note(Note::AnswerRefused { path, label, number, answer: Box::new(answer), why });
                self.command(Command::Ask(question));
            }
        }
    }

    /// Nobody has answered in time.
    pub(crate) fn person_silent(&mut self, id: u32) {
        let Some(question) = self.close(id, QuestionEnd::Unanswered) else { return };
        let failure = failures::unanswered(&question.who, millis_between(question.since, question.until));
        self.without_answer(id, &question, failure);
    }

    pub(crate) fn question_cancelled(&mut self, id: u32) {
        self.close(id, QuestionEnd::Cancelled);
        self.settle(id, Settled::Cancelled);
    }

    fn without_answer(&mut self, id: u32, question: &Question, failure: Failure) {
        if question.draft.is_some() {
            if let Some(call) = self.called_mut(id) {
                call.product = None;
            }
            return self.exhausted(id, failure);
        }
        self.note_attempt(id, Some(failure.clone()));
        self.attempt_failed(id, failure, false);
    }

    fn step_decided(&mut self, id: u32, verdict: Verdict, question: &Question, answer: &Answer) {
        let value = match verdict {
            Verdict::Approved => approval(answer, self.now),
            Verdict::Value(value) => value,
            Verdict::Rejected => {
                let failure = failures::rejected(&question.who, answer);
                self.note_attempt(id, Some(failure.clone()));
                return self.call_failed(id, failure);
            }
        };
        self.note_attempt(id, None);
        if let Some(call) = self.called_mut(id) {
            call.product = Some(Product { value, rows: None });
            call.guard = 0;
        }
        self.next_guard(id);
    }

    fn draft_decided(&mut self, id: u32, verdict: Verdict, question: &Question, answer: &Answer) {
        let Some(call) = self.called_mut(id) else { return };
        match verdict {
            Verdict::Approved => {
                call.guard += 1;
                self.next_guard(id);
            }
            // What a person writes is no draft: no guard is asked about it.
            Verdict::Value(value) => self.call_done(id, value, How::Given),
            Verdict::Rejected => {
                let never_ran = call.product.take().is_none();
                let text = question.draft.as_ref().map_or("", |draft| &draft.guard);
                let failure = match never_ran {
                    true => failures::rejected(&question.who, answer),
                    false => failures::draft_rejected(text, &question.who, answer),
                };
                self.exhausted(id, failure);
            }
        }
    }

    fn note_attempt(&mut self, id: u32, failure: Option<Failure>) {
        let (path, label, attempt) = (self.path(id), self.label(id), self.instances[id as usize].attempts);
        let began = self.called(id).and_then(|call| call.attempt_began).unwrap_or(self.now);
        let Inside { judge, tool } = self.inside(id);
        self.note(Note::Attempted { path, label, attempt, began, judge, tool, failure, ask: None });
    }
}

/// A person's yes, as the value that it is.
fn approval(answer: &Answer, now: Timestamp) -> Value {
    let text = |text: &Arc<str>| Value::String(text.clone());
    let fields = vec![
        ("by".into(), text(&answer.by)),
        ("at".into(), Value::Timestamp(now)),
        ("note".into(), answer.note.as_ref().map_or(Value::Absent, text)),
        ("digest".into(), text(&answer.digest)),
    ];
    Value::Record(Arc::new(Record { ty: Name::new(APPROVAL), fields }))
}

fn later(now: Timestamp, ms: u64) -> Timestamp {
    let wait = SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX));
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}
