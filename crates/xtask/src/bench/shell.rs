//! Shell steps that run `true`: side by side against ninja, in a chain against the bare spawn.
//!
//! flowc keeps the full history (decision, attempt, result of every step); ninja keeps one line a step. The bare spawn
//! is a loop in this process that starts `/bin/true` and waits for it.

use super::{
    Place,
    flows::{SHELL, SHELL_WITH_EFFECT, fan, fresh_run, fresh_runs, text_chain},
    pairs::{Side, Stepped, in_turn, steps_in_turn},
    report::{Bar, Row},
};
use std::{fmt::Write as _, fs, process::Command};

const STEPS: usize = 1000;

pub(super) fn run(place: &Place) -> anyhow::Result<Vec<Row>> {
    Ok(vec![side_by_side(place)?, chain(place)?])
}

fn side_by_side(place: &Place) -> anyhow::Result<Row> {
    let work = "1,000 shell steps `true`, two at a time, whole run";
    let ours = fresh_run(place, "shell-fan", &fan(SHELL, STEPS))?;
    let ninja = match place.tools.python("ninja") {
        Ok(programs) => programs.join("ninja"),
        Err(error) => return Ok(Row::missing(work, "ninja", &error)),
    };
    let folder = place.empty("shell-ninja")?;
    fs::write(folder.join("build.ninja"), ninja_text(STEPS))?;
    // Its log is what it remembers; the steps make no files, so it would do them again even with it.
    let log = folder.join("log");
    let theirs = Side::program("ninja", &[&*ninja.to_string_lossy(), "--quiet", "-j", "2"]);
    let theirs = theirs.in_folder(&folder).clearing(log);
    let pairs = in_turn(&ours, &theirs, place.options.rounds)?;
    Ok(Row::pairs(work, "ninja -j 2", &pairs, Bar::Times(1.1)))
}

fn chain(place: &Place) -> anyhow::Result<Row> {
    let ours = fresh_runs(place, "shell-chain", STEPS, |steps| text_chain(SHELL_WITH_EFFECT, steps))?;
    let bare = Stepped::new(STEPS, |steps| Ok(Side::here("the bare spawn", move || spawn(steps))))?;
    let pairs = steps_in_turn(&ours, &bare, place.options.rounds)?;
    let work = "1,000 effectful shell steps in a chain, each durable before the next, per step";
    Ok(Row::pairs(work, "the bare spawn", &pairs, Bar::Times(1.5)))
}

/// Starts `/bin/true` and waits for it, so many times.
fn spawn(times: usize) -> anyhow::Result<()> {
    for _ in 0..times {
        let status = Command::new("/bin/true").status()?;
        anyhow::ensure!(status.success(), "/bin/true ended with {status}");
    }
    Ok(())
}

fn ninja_text(steps: usize) -> String {
    let mut text = String::from("builddir = log\nrule work\n  command = true\n");
    for step in 0..steps {
        writeln!(text, "build n{step}: work").expect("writing to a string");
    }
    text
}
