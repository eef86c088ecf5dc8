//! What is known of one run while it is played: what happened, what has begun, what was told; and what a node needs.
//!
//! Knows only the rule that something begins once. The others are in [`super::audit`].

use super::{audit::Check, process::task_of, program::Case};
use flow_driver::{Answer, Command, Event, Question, Resolved, Task};
use flow_expr::Name;
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What is known of a run.
#[derive(Debug, Default)]
pub(super) struct RunFacts {
    /// All that has happened, as the driver was told.
    pub(super) journal: Vec<(Timestamp, Event)>,
    /// How much of it was durable, as the disk has said.
    pub(super) durable: usize,
    /// What has begun that must be durable first.
    pub(super) begun: BTreeMap<Task, Arc<str>>,
    /// What was answered, and so must not begin again.
    pub(super) answered: BTreeSet<Task>,
    pub(super) settled: BTreeSet<Arc<str>>,
    pub(super) keys: BTreeMap<(Arc<str>, Name, String), String>,
    pub(super) timers: BTreeMap<Task, Timestamp>,
    pub(super) questions: BTreeMap<(Arc<str>, u32), Question>,
    pub(super) told: BTreeMap<(Arc<str>, u32), Answer>,
    pub(super) writes: Vec<(Task, Command)>,
    pub(super) is_cancelled: bool,
    pub(super) is_doubtful: bool,
}

impl RunFacts {
    /// What an event says of what may begin.
    pub(super) fn took(&mut self, event: &Event) {
        match event {
            Event::Ran { task, .. } | Event::Written { task, .. } => drop(self.answered.insert(*task)),
            Event::Resolved { resolution, .. } if resolution.says != Resolved::Again => {
                self.answered.extend(task_of(event));
            }
            Event::Cancel => self.is_cancelled = true,
            _ => {}
        }
    }

    /// Something begins that must be durable first: once in each life, and never when it had ended.
    pub(super) fn begins(&mut self, task: Task, what: Arc<str>) -> Check {
        if self.is_cancelled {
            return Err(format!("{what} begins though the run was cancelled"));
        }
        if self.answered.contains(&task) {
            return Err(format!("{what} is done again though it had ended"));
        }
        match self.begun.insert(task, what.clone()) {
            Some(_) => Err(format!("{what} begins twice")),
            None => Ok(()),
        }
    }
}

/// The paths of what a node needs, as it is seen from its own.
pub(super) fn needs(case: &Case, path: &str) -> Vec<String> {
    let parts: Vec<&str> = path.split('.').collect();
    let number = |part: &str| part.split('[').next().and_then(|number| number.parse::<u32>().ok());
    let Some(id) = parts.last().and_then(|last| number(last)) else { return vec![] };
    let Some(place) = case.places.get(&id) else { return vec![] };
    let flow = super::program::NODES_OF_FLOW;
    let path_of = |need: &u32| {
        let owner = case.places.get(need)?;
        if owner.is_silent {
            return None;
        }
        let outside = match owner.owner {
            Some(owner) => parts.iter().position(|part| number(part) == Some(owner))? + 1,
            None => parts.iter().position(|part| number(part).is_some_and(|part| part / flow == id / flow))?,
        };
        let mut whole: Vec<String> = parts[..outside].iter().map(|part| (*part).to_owned()).collect();
        whole.push(need.to_string());
        Some(whole.join("."))
    };
    place.needs.iter().filter_map(path_of).collect()
}
