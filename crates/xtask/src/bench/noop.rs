//! Steps that do nothing and start no process, against tools that record steps.
//!
//! What is a step here is said in `flows.rs`. Of flowc the whole process is timed, from the command to the last byte
//! on disk; of the others only their own run.

use super::{
    Place,
    flows::{PURE, QUERY, QUERY_WITH_EFFECT, chain, fan, fresh_runs},
    pairs::{Pairs, Side, Stepped, steps_alone, steps_in_turn},
    peers::PEERS,
    report::{Bar, Row},
    restate::Restate,
};
use std::{fs::OpenOptions, io::Write as _, path::Path};

const STEPS: usize = 1000;

/// A step in a group that is durable together.
const GROUPED: Bar = Bar::Seconds(20e-6);
/// A step that is durable before the next.
const ONE_BY_ONE: Bar = Bar::Seconds(0.35e-3);

/// Against what Python has to offer.
pub(super) fn against_python(place: &Place) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for peer in &PEERS {
        let work = format!("no-op steps in a chain, per step; of the other {}", peer.steps);
        let other = format!("{}: {}", peer.tool, peer.keeps);
        let (bar, rounds) = match peer.tool {
            "dbos" => (Bar::Faster(150.0), place.options.rounds),
            _ => (Bar::None, place.few_rounds()),
        };
        let ours = fresh_runs(place, "noop-chain", STEPS, |steps| chain(PURE, steps))?;
        let pairs = peer.runs(place).and_then(|theirs| steps_in_turn(&ours, &theirs, rounds));
        rows.push(told(&work, &other, pairs, bar));
    }
    Ok(rows)
}

/// Against Restate, or where that is missing alone; and against the disk alone.
pub(super) fn against_restate(place: &Place) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    let restate = Restate::start(place);
    let rounds = place.options.rounds;
    let mut compare = |work: &str, ours: &Stepped, handler: &str, bars: &[Bar]| {
        let theirs = restate.as_ref().map_err(|error| anyhow::anyhow!("{error:#}"));
        let pairs = theirs.and_then(|restate| steps_in_turn(ours, &restate.runs(handler, STEPS)?, rounds));
        let other = format!("restate, {handler}: each step durable");
        match pairs {
            Ok(pairs) => rows.extend(bars.iter().map(|bar| Row::pairs(work, &other, &pairs, *bar))),
            Err(error) => {
                rows.push(Row::missing(work, &other, &error));
                rows.push(Row::alone(work, &steps_alone(ours, rounds)?, bars.first().copied().unwrap_or(Bar::None)));
            }
        }
        anyhow::Ok(())
    };
    let pure = fresh_runs(place, "noop-fan", STEPS, |steps| fan(PURE, steps))?;
    compare("1,000 no-op calls, fan-out, durable in groups, per step", &pure, "fan", &[GROUPED, Bar::Faster(50.0)])?;
    let pure = fresh_runs(place, "noop-chain", STEPS, |steps| chain(PURE, steps))?;
    compare("1,000 no-op calls in a chain, durable at the run's end, per step", &pure, "chain", &[GROUPED])?;
    let query = fresh_runs(place, "query-fan", STEPS, |steps| fan(QUERY, steps))?;
    compare("1,000 steps that query one row, fan-out, durable in groups, per step", &query, "fan", &[Bar::None])?;
    let query = fresh_runs(place, "query-chain", STEPS, |steps| chain(QUERY, steps))?;
    compare("1,000 steps that query one row, in a chain, per step", &query, "chain", &[Bar::None])?;
    let effects = fresh_runs(place, "query-effects", STEPS, |steps| chain(QUERY_WITH_EFFECT, steps))?;
    let work = "1,000 steps that query one row, in a chain, each durable before the next, per step";
    compare(work, &effects, "chain", &[ONE_BY_ONE])?;
    let disk = place.empty("disk")?.join("log");
    let disk = Stepped::new(STEPS, |steps| {
        let disk = disk.clone();
        Ok(Side::here("the disk", move || append(&disk, steps)))
    })?;
    let pairs = steps_in_turn(&effects, &disk, rounds);
    rows.push(told(work, "200 bytes appended and synced", pairs, Bar::None));
    Ok(rows)
}

fn told(work: &str, other: &str, pairs: anyhow::Result<Pairs>, bar: Bar) -> Row {
    pairs.map_or_else(|error| Row::missing(work, other, &error), |pairs| Row::pairs(work, other, &pairs, bar))
}

/// Appends 200 bytes and waits until they are on disk, so many times.
fn append(path: &Path, times: usize) -> anyhow::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    for _ in 0..times {
        file.write_all(&[b'x'; 200])?;
        file.sync_data()?;
    }
    Ok(())
}
