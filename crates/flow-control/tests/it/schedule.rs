//! The scheduler: what each `overlap` and `catch up` means, and that nothing is lost or started twice, whenever it is
//! killed.

use flow_control::schedule::{Cause, Command, Due, Event, Record, Ruling, Scheduler, StartId, Turn, Why};
use flow_expr::{Name, Type};
use flow_plan::{CatchUp, Flow, Overlap, Program, Schedule, Start, Trigger, calendar::Horizon};
use jiff::Timestamp;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const HOUR: i64 = 3_600_000;

fn at(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_millisecond()
}

fn horizon() -> Horizon {
    Horizon::starting(2026)
}

fn flow(name: &str, trigger: Trigger, overlap: Overlap, catch_up: CatchUp) -> Flow {
    Flow {
        name: Name::new(name),
        params: vec![],
        returns: Type::Unit,
        starts: vec![Start { trigger, with: vec![], at: Default::default() }],
        finish: None,
        overlap,
        catch_up,
        budgets: vec![],
        body: Default::default(),
        handlers: vec![],
        owner: None,
        tags: vec![],
        at: Default::default(),
    }
}

fn program(flows: impl IntoIterator<Item = Flow>) -> Program {
    Program { flows: flows.into_iter().map(|flow| (flow.name.clone(), flow)).collect(), ..Program::default() }
}

fn hourly(overlap: Overlap, catch_up: CatchUp) -> Program {
    let every = Trigger::Schedule(Schedule::Every { period_ms: HOUR.unsigned_abs() });
    program([flow("m.f", every, overlap, catch_up)])
}

/// A scheduler that has just taken in a program at midnight.
fn begun(program: &Program) -> (Scheduler, i64) {
    let now = at("2026-03-02T00:00:00Z");
    let mut scheduler = Scheduler::new(StartId(1));
    scheduler.adopt(program, horizon(), now);
    (scheduler, now)
}

fn started(turn: &Turn) -> Vec<u64> {
    let run = |command: &Command| matches!(command, Command::Run(..)).then_some(command).cloned();
    turn.commands.iter().filter_map(run).map(|command| id_of(&command)).collect()
}

fn id_of(command: &Command) -> u64 {
    match command {
        Command::Run(id, _) | Command::Cancel(id) => id.0,
    }
}

fn rulings(turn: &Turn) -> Vec<&Ruling> {
    turn.records.iter().map(|record| &record.ruling).collect()
}

#[test]
fn a_start_is_due_at_its_instant_and_only_once() {
    let (mut scheduler, midnight) = begun(&hourly(Overlap::Skip, CatchUp::Last));
    assert_eq!(scheduler.next_tick(), Some(midnight + HOUR));
    assert_eq!(scheduler.on(Event::Tick, midnight + HOUR - 1), Turn::default());
    assert_eq!(started(&scheduler.on(Event::Tick, midnight + HOUR)), [2]);
    assert_eq!(scheduler.on(Event::Tick, midnight + HOUR), Turn::default());
    // A clock that is set back does not start it again.
    assert_eq!(scheduler.on(Event::Tick, midnight), Turn::default());
    assert_eq!(scheduler.on(Event::Tick, midnight + HOUR + 1), Turn::default());
    assert_eq!(scheduler.next_tick(), Some(midnight + 2 * HOUR));
}

#[test]
fn overlap_says_what_happens_to_a_start_while_a_run_is_under_way() {
    let one = StartId(2);
    let expected = [
        (Overlap::Skip, Ruling::Drop(Why::UnderWay(one)), vec![]),
        (Overlap::Queue, Ruling::Wait { behind: vec![one] }, vec![]),
        (Overlap::Allow, Ruling::Run, vec![3]),
        (Overlap::Replace, Ruling::Wait { behind: vec![one] }, vec![2]),
    ];
    for (overlap, ruling, commands) in expected {
        let (mut scheduler, midnight) = begun(&hourly(overlap, CatchUp::Last));
        scheduler.on(Event::Tick, midnight + HOUR);
        let turn = scheduler.on(Event::Tick, midnight + 2 * HOUR);
        assert_eq!(rulings(&turn), [&ruling], "{overlap:?}");
        assert_eq!(turn.commands.iter().map(id_of).collect::<Vec<_>>(), commands, "{overlap:?}");
        let after = started(&scheduler.on(Event::Ended(one), midnight + 2 * HOUR + 5));
        let waited = matches!(ruling, Ruling::Wait { .. });
        assert_eq!(after, if waited { vec![3] } else { vec![] }, "{overlap:?}");
    }
}

