//! What a run without faults writes down, for playing cuts with a real store: what belongs together, in its order.
//!
//! Tested where the store is, in `flow-store/tests/crash.rs`. Knows no store.

use super::{MOST_NODES, play::Play, program::case, scenario::Faults, tables::Record};
use flow_driver::{Driver, Event, Note, RunStart, recovery::replay};
use jiff::Timestamp;
use std::{collections::BTreeMap, sync::Arc};

/// Something that is written down.
#[derive(Clone, Debug)]
pub enum Entry {
    /// An event.
    Event {
        /// Its number.
        seq: u64,
        /// When.
        at: Timestamp,
        /// What.
        event: Box<Event>,
    },
    /// What projections are told.
    Note {
        /// When.
        at: Timestamp,
        /// What.
        note: Arc<Note>,
    },
}

/// A run.
#[derive(Clone, Debug)]
pub struct Recorded {
    seed: u64,
    /// What it starts from.
    pub start: RunStart,
    /// What it wrote, event by event with what belongs to it.
    pub groups: Vec<Vec<Entry>>,
}

impl Recorded {
    /// The run of a seed's program; none if even that does not go well.
    #[must_use]
    pub fn of(seed: u64) -> Option<Self> {
        let (case, none) = (case(seed, MOST_NODES), Faults::default());
        let mut play = Play::new(&case, seed, &none, None);
        play.recorded = Some(vec![]);
        play.play().ok()?;
        let mut start = None;
        let mut groups = vec![];
        for records in play.recorded? {
            let mut group = vec![];
            for record in records {
                match record {
                    Record::Begin(begins) => start = Some(*begins),
                    Record::Event { seq, at, event } => group.push(Entry::Event { seq, at, event }),
                    Record::Note(at, note) => group.push(Entry::Note { at, note }),
                    _ => {}
                }
            }
            if !group.is_empty() {
                groups.push(group);
            }
        }
        Some(Self { seed, start: start?, groups })
    }

    /// The state that a journal leads to, as text.
    #[must_use]
    pub fn state(&self, journal: Vec<(Timestamp, Event)>) -> String {
        let case = case(self.seed, MOST_NODES);
        let driver =
            Driver::with_program(case.program, case.flow, BTreeMap::new(), Default::default(), self.start.clone());
        replay(driver, journal).driver.snapshot()
    }
}
