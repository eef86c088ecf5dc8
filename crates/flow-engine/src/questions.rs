//! Questions about runs that are over or under way: history, one run, one step, its logs, why.
//!
//! Only reads; without a store there are simply no runs.

use crate::{Engine, EngineError};
use flow_driver::{NodeEnd, Spent};
use flow_expr::Name;
use flow_plan::{Budget, Program};
use flow_store::{
    AttemptRow, ContractRow, CostBy, CostRow, QuestionRow, Reader, ResolutionRow, RunRow, StoreError, log_path,
    read_log,
};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::{path::PathBuf, sync::Arc};

/// A run with its nodes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunDetail {
    /// The run.
    pub run: RunRow,
    /// How its nodes ended, in that order.
    pub nodes: Vec<NodeEnd>,
    /// Attempts.
    pub attempts: Vec<AttemptRow>,
    /// Promises that it looked at.
    pub contracts: Vec<ContractRow>,
}

/// A step of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepDetail {
    /// The run's id.
    pub run: Arc<str>,
    /// How it ended; its decision says why it ran or did not.
    pub node: NodeEnd,
    /// Its attempts.
    pub attempts: Vec<AttemptRow>,
    /// Promises that it looked at.
    pub contracts: Vec<ContractRow>,
    /// What people were asked, and what they answered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<QuestionRow>,
    /// The node whose failure is the reason that it did not run.
    pub because: Option<Box<NodeEnd>>,
}

/// What one attempt wrote.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AttemptLogs {
    /// Where in the run.
    pub path: Arc<str>,
    /// The step's label.
    pub label: Arc<str>,
    /// The attempt.
    pub attempt: u32,
    /// The file, for following.
    pub file: PathBuf,
    /// Its lines: `TIME STREAM TEXT`.
    pub lines: Vec<String>,
}

/// A flow's budget, and what is used of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BudgetRow {
    /// The flow.
    pub flow: Name,
    /// What may be used.
    pub caps: Budget,
    /// Within which time, milliseconds; none for each run.
    pub per_ms: Option<u64>,
    /// What is used: within that time up to now, or in the run that asked last.
    pub used: Spent,
    /// That run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<Arc<str>>,
}