#[test]
fn catch_up_says_which_starts_are_made_up_for() {
    for (catch_up, starts, missed) in [(CatchUp::None, 0, 5), (CatchUp::Last, 1, 4), (CatchUp::All, 5, 0)] {
        let (mut scheduler, midnight) = begun(&hourly(Overlap::Skip, catch_up));
        // Nobody was there for five hours and a half.
        let mut now = midnight + 5 * HOUR + HOUR / 2;
        let mut turn = scheduler.on(Event::Tick, now);
        let dropped = turn.records.iter().find_map(|record| match record.ruling {
            Ruling::Drop(Why::Missed(count)) => Some(count),
            _ => None,
        });
        assert_eq!(dropped.unwrap_or(0), missed, "{catch_up:?}");
        // One after the other, also where a start during a run is skipped.
        let mut ran = 0;
        while let [id] = started(&turn)[..] {
            ran += 1;
            now += 1;
            turn = scheduler.on(Event::Ended(StartId(id)), now);
        }
        assert_eq!(ran, starts, "{catch_up:?}");
    }
}

#[test]
fn what_is_first_seen_of_a_dataset_starts_nothing_and_a_change_during_a_run_is_not_lost() {
    let updates = Trigger::Updates(vec![Name::new("m.orders")]);
    let (mut scheduler, now) = begun(&program([flow("m.f", updates, Overlap::Skip, CatchUp::Last)]));
    let seen = |content: &str| Event::Seen { dataset: Name::new("m.orders"), content: content.into() };
    assert_eq!(rulings(&scheduler.on(seen("a"), now)), [&Ruling::Watch]);
    assert_eq!(scheduler.on(seen("a"), now), Turn::default());
    assert_eq!(started(&scheduler.on(seen("b"), now)), [2]);
    // Two changes while it runs are one more run, for the newest.
    assert!(matches!(rulings(&scheduler.on(seen("c"), now))[..], [Ruling::Wait { .. }]));
    let turn = scheduler.on(seen("d"), now);
    assert!(matches!(rulings(&turn)[..], [Ruling::Drop(Why::Replaced(StartId(4))), Ruling::Wait { .. }]), "{turn:?}");
    assert_eq!(started(&scheduler.on(Event::Ended(StartId(2)), now)), [4]);
    assert_eq!(scheduler.on(Event::Ended(StartId(4)), now), Turn::default());
}

#[test]
fn a_new_schedule_is_not_caught_up_with_and_a_flow_that_is_gone_starts_no_more() {
    let (mut scheduler, midnight) = begun(&hourly(Overlap::Queue, CatchUp::All));
    scheduler.on(Event::Tick, midnight + HOUR);
    scheduler.on(Event::Tick, midnight + 2 * HOUR);
    let minutely = Trigger::Schedule(Schedule::Every { period_ms: 60_000 });
    let now = midnight + 2 * HOUR + 30_000;
    let turn = scheduler.adopt(&program([flow("m.f", minutely, Overlap::Queue, CatchUp::All)]), horizon(), now);
    assert_eq!(rulings(&turn), [&Ruling::Watch]);
    assert_eq!(scheduler.next_tick(), Some(midnight + 2 * HOUR + 60_000));
    let turn = scheduler.adopt(&program([]), horizon(), now);
    assert_eq!(rulings(&turn), [&Ruling::Drop(Why::Gone)]);
    assert_eq!(scheduler.next_tick(), None);
    assert_eq!(scheduler.on(Event::Ended(StartId(2)), now), Turn::default());
    let due = Due {
        flow: Name::new("m.f"),
        cause: Cause::Hand("me".into()),
        nominal: now,
        mark: None,
        clause: None,
        params: BTreeMap::new(),
    };
    assert_eq!(rulings(&scheduler.on(Event::Asked(due), now)), [&Ruling::Drop(Why::Gone)]);
}

#[test]
fn a_year_of_seconds_that_was_slept_through_costs_nothing() {
    let secondly = Trigger::Schedule(Schedule::Every { period_ms: 1000 });
    let (mut scheduler, midnight) = begun(&program([flow("m.f", secondly, Overlap::Skip, CatchUp::All)]));
    let turn = scheduler.on(Event::Tick, midnight + 365 * 24 * HOUR);
    assert!(matches!(turn.records[0].ruling, Ruling::Drop(Why::Missed(count)) if count == 365 * 86_400 - 1060));
    assert!(turn.records.len() <= 1061);
}

