//! Damage is found and said, and hurts nobody else; what is thrown away is needed by nobody.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests stop at what they did not expect")]

use flow_driver::{
    Doubt, Event, Forced, Note, Product, Resolution, Resolved, RunEnd, RunStart, RunStatus, Task, VersionRecord,
};
use flow_expr::{Name, Table, Type, Value};
use flow_plan::{Effect, Fingerprint};
use flow_store::{Keep, Layout, Reader, Store, StoreError, Swept, Thorough, Write, prune, resolve};
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::Arc,
};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn project() -> (tempfile::TempDir, Layout) {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::new(folder.path());
    (folder, layout)
}

fn begin(run: &str, flow: &str, second: i64) -> Write {
    let start = RunStart {
        run: run.into(),
        seed: 7,
        started: at(second),
        jobs: 2,
        forced: Forced::None,
        unselected: vec![],
        deadlines: Default::default(),
        retry: None,
        dry: false,
    };
    Write::Begin { start: Box::new(start), flow: flow.into(), plan: "p".into(), plan_json: None, format: 2 }
}

fn table(hash: &str) -> Value {
    Value::Table(Table { hash: hash.into(), rows: 1, ty: Type::Int, data: None })
}

fn ran(seq: u64, value: Value) -> Write {
    let result = Ok(Product { value, rows: None });
    let event = Event::Ran { task: Task { instance: 1, turn: seq as u32 }, result, ask: None };
    Write::Event { seq, at: at(seq as i64), event: Box::new(event) }
}

fn ended(status: RunStatus) -> Write {
    let (contract_broken, only_contracts, late) = (false, false, false);
    let end = RunEnd { status, contract_broken, only_contracts, late, counts: Default::default() };
    Write::Note { at: at(50), note: Box::new(Note::Ended(end)) }
}

/// Two runs of eight events each.
fn two_runs(layout: &Layout) {
    for run in ["r1", "r2"] {
        let store = Store::open(layout).unwrap();
        store.write(begin(run, "m.f", 0));
        (0..8).for_each(|seq| store.write(ran(seq, Value::Int(seq as i64))));
        store.flush_now().unwrap();
    }
}

fn change(layout: &Layout, sql: &str) {
    let connection = rusqlite::Connection::open(layout.database()).unwrap();
    assert!(connection.execute(sql, []).unwrap() > 0, "{sql}");
}

fn events(layout: &Layout, run: &str) -> Result<usize, StoreError> {
    Reader::open(layout).unwrap().unwrap().events(run).map(|events| events.len())
}

#[test]
fn an_event_that_is_not_what_was_written_stops_its_run_and_no_other() {
    for number in 0..8_u64 {
        for damage in [
            "update events set json = replace(json, '\"value\"', '\"valve\"')",
            "update events set json = replace(json, '\"turn\":', '\"turn\":1')",
            "update events set json = substr(json, 1, 20)",
            "update events set at = at + 1",
            "update events set sum = zeroblob(16)",
            "update events set sum = x'00'",
            "delete from events",
        ] {
            let (_folder, layout) = project();
            two_runs(&layout);
            change(&layout, &format!("{damage} where run = 1 and seq = {number}"));
            // A tail that is missing was never there, as far as anybody can know of a run that has not ended.
            if damage == "delete from events" && number == 7 {
                assert_eq!(events(&layout, "r1").unwrap(), 7);
                continue;
            }
            match events(&layout, "r1") {
                Err(StoreError::DamagedEvent { run, event, .. }) => {
                    assert_eq!((&*run, event), ("r1", number), "{damage}");
                }
                other => panic!("{damage} of {number}: {other:?}"),
            }
            assert_eq!(events(&layout, "r2").unwrap(), 8);
        }
    }
}

#[test]
fn what_was_moved_to_another_place_or_run_is_found() {
    for damage in [
        "update events set seq = 99 - seq where run = 1 and seq in (3, 4)",
        "update events set json = (select json from events as other where other.run = 1 and other.seq = 5)
            where run = 1 and seq = 4",
        "update events set sum = null where run = 1 and seq = 5",
    ] {
        let (_folder, layout) = project();
        two_runs(&layout);
        change(&layout, damage);
        assert!(matches!(events(&layout, "r1"), Err(StoreError::DamagedEvent { .. })), "{damage}");
    }
    let (_folder, layout) = project();
    two_runs(&layout);
    change(&layout, "delete from events where run = 1");
    change(&layout, "update events set run = 1 where run = 2");
    assert!(matches!(events(&layout, "r1"), Err(StoreError::DamagedEvent { event: 0, .. })), "it is another run's");
}

