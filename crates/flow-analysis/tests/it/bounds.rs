//! Ages and rhythms of systems: sums written out, and runs played through with random durations, none of which may
//! pass what is proved.

use crate::build::*;
use flow_analysis::{
    bounds::SystemBounds,
    calendar::{Calendar, Calendars, DAY_MS},
};
use flow_plan::*;
use proptest::prelude::*;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;

fn days(minutes: Vec<u16>) -> Schedule {
    Schedule::Days { days: (1..=7).collect(), minutes, zone: "Europe/London".into() }
}

fn by_clock(schedule: Schedule) -> Start {
    Start { trigger: Trigger::Schedule(schedule), with: vec![], at: at(50) }
}

fn on_update(dataset: &str) -> Start {
    Start { trigger: Trigger::Updates(vec![name(dataset)]), with: vec![], at: at(51) }
}

fn promises(mut dataset: Dataset, within_ms: u64, by: DataTimeSource) -> Dataset {
    dataset.fresh = Some(Freshness { within_ms, by, at: at(60) });
    dataset
}

fn written(text: &str, by: &str) -> Dataset {
    Dataset { writer: Some(name(by)), ..dataset(text) }
}

fn takes(text: &str, ms: u64) -> Step {
    Step { timeout_ms: ms, effect: Effect::None, ..step(text) }
}

/// Reads the one, calls the step, writes the other.
fn copying(text: &str, from: &str, step: &str, to: &str, start: Start) -> Flow {
    let mut made = flow(text, vec![(read(from), vec![]), (call(step), vec![0]), (write(to), vec![1])]);
    made.starts = vec![start];
    made
}

fn age(program: &Program, of: &str) -> Option<u64> {
    SystemBounds::of(program, flow_analysis::calendar::Horizon::YEAR).age(&name(of)).ok().map(|age| age.total_ms)
}

#[test]
fn the_sum_of_the_language_page() {
    let orders = promises(arrives(dataset("orders")), 26 * HOUR, DataTimeSource::Column("placed_at".into()));
    let revenue = written("revenue", "morning");
    let morning = copying("morning", "orders", "aggregate", "revenue", by_clock(days(vec![360])));
    let mut program = program(vec![orders, revenue], vec![takes("aggregate", 30 * MINUTE)], vec![morning]);
    assert_eq!(age(&program, "revenue"), Some(25 * HOUR + 30 * MINUTE + 26 * HOUR));
    // What the flow requires bounds what it reads, unless it only warns.
    for (action, input) in [(StaleAction::Fail, 2), (StaleAction::Wait(MINUTE), 2), (StaleAction::Warn, 26)] {
        let require =
            NodeKind::RequireFresh { dataset: name("orders"), within_ms: 2 * HOUR, partition: vec![], action };
        let flow = program.flows.get_mut(&name("morning")).expect("it is there");
        flow.body.nodes.truncate(3);
        flow.body.nodes.extend(block(vec![(require, vec![])], 3).nodes);
        assert_eq!(age(&program, "revenue"), Some(25 * HOUR + 30 * MINUTE + input * HOUR), "{action:?}");
    }
}

#[test]
fn a_reader_before_the_writer_is_done_sees_the_version_of_yesterday() {
    let by_hand = |by| promises(arrives(dataset("orders")), HOUR, by);
    let datasets = || vec![by_hand(DataTimeSource::Modified), written("a", "writer"), written("b", "reader")];
    let steps = || vec![takes("long", 20 * MINUTE), takes("short", MINUTE)];
    let at_reader = |time: u16| {
        let writer = copying("writer", "orders", "long", "a", by_clock(days(vec![360])));
        let reader = copying("reader", "a", "short", "b", by_clock(days(vec![time])));
        let program = program(datasets(), steps(), vec![writer, reader]);
        let bounds = SystemBounds::of(&program, flow_analysis::calendar::Horizon::YEAR);
        bounds.inputs[&name("reader")][&name("a")].as_ref().map(|input| input.ms).expect("bounded")
    };
    // At 06:20 the run of 06:00 is surely done; a minute before it is not, and a day may have 25 hours.
    assert_eq!(at_reader(380), 20 * MINUTE + HOUR);
    assert_eq!(at_reader(379), 25 * HOUR + 19 * MINUTE + HOUR);
    assert_eq!(at_reader(355), 24 * HOUR + 55 * MINUTE + HOUR);
}