#[test]
fn records_are_read_back_as_they_were_written() {
    let (mut scheduler, midnight) = begun(&hourly(Overlap::Replace, CatchUp::Last));
    let mut records = scheduler.on(Event::Tick, midnight + HOUR).records;
    records.extend(scheduler.on(Event::Tick, midnight + 2 * HOUR).records);
    let json = serde_json::to_string(&records).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Record>>(&json).unwrap(), records);
}

/// What happens in a random history.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// So many minutes pass.
    Pass(i64),
    /// One of the runs ends.
    End(usize),
    /// The process is killed, before or after its last decisions are written down.
    Kill,
}

fn history() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (1i64..200).prop_map(Step::Pass),
        1 => (200i64..5000).prop_map(Step::Pass),
        4 => (0usize..4).prop_map(Step::End),
        2 => Just(Step::Kill),
    ];
    prop::collection::vec(step, 1..120)
}

fn any_overlap() -> impl Strategy<Value = Overlap> {
    prop_oneof![Just(Overlap::Skip), Just(Overlap::Queue), Just(Overlap::Allow), Just(Overlap::Replace)]
}

fn any_catch_up() -> impl Strategy<Value = CatchUp> {
    prop_oneof![Just(CatchUp::None), Just(CatchUp::Last), Just(CatchUp::All)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Every start of the calendar is decided exactly once, runs of a flow do not overlap unless they may, and what waits
    /// is begun in order, through kills at any time.
    #[test]
    fn each_start_is_decided_once_through_kills(steps in history(), overlap in any_overlap(), catch_up in any_catch_up()) {
        let program = hourly(overlap, catch_up);
        let begin = at("2026-03-02T00:10:00Z");
        let (mut now, mut scheduler) = (begin, Scheduler::new(StartId(1)));
        let mut durable: BTreeMap<StartId, Record> = BTreeMap::new();
        let (mut running, mut over) = (BTreeSet::new(), BTreeSet::new());
        let mut begun: Vec<StartId> = vec![];
        let obey = |turn: Turn, durable: &mut BTreeMap<StartId, Record>, running: &mut BTreeSet<StartId>, begun: &mut Vec<StartId>| {
            durable.extend(turn.records.into_iter().map(|record| (record.id, record)));
            for command in turn.commands {
                if let Command::Run(id, _) = command {
                    running.insert(id);
                    begun.push(id);
                }
            }
        };
        obey(scheduler.adopt(&program, horizon(), now), &mut durable, &mut running, &mut begun);
        for step in steps {
            match step {
                Step::Pass(minutes) => {
                    now += minutes * 60_000;
                    obey(scheduler.on(Event::Tick, now), &mut durable, &mut running, &mut begun);
                }
                Step::End(which) => {
                    let Some(id) = running.iter().nth(which % running.len().max(1)).copied() else { continue };
                    running.remove(&id);
                    over.insert(id);
                    obey(scheduler.on(Event::Ended(id), now), &mut durable, &mut running, &mut begun);
                }
                Step::Kill => {
                    // What was decided and not written down is as if it had not been.
                    drop(scheduler.on(Event::Tick, now + HOUR));
                    scheduler = Scheduler::new(StartId(1));
                    scheduler.restore(durable.values().map(|record| (record.clone(), over.contains(&record.id))));
                    obey(scheduler.adopt(&program, horizon(), now), &mut durable, &mut running, &mut begun);
                }
            }
            if overlap != Overlap::Allow {
                prop_assert!(running.len() <= 1);
            }
            let (known, waiting) = scheduler.under_way(&Name::new("m.f"));
            prop_assert_eq!(known, running.iter().copied().collect::<Vec<_>>());
            prop_assert!(running.len() + waiting.len() == 0 || !running.is_empty(), "something waits for nothing");
        }
        obey(scheduler.on(Event::Tick, now), &mut durable, &mut running, &mut begun);
        let mut decided = 0;
        let mut nominal = BTreeSet::new();
        for record in durable.values() {
            match &record.ruling {
                Ruling::Watch => {}
                Ruling::Drop(Why::Missed(count)) => decided += count,
                _ => {
                    prop_assert!(nominal.insert(record.due.nominal), "decided twice");
                    decided += 1;
                }
            }
        }
        prop_assert_eq!(decided, u64::try_from(now.div_euclid(HOUR) - begin.div_euclid(HOUR)).unwrap());
        let mut once = begun.clone();
        once.dedup();
        prop_assert_eq!(&once, &begun);
        prop_assert!(begun.is_sorted(), "not in order");
    }
}