impl Engine {
    /// The last runs, newest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn history(&self, limit: u32) -> Result<Vec<RunRow>, EngineError> {
        match Reader::open(&self.layout)? {
            Some(reader) => Ok(reader.runs(limit)?),
            None => Ok(vec![]),
        }
    }

    /// The runs of a flow that have not ended, newest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn unfinished(&self, flow: &Name) -> Result<Vec<RunRow>, EngineError> {
        match Reader::open(&self.layout)? {
            Some(reader) => Ok(reader.unfinished(flow.as_str())?),
            None => Ok(vec![]),
        }
    }

    /// What people have said of steps of a run that were in doubt.
    ///
    /// # Errors
    /// There is no such run, or the store cannot be read.
    pub fn resolutions(&self, run: &str) -> Result<Vec<ResolutionRow>, EngineError> {
        Ok(self.reader(run)?.resolutions(run)?)
    }

    /// What asking models has cost.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn costs(&self, by: CostBy) -> Result<Vec<CostRow>, EngineError> {
        match Reader::open(&self.layout)? {
            Some(reader) => Ok(reader.costs(by)?),
            None => Ok(vec![]),
        }
    }

    /// A run: by its id, an unambiguous part of it, or `last`.
    ///
    /// # Errors
    /// There is no such run, or the store cannot be read.
    pub fn show(&self, run: &str) -> Result<RunDetail, EngineError> {
        let reader = self.reader(run)?;
        let run = reader.run(run)?;
        let nodes = reader.nodes(&run.run)?;
        let attempts = reader.attempts(&run.run, None)?;
        let contracts = reader.contracts(&run.run)?;
        Ok(RunDetail { run, nodes, attempts, contracts })
    }

    /// The budgets of a program's flows, and what is used of them now.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn budgets(&self, program: &Program) -> Result<Vec<BudgetRow>, EngineError> {
        let reader = Reader::open(&self.layout)?;
        let now = Timestamp::now();
        let mut rows = vec![];
        for flow in program.flows.values() {
            for budget in &flow.budgets {
                let (run, used) = match (&reader, budget.per_ms) {
                    (None, _) => (None, Spent::default()),
                    (Some(reader), Some(per_ms)) => {
                        let length = SignedDuration::from_millis(i64::try_from(per_ms).unwrap_or(i64::MAX));
                        let since = now.checked_sub(length).unwrap_or(Timestamp::UNIX_EPOCH);
                        (None, reader.used(&flow.name, since)?)
                    }
                    (Some(reader), None) => match reader.used_last(&flow.name)? {
                        Some((run, used)) => (Some(run), used),
                        None => (None, Spent::default()),
                    },
                };
                let (caps, per_ms) = (budget.caps.clone(), budget.per_ms);
                rows.push(BudgetRow { flow: flow.name.clone(), caps, per_ms, used, run });
            }
        }
        Ok(rows)
    }

    /// A step of a run, by label or path: what it did, and why it ran or did not.
    ///
    /// # Errors
    /// There is no such run or step, or the store cannot be read.
    pub fn why(&self, run: &str, step: &str) -> Result<StepDetail, EngineError> {
        let reader = self.reader(run)?;
        let run = reader.run(run)?.run;
        let node = reader.node(&run, step)?;
        let attempts = reader.attempts(&run, Some(&node.path))?;
        let contracts = reader.contracts(&run)?.into_iter().filter(|row| row.path == node.path).collect();
        let questions = reader.questions(&run, Some(&node.path))?;
        let because = match &node.because {
            // The run itself may be the cause; it has no row among the nodes.
            Some((path, _)) => reader.node(&run, path).ok().map(Box::new),
            None => None,
        };
        Ok(StepDetail { run, node, attempts, contracts, questions, because })
    }

    /// What the attempts of a run wrote; of one step if it is given.
    ///
    /// # Errors
    /// There is no such run or step, or something cannot be read.
    pub fn logs(&self, run: &str, step: Option<&str>) -> Result<Vec<AttemptLogs>, EngineError> {
        let reader = self.reader(run)?;
        let run = reader.run(run)?.run;
        let nodes = reader.nodes(&run)?;
        if let Some(step) = step {
            // Says which steps there are, if there is none of that name; one that still runs is no node yet.
            let known = nodes.iter().any(|node| names(step, &node.label) || *node.path == *step);
            if !known && !reader.attempts(&run, None)?.iter().any(|attempt| *attempt.path == *step) {
                reader.node(&run, step)?;
            }
        }
        let wanted = |path: &str, label: &str| step.is_none_or(|step| step == path || names(step, label));
        let mut found = vec![];
        for row in reader.attempts(&run, None)? {
            let label = nodes.iter().find(|node| node.path == row.path).map_or(&row.path, |node| &node.label);
            if wanted(&row.path, label) {
                let lines = read_log(&self.layout, &run, &row.path, row.attempt)?;
                let file = log_path(&self.layout, &run, &row.path, row.attempt);
                found.push(AttemptLogs { label: label.clone(), path: row.path, attempt: row.attempt, file, lines });
            }
        }
        Ok(found)
    }

    /// The folder in which a run's logs appear while it goes on: `PATH-ATTEMPT.log`.
    ///
    /// # Errors
    /// There is no such run, or the store cannot be read.
    pub fn log_folder(&self, run: &str) -> Result<PathBuf, EngineError> {
        let run = self.reader(run)?.run(run)?.run;
        Ok(self.layout.logs().join(&*run))
    }

    pub(crate) fn reader(&self, run: &str) -> Result<Reader, EngineError> {
        let reader = Reader::open(&self.layout)?;
        Ok(reader.ok_or_else(|| StoreError::NoRun { run: run.into(), nearest: vec![] })?)
    }
}

/// Whether a label is meant by a name: `rate` means `rate` and, in a loop, every `rate[3]`.
fn names(name: &str, label: &str) -> bool {
    label.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
}
