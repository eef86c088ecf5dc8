//! The store: one log on a disk that may be cut, a writer that commits in groups, and what is read back.
//!
//! As `flow-store`: what is queued goes into transactions that are durable when they are synced; after the first failure
//! nothing more is written; reservations have a transaction of their own; readers see what is durable. Knows no driver.

use super::{
    disk::{Cut, Disk},
    log::{Frame, Log},
    random::Random,
    tables::{Record, Tables},
};
use flow_driver::{OverBudget, Reservation, Task};
use jiff::Timestamp;
use std::collections::VecDeque;

/// What is queued at once: records that belong together, or a reservation.
#[derive(Clone, Debug)]
enum Queued {
    Records(Vec<Record>),
    Reserve(Task, Timestamp, Box<Reservation>),
}

/// What a disk does that is not as it should be, at the commit of this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DiskFault {
    /// There is no room: nothing of it is written.
    Full,
    /// Something of it is written.
    Write,
    /// All is written; it is not known what of it is on the disk.
    Sync,
}

/// What has come of a commit.
#[derive(Debug, Default)]
pub(super) struct Committed {
    /// Reservations that were answered.
    pub(super) reserved: Option<(Task, Result<(), Box<OverBudget>>)>,
    /// It failed: nothing more is written.
    pub(super) failed: bool,
}

/// The store of a project, as the process that drives sees it.
#[derive(Clone, Debug, Default)]
pub(super) struct Store {
    disk: Disk,
    log: Log,
    /// Where the last whole transaction ends: what failed behind it is written over.
    good: (usize, Log),
    /// Records that are not text on the disk, by number.
    records: Vec<Record>,
    /// What is durable.
    pub(super) tables: Tables,
    queue: VecDeque<Queued>,
    /// Records and reservations under way to the disk: of the queue, so many.
    committing: Vec<Queued>,
    pub(super) is_committing: bool,
    pub(super) failed: bool,
    /// How much was ever queued and how much of it is durable.
    pub(super) queued: u64,
    pub(super) durable: u64,
    /// Transactions begun, all lives together.
    pub(super) commits: u64,
}

impl Store {
    pub(super) fn queue(&mut self, records: Vec<Record>) {
        self.queue.push_back(Queued::Records(records));
        self.queued += 1;
    }

    pub(super) fn reserve(&mut self, task: Task, at: Timestamp, reservation: Box<Reservation>) {
        self.queue.push_back(Queued::Reserve(task, at, reservation));
        self.queued += 1;
    }

    pub(super) fn has_work(&self) -> bool {
        !self.queue.is_empty() && !self.is_committing && !self.failed
    }

    /// Takes a beginning of what is queued and writes it, unsynced.
    pub(super) fn begin_commit(&mut self, random: &mut Random, fault: Option<DiskFault>) {
        self.is_committing = true;
        self.commits += 1;
        let reserves = |queued: &Queued| matches!(queued, Queued::Reserve(..));
        let count = match self.queue.iter().position(reserves) {
            Some(0) => 1,
            until => {
                let most = until.unwrap_or(self.queue.len());
                if random.chance(50) { most } else { random.between(1, most as u64) as usize }
            }
        };
        self.committing = self.queue.drain(..count).collect();
        let mut records = vec![];
        for queued in &self.committing {
            match queued {
                Queued::Records(more) => records.extend(more.iter().cloned()),
                Queued::Reserve(_, at, reservation) => {
                    if self.tables.room_for(*at, reservation) == Ok(true) {
                        records.push(Record::Reserve(*at, Box::new(reservation.charge.clone())));
                    }
                }
            }
        }
        let frames = self.frames(&records);
        match fault {
            Some(DiskFault::Full) => {}
            Some(DiskFault::Write) => {
                let mut written = Disk::default();
                Log::append(&mut self.log.clone(), &frames, &mut written);
                let bytes = written.bytes();
                self.disk.append(&bytes[..random.below(bytes.len() as u64 + 1) as usize]);
            }
            Some(DiskFault::Sync) | None => self.log.append(&frames, &mut self.disk),
        }
    }

    fn frames(&mut self, records: &[Record]) -> Vec<Frame> {
        let frame = |record: &Record| match record {
            Record::Event { seq, at, event } => Frame::event(*seq, *at, event),
            other => {
                self.records.push(other.clone());
                Frame::Other(self.records.len() as u64 - 1)
            }
        };
        records.iter().map(frame).collect()
    }

    /// The sync has come back.
    pub(super) fn end_commit(&mut self, fault: Option<DiskFault>) -> Committed {
        self.is_committing = false;
        let committing = std::mem::take(&mut self.committing);
        if fault.is_some() {
            self.failed = true;
            return Committed { failed: true, reserved: None };
        }
        self.disk.sync();
        self.good = (self.disk.bytes().len(), self.log.clone());
        let mut committed = Committed::default();
        for queued in committing {
            self.durable += 1;
            match queued {
                Queued::Records(records) => records.iter().for_each(|record| self.tables.apply(record)),
                Queued::Reserve(task, at, reservation) => {
                    let room = self.tables.room_for(at, &reservation);
                    if room == Ok(true) {
                        self.tables.apply(&Record::Reserve(at, Box::new(reservation.charge.clone())));
                    }
                    committed.reserved = Some((task, room.map(drop)));
                }
            }
        }
        committed
    }

    /// Another process writes; it waits until nobody else does, and is told when it is durable.
    pub(super) fn write_from_outside(&mut self, record: &Record) {
        if self.failed {
            self.disk.truncate(self.good.0);
            self.log = self.good.1.clone();
        }
        let frames = self.frames(std::slice::from_ref(record));
        self.log.append(&frames, &mut self.disk);
        self.disk.sync();
        self.good = (self.disk.bytes().len(), self.log.clone());
        self.tables.apply(record);
    }

    /// The process that drives has ended, and the machine with it if its power was lost. Whoever comes opens what is left.
    pub(super) fn cut(&mut self, cut: Cut, random: &mut Random) -> Result<(), String> {
        self.disk.cut(cut, random);
        let (log, frames) = Log::open(&mut self.disk);
        let mut tables = Tables::default();
        for frame in frames {
            match frame {
                Frame::Event { seq, at, json } => tables.read_event(seq, at, &json)?,
                Frame::Other(number) => {
                    let record = self.records.get(number as usize).ok_or("a record that nobody wrote")?;
                    tables.apply(record);
                }
            }
        }
        let (disk, records) = (std::mem::take(&mut self.disk), std::mem::take(&mut self.records));
        let good = (disk.bytes().len(), log.clone());
        *self = Self { disk, records, log, good, tables, commits: self.commits, ..Self::default() };
        Ok(())
    }
}
