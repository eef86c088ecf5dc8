//! Steps of runs that were cut off, of which nobody knows whether they took effect, and what people say of them.
//!
//! Which those are follows from the journal: it is replayed, without the project's lock. What is said is checked
//! against the step before it is written down. Knows neither terminals nor who may speak.

use crate::{Engine, EngineError, resume::Unreplayed, rim::Rim};
use flow_driver::{
    Doubt, Resolution, Resolved,
    recovery::{Replayed, given},
};
use flow_expr::Context;
use flow_plan::Plan;
use flow_store::{Reader, ResolutionRow, RunRow, resolve};
use jiff::Timestamp;
use serde::Serialize;
use std::sync::Arc;

/// A step in doubt, and what was said of it, which the run has not taken yet.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DoubtRow {
    /// The step.
    #[serde(flatten)]
    pub doubt: Doubt,
    /// What was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<Resolution>,
}

/// How far the journal of a run goes that was cut off.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reach {
    /// How many events it has.
    pub events: u64,
    /// When the last one was.
    pub until: Option<Timestamp>,
}

/// What a person says of a step in doubt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    /// It took effect; its result as text, if it has one.
    Done(Option<String>),
    /// It is to be made again.
    Again,
}

impl Engine {
    /// How far the journal of a run goes, if it was cut off.
    ///
    /// # Errors
    /// There is no such run, or the store cannot be read.
    pub fn cut_off_at(&self, row: &RunRow) -> Result<Option<Reach>, EngineError> {
        if row.ended.is_some() || self.is_driven(row)?.is_some() {
            return Ok(None);
        }
        let (events, until) = self.reader(&row.run)?.reach(&row.run)?;
        Ok(Some(Reach { events, until }))
    }

    /// The steps in doubt of a run, in the order of their places; none if it is over or under way. `plan` is the one that it follows.
    ///
    /// # Errors
    /// There is no such run, or its journal is damaged.
    pub fn doubts(&self, run: &str, plan: &Plan) -> Result<Vec<DoubtRow>, EngineError> {
        let reader = self.reader(run)?;
        let row = reader.run(run)?;
        if row.ended.is_some() || self.is_driven(&row)?.is_some() {
            return Ok(vec![]);
        }
        match self.reread(&reader, &row, plan) {
            Ok(replayed) => self.doubts_of(&reader, &row, &replayed),
            // Whoever wants to go on with it is told why that cannot be.
            Err(Unreplayed::Because(_)) => Ok(vec![]),
            Err(Unreplayed::Error(error)) => Err(error),
        }
    }

    /// A journal as it is now, whoever may be writing to it.
    pub(crate) fn reread(&self, reader: &Reader, row: &RunRow, plan: &Plan) -> Result<Replayed, Unreplayed> {
        let program = Arc::new(plan.program.clone());
        let rim = Rim::new(program.clone(), self.layout.clone());
        self.replayed(reader, row, plan, program, &rim)
    }

    fn doubts_of(&self, reader: &Reader, row: &RunRow, replayed: &Replayed) -> Result<Vec<DoubtRow>, EngineError> {
        let said = reader.resolutions(&row.run)?;
        let of = |doubt: &Doubt| {
            let is_of = |row: &&ResolutionRow| {
                (&*row.path, row.attempt, row.number) == (&*doubt.path, doubt.attempt, doubt.number)
            };
            said.iter().find(is_of).map(|row| row.resolution.clone())
        };
        Ok(replayed.doubts().into_iter().map(|doubt| DoubtRow { said: of(&doubt), doubt }).collect())
    }

    /// Writes down what a person says of a step in doubt: the run by its id or a part of it, the step by label, path or
    /// name. It is durable when this returns.
    ///
    /// # Errors
    /// The run is over or under way, nothing of that name is in doubt, or what is said does not fit.
    pub fn resolve(
        &self,
        run: &str,
        step: &str,
        plan: &Plan,
        (by, says): (Arc<str>, Says),
    ) -> Result<DoubtRow, EngineError> {
        let reader = self.reader(run)?;
        let row = reader.run(run)?;
        let refused = |why: String| EngineError::NotInDoubt(why);
        if row.ended.is_some() {
            return Err(refused(format!("run `{}` is over: nothing of it is in doubt", row.run)));
        }
        if let Some(holder) = self.is_driven(&row)? {
            let why = format!("run `{}` is under way in process {}: nothing of it is in doubt", row.run, holder.pid);
            return Err(refused(why));
        }
        let replayed = self.reread(&reader, &row, plan).map_err(|why| {
            why.or(|why| refused(format!("it is not known what of run `{}` is in doubt: {why}", row.run)))
        })?;
        let doubts = self.doubts_of(&reader, &row, &replayed)?;
        let found = meant(&doubts, step).map_err(|why| refused(format!("{why} in run `{}`", row.run)))?;
        if let Some(said) = &found.said {
            let word = if said.says == Resolved::Again { "is to be made again" } else { "was done" };
            let label = &found.doubt.label;
            let how = format!("`flowc resume {}` goes on with that", row.run);
            return Err(refused(format!("{} has said already that `{label}` {word}: {how}", said.by)));
        }
        let resolution = Resolution { by, at: Timestamp::now(), says: self.checked(&found.doubt, says, plan)? };
        resolve(&self.layout, &row.run, &found.doubt, &resolution)?;
        Ok(DoubtRow { doubt: found.doubt.clone(), said: Some(resolution) })
    }

    /// What is said, held to the step's type.
    fn checked(&self, doubt: &Doubt, says: Says, plan: &Plan) -> Result<Resolved, EngineError> {
        let Says::Done(text) = says else { return Ok(Resolved::Again) };
        let step = plan.program.steps.get(&doubt.step);
        let step = step.ok_or_else(|| EngineError::Internal(format!("the plan has no step `{}`", doubt.step)))?;
        let context = Context::new(&plan.program.functions, &plan.program.types, Timestamp::now());
        given(text.as_deref(), step, &context)
            .map(|value| Resolved::Done { value })
            .map_err(|why| EngineError::NotInDoubt(format!("what is said of `{}` is not taken: {why}", doubt.label)))
    }
}

/// The one that is meant; in a loop several are in doubt under one name.
fn meant<'d>(doubts: &'d [DoubtRow], step: &str) -> Result<&'d DoubtRow, String> {
    let labels = |rows: &[&DoubtRow]| {
        rows.iter().map(|row| format!("`{}` (path {})", row.doubt.label, row.doubt.path)).collect::<Vec<_>>().join(", ")
    };
    let is_path = |row: &&DoubtRow| *row.doubt.path == *step;
    let is_label = |row: &&DoubtRow| *row.doubt.label == *step;
    let is_named = |row: &&DoubtRow| {
        let rest = row.doubt.label.strip_prefix(step);
        row.doubt.step.short() == step || rest.is_some_and(|rest| rest.starts_with('['))
    };
    for found in [
        doubts.iter().filter(is_path).collect::<Vec<_>>(),
        doubts.iter().filter(is_label).collect(),
        doubts.iter().filter(is_named).collect(),
    ] {
        match found[..] {
            [] => {}
            [only] => return Ok(only),
            _ => return Err(format!("`{step}` could be several that are in doubt: {}; name one", labels(&found))),
        }
    }
    match doubts {
        [] => Err("nothing is in doubt".into()),
        _ => Err(format!("`{step}` is not in doubt; {} is", labels(&doubts.iter().collect::<Vec<_>>()))),
    }
}
