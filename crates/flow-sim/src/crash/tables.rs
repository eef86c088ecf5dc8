//! What the store's log comes to: journals, catalogue, records, charges, questions, answers, what was said of doubts.
//!
//! The same rules as `flow-store/src/write.rs`, in memory. Knows neither disks nor how records got here.

use flow_driver::{
    Answer, CachedResult, Charge, Event, NodeRecord, Note, OverBudget, Question, Reservation, Resolution, RunEnd,
    RunStart, Spent, VersionRecord,
};
use flow_expr::Name;
use jiff::{SignedDuration, Timestamp};
use std::{collections::BTreeMap, sync::Arc};

/// A question: run, path, number.
pub(super) type Key = (Arc<str>, Arc<str>, u32);

/// A doubt: run, path, attempt, number.
pub(super) type DoubtKey = (Arc<str>, Arc<str>, u32, u32);

/// One thing that is written.
#[derive(Clone, Debug)]
pub(super) enum Record {
    Begin(Box<RunStart>),
    /// A run goes on: what follows belongs to it.
    Resume(Arc<str>),
    Event {
        seq: u64,
        at: Timestamp,
        event: Box<Event>,
    },
    Note(Timestamp, Arc<Note>),
    Reserve(Timestamp, Box<Charge>),
    /// A person's answer.
    Answer(Key, Timestamp, Box<Answer>),
    /// What a person says of a doubt.
    Resolution(DoubtKey, Box<Resolution>),
}

/// A run.
#[derive(Clone, Debug)]
pub(super) struct RunRow {
    pub(super) start: RunStart,
    pub(super) journal: Vec<(Timestamp, Event)>,
    pub(super) end: Option<RunEnd>,
}

/// An ask that was charged.
#[derive(Clone, Debug)]
pub(super) struct AskRow {
    pub(super) run: Arc<str>,
    pub(super) at: Timestamp,
    pub(super) charge: Charge,
    pub(super) spent: Spent,
    pub(super) settled: bool,
}

/// What is known.
#[derive(Clone, Debug, Default)]
pub(super) struct Tables {
    pub(super) runs: Vec<RunRow>,
    current: usize,
    pub(super) records: BTreeMap<Arc<str>, NodeRecord>,
    pub(super) results: BTreeMap<Arc<str>, CachedResult>,
    pub(super) versions: BTreeMap<Name, Vec<VersionRecord>>,
    pub(super) asks: Vec<AskRow>,
    /// Questions, and whether they are open.
    pub(super) questions: BTreeMap<Key, (Question, bool)>,
    pub(super) answers: BTreeMap<Key, (Timestamp, Answer)>,
    pub(super) resolutions: BTreeMap<DoubtKey, Resolution>,
}

impl Tables {
    pub(super) fn run(&self, run: &str) -> Option<&RunRow> {
        self.runs.iter().find(|row| *row.start.run == *run)
    }

    /// An event as it is read back: it must be written the same way again.
    pub(super) fn read_event(&mut self, seq: u64, at: i64, json: &str) -> Result<(), String> {
        let event: Event = serde_json::from_str(json).map_err(|error| format!("event {seq} is not read: {error}"))?;
        if serde_json::to_string(&event).map_err(|error| error.to_string())? != json {
            return Err(format!("event {seq} is written in another way than it was read: {json}"));
        }
        let at = Timestamp::from_millisecond(at).map_err(|error| error.to_string())?;
        self.event(seq, at, event)
    }

    fn event(&mut self, seq: u64, at: Timestamp, event: Event) -> Result<(), String> {
        let row = self.runs.get_mut(self.current).ok_or("an event of no run")?;
        if row.journal.len() as u64 != seq {
            return Err(format!("event {seq} follows {} others", row.journal.len()));
        }
        row.journal.push((at, event));
        Ok(())
    }

    pub(super) fn apply(&mut self, record: &Record) {
        match record {
            Record::Begin(start) => {
                self.current = self.runs.len();
                self.runs.push(RunRow { start: (**start).clone(), journal: vec![], end: None });
            }
            Record::Resume(run) => {
                self.current = self.runs.iter().position(|row| row.start.run == *run).unwrap_or(self.current);
            }
            Record::Event { seq, at, event } => {
                // Read back, a hole is told; here there is none, as it is written in order.
                let _ = self.event(*seq, *at, (**event).clone());
            }
            Record::Note(at, note) => self.note(*at, note),
            Record::Reserve(at, charge) => self.charged(*at, charge),
            Record::Answer(key, at, answer) => {
                self.answers.entry(key.clone()).or_insert_with(|| (*at, (**answer).clone()));
            }
            Record::Resolution(key, resolution) => {
                self.resolutions.entry(key.clone()).or_insert_with(|| (**resolution).clone());
            }
        }
    }

