//! Who drives a project: stopped, killed, or with a clock that jumped, while others want to.
//!
//! Knows the world and how rounds come to their end. Tested by being run.

use super::{
    Bench, Outcome,
    project::Running,
    recovery::{self, Way},
    world::World,
};
use anyhow::{Context, ensure};
use rustix::process::Signal;
use std::process::Command;

/// A round that is under way: its first charge has been made.
fn under_way(world: &World, round: u64) -> anyhow::Result<Running> {
    let arguments = World::arguments(round);
    let mut running = world.project.start(world.project.command(&arguments.each_ref().map(String::as_str)))?;
    let charged = || world.project.read("world/charge").lines().any(|line| line.starts_with(&format!("{round}-")));
    ensure!(running.until(charged)?, "it ended before it did anything:\n{}", running.kill()?);
    Ok(running)
}

/// A process that drives a project is stopped: others are refused by its name, or wait; then it goes on.
pub(super) fn stopped(bench: &Bench) -> anyhow::Result<Outcome> {
    let mut world = World::new(&bench.program)?;
    let mut nameless = 0;
    let result = (0..bench.rounds()).try_for_each(|turn| {
        nameless += stop(&world, 1 + 3 * turn)?;
        Ok(())
    });
    world.project.kept_after(result)?;
    Ok(Outcome::held(
        format!("SIGSTOP of who drives a project, {} times", bench.rounds()),
        format!(
            "`run`, `resume` and `gc` are refused, {nameless} times without its name; `run --wait` waits; after SIGCONT \
             both runs succeed, nothing twice"
        ),
    ))
}

/// Stops a run and lets it go on; how often others were refused without being told by whom.
fn stop(world: &World, round: u64) -> anyhow::Result<usize> {
    let project = &world.project;
    let running = under_way(world, round)?;
    running.signal(Signal::STOP);
    let run = recovery::newest(world)?.context("a run that is under way is in the journal")?;
    let other = format!("round={}", round + 1);
    let mut nameless = 0;
    for arguments in [&["run", "main", &*other][..], &["resume"], &["gc"]] {
        let said = project.ends(4, arguments)?;
        let is_named = said.err.contains("another run is under way") && said.err.contains(&run);
        // Who was stopped in the middle of a transaction is only known to have one.
        ensure!(is_named || said.err.contains("database is locked"), "it does not say who: {said}");
        nameless += usize::from(!is_named);
    }
    let waiting = format!("round={}", round + 2);
    let waits = project.start(project.command(&["run", "main", &waiting, "--wait", "5m"]))?;
    std::thread::sleep(std::time::Duration::from_millis(400));
    world.is_untouched(round + 2)?;
    running.signal(Signal::CONT);
    for (what, running) in [("stopped", running), ("waited", waits)] {
        let said = running.wait(std::time::Duration::from_secs(60)).context(what)?;
        ensure!(said.code == Some(0), "the one that {what}:\n{said}");
    }
    world.verify_effects(round)?;
    world.is_untouched(round + 1)?;
    world.verify(round + 2)?;
    world.opens()?;
    Ok(nameless)
}

/// A process that drives a project is killed: the next one takes over.
pub(super) fn taken_over(bench: &Bench) -> anyhow::Result<Outcome> {
    let mut world = World::new(&bench.program)?;
    let mut way = Way::default();
    let result = (1..=bench.rounds()).try_for_each(|round| {
        let before = recovery::newest(&world)?;
        under_way(&world, round)?.kill()?;
        way += recovery::to_the_end(&world, round, before.as_deref())?;
        Ok(())
    });
    world.project.kept_after(result)?;
    Ok(Outcome::held(format!("SIGKILL of who has the lock, {} times", bench.rounds()), format!("taken over; {way}")))
}

/// Runs that are cut off, and gone on with by a clock that says another time.
pub(super) fn clocks(bench: &Bench) -> anyhow::Result<Outcome> {
    let is_there = Command::new("faketime").args(["-f", "+1d", "true"]).status().is_ok_and(|status| status.success());
    if !is_there {
        return Ok(Outcome::skipped("faketime is not installed"));
    }
    let mut world = World::new(&bench.program)?;
    let (mut way, jumps) = (Way::default(), bench.some(["+1d", "-2h", "+400d", "-1d", "-10s", "+1h x50", "+0d x0.2"]));
    let result = jumps.iter().zip(1..).try_for_each(|(jump, round)| {
        let before = recovery::newest(&world)?;
        under_way(&world, round)?.kill()?;
        let run = recovery::begun(&world, round, before.as_deref())?.context("no run is known")?;
        for _ in 0..9 {
            let said = world.project.finish(world.project.wrapped(&["faketime", "-f", jump], &["resume", &run]))?;
            said.is_sound()?;
            way.resumed += 1;
            if said.code == Some(0) {
                return world.verify(round).context(*jump);
            }
            ensure!(said.code == Some(5), "{jump}:\n{said}");
            way.doubts += world.resolve(&run, round)?;
        }
        anyhow::bail!("{jump}: not at its end")
    });
    world.project.kept_after(result)?;
    Ok(Outcome::held(format!("clocks that jump and run wrong: {}", jumps.join(", ")), way.to_string()))
}
