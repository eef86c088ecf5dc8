//! What is known of a project's runs and data, gathered from its store for the questions of `flow_control`.

use crate::record;
use flow_control::{
    chance::{History, MOST_SEEN},
    schedule::Ruling,
    status::{Asked, Facts, Last, Open, State},
};
use flow_engine::{Engine, EngineError, RunRow, RunStatus};
use flow_expr::Name;
use flow_plan::Program;
use flow_store::{Reader, StoreError};
use std::collections::HashSet;

/// Failures that are told in words; of more the run says it.
const MOST_FAILURES: usize = 50;

/// Gathers what is known. `in_doubt` says of a run that was cut off whether somebody must say what became of a step.
///
/// # Errors
/// The store cannot be read.
pub fn facts(
    engine: &Engine,
    reader: Option<&Reader>,
    program: &Program,
    is_served: bool,
    in_doubt: impl Fn(&RunRow) -> bool,
) -> Result<Facts, EngineError> {
    let mut facts = Facts { is_served, ..Facts::default() };
    let Some(reader) = reader else { return Ok(facts) };
    flows(reader, program, &mut facts)?;
    for row in reader.open_runs()? {
        let state = match engine.cut_off_at(&row)? {
            None => State::UnderWay,
            Some(_) if in_doubt(&row) => State::InDoubt,
            Some(_) => State::CutOff,
        };
        let (run, flow) = (row.run, Name::new(row.flow));
        facts.open.push(Open { run, flow, started: row.start.started.as_millisecond(), state });
    }
    // What still waits belongs to runs that go on.
    for open in engine.open_questions()?.into_iter().filter(|open| open.waits) {
        let (run, question) = (open.row.run, open.row.question);
        let until = question.until.as_millisecond();
        facts.questions.push(Asked { run, step: question.label, who: question.who, until });
    }
    for dataset in program.datasets.values().filter(|dataset| dataset.partition.is_empty() && dataset.fresh.is_some()) {
        let newest = reader.versions(dataset.name.as_str(), "", None, 1)?.into_iter().next();
        if let Some(time) = newest.and_then(|version| version.data_time) {
            facts.data_times.insert(dataset.name.clone(), time.as_millisecond());
        }
    }
    decided(reader, &mut facts)?;
    Ok(facts)
}

fn flows(reader: &Reader, program: &Program, facts: &mut Facts) -> Result<(), StoreError> {
    let mut told = 0;
    for flow in program.flows.keys().filter(|name| !name.as_str().starts_with("std.")) {
        let durations = reader.durations(flow.as_str(), MOST_SEEN as u32)?;
        if durations.is_empty() {
            continue;
        }
        facts.histories.insert(flow.clone(), History::of(durations));
        let Some(row) = reader.last_ended(flow.as_str())? else { continue };
        let (Some(ended), Some(end)) = (row.ended, &row.end) else { continue };
        let failure = match end.status {
            RunStatus::Failed if told < MOST_FAILURES => {
                told += 1;
                let first = reader.first_failure(&row.run)?;
                let failure = first.and_then(|node| Some((node.label, node.failure?)));
                Some(failure.map_or_else(
                    || "it was late".to_owned(),
                    |(label, failure)| format!("`{label}`: {}", failure.message),
                ))
            }
            RunStatus::Failed => Some("its run says why".to_owned()),
            _ => None,
        };
        facts.last.insert(flow.clone(), Last { run: row.run, ended: ended.as_millisecond(), failure });
    }
    Ok(())
}

/// What the scheduler has decided that still matters: starts that wait, and flows whose last start was dropped.
fn decided(reader: &Reader, facts: &mut Facts) -> Result<(), StoreError> {
    let mut rows = reader.starts_to_go_on_from()?;
    rows.reverse();
    let mut seen = HashSet::new();
    for record in rows.iter().filter_map(record) {
        let flow = record.due.flow;
        match record.ruling {
            Ruling::Wait { .. } => facts.waiting.push((flow, record.due.cause.to_string(), record.at)),
            Ruling::Drop(why) if seen.insert(flow.clone()) => {
                facts.dropped.insert(flow, (record.at, Ruling::Drop(why)));
            }
            _ => {
                seen.insert(flow);
            }
        }
    }
    facts.waiting.reverse();
    Ok(())
}
