//! The power is cut at random moments of a recorded run; the disk keeps what it had to, and of the rest anything.
//!
//! What had been done in the world by then is seen as it was. In each state the journal opens, what an effect rested
//! on is in it, what it calls published is there, and the run comes to its end with every effect as promised. Needs
//! strace. What may be found is in [`super::disk`].

use super::{
    Bench, Outcome,
    disk::{self, Names, State},
    errors::has_strace,
    random::Random,
    recovery::{self, Way},
    trace::{self, Change},
    world::World,
};
use anyhow::{Context, bail, ensure};
use std::fs;

/// The round that is recorded.
const ROUND: u64 = 1;

/// What stays in the project between two cuts: the program and its inputs.
const STAYS: [&str; 3] = ["flow.toml", "main.flow", "data"];

/// Most cuts that are described when several went wrong.
const MOST_TOLD: usize = 5;

/// Cuts where names are kept in order.
pub(super) fn in_order(bench: &Bench) -> anyhow::Result<Outcome> {
    run(bench, Names::InOrder)
}

/// Cuts where each name is kept or lost on its own.
pub(super) fn each_alone(bench: &Bench) -> anyhow::Result<Outcome> {
    run(bench, Names::EachAlone)
}

/// Cuts the power as often as was asked for.
fn run(bench: &Bench, names: Names) -> anyhow::Result<Outcome> {
    if !has_strace() {
        return Ok(Outcome::skipped("strace may not trace here"));
    }
    let mut world = World::of_files(&bench.program)?;
    let changes = record(&world)?;
    let is_world = |change: &Change| matches!(change, Change::Write { path, .. } if path.starts_with("world/"));
    let effects: Vec<usize> = (0..changes.len()).filter(|at| is_world(&changes[*at])).collect();
    let mut random = Random::new(bench.seed, "power");
    let (mut way, mut wrong) = (Way::default(), vec![]);
    for number in 0..bench.cuts {
        // Every other cut is where it hurts most: just after an effect.
        let at = match random.coin() {
            true => effects[random.index(effects.len())] + 1,
            false => random.index(changes.len() + 1),
        };
        let state = disk::after_a_cut(&changes[..at], names, &mut random);
        restore(&world, &state, &disk::seen(&changes[..at]))?;
        match look(&world).and_then(|()| recovery::to_the_end(&world, ROUND, None)) {
            Ok(recovered) => way += recovered,
            Err(error) => wrong.push(format!("cut {number}, after change {at}: {error:#}")),
        }
    }
    if !wrong.is_empty() {
        let told = wrong.iter().take(MOST_TOLD).map(String::as_str).collect::<Vec<_>>().join("\n\n");
        let result = Err(anyhow::anyhow!("{} of {} cuts went wrong:\n{told}", wrong.len(), bench.cuts));
        return world.project.kept_after(result);
    }
    let names = match names {
        Names::InOrder => "names kept in order",
        Names::EachAlone => "each name kept or lost on its own",
    };
    Ok(Outcome::held(
        format!("power cut {} times in a run of {} changes of files; {names}", bench.cuts, changes.len()),
        format!("nothing missing that an effect rested on; {way}"),
    ))
}

/// A run's changes, with all bytes.
fn record(world: &World) -> anyhow::Result<Vec<Change>> {
    let record = world.project.beside("record").to_string_lossy().into_owned();
    let by =
        ["strace", "-f", "-qq", "-y", "-xx", "-s", "100000000", "--signal=none", "-o", &record, "-e", trace::CALLS];
    let arguments = World::arguments(ROUND);
    let said = world.project.finish(world.project.wrapped(&by, &arguments.each_ref().map(String::as_str)))?;
    ensure!(said.code == Some(0), "the run that is recorded ends with 0:\n{said}");
    world.verify(ROUND)?;
    let changes = trace::read(&fs::read_to_string(&record)?, &world.project.root())?;
    // The record is right if everything can be made from it again.
    for (path, content) in disk::seen(&changes).files {
        let is_there = fs::read(world.project.path(&path)).with_context(|| format!("{path} is recorded"))?;
        // SQLite's log and database go on to change when it closes, by what is not followed: memory that is mapped.
        ensure!(is_there == content, "{path} is not as it was recorded");
    }
    Ok(changes)
}

/// Puts a disk's state and what had been done in the world in the place of what is there.
fn restore(world: &World, disk: &State, seen: &State) -> anyhow::Result<()> {
    world.project.kill_leftovers();
    for entry in fs::read_dir(world.project.root())?.flatten() {
        if STAYS.iter().any(|stays| *stays == entry.file_name()) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    fs::create_dir(world.project.path("world"))?;
    for folder in &disk.folders {
        fs::create_dir_all(world.project.path(folder))?;
    }
    let of_world = |path: &String| path.starts_with("world/");
    let files = disk.files.iter().filter(|(path, _)| !of_world(path));
    for (path, content) in files.chain(seen.files.iter().filter(|(path, _)| of_world(path))) {
        fs::write(world.project.path(path), content).with_context(|| path.clone())?;
    }
    Ok(())
}

/// What must hold before anything goes on: what effects rest on is known, and what is called published is there.
fn look(world: &World) -> anyhow::Result<()> {
    world.project.ends(0, &["history"])?;
    let Some(run) = recovery::begun(world, ROUND, None)? else { return Ok(()) };
    let shown = world.project.show(&run)?;
    let nodes = shown["nodes"].as_array().cloned().unwrap_or_default();
    let has_ended = |label: &str| {
        nodes
            .iter()
            .any(|node| node["label"] == label && ["succeeded", "reused"].iter().any(|is| node["status"] == *is))
    };
    for item in 0..4_u64 {
        let rests = [("charge", format!("quoted[{item}]")), ("ship", format!("charged[{item}]"))];
        for (effect, label) in rests {
            let line = if effect == "charge" {
                format!("{ROUND}-{}", item + 1)
            } else {
                format!("ship-{ROUND}-{}", 2 * (item + 2))
            };
            let happened = world.project.read(&format!("world/{effect}")).lines().any(|found| found == line);
            ensure!(
                !happened || has_ended(&label),
                "`{effect}` of item {item} happened; `{label}` before it is not known"
            );
        }
    }
    let rests = [("register", &["booked", "wait"][..]), ("close", &["registered", "guessed", "parts", "told"])];
    for (effect, labels) in rests {
        let happened = !world.project.read(&format!("world/{effect}")).is_empty();
        for label in labels {
            ensure!(!happened || has_ended(label), "`{effect}` happened; `{label}` before it is not known");
        }
    }
    for (label, file) in
        [("write sum", "out/sum.json"), ("write list", "out/totals.csv"), ("write totals", "out/totals.parquet")]
    {
        if has_ended(label) && fs::metadata(world.project.path(file)).map_or(0, |file| file.len()) == 0 {
            bail!("`{label}` is done, and {file} is not there");
        }
    }
    world.readers_see_whole_versions()
}