#[test]
fn a_start_by_an_update_has_the_calendar_of_the_writer_and_its_delay() {
    let datasets = vec![written("a", "writer"), written("b", "follower")];
    let mut writer = flow("writer", vec![(call("long"), vec![]), (write("a"), vec![0])]);
    writer.starts = vec![by_clock(Schedule::Every { period_ms: HOUR })];
    let follower = copying("follower", "a", "short", "b", on_update("a"));
    let steps = vec![takes("long", 20 * MINUTE), takes("short", MINUTE)];
    let program = program(datasets, steps, vec![writer, follower]);
    let bounds = SystemBounds::of(&program, flow_analysis::calendar::Horizon::YEAR);
    let rhythm = bounds.rhythm(&name("follower")).expect("bounded");
    assert_eq!((rhythm.gap.ms(), rhythm.delay_ms), (HOUR, 20 * MINUTE));
    // The version that started the run is the one that is read.
    assert_eq!(age(&program, "b"), Some(HOUR + 21 * MINUTE));
}

#[test]
fn a_start_by_an_arrival_counts_the_time_between_arrivals_once() {
    let arrival = Arrival { schedule: Some(days(vec![330])), after: vec![], at: at(2) };
    let orders = |within_ms| {
        let orders = Dataset { arrives: Some(arrival.clone()), ..dataset("orders") };
        promises(orders, within_ms, DataTimeSource::Column("placed_at".into()))
    };
    for (promise, expected) in [(26 * HOUR, 26 * HOUR), (25 * HOUR, 25 * HOUR)] {
        let follower = copying("follower", "orders", "short", "b", on_update("orders"));
        let datasets = vec![orders(promise), written("b", "follower")];
        let found = program(datasets, vec![takes("short", MINUTE)], vec![follower]);
        assert_eq!(age(&found, "b"), Some(expected + MINUTE));
    }
}

#[test]
fn a_chain_through_versions_before_has_no_bound_and_ends() {
    let previous = NodeKind::Read { dataset: name("b"), previous: true, partition: vec![] };
    let mut one = flow("one", vec![(previous, vec![]), (write("a"), vec![0])]);
    one.starts = vec![by_clock(days(vec![0]))];
    let two = copying("two", "a", "s", "b", by_clock(days(vec![60])));
    let all = || vec![written("a", "one"), promises(written("b", "two"), HOUR, DataTimeSource::Derived)];
    let found = program(all(), vec![takes("s", MINUTE)], vec![one.clone(), two.clone()]);
    assert_eq!((age(&found, "a"), age(&found, "b")), (None, None));
    assert_eq!(codes(&check(&found)), ["W0801"]);
    // A dataset that is dated by its file carries nothing over.
    let dated = vec![written("a", "one"), promises(written("b", "two"), 26 * HOUR, DataTimeSource::Modified)];
    let found = program(dated, vec![takes("s", MINUTE)], vec![one, two]);
    assert_eq!(age(&found, "b"), Some(25 * HOUR + MINUTE));
    assert!(check(&found).is_empty());
}

#[test]
fn flows_in_a_circle_end() {
    let one = copying("one", "b", "s", "a", by_clock(days(vec![0])));
    let two = copying("two", "a", "s", "b", on_update("a"));
    let all = vec![written("a", "one"), promises(written("b", "two"), HOUR, DataTimeSource::Derived)];
    let found = program(all, vec![takes("s", MINUTE)], vec![one, two]);
    assert_eq!(codes(&check(&found)), ["E0301"]);
    assert_eq!(age(&found, "b"), None);
}

