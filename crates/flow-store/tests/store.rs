//! What is written is there, or the failure says so: crashes, later versions, read-only folders, pruning.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests stop at what they did not expect")]

use flow_driver::{
    Answer, Charge, Component, Event, Forced, How, NodeEnd, NodeRecord, NodeStatus, Note, PeriodBudget, Question,
    QuestionEnd, Reservation, RunEnd, RunStart, RunStatus, Says, Task, VersionRecord,
};
use flow_expr::{Name, Table, Type, Value};
use flow_plan::{AskReport, Budget, Fingerprint};
use flow_store::{CostBy, Finding, Gone, Keep, Layout, Reader, Store, StoreError, Thorough, Write, answer, prune};
use jiff::Timestamp;
use std::{fs, sync::Arc};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn begin(run: &str) -> Write {
    let start = RunStart {
        run: run.into(),
        seed: 7,
        started: at(0),
        jobs: 2,
        forced: Forced::None,
        unselected: vec![],
        deadlines: Default::default(),
        retry: None,
        dry: false,
    };
    let plan_json = Some("{}".into());
    Write::Begin { start: Box::new(start), flow: "m.f".into(), plan: "p".into(), plan_json, format: 1 }
}

fn event(seq: u64) -> Write {
    Write::Event { seq, at: at(1), event: Box::new(Event::Begin) }
}

fn note(note: Note) -> Write {
    Write::Note { at: at(2), note: Box::new(note) }
}

fn record(run: &str, value: Value) -> NodeRecord {
    let part = Component { clause: "body".into(), hash: "h".into(), text: "select 1".into() };
    NodeRecord {
        run: run.into(),
        at: at(2),
        succeeded: true,
        recovered: false,
        identity: "id".into(),
        components: [part].into(),
        inputs: vec![],
        value: Some(value),
        data_time: None,
    }
}

fn end(run: &str, path: &str, label: &str, status: NodeStatus, value: Value) -> Note {
    Note::Settled(Box::new(NodeEnd {
        path: path.into(),
        key: format!("m.f/{label}").into(),
        label: label.into(),
        kind: "call".into(),
        subject: None,
        status,
        how: Some(How::Ran),
        decision: None,
        failure: None,
        instead_of: None,
        because: None,
        attempts: 1,
        began: at(1),
        ended: at(2),
        record: Some(record(run, value)),
        cache_key: Some(format!("key-{label}").into()),
        rows: None,
    }))
}

fn version(run: &str, content: &str, second: i64) -> Note {
    let fingerprint = Fingerprint { hash: content.into(), modified: None, data_time: None };
    let table = Table { hash: format!("ab{content}").into(), rows: 1, ty: Type::Int, data: None };
    Note::Version {
        path: "0".into(),
        dataset: Name::new("m.raw"),
        partition: vec![],
        version: Box::new(VersionRecord {
            run: run.into(),
            at: at(second),
            content: content.into(),
            value: Value::Table(table),
            fingerprint,
            data_time: Some(at(second)),
            rows: Some(1),
            contract: [].into(),
            written: true,
            expectations: vec![],
        }),
    }
}

fn ended() -> Note {
    let status = RunStatus::Succeeded;
    Note::Ended(RunEnd {
        status,
        contract_broken: false,
        only_contracts: false,
        late: false,
        counts: Default::default(),
    })
}

fn project() -> (tempfile::TempDir, Layout) {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::new(folder.path());
    (folder, layout)
}