    fn current(&self) -> Arc<str> {
        self.runs.get(self.current).map_or_else(|| "".into(), |row| row.start.run.clone())
    }

    fn note(&mut self, at: Timestamp, note: &Note) {
        let run = self.current();
        match note {
            Note::Settled(end) => {
                let Some(record) = &end.record else { return };
                self.records.insert(end.key.clone(), record.clone());
                if let (Some(key), Some(value)) = (&end.cache_key, &record.value) {
                    let kept = CachedResult { value: value.clone(), run: record.run.clone(), at: record.at };
                    self.results.insert(key.clone(), kept);
                }
            }
            Note::Attempted { path, attempt, ask: Some(ask), .. } => {
                if let Some(row) = self.ask_row(&run, path, *attempt) {
                    row.settled = true;
                    if ask.known {
                        let tokens = ask.input_tokens + ask.output_tokens;
                        row.spent = Spent { asks: 1, tokens, micro_dollars: ask.micro_dollars };
                    }
                }
            }
            Note::Charged(charge) => self.charged(at, charge),
            Note::Released { path, attempt } => {
                let is_it = |row: &AskRow| {
                    row.run == run && row.charge.path == *path && row.charge.attempt == *attempt && !row.settled
                };
                self.asks.retain(|row| !is_it(row));
            }
            Note::Version { dataset, version, .. } => {
                let versions = self.versions.entry(dataset.clone()).or_default();
                match versions.last_mut() {
                    Some(last)
                        if last.run == version.run && last.at == version.at && last.content == version.content =>
                    {
                        *last = (**version).clone();
                    }
                    _ => versions.push((**version).clone()),
                }
            }
            Note::Asked(question) => {
                let key = (run, question.path.clone(), question.number);
                self.questions.insert(key, ((**question).clone(), true));
            }
            Note::AnswerRefused { path, number, answer, .. } => {
                let key = (run, path.clone(), *number);
                if self.answers.get(&key).is_some_and(|(_, known)| known == &**answer) {
                    self.answers.remove(&key);
                }
            }
            Note::QuestionEnded { path, number, .. } => {
                if let Some((_, open)) = self.questions.get_mut(&(run, path.clone(), *number)) {
                    *open = false;
                }
            }
            Note::Ended(end) => {
                if let Some(row) = self.runs.get_mut(self.current) {
                    row.end = Some(end.clone());
                }
            }
            _ => {}
        }
    }

    fn ask_row(&mut self, run: &str, path: &str, attempt: u32) -> Option<&mut AskRow> {
        let is_it = |row: &&mut AskRow| *row.run == *run && *row.charge.path == *path && row.charge.attempt == attempt;
        self.asks.iter_mut().find(is_it)
    }

    fn charged(&mut self, at: Timestamp, charge: &Charge) {
        let run = self.current();
        if self.ask_row(&run, &charge.path, charge.attempt).is_none() {
            let spent = charge.spent();
            self.asks.push(AskRow { run, at, charge: charge.clone(), spent, settled: false });
        }
    }

    /// Whether budgets that runs share have room: `false` if it is charged already.
    pub(super) fn room_for(&self, at: Timestamp, reservation: &Reservation) -> Result<bool, Box<OverBudget>> {
        let (run, charge) = (self.current(), &reservation.charge);
        let is_it =
            |row: &AskRow| row.run == run && row.charge.path == charge.path && row.charge.attempt == charge.attempt;
        if self.asks.iter().any(is_it) {
            return Ok(false);
        }
        for budget in &reservation.budgets {
            let length = SignedDuration::from_millis(i64::try_from(budget.per_ms).unwrap_or(i64::MAX));
            let since = at.checked_sub(length).unwrap_or(Timestamp::MIN);
            let counted = self.asks.iter().filter(|row| row.at > since && row.charge.flows.contains(&budget.flow));
            let used = counted.fold(Spent::default(), |used, row| used.and(row.spent));
            if let Some(over) = budget.refuses(used, charge.spent()) {
                return Err(Box::new(over));
            }
        }
        Ok(true)
    }
}
