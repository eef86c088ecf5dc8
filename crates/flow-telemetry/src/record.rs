//! All that the journal knows of one run: what spans and events are made from.
//!
//! Reads, and only reads; a run that is under way has what is in the journal by now.

use flow_driver::{Event, NodeEnd, VersionRecord};
use flow_expr::{Name, Value};
use flow_plan::{AskReport, Failure, Plan};
use flow_store::{AttemptRow, ContractRow, Layout, Reader, RunRow, StoreError, read_log};
use jiff::Timestamp;
use std::{collections::BTreeMap, sync::Arc};

/// A run as it stands in the journal.
#[derive(Clone, Debug)]
pub struct RunRecord {
    /// What it follows.
    pub plan: Arc<Plan>,
    /// The run.
    pub run: RunRow,
    /// How its nodes ended.
    pub nodes: Vec<NodeEnd>,
    /// Attempts.
    pub attempts: Vec<AttemptRow>,
    /// Promises that it looked at.
    pub contracts: Vec<ContractRow>,
    /// Versions of datasets that it read or wrote.
    pub versions: Vec<DatasetVersion>,
    /// Steps that models called.
    pub tools: Vec<ToolRun>,
    /// What attempts wrote, where content is wanted: by path and attempt.
    pub logs: BTreeMap<(Arc<str>, u32), Vec<String>>,
}

/// A version of a dataset that a run saw.
#[derive(Clone, Debug, PartialEq)]
pub struct DatasetVersion {
    /// The dataset.
    pub dataset: Name,
    /// The version.
    pub version: VersionRecord,
}

/// A step that a model called, as it was run.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolRun {
    /// The AI step's place.
    pub path: Arc<str>,
    /// The attempt whose answer called it.
    pub attempt: u32,
    /// Which of the answer's calls, from 0.
    pub call: usize,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// What it gave.
    pub result: Result<Value, Failure>,
}

impl RunRecord {
    /// What the journal has of a run.
    ///
    /// # Errors
    /// There is no such run, or the journal cannot be read.
    pub fn read(
        reader: &Reader,
        layout: &Layout,
        plan: Arc<Plan>,
        run: &str,
        with_logs: bool,
    ) -> Result<Self, StoreError> {
        let run = reader.run(run)?;
        let attempts = reader.attempts(&run.run, None)?;
        let versions = reader.versions_of_run(&run.run)?.into_iter();
        let versions = versions.map(|(dataset, version)| DatasetVersion { dataset: Name::new(dataset), version });
        let calls = attempts.iter().any(|attempt| attempt.ask.as_ref().is_some_and(|ask| !ask.calls.is_empty()));
        // Events are many; only calls of steps by models need them.
        let tools = if calls { tool_runs(&attempts, &reader.events(&run.run)?) } else { vec![] };
        let mut logs = BTreeMap::new();
        for attempt in attempts.iter().filter(|attempt| with_logs && attempt.ask.is_some()) {
            let lines = read_log(layout, &run.run, &attempt.path, attempt.attempt)?;
            logs.insert((attempt.path.clone(), attempt.attempt), lines);
        }
        Ok(Self {
            plan,
            nodes: reader.nodes(&run.run)?,
            contracts: reader.contracts(&run.run)?,
            versions: versions.collect(),
            run,
            attempts,
            tools,
            logs,
        })
    }
}

/// When the steps that models called ran, from their first attempts to their last: results are in the journal alone.
fn tool_runs(attempts: &[AttemptRow], events: &[(Timestamp, Event)]) -> Vec<ToolRun> {
    let mut found = vec![];
    for (place, row) in attempts.iter().enumerate() {
        let Some(ask) = row.ask.as_ref().filter(|ask| !ask.calls.is_empty()) else { continue };
        let Some(at) = events.iter().position(|(at, event)| answers(event, *at, row, ask)) else { continue };
        let instance = instance(&events[at].1);
        let mut results = events[at + 1..].iter().filter_map(|(at, event)| match event {
            Event::Ran { task, result, ask: None } if Some(task.instance) == instance => Some((*at, result)),
            _ => None,
        });
        let mut ran = attempts[place + 1..].iter().filter(|next| next.path == row.path);
        let mut next = ran.next();
        for (call, called) in ask.calls.iter().enumerate().filter(|(_, call)| call.refused.is_none()) {
            let is_its = |row: &&AttemptRow| {
                row.ask.is_none() && row.tool.as_ref().is_some_and(|tool| tool.as_str() == &*called.step)
            };
            let mut run: Option<ToolRun> = None;
            while let Some(attempt) = next.filter(is_its) {
                let Some((ended, result)) = results.find(|(at, _)| *at == attempt.ended) else { break };
                let began = run.as_ref().map_or(attempt.began, |run| run.began);
                let result = result.clone().map(|product| product.value);
                run = Some(ToolRun { path: row.path.clone(), attempt: row.attempt, call, began, ended, result });
                next = ran.next();
                if attempt.failure.is_none() {
                    break;
                }
            }
            found.extend(run);
        }
    }
    found
}

/// Whether an event is the end of this attempt.
fn answers(event: &Event, at: Timestamp, row: &AttemptRow, ask: &AskReport) -> bool {
    let Event::Ran { ask: Some(said), .. } = event else { return false };
    at == row.ended && said.calls == ask.calls && said.answer == ask.answer && said.model == ask.model
}

fn instance(event: &Event) -> Option<u32> {
    match event {
        Event::Ran { task, .. } => Some(task.instance),
        _ => None,
    }
}