#[test]
fn a_finished_run_knows_how_long_its_journal_is() {
    let (_folder, layout) = project();
    let store = Store::open(&layout).unwrap();
    store.write(begin("r1", "m.f", 0));
    (0..3).for_each(|seq| store.write(ran(seq, Value::Unit)));
    store.write(ended(RunStatus::Succeeded));
    store.flush_now().unwrap();
    assert_eq!(events(&layout, "r1").unwrap(), 3);
    change(&layout, "delete from events where seq = 2");
    assert!(matches!(events(&layout, "r1"), Err(StoreError::DamagedEvent { event: 2, .. })));
}

#[test]
fn the_chain_goes_on_when_the_run_does_also_after_events_without_a_sum() {
    let (_folder, layout) = project();
    two_runs(&layout);
    let go_on = |seqs: std::ops::Range<u64>| {
        let store = Store::open(&layout).unwrap();
        store.write(Write::Resume { run: "r1".into() });
        seqs.for_each(|seq| store.write(ran(seq, Value::Unit)));
        store.flush_now().unwrap();
    };
    go_on(8..10);
    assert_eq!(events(&layout, "r1").unwrap(), 10);
    // As a flowc before checksums left it.
    change(&layout, "update events set sum = null");
    assert_eq!(events(&layout, "r1").unwrap(), 10);
    go_on(10..12);
    assert_eq!(events(&layout, "r1").unwrap(), 12);
    change(&layout, "update events set at = at + 1 where run = 1 and seq = 11");
    assert!(matches!(events(&layout, "r1"), Err(StoreError::DamagedEvent { event: 11, .. })));
}

