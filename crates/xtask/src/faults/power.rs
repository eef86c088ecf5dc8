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

/// So many runs are recorded, one after the other: SQLite moves its log into the database after some of them.
const ROUNDS: u64 = 6;

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
    let record = Record::of(&world)?;
    let mut random = Random::new(bench.seed, "power");
    let (mut way, mut wrong) = (Way::default(), vec![]);
    for number in 0..bench.cuts {
        Bench::tell("power", number, bench.cuts);
        let at = record.moment(&mut random);
        let changes = &record.changes[..at];
        restore(&world, &disk::after_a_cut(changes, names, &mut random), &disk::seen(changes))?;
        match record.goes_on(&world, at) {
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
        format!(
            "power cut {} times in {ROUNDS} runs of {} changes of files; {names}",
            bench.cuts,
            record.changes.len()
        ),
        format!("nothing missing that an effect rested on; {way}"),
    ))
}

/// What runs did, one after the other.
struct Record {
    changes: Vec<Change>,
    /// Of each run, where it begins among the changes, and its id.
    runs: Vec<(usize, String)>,
    /// Where cuts hurt: after an effect in the world, and after a write to the database itself.
    weak: [Vec<usize>; 2],
}

impl Record {
    fn of(world: &World) -> anyhow::Result<Self> {
        let (mut changes, mut runs) = (vec![], vec![]);
        let file = world.project.beside("record").to_string_lossy().into_owned();
        let by =
            ["strace", "-f", "-qq", "-y", "-xx", "-s", "100000000", "--signal=none", "-o", &file, "-e", trace::CALLS];
        let mut record = trace::Reader::new(&world.project.root());
        for round in 1..=ROUNDS {
            let begin = changes.len();
            let arguments = World::arguments(round);
            let said = world.project.finish(world.project.wrapped(&by, &arguments.each_ref().map(String::as_str)))?;
            ensure!(said.code == Some(0), "the run that is recorded ends with 0:\n{said}");
            world.verify(round)?;
            changes.extend(record.read(&fs::read_to_string(&file)?)?);
            // The record is right if everything can be made from it again.
            for (path, content) in disk::seen(&changes).files {
                let is_there = fs::read(world.project.path(&path)).with_context(|| format!("{path} is recorded"))?;
                ensure!(is_there == content, "{path} is not as it was recorded");
            }
            runs.push((begin, recovery::newest(world)?.context("a run is in the journal")?));
        }
        let after = |is_meant: fn(&str) -> bool| {
            let is_meant = |change: &Change| matches!(change, Change::Write { path, .. } if is_meant(path));
            (0..changes.len()).filter(|at| is_meant(&changes[*at])).map(|at| at + 1).collect::<Vec<_>>()
        };
        let weak = [after(|path| path.starts_with("world/")), after(|path| path == ".flow/runs.db")];
        ensure!(weak[1].len() > 1, "no recorded run moved the log into the database");
        Ok(Self { changes, runs, weak })
    }

    /// After how many changes the power is cut: anywhere, or where it hurts.
    fn moment(&self, random: &mut Random) -> usize {
        match self.weak.get(random.index(3)) {
            Some(weak) => weak[random.index(weak.len())],
            None => random.index(self.changes.len() + 1),
        }
    }

    /// Whether everything is as promised after a cut, and goes on so.
    fn goes_on(&self, world: &World, at: usize) -> anyhow::Result<Way> {
        let number = self.runs.iter().rposition(|(begin, _)| *begin < at).unwrap_or(0);
        for (_, run) in &self.runs[..number] {
            let shown = world.project.show(run)?;
            ensure!(shown["run"]["end"]["status"] == "succeeded", "run {run} had ended: {}", shown["run"]);
        }
        let before = number.checked_sub(1).map(|before| &*self.runs[before].1);
        let round = number as u64 + 1;
        look(world, round, before)?;
        recovery::to_the_end(world, round, before)
    }
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
fn look(world: &World, round: u64, before: Option<&str>) -> anyhow::Result<()> {
    world.project.ends(0, &["history"])?;
    let Some(run) = recovery::begun(world, round, before)? else { return Ok(()) };
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
                format!("{round}-{}", item + 1)
            } else {
                format!("ship-{round}-{}", 2 * (item + 2))
            };
            let happened = world.project.read(&format!("world/{effect}")).lines().any(|found| found == line);
            ensure!(
                !happened || has_ended(&label),
                "`{effect}` of item {item} happened; `{label}` before it is not known"
            );
        }
    }
    let register = format!("register-{round}-");
    let close = format!("{round}-");
    let rests = [
        ("register", register, &["booked", "wait"][..]),
        ("close", close, &["registered", "guessed", "parts", "told"]),
    ];
    for (effect, begin, labels) in rests {
        let happened = world.project.read(&format!("world/{effect}")).lines().any(|line| line.starts_with(&begin));
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