#[test]
fn a_write_under_a_condition_bounds_nothing_unless_both_branches_write() {
    let branch = |otherwise: Vec<(NodeKind, Vec<u32>)>| {
        let either = NodeKind::If {
            condition: constant(1),
            then: block(vec![(write("a"), vec![])], 1),
            otherwise: block(otherwise, 2),
        };
        let mut one = flow("one", vec![(either, vec![])]);
        one.starts = vec![by_clock(days(vec![0]))];
        age(&program(vec![written("a", "one")], vec![], vec![one]), "a")
    };
    assert_eq!(branch(vec![]), None);
    assert_eq!(branch(vec![(write("a"), vec![])]), Some(25 * HOUR));
}

/// One flow of a played system.
#[derive(Clone, Debug)]
struct Played {
    minutes: Vec<u16>,
    takes: u64,
    overlap: Overlap,
}

fn played() -> impl Strategy<Value = Played> {
    let overlap = prop_oneof![Just(Overlap::Skip), Just(Overlap::Queue), Just(Overlap::Allow), Just(Overlap::Replace)];
    (proptest::collection::btree_set(0..1440_u16, 1..5), 1..400_u64, overlap).prop_map(|(minutes, takes, overlap)| {
        Played { minutes: minutes.into_iter().collect(), takes: takes * MINUTE, overlap }
    })
}

/// What is published when, and how old its data is from: runs of random length, each reading at its begin.
fn publish(
    flow: &Played,
    shares: &mut impl Iterator<Item = u64>,
    data: impl Fn(i64, u64) -> Option<i64>,
) -> Vec<(i64, i64)> {
    let calendar = Calendars::default().of(&days(flow.minutes.clone())).expect("a calendar");
    let Calendar::Listed(starts) = &*calendar else { return vec![] };
    let starts: Vec<i64> = starts.iter().copied().filter(|at| *at < starts[0] + 300 * DAY_MS).skip(280).collect();
    let (mut free, mut out) = (i64::MIN, vec![]);
    for (place, start) in starts.iter().enumerate() {
        let share = shares.next().unwrap_or(100);
        let takes = (flow.takes * share.min(100) / 100) as i64;
        let begin = match flow.overlap {
            Overlap::Skip if *start < free => continue,
            Overlap::Queue => free.max(*start),
            _ => *start,
        };
        let end = begin + takes;
        free = end;
        let is_cut_off = flow.overlap == Overlap::Replace && starts.get(place + 1).is_some_and(|next| *next < end);
        if let Some(data) = data(begin, share).filter(|_| !is_cut_off) {
            out.push((end, data));
        }
    }
    out.sort_by_key(|(end, _)| *end);
    out
}

fn oldest(published: &[(i64, i64)]) -> u64 {
    published.windows(2).map(|pair| (pair[1].0 - pair[0].1) as u64).max().unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_run_makes_older_than_is_proved(
        writer in played(),
        reader in played(),
        shares in proptest::collection::vec(prop_oneof![Just(0_u64), Just(100), 0..101_u64], 50),
    ) {
        let promise = 5 * HOUR;
        let orders = promises(arrives(dataset("orders")), promise, DataTimeSource::Modified);
        let made = |text, from, to, played: &Played| Flow {
            overlap: played.overlap,
            ..copying(text, from, text, to, by_clock(days(played.minutes.clone())))
        };
        let flows = vec![made("w", "orders", "a", &writer), made("r", "a", "b", &reader)];
        let steps = vec![takes("w", writer.takes), takes("r", reader.takes)];
        let system = program(vec![orders, written("a", "w"), written("b", "r")], steps, flows);
        let mut shares = shares.into_iter().cycle();
        let a = publish(&writer, &mut shares, |begin, share| Some(begin - (promise * share / 100) as i64));
        let b = publish(&reader, &mut shares, |begin, _| {
            a.iter().rev().find(|(end, _)| *end <= begin).map(|(_, data)| *data)
        });
        if let Some(proved) = age(&system, "a") {
            prop_assert!(oldest(&a) <= proved, "a: {} > {proved}", oldest(&a));
        }
        if let Some(proved) = age(&system, "b") {
            prop_assert!(oldest(&b) <= proved, "b: {} > {proved}", oldest(&b));
        }
    }
}