#[test]
fn what_was_written_can_be_asked_for() {
    let (_folder, layout) = project();
    assert!(Reader::open(&layout).unwrap().is_none());
    assert!(!layout.root().exists(), "asking makes nothing");
    let store = Store::open(&layout).unwrap();
    for write in [begin("r1"), event(0), event(1), note(end("r1", "0", "clean", NodeStatus::Succeeded, Value::Int(5)))]
    {
        store.write(write);
    }
    store.write(note(version("r1", "c1", 2)));
    store.write(note(ended()));
    store.flush_now().unwrap();
    let reader = store.reader().unwrap();
    let run = reader.run("r1").unwrap();
    assert_eq!(run.end.unwrap().status, RunStatus::Succeeded);
    assert_eq!(reader.events("r1").unwrap(), vec![(at(1), Event::Begin), (at(1), Event::Begin)]);
    assert_eq!(reader.record("m.f/clean").unwrap(), Some(record("r1", Value::Int(5))));
    assert_eq!(reader.result("key-clean").unwrap().unwrap().value, Value::Int(5));
    assert_eq!(reader.nodes("r1").unwrap().len(), 1);
    assert_eq!(&*reader.node("r1", "clean").unwrap().path, "0");
    assert_eq!(reader.versions("m.raw", "", None, 9).unwrap().len(), 1);
    assert_eq!(reader.versions("m.raw", "", Some("r1"), 9).unwrap().len(), 0);
    assert_eq!(reader.plan("p").unwrap().as_deref(), Some("{}"));
    assert!(
        matches!(reader.node("r1", "cleen"), Err(StoreError::NoStep { nearest, .. }) if nearest == ["clean".into()])
    );
}

