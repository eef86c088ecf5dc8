//! Runs of the simulator's programs, written to a real store whose log is torn anywhere behind what was synced: what is
//! read back is a beginning of what was written, at least what was durable, and the run goes on behind it.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests stop at what they did not expect")]

use flow_driver::{Event, Note, retry::mix};
use flow_sim::crash::{Entry, Recorded};
use flow_store::{Layout, Store, Write};
use jiff::Timestamp;
use std::fs;

fn begin(run: &Recorded) -> Write {
    let start = Box::new(run.start.clone());
    Write::Begin { start, flow: "m.main".into(), plan: "p".into(), plan_json: Some("{}".into()), format: 2 }
}

fn writes(group: &[Entry]) -> Vec<Write> {
    let write = |entry: &Entry| match entry {
        Entry::Event { seq, at, event } => Write::Event { seq: *seq, at: *at, event: event.clone() },
        Entry::Note { at, note } => Write::Note { at: *at, note: Box::new((**note).clone()) },
    };
    group.iter().map(write).collect()
}

fn events(groups: &[Vec<Entry>]) -> Vec<(Timestamp, Event)> {
    let event = |entry: &Entry| match entry {
        Entry::Event { at, event, .. } => Some((*at, (**event).clone())),
        Entry::Note { .. } => None,
    };
    groups.iter().flatten().filter_map(event).collect()
}

fn settled(groups: &[Vec<Entry>]) -> usize {
    let settles = |entry: &&Entry| matches!(entry, Entry::Note { note, .. } if matches!(**note, Note::Settled(_)));
    groups.iter().flatten().filter(settles).count()
}

/// A torn log: whole up to what was synced, and behind it pages that are there, empty, or another page's.
fn torn(log: &[u8], synced: usize, random: &mut impl FnMut(u64) -> u64) -> Vec<u8> {
    if random(4) == 0 {
        return log.to_vec();
    }
    let mut left = log[..synced].to_vec();
    for page in log[synced..].chunks(512) {
        match random(6) {
            0 => left.extend(vec![0; page.len()]),
            1 => left.extend_from_slice(&log[synced..][..page.len()]),
            2 => left.extend_from_slice(&page[..random(page.len() as u64) as usize]),
            _ => left.extend_from_slice(page),
        }
    }
    left.truncate(synced + random((left.len() - synced) as u64 + 1) as usize);
    left
}

#[test]
fn a_run_that_was_cut_off_goes_on_in_the_same_store() {
    let (mut shorter, mut whole) = (0, 0);
    for seed in 1..=40 {
        let run = Recorded::of(seed).unwrap();
        let mut number = seed;
        let mut random = |end: u64| {
            number = mix(number);
            number % end.max(1)
        };
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        let log = layout.root().join("runs.db-wal");
        let store = Store::open(&layout).unwrap();
        store.write(begin(&run));
        let durable = 1 + random(run.groups.len() as u64 - 1) as usize;
        let written = durable + random((run.groups.len() - durable) as u64 + 1) as usize;
        run.groups[..durable].iter().for_each(|group| store.write_together(writes(group)));
        store.flush_now().unwrap();
        let synced = fs::metadata(&log).unwrap().len() as usize;
        run.groups[durable..written].iter().for_each(|group| store.write_together(writes(group)));
        store.flush_now().unwrap();

        let after = tempfile::tempdir().unwrap();
        let crashed = Layout::new(after.path());
        fs::create_dir(crashed.root()).unwrap();
        fs::copy(layout.database(), crashed.database()).unwrap();
        fs::write(crashed.root().join("runs.db-wal"), torn(&fs::read(&log).unwrap(), synced, &mut random)).unwrap();
        let store = Store::open(&crashed).unwrap();
        let reader = store.reader().unwrap();
        let kept = reader.events(&run.start.run).unwrap();
        let groups = (durable..=written).find(|groups| events(&run.groups[..*groups]) == kept);
        let groups = groups.unwrap_or_else(|| panic!("seed {seed}: {} of {durable} to {written}", kept.len()));
        assert_eq!(reader.nodes(&run.start.run).unwrap().len(), settled(&run.groups[..groups]), "seed {seed}");
        if groups < written {
            shorter += 1
        } else {
            whole += 1
        }

        store.write(Write::Resume { run: run.start.run.clone() });
        run.groups[groups..].iter().for_each(|group| store.write_together(writes(group)));
        store.flush_now().unwrap();
        let all = reader.events(&run.start.run).unwrap();
        assert_eq!(all, events(&run.groups), "seed {seed}");
        assert_eq!(run.state(all), run.state(events(&run.groups)));
        assert!(reader.run(&run.start.run).unwrap().ended.is_some());
    }
    assert!(shorter > 5 && whole > 5, "{shorter} shorter, {whole} whole");
}
