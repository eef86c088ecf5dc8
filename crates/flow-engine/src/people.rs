//! What people are asked, and answering it from another process than the one that runs.
//!
//! An answer is checked against the question and the plan before it is written down; the run checks it again when
//! it takes it. Knows neither terminals nor who may answer.

use crate::{Engine, EngineError, QuestionRow};
use flow_driver::{Answer, Misfit, Says};
use flow_expr::Context;
use flow_plan::Plan;
use flow_store::{LockHolder, Reader, answer};
use jiff::Timestamp;
use serde::Serialize;
use std::sync::Arc;

/// A question that nobody has answered yet, or whose answer the run has not taken yet.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OpenQuestion {
    /// The question.
    #[serde(flatten)]
    pub row: QuestionRow,
    /// Whether the process that asks is still there. If not, the run was cut off while it waited.
    pub waits: bool,
}

/// What a person says to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Who answers.
    pub by: Arc<str>,
    /// What.
    pub says: Says,
    /// Why.
    pub note: Option<Arc<str>>,
    /// The beginning of the digest that was seen, if whoever answers wants to be sure that nothing has changed.
    pub digest: Option<Arc<str>>,
}

impl Engine {
    /// The questions that are open, the oldest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn open_questions(&self) -> Result<Vec<OpenQuestion>, EngineError> {
        let Some(reader) = Reader::open(&self.layout)? else { return Ok(vec![]) };
        let rows = reader.open_questions()?;
        let holder = if rows.is_empty() { None } else { LockHolder::now(&self.layout)? };
        let waits = |row: &QuestionRow| holder.as_ref().is_some_and(|holder| holder.pid == row.pid);
        Ok(rows.into_iter().map(|row| OpenQuestion { waits: waits(&row), row }).collect())
    }

    /// The question of a step of a run that is open: the run by its id or a part of it, the step by label or path.
    ///
    /// # Errors
    /// There is no such run, or nothing of it waits for an answer; the error says what does.
    pub fn open_question(&self, run: &str, step: &str) -> Result<OpenQuestion, EngineError> {
        let run = self.reader(run)?.run(run)?;
        let open: Vec<OpenQuestion> =
            self.open_questions()?.into_iter().filter(|open| open.row.run == run.run).collect();
        let mut meant: Vec<OpenQuestion> = open.iter().filter(|open| open.is_of(step)).cloned().collect();
        // In a loop several wait under one name.
        if meant.iter().any(|open| open.is_exactly(step)) {
            meant.retain(|open| open.is_exactly(step));
        }
        match (meant.pop(), meant.is_empty()) {
            (Some(only), true) => Ok(only),
            (Some(last), false) => {
                let labels = meant.iter().chain([&last]).map(|open| format!("`{}`", open.row.question.label));
                let labels = labels.collect::<Vec<_>>().join(", ");
                Err(EngineError::NotAsked(format!("several of run `{}` wait: {labels}; name one", run.run)))
            }
            (None, _) => Err(EngineError::NotAsked(self.why_not(&run.run, run.ended.is_some(), step, &open)?)),
        }
    }

    /// Why there is nothing to answer, with what is known of the step.
    fn why_not(&self, run: &str, ended: bool, step: &str, open: &[OpenQuestion]) -> Result<String, EngineError> {
        let asked = self.reader(run)?.questions(run, None)?;
        let named = |question: &flow_driver::Question| {
            *question.label == *step || *question.path == *step || question.step.short() == step
        };
        let last = asked.iter().rfind(|row| named(&row.question));
        if let Some(end) = last.and_then(|row| row.end.as_ref()) {
            let how = match end {
                flow_driver::QuestionEnd::Answered(answer) => format!("{} has answered it", answer.by),
                flow_driver::QuestionEnd::Unanswered => "nobody answered in time".into(),
                flow_driver::QuestionEnd::Cancelled => "the run was cancelled".into(),
            };
            return Ok(format!("`{step}` of run `{run}` waits for nobody any more: {how}"));
        }
        if ended {
            return Ok(format!("run `{run}` is over: nothing of it waits for a person"));
        }
        let labels: Vec<String> = open.iter().map(|open| format!("`{}`", open.row.question.label)).collect();
        Ok(match labels.is_empty() {
            true => format!("nothing of run `{run}` waits for a person"),
            false => format!("`{step}` of run `{run}` waits for nobody; {} does", labels.join(", ")),
        })
    }

    /// Answers an open question; `plan` is the one that its run follows. The answer is durable when this returns; the run takes it within a moment.
    ///
    /// # Errors
    /// The answer does not fit the question, somebody was faster, or the store cannot be written to.
    pub fn answer(&self, open: &OpenQuestion, reply: Reply, plan: &Plan) -> Result<(), EngineError> {
        let question = &open.row.question;
        if reply.digest.as_ref().is_some_and(|seen| seen.len() < 8 || !question.digest.starts_with(&**seen)) {
            return Err(EngineError::Misfit(Misfit::OtherDigest));
        }
        let given = Answer { by: reply.by, says: reply.says, note: reply.note, digest: question.digest.clone() };
        let step = plan.program.steps.get(&question.step);
        let step = step.ok_or_else(|| EngineError::Internal(format!("the plan has no step `{}`", question.step)))?;
        let now = Timestamp::now();
        let context = Context::new(&plan.program.functions, &plan.program.types, now);
        if now >= question.until {
            let why = "it waited for an answer as long as it may";
            return Err(EngineError::NotAsked(format!("`{}` of run `{}`: {why}", question.label, open.row.run)));
        }
        question.read(&given, step, &context).map_err(EngineError::Misfit)?;
        Ok(answer(&self.layout, &open.row, &given, now)?)
    }
}

impl OpenQuestion {
    fn is_exactly(&self, step: &str) -> bool {
        *self.row.question.label == *step || *self.row.question.path == *step
    }

    /// `rate` means `rate` and, in a loop, every `rate[3]`; and every call of a step of that name.
    fn is_of(&self, step: &str) -> bool {
        let rest = self.row.question.label.strip_prefix(step);
        self.is_exactly(step)
            || self.row.question.step.short() == step
            || rest.is_some_and(|rest| rest.starts_with('['))
    }
}