#[test]
fn runs_are_found_by_part_of_their_name() {
    let (_folder, layout) = project();
    for run in ["20260101-1-aaaa", "20260101-2-bbbb"] {
        let store = Store::open(&layout).unwrap();
        store.write(begin(run));
        store.flush_now().unwrap();
    }
    let reader = Reader::open(&layout).unwrap().unwrap();
    assert_eq!(&*reader.run("last").unwrap().run, "20260101-2-bbbb");
    assert_eq!(&*reader.run("aaaa").unwrap().run, "20260101-1-aaaa");
    match reader.run("2026") {
        Err(error @ StoreError::NoRun { .. }) => assert_eq!(error.code(), "R0726"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_version_that_is_only_confirmed_is_renewed() {
    let (_folder, layout) = project();
    let store = Store::open(&layout).unwrap();
    store.write(begin("r1"));
    store.write(note(version("r1", "c1", 2)));
    let Note::Version { path, dataset, partition, mut version } = version("r1", "c1", 2) else { panic!() };
    version.data_time = Some(at(50));
    store.write(note(Note::Version { path, dataset, partition, version }));
    store.flush_now().unwrap();
    let versions = store.reader().unwrap().versions("m.raw", "", None, 9).unwrap();
    assert_eq!((versions.len(), versions[0].data_time), (1, Some(at(50))));
}

#[test]
fn a_crash_at_any_byte_of_the_log_leaves_a_whole_prefix() {
    let (folder, layout) = project();
    let store = Store::open(&layout).unwrap();
    store.write(begin("r1"));
    store.flush_now().unwrap();
    for seq in 0..40 {
        store.write(event(seq));
        store.flush_now().unwrap();
    }
    // As a crash leaves it: the database, and the log of commits cut off anywhere.
    let database = fs::read(layout.database()).unwrap();
    let log = fs::read(layout.root().join("runs.db-wal")).unwrap();
    let mut last = 0;
    for part in 0..=25 {
        let cut = tempfile::tempdir_in(folder.path()).unwrap();
        let crashed = Layout::new(cut.path());
        fs::create_dir(crashed.root()).unwrap();
        fs::write(crashed.database(), &database).unwrap();
        fs::write(crashed.root().join("runs.db-wal"), &log[..log.len() * part / 25]).unwrap();
        let reopened = Store::open(&crashed).unwrap();
        let events = reopened.reader().unwrap().events("r1").unwrap();
        assert!(events.len() >= last, "a longer log never holds less");
        last = events.len();
        reopened.write(begin("r2"));
        reopened.flush_now().unwrap();
    }
    assert_eq!(last, 40);
}

#[test]
fn what_is_written_together_is_there_whole_or_not_at_all() {
    let (folder, layout) = project();
    let store = Store::open(&layout).unwrap();
    store.write(begin("r1"));
    store.flush_now().unwrap();
    for seq in 0..40 {
        let settled = note(end("r1", &seq.to_string(), "step", NodeStatus::Succeeded, Value::Int(1)));
        store.write_together(vec![event(seq), settled]);
        store.flush_now().unwrap();
    }
    let database = fs::read(layout.database()).unwrap();
    let log = fs::read(layout.root().join("runs.db-wal")).unwrap();
    let mut seen = vec![];
    for part in 0..=40 {
        let cut = tempfile::tempdir_in(folder.path()).unwrap();
        let crashed = Layout::new(cut.path());
        fs::create_dir(crashed.root()).unwrap();
        fs::write(crashed.database(), &database).unwrap();
        fs::write(crashed.root().join("runs.db-wal"), &log[..log.len() * part / 40]).unwrap();
        let reader = Store::open(&crashed).unwrap().reader().unwrap();
        let events = reader.events("r1").unwrap().len();
        let nodes = if events == 0 { 0 } else { reader.nodes("r1").unwrap().len() };
        assert_eq!(events, nodes);
        seen.push(events);
    }
    seen.dedup();
    assert!(seen.len() > 10 && seen.last() == Some(&40), "{seen:?}");
}

#[test]
fn a_later_version_is_refused_and_not_touched() {
    let (_folder, layout) = project();
    drop(Store::open(&layout).unwrap());
    let connection = rusqlite::Connection::open(layout.database()).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let before = fs::read(layout.database()).unwrap();
    for error in [Store::open(&layout).map(|_| ()), Reader::open(&layout).map(|_| ())] {
        let error = error.unwrap_err();
        assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error:?}");
        assert_eq!(error.code(), "R0720");
    }
    assert_eq!(fs::read(layout.database()).unwrap(), before);
}

#[test]
fn a_database_without_tables_is_none() {
    let (_folder, layout) = project();
    fs::create_dir(layout.root()).unwrap();
    fs::write(layout.database(), "").unwrap();
    assert!(Reader::open(&layout).unwrap().is_none());
    drop(Store::open(&layout).unwrap());
    assert!(Reader::open(&layout).unwrap().is_some());
}

#[test]
fn what_is_no_database_is_damage_not_a_panic() {
    let (_folder, layout) = project();
    fs::create_dir(layout.root()).unwrap();
    fs::write(layout.database(), "this is a letter, not a database".repeat(100)).unwrap();
    assert_eq!(Store::open(&layout).unwrap_err().code(), "R0724");
    assert_eq!(Reader::open(&layout).unwrap_err().code(), "R0724");
}

#[test]
fn a_place_that_cannot_be_written_to_is_named() {
    let (folder, layout) = project();
    // A file in the folder's place: nobody, not even the superuser, can make a folder in it.
    fs::write(folder.path().join(".flow"), "").unwrap();
    let error = Store::open(&layout).unwrap_err();
    assert!(error.to_string().contains(".flow"), "{error}");
    let denied = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
    assert_eq!(StoreError::from_io("x", &denied).code(), "R0722");
    let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
    assert_eq!(StoreError::from_io("x", &full).code(), "R0723");
}

#[test]
fn after_a_failure_nothing_more_is_written() {
    let (_folder, layout) = project();
    let store = Store::open(&layout).unwrap();
    store.write(begin("r1"));
    store.flush_now().unwrap();
    // The same number twice cannot be: it stands for any error of the database.
    store.write(event(0));
    store.write(event(0));
    let first = store.flush_now().unwrap_err();
    store.write(event(1));
    assert_eq!(store.flush_now().unwrap_err().to_string(), first.to_string());
    assert_eq!(store.failure().unwrap().to_string(), first.to_string());
    // The first one may have been in a group of its own.
    assert!(store.reader().unwrap().events("r1").unwrap().len() <= 1, "nothing after the failure");
}

#[test]
fn findings_hold_for_the_same_file_only() {
    let (_folder, layout) = project();
    let store = Store::open(&layout).unwrap();
    let finding = Finding {
        path: "data/a.csv".into(),
        purpose: "content".into(),
        size: 3,
        modified_ns: 1_700_000_000_123_456_789,
        inode: 9,
        found: "abc".into(),
    };
    store.write(Write::Finding(finding.clone()));
    store.flush_now().unwrap();
    let reader = store.reader().unwrap();
    assert_eq!(reader.finding(&finding).unwrap().as_deref(), Some("abc"));
    assert_eq!(reader.finding(&Finding { modified_ns: 1, ..finding.clone() }).unwrap(), None);
    assert_eq!(reader.finding(&Finding { purpose: "newest".into(), ..finding }).unwrap(), None);
}

#[test]
fn pruning_keeps_what_is_needed_and_nothing_else() {
    let (_folder, layout) = project();
    for number in 0..6 {
        let store = Store::open(&layout).unwrap();
        let run: Arc<str> = format!("r{number}").into();
        store.write(begin(&run));
        store.write(event(0));
        store.write(note(version(&run, &format!("c{number}"), number)));
        store.write(note(ended()));
        store.flush_now().unwrap();
        fs::create_dir_all(layout.artifacts().join("ab")).unwrap();
        fs::write(layout.artifacts().join("ab").join(format!("abc{number}.parquet")), "data").unwrap();
        fs::create_dir_all(layout.logs().join(&*run)).unwrap();
    }
    let keep = Keep { runs: 2, versions_of: [("m.raw".into(), 3)].into(), ..Keep::default() };
    assert_eq!(
        prune(&layout, &keep, at(10), Thorough::IfForgotten).unwrap().artifacts,
        Gone { count: 3, bytes: 3 * 4 }
    );
    let reader = Reader::open(&layout).unwrap().unwrap();
    assert_eq!(reader.runs(99).unwrap().len(), 2);
    assert_eq!(reader.versions("m.raw", "", None, 99).unwrap().len(), 3);
    assert!(layout.artifacts().join("ab/abc3.parquet").exists());
    assert!(!layout.artifacts().join("ab/abc2.parquet").exists());
    assert!(layout.logs().join("r4").exists() && !layout.logs().join("r3").exists());
    // The versions are of 3, 4 and 5; by age all would go, but the newest two stay.
    for (age_ms, left) in [(7_000, 3), (5_500, 2), (1, 2)] {
        let keep = Keep { for_ms: [("m.raw".into(), age_ms)].into(), ..Keep::default() };
        prune(&layout, &keep, at(10), Thorough::IfForgotten).unwrap();
        assert_eq!(reader.versions("m.raw", "", None, 99).unwrap().len(), left, "{age_ms}");
    }
}

fn charge(path: &str) -> Charge {
    Charge {
        path: path.into(),
        label: "say".into(),
        attempt: 1,
        judge: None,
        tool: None,
        model: Name::new("m.writer"),
        flows: vec![Name::new("m.inner"), Name::new("m.f")],
        input_tokens: 100,
        output_tokens: 50,
        micro_dollars: 700,
    }
}

fn reserve(store: &Store, at: Timestamp, charge: Charge, flow: &str, asks: u64) -> Result<(), String> {
    let caps = Budget { asks: Some(asks), ..Budget::default() };
    let budgets = vec![PeriodBudget { flow: Name::new(flow), caps, per_ms: 60_000 }];
    let (sender, receiver) = std::sync::mpsc::channel();
    let answer = move |result: Result<Result<(), Box<flow_driver::OverBudget>>, StoreError>| {
        drop(sender.send(result.unwrap().map_err(|over| format!("{} of {} {}", over.used, over.cap, over.what))));
    };
    store.reserve(at, Box::new(Reservation { charge, budgets }), Box::new(answer));
    receiver.recv().unwrap()
}

#[test]
fn stores_that_reserve_at_once_give_no_more_than_there_is() {
    let (_folder, layout) = project();
    drop(Store::open(&layout).unwrap());
    let granted: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|run| {
                let layout = &layout;
                scope.spawn(move || {
                    let store = Store::open(layout).unwrap();
                    store.write(begin(&format!("r{run}")));
                    (0..5).filter(|path| reserve(&store, at(1), charge(&path.to_string()), "m.f", 7).is_ok()).count()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(granted, 7, "of twenty asks of four runs");
}

#[test]
fn a_charge_counts_with_the_worst_until_it_is_known_what_was_spent() {
    let (_folder, layout) = project();
    let store = Store::open(&layout).unwrap();
    store.write(begin("r1"));
    for path in ["a", "b", "c", "d"] {
        reserve(&store, at(1), charge(path), "m.inner", 4).unwrap();
        store.write(note(Note::Charged(Box::new(charge(path)))));
    }
    assert_eq!(reserve(&store, at(30), charge("e"), "m.inner", 4), Err("4 of 4 asks".into()));
    assert_eq!(reserve(&store, at(62), charge("f"), "m.inner", 1), Ok(()), "the others are too long ago");
    assert_eq!(reserve(&store, at(62), charge("g"), "m.other", 1), Ok(()), "another flow's asks");
    let report = |known| {
        Some(Box::new(AskReport {
            model: Name::new("m.writer"),
            served: "".into(),
            finish: "".into(),
            asked: "".into(),
            input_tokens: 10,
            output_tokens: 5,
            micro_dollars: 20,
            known,
            answer: "".into(),
            leniencies: vec![],
            calls: vec![],
        }))
    };
    let attempted = |path: &str, ask| Note::Attempted {
        path: path.into(),
        label: "say".into(),
        attempt: 1,
        began: at(1),
        judge: Some(Name::new("m.good")),
        tool: Some(Name::new("m.look")),
        failure: None,
        ask,
    };
    store.write(note(attempted("a", report(true))));
    store.write(note(attempted("b", report(false))));
    store.write(note(attempted("c", None)));
    store.write(note(Note::Released { path: "d".into(), attempt: 1 }));
    store.write(note(Note::Released { path: "a".into(), attempt: 1 }));
    store.flush_now().unwrap();
    let reader = store.reader().unwrap();
    let costs = reader.costs(CostBy::Model).unwrap();
    // a: what it cost; b: the worst, as nobody knows; c, f, g: in doubt; d was never sent.
    assert_eq!((costs[0].asks, costs[0].unknown, costs[0].in_doubt), (5, 1, 3));
    assert_eq!((costs[0].input_tokens, costs[0].micro_dollars), (10 + 4 * 100, 20 + 4 * 700));
    assert_eq!(reader.used(&Name::new("m.inner"), at(0)).unwrap().micro_dollars, 20 + 4 * 700);
    assert_eq!(reader.used(&Name::new("m.inne"), at(0)).unwrap().asks, 0, "a part of a name is no name");
    assert_eq!(
        reader.used_last(&Name::new("m.f")).unwrap().map(|(run, used)| (run, used.asks)),
        Some(("r1".into(), 5))
    );
    assert_eq!(reader.attempts("r1", Some("a")).unwrap()[0].judge, Some(Name::new("m.good")));
    assert_eq!(reader.attempts("r1", Some("a")).unwrap()[0].tool, Some(Name::new("m.look")));
}

#[test]
fn what_asks_cost_outlives_their_runs() {
    let (_folder, layout) = project();
    for run in ["r1", "r2", "r3"] {
        let store = Store::open(&layout).unwrap();
        store.write(begin(run));
        store.write(note(Note::Charged(Box::new(charge("a")))));
        store.write(note(ended()));
        store.flush_now().unwrap();
    }
    let used = |reader: &Reader| reader.used(&Name::new("m.f"), at(0)).unwrap().asks;
    prune(&layout, &Keep { runs: 1, ..Keep::default() }, at(60), Thorough::IfForgotten).unwrap();
    let reader = Reader::open(&layout).unwrap().unwrap();
    assert_eq!((reader.runs(9).unwrap().len(), used(&reader)), (1, 3));
    prune(&layout, &Keep { runs: 1, ..Keep::default() }, at(500 * 86_400), Thorough::IfForgotten).unwrap();
    assert_eq!(used(&Reader::open(&layout).unwrap().unwrap()), 1, "those of runs that are kept, and no others");
}

fn question(number: u32) -> Question {
    Question {
        task: Task { instance: 1, turn: 3 },
        path: "0".into(),
        label: "ok".into(),
        step: Name::new("m.approve"),
        number,
        who: "boss".into(),
        message: "Pay 12?".into(),
        arguments: vec![("a".into(), "12".into())],
        draft: None,
        choices: vec![],
        digest: "d1".into(),
        since: at(2),
        until: at(3600),
    }
}

#[test]
fn the_first_answer_from_another_process_counts_until_the_question_ends() {
    let (_folder, layout) = project();
    let store = Store::open(&layout).unwrap();
    for write in [begin("r1"), event(0), note(Note::Asked(Box::new(question(1))))] {
        store.write(write);
    }
    store.flush_now().unwrap();
    let reader = Reader::open(&layout).unwrap().unwrap();
    let open = reader.open_questions().unwrap();
    assert_eq!((open.len(), &open[0].question, open[0].pid), (1, &question(1), std::process::id()));
    assert_eq!(reader.answer("r1", "0", 1).unwrap(), None);
    let yes = Answer { by: "ada".into(), says: Says::Approved, note: None, digest: "d1".into() };
    answer(&layout, &open[0], &yes, at(5)).unwrap();
    assert_eq!(reader.answer("r1", "0", 1).unwrap().as_ref(), Some(&yes));
    let no = Answer { says: Says::Rejected, ..yes.clone() };
    assert!(matches!(answer(&layout, &open[0], &no, at(6)), Err(StoreError::NotOpen { .. })), "the first one counts");

    // An answer that the run did not take makes room for another one.
    let refused = Note::AnswerRefused {
        path: "0".into(),
        label: "ok".into(),
        number: 1,
        answer: Box::new(yes.clone()),
        why: "why".into(),
    };
    store.write(note(refused.clone()));
    store.flush_now().unwrap();
    assert_eq!(reader.answer("r1", "0", 1).unwrap(), None);
    answer(&layout, &open[0], &no, at(7)).unwrap();
    // The run looked several times before the first was gone: what was said meanwhile stays.
    store.write(note(refused));
    store.flush_now().unwrap();
    assert_eq!(reader.answer("r1", "0", 1).unwrap().as_ref(), Some(&no));
    let end = QuestionEnd::Answered(no.clone());
    let ended = Note::QuestionEnded { path: "0".into(), label: "ok".into(), number: 1, end: Box::new(end.clone()) };
    store.write(note(ended));
    store.flush_now().unwrap();
    assert!(reader.open_questions().unwrap().is_empty());
    assert!(matches!(answer(&layout, &open[0], &yes, at(8)), Err(StoreError::NotOpen { .. })), "it is over");
    let rows = reader.questions("r1", Some("0")).unwrap();
    assert_eq!((rows[0].end.as_ref(), rows[0].answer.as_ref()), (Some(&end), Some(&(at(7), no))));
    assert!(reader.questions("r1", Some("1")).unwrap().is_empty());
}

#[test]
fn a_store_of_the_version_before_people_opens_and_learns_of_them() {
    let (_folder, layout) = project();
    let store = Store::open(&layout).unwrap();
    for write in [begin("r1"), event(0), note(ended())] {
        store.write(write);
    }
    drop(store);
    // As a flowc before questions left it.
    let connection = rusqlite::Connection::open(layout.database()).unwrap();
    connection
        .execute_batch(
            "drop table questions; drop table answers; drop table resolutions; alter table attempts drop column tool;
             alter table events drop column sum; drop table starts; drop index runs_of; drop index runs_open",
        )
        .unwrap();
    connection.pragma_update(None, "user_version", 3).unwrap();
    drop(connection);
    let reader = Reader::open(&layout).unwrap().unwrap();
    assert!(reader.open_questions().unwrap().is_empty() && reader.questions("r1", None).unwrap().is_empty());
    drop(reader);
    let store = Store::open(&layout).unwrap();
    for write in [begin("r2"), event(0), note(Note::Asked(Box::new(question(1))))] {
        store.write(write);
    }
    store.flush_now().unwrap();
    let reader = store.reader().unwrap();
    assert_eq!(reader.open_questions().unwrap().len(), 1);
    assert_eq!(reader.runs(10).unwrap().len(), 2, "the old run is still known");
    let connection = rusqlite::Connection::open(layout.database()).unwrap();
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 8);
}
