//! The start: one step in a project that nothing has run in, and how much memory a run of many takes.
//!
//! What is compared is the step itself, started from here. Files are in the system's cache on both sides.

use super::{
    Place,
    flows::{self, SHELL, fan, fresh_run},
    memory,
    pairs::{Side, in_turn},
    report::{Bar, Row},
};
use std::fs;

/// Steps of the run whose memory is looked at.
const STEPS: usize = 1000;
/// A start takes milliseconds, so there can be many.
const MORE_ROUNDS: usize = 5;

pub(super) fn run(place: &Place) -> anyhow::Result<Vec<Row>> {
    let ours = fresh_run(place, "cold", &fan(SHELL, 1))?;
    let step = Side::program("sh", &["sh", "-eu", "-c", "true"]);
    let pairs = in_turn(&ours, &step, place.options.rounds * MORE_ROUNDS)?;
    let start = Row::pairs(
        "cold start of a durable run of one shell step, in a new project",
        "the step alone",
        &pairs,
        Bar::Longer(15e-3),
    );
    let folder = place.empty("memory")?;
    let file = folder.join("all.flow");
    fs::write(&file, fan(SHELL, STEPS))?;
    let peak = memory::peak(&flows::run_command(place, &file))?;
    let memory = Row::memory("peak memory of a run of 1,000 shell steps", peak, None, Bar::Megabytes(40.0));
    Ok(vec![start, memory])
}