#[test]
fn what_is_said_of_a_step_in_doubt_is_durable_counts_once_and_is_taken_once() {
    let (_folder, layout) = project();
    two_runs(&layout);
    let doubt = |number| Doubt {
        task: Task { instance: 1, turn: 2 },
        path: "0".into(),
        label: "pay".into(),
        step: Name::new("m.pay"),
        attempt: 1,
        number,
        began: at(1),
        effect: Effect::Write,
        does: "curl".into(),
    };
    let say = |at: Timestamp, says| Resolution { by: "ada".into(), at, says };
    resolve(&layout, "r1", &doubt(0), &say(at(1), Resolved::Again)).unwrap();
    let second = resolve(&layout, "r1", &doubt(0), &say(at(2), Resolved::Done { value: Value::Int(1) }));
    assert!(matches!(second, Err(StoreError::NotInDoubt { .. })), "{second:?}");
    let done = say(at(3), Resolved::Done { value: Value::Int(1) });
    resolve(&layout, "r1", &doubt(1), &done).unwrap();
    let store = Store::open(&layout).unwrap();
    store.write(Write::Resume { run: "r1".into() });
    let (path, label) = ("0".into(), "pay".into());
    let taken = Note::Resolved { path, label, attempt: 1, resolution: Box::new(say(at(1), Resolved::Again)) };
    store.write(Write::Note { at: at(9), note: Box::new(taken) });
    store.write(ended(RunStatus::Failed));
    store.flush_now().unwrap();
    let rows = store.reader().unwrap().resolutions("r1").unwrap();
    assert_eq!(rows.iter().map(|row| (row.number, row.taken)).collect::<Vec<_>>(), [(0, Some(at(9))), (1, None)]);
    assert_eq!(rows[1].resolution, done);
    assert!(store.reader().unwrap().resolutions("r2").unwrap().is_empty());
    let over = resolve(&layout, "r1", &doubt(2), &done);
    assert!(matches!(over, Err(StoreError::NotInDoubt { .. })), "{over:?}");
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

#[test]
fn bytes_overwritten_anywhere_are_an_error_or_change_nothing_that_is_read() {
    let (_folder, layout) = project();
    two_runs(&layout);
    let whole: Vec<_> = Reader::open(&layout).unwrap().unwrap().events("r1").unwrap();
    let content = fs::read(layout.database()).unwrap();
    let mut dice = Dice(99);
    let (mut told, mut unharmed) = (0, 0);
    for _ in 0..150 {
        let (_folder, broken) = project();
        fs::create_dir_all(broken.root()).unwrap();
        let mut bytes = content.clone();
        // Most of a small database is empty.
        let filled: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
        let from = filled[dice.roll(filled.len() as u64) as usize];
        let to = (from + 1 + dice.roll(200) as usize).min(bytes.len());
        bytes[from..to].iter_mut().for_each(|byte| *byte = dice.roll(256) as u8);
        fs::write(broken.database(), &bytes).unwrap();
        let read = || -> Result<Option<Vec<(Timestamp, Event)>>, StoreError> {
            let Some(reader) = Reader::open(&broken)? else { return Ok(None) };
            reader.runs(10)?;
            reader.nodes("r1")?;
            reader.attempts("r1", None)?;
            reader.resolutions("r1")?;
            reader.events("r1").map(Some)
        };
        match read() {
            // What is read is what was written, or less of it where nobody said how much there was.
            Ok(Some(events)) => {
                assert_eq!(events[..], whole[..events.len()], "{from}..{to}");
                unharmed += 1;
            }
            Ok(None) => told += 1,
            Err(error) => {
                assert!(error.to_string().len() > 10 && error.code().starts_with("R07"), "{error}");
                told += 1;
            }
        }
        // Going on, and throwing away, end as well.
        let wrote = Store::open(&broken).and_then(|store| {
            store.write(begin("r3", "m.f", 5));
            store.write(ran(0, Value::Unit));
            store.flush_now()
        });
        drop(wrote);
        let _ = prune(&broken, &Keep { runs: 1, ..Keep::default() }, at(60), Thorough::All);
    }
    assert!(told > 10 && unharmed > 10, "{told} told, {unharmed} unharmed");
}

#[test]
fn a_log_of_the_database_that_is_torn_loses_its_tail_and_nothing_else() {
    let (_folder, layout) = project();
    let store = Store::open(&layout).unwrap();
    store.write(begin("r1", "m.f", 0));
    for seq in 0..30 {
        store.write(ran(seq, Value::Int(seq as i64)));
        store.flush_now().unwrap();
    }
    // As they are while the run goes on: the log is not in the database yet.
    let log = layout.root().join("runs.db-wal");
    let (database, log) = (fs::read(layout.database()).unwrap(), fs::read(log).unwrap());
    let whole = Reader::open(&layout).unwrap().unwrap().events("r1").unwrap();
    let mut dice = Dice(7);
    let mut lengths = BTreeSet::new();
    for round in 0..60 {
        let (_folder, broken) = project();
        fs::create_dir_all(broken.root()).unwrap();
        fs::write(broken.database(), &database).unwrap();
        let place = dice.roll(log.len() as u64) as usize;
        let mut torn = log.clone();
        match round % 3 {
            0 => torn.truncate(place),
            1 => torn[place] ^= 0x5a,
            _ => torn[place..].fill(0),
        }
        fs::write(broken.root().join("runs.db-wal"), torn).unwrap();
        // A reader that may not write cannot recover; whoever writes does.
        let events = Store::open(&broken).and_then(|store| store.reader()?.events("r1"));
        let events = events.unwrap_or_else(|error| panic!("{place}: {error}"));
        assert_eq!(events[..], whole[..events.len()], "{place}");
        lengths.insert(events.len());
    }
    assert!(lengths.len() > 5, "{lengths:?}");
}

/// A history in which everything is known.
struct History {
    layout: Layout,
    /// Flow, how it ended, artifacts in its journal.
    runs: Vec<(String, &'static str, Option<RunStatus>, Vec<String>)>,
    versions: Vec<String>,
    made: u64,
}

impl History {
    fn artifact(&mut self) -> String {
        self.made += 1;
        let hash = format!("{:064x}", self.made.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let folder = self.layout.artifacts().join(&hash[..2]);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("{hash}.parquet")), "data").unwrap();
        hash
    }

    fn is_there(&self, hash: &str) -> bool {
        self.layout.artifacts().join(&hash[..2]).join(format!("{hash}.parquet")).exists()
    }

    fn run(&mut self, dice: &mut Dice) {
        let run = format!("r{:03}", self.runs.len());
        let flow = ["m.f", "m.g"][dice.roll(2) as usize];
        let status = match dice.roll(6) {
            0 | 1 => None,
            2 => Some(RunStatus::Failed),
            3 => Some(RunStatus::Cancelled),
            _ => Some(RunStatus::Succeeded),
        };
        let hashes: Vec<String> = (0..dice.roll(4)).map(|_| self.artifact()).collect();
        let store = Store::open(&self.layout).unwrap();
        store.write(begin(&run, flow, self.runs.len() as i64));
        (0..).zip(&hashes).for_each(|(seq, hash)| store.write(ran(seq, Value::List([table(hash)].into()))));
        if dice.roll(3) == 0 {
            let hash = self.artifact();
            self.versions.push(hash.clone());
            let fingerprint = Fingerprint { hash: hash.as_str().into(), modified: None, data_time: None };
            let version = VersionRecord {
                run: run.as_str().into(),
                at: at(self.runs.len() as i64),
                fingerprint,
                content: hash.as_str().into(),
                data_time: None,
                value: table(&hash),
                rows: None,
                contract: [].into(),
                expectations: vec![],
                written: true,
            };
            let (dataset, partition, version) = (Name::new("m.d"), vec![], Box::new(version));
            let note = Note::Version { path: "0".into(), dataset, partition, version };
            store.write(Write::Note { at: at(1), note: Box::new(note) });
        }
        status.into_iter().for_each(|status| store.write(ended(status)));
        store.flush_now().unwrap();
        fs::create_dir_all(self.layout.logs().join(&run)).unwrap();
        fs::write(self.layout.logs().join(&run).join("0-1.log"), "line").unwrap();
        self.runs.push((run, flow, status, hashes));
    }

    /// Whether nobody may throw a run away.
    fn may_go_on(&self, number: usize) -> bool {
        let (_, flow, status, _) = &self.runs[number];
        let mut later = self.runs[number + 1..].iter().filter(|(_, other, ..)| other == flow);
        status.is_none() && later.all(|(.., status, _)| *status != Some(RunStatus::Succeeded))
    }
}

#[test]
fn what_goes_is_needed_by_nobody_and_what_nobody_needs_goes() {
    for seed in 1..16 {
        let (_folder, layout) = project();
        let mut dice = Dice(seed * 7919);
        let mut gone = BTreeSet::new();
        let mut history = History { layout: layout.clone(), runs: vec![], versions: vec![], made: seed };
        for _ in 0..3 {
            (0..1 + dice.roll(8)).for_each(|_| history.run(&mut dice));
            fs::create_dir_all(layout.scratch().join("dead")).unwrap();
            let keep = Keep { runs: 1 + dice.roll(6) as u32, versions: 2, ..Keep::default() };
            let would = prune(&layout, &keep, at(1000), Thorough::Look).unwrap();
            assert_eq!(prune(&layout, &keep, at(1000), Thorough::Look).unwrap(), would, "looking changes nothing");
            let went = prune(&layout, &keep, at(1000), Thorough::All).unwrap();
            assert_eq!(went, would);
            assert_eq!(prune(&layout, &keep, at(1000), Thorough::All).unwrap(), Swept::default());

            let reader = Reader::open(&layout).unwrap().unwrap();
            let left: BTreeMap<String, usize> = reader
                .runs(999)
                .unwrap()
                .iter()
                .map(|row| (row.run.to_string(), reader.events(&row.run).unwrap().len()))
                .collect();
            let versions = reader.versions("m.d", "", None, 99).unwrap();
            assert_eq!(versions.len(), history.versions.len().min(2));
            assert!(versions.iter().all(|version| history.is_there(&version.content)));
            let mut needed: Vec<Arc<str>> = versions.iter().map(|version| version.content.clone()).collect();
            let count = history.runs.len();
            let mut goes = vec![];
            for (number, (run, _, status, hashes)) in history.runs.iter().enumerate() {
                let is_left = left.contains_key(run);
                let is_new = count - number <= keep.runs as usize;
                assert!(!is_new || is_left || gone.contains(run), "{run} is one of the newest");
                assert_eq!(is_left, layout.logs().join(run).exists());
                assert!(!history.may_go_on(number) || is_left, "{run} may be gone on with");
                if !is_left {
                    goes.push(run.clone());
                } else {
                    assert_eq!(left[run], hashes.len());
                }
                if is_left && *status != Some(RunStatus::Succeeded) {
                    assert!(hashes.iter().all(|hash| history.is_there(hash)), "{run} needs what it made");
                    needed.extend(hashes.iter().map(|hash| hash.as_str().into()));
                }
            }
            gone.extend(goes);
            let all = history.runs.iter().flat_map(|run| &run.3).chain(&history.versions);
            for hash in all {
                let is_needed = needed.iter().any(|needed| **needed == **hash);
                assert_eq!(history.is_there(hash), is_needed, "seed {seed}: {hash}");
            }
            assert!(!layout.scratch().join("dead").exists());
        }
    }
}
