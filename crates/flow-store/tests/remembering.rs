//! What is read at once is what would be read one by one; what is written together is read one by one.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests stop at what they did not expect")]

use flow_driver::{Event, Forced, How, Last, NodeEnd, NodeRecord, NodeStatus, Note, RunEnd, RunStart, RunStatus, Task};
use flow_expr::Value;
use flow_store::{Layout, Reader, Store, StoreError, Write};
use jiff::Timestamp;
use std::sync::Arc;

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
    Write::Begin { start: Box::new(start), flow: "m.f".into(), plan: "p".into(), plan_json, format: 2 }
}

/// A node of the key, with a result that is kept if it succeeded.
fn end(key: &str, identity: &str, value: Option<Value>, recovered: bool) -> NodeEnd {
    let succeeded = value.is_some();
    let cache_key = (succeeded && !recovered).then(|| Arc::from(identity));
    let record = NodeRecord {
        run: "r1".into(),
        at: at(2),
        succeeded,
        recovered,
        identity: identity.into(),
        components: [].into(),
        inputs: vec![],
        value,
        data_time: None,
    };
    NodeEnd {
        path: key.into(),
        key: key.into(),
        label: key.into(),
        kind: "call".into(),
        subject: None,
        status: if succeeded { NodeStatus::Succeeded } else { NodeStatus::Failed },
        how: Some(How::Ran),
        decision: None,
        failure: None,
        instead_of: None,
        because: None,
        attempts: 1,
        began: at(1),
        ended: at(2),
        record: Some(record),
        cache_key,
        rows: None,
    }
}

/// A project in which a run has left something of each of these nodes.
fn left(ends: &[NodeEnd]) -> (tempfile::TempDir, Reader) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&Layout::new(folder.path())).unwrap();
    store.write(begin("r1"));
    for end in ends {
        store.write(Write::Note { at: at(2), note: Box::new(Note::Settled(Box::new(end.clone()))) });
    }
    store.flush_now().unwrap();
    let reader = store.reader().unwrap();
    (folder, reader)
}

#[test]
fn what_is_remembered_at_once_is_what_is_asked_one_by_one() {
    let long = Value::String("x".repeat(10_000).into());
    let ends = [
        end("m.f/short", "1", Some(Value::Int(5)), false),
        end("m.f/long", "2", Some(long), false),
        end("m.f/failed", "3", None, false),
        end("m.f/recovered", "4", Some(Value::Int(6)), true),
        end("m.f/rate[3]/in", "5", Some(Value::Unit), false),
        end("m.f[day=1]/short", "6", Some(Value::Int(7)), false),
        end("m.f0/short", "7", Some(Value::Int(8)), false),
        end("m.e/short", "8", Some(Value::Int(9)), false),
    ];
    let (_folder, reader) = left(&ends);
    let remembered = reader.remembered("m.f/whatever").unwrap();
    let (mut known, mut results) = (0, 0);
    for end in &ends {
        for identity in ["1", "2", "3", "4", "5", "6", "7", "8", ""] {
            if let Some(last) = remembered.last(&end.key, Some(identity)) {
                assert_eq!(last, reader.last(&end.key, Some(identity)).unwrap(), "{} {identity}", end.key);
                known += 1;
            }
            if let Some(result) = remembered.result(identity) {
                assert_eq!(Some(result), reader.result(identity).unwrap(), "{identity}");
                results += 1;
            }
        }
        // The record itself is wanted.
        assert_eq!(remembered.last(&end.key, None), None, "{}", end.key);
    }
    // Three nodes of this flow are the same; of all others more is wanted, or they are another flow's. Two results are short.
    assert_eq!((known, results), (3, 2 * ends.len()));
    assert_eq!(remembered.last("m.f/new", Some("1")), Some(Last::Nothing));
    assert_eq!(remembered.last("m.e/new", Some("1")), None);
}

#[test]
fn what_the_run_has_renewed_is_asked_again() {
    let mut short = end("m.f/short", "1", Some(Value::Int(5)), false);
    let (_folder, reader) = left(std::slice::from_ref(&short));
    let mut remembered = reader.remembered("m.f/short").unwrap();
    assert!(matches!(remembered.last("m.f/short", Some("1")), Some(Last::Same { .. })));
    // What was reused has left nothing new.
    remembered.forget(&NodeEnd { record: None, cache_key: None, ..short.clone() });
    assert!(remembered.last("m.f/short", Some("1")).is_some() && remembered.result("1").is_some());
    remembered.forget(&short);
    assert_eq!((remembered.last("m.f/short", Some("1")), remembered.result("1")), (None, None));
    short.key = "m.f/new".into();
    remembered.forget(&short);
    assert_eq!(remembered.last("m.f/new", Some("1")), None);
}

#[test]
fn a_row_of_the_journal_may_hold_several_events() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::new(folder.path());
    let recalled = |instance| {
        let task = Task { instance, turn: 1 };
        Event::Recalled { task, last: Last::Nothing, cached: None }
    };
    let rows = [(0, vec![Event::Begin]), (3, (1..4).map(recalled).collect()), (4, vec![recalled(4)])];
    let store = Store::open(&layout).unwrap();
    store.write(begin("r1"));
    for (last, events) in rows.clone() {
        store.write(Write::Events { last, at: at(last as i64), events });
    }
    store.write(Write::Event { seq: 5, at: at(5), event: Box::new(recalled(5)) });
    let status = RunStatus::Succeeded;
    let over =
        RunEnd { status, contract_broken: false, only_contracts: false, late: false, counts: Default::default() };
    store.write(Write::Note { at: at(5), note: Box::new(Note::Ended(over)) });
    store.flush_now().unwrap();
    drop(store);
    let reader = || Reader::open(&layout).unwrap().unwrap();
    let mut expected: Vec<Event> = rows.into_iter().flat_map(|(_, events)| events).collect();
    expected.push(recalled(5));
    let events = reader().events("r1").unwrap();
    assert_eq!(events.iter().map(|(_, event)| event.clone()).collect::<Vec<_>>(), expected);
    assert_eq!(events[2].0, at(3));
    assert_eq!(reader().reach("r1").unwrap(), (6, Some(at(5))));
    for (gone, first) in [(3, 1), (4, 4), (5, 5)] {
        let copy = tempfile::tempdir().unwrap();
        let broken = Layout::new(copy.path());
        std::fs::create_dir_all(broken.root()).unwrap();
        std::fs::copy(layout.database(), broken.database()).unwrap();
        let database = rusqlite::Connection::open(broken.database()).unwrap();
        database.execute("delete from events where seq = ?1", [gone]).unwrap();
        let told = Reader::open(&broken).unwrap().unwrap().events("r1");
        assert!(matches!(told, Err(StoreError::DamagedEvent { event, .. }) if event == first), "{gone}: {told:?}");
    }
}
