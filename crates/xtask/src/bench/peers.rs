//! Tools of Python that record steps: each runs a chain of steps that do nothing, with a script of its own.
//!
//! A script prints how long its own run took, its imports and its start left out, so its figure is its best. Knows
//! nothing of what flowc does meanwhile.

use super::{
    Place,
    pairs::{Side, Stepped},
};
use std::fs;

/// A tool and its script.
pub(super) struct Peer {
    /// As pip knows it.
    pub(super) tool: &'static str,
    /// What is durable when, in words.
    pub(super) keeps: &'static str,
    /// How many steps: as many as take seconds, not minutes.
    pub(super) steps: usize,
    script: &'static str,
}

/// All of them, the fastest first.
pub(super) const PEERS: [Peer; 4] = [
    Peer {
        tool: "dbos",
        keeps: "in SQLite, each step durable",
        steps: 1000,
        script: include_str!("peers/dbos_chain.py"),
    },
    Peer {
        tool: "luigi",
        keeps: "a marker file a step, not synced",
        steps: 300,
        script: include_str!("peers/luigi_chain.py"),
    },
    Peer { tool: "prefect", keeps: "in SQLite", steps: 500, script: include_str!("peers/prefect_chain.py") },
    Peer { tool: "dagster", keeps: "in SQLite", steps: 50, script: include_str!("peers/dagster_chain.py") },
];

impl Peer {
    /// Its runs of one and of many steps.
    pub(super) fn runs(&self, place: &Place) -> anyhow::Result<Stepped> {
        let python = place.tools.python(self.tool)?.join("python3").to_string_lossy().into_owned();
        let folder = place.empty(&format!("peer-{}", self.tool))?;
        // Not by the tool's own name, which would be imported instead of it.
        let script = folder.join(format!("{}_chain.py", self.tool));
        fs::write(&script, self.script)?;
        let script = script.to_string_lossy().into_owned();
        Stepped::new(self.steps, |steps| {
            let command = [&python, &script, &steps.to_string()].map(Clone::clone);
            Ok(Side::program(self.tool, &command).in_folder(&folder).telling_time())
        })
    }
}
