//! The system that is held against faults: every kind of body that works without the internet, and what each has
//! done to the world, written down by the world itself.
//!
//! Steps with effects append a line to a file below `world/`, or ask a server that counts; each line names round and
//! item. So whoever looks knows what became of a step that a run was cut off in, and after a run whether anything
//! happened twice or not at all. Knows no fault. Tests: worlds that are wrong.

use super::{project::Project, server::Server};
use anyhow::{Context, bail, ensure};
use serde_json::Value;
use std::{path::Path, time::Duration};

/// The program, without the steps that ask a server.
const PROGRAM: &str = include_str!("world.flow");

/// Those steps, with `PORT` for the server's port.
const OUTSIDE: &str = include_str!("world_outside.flow");

/// The same steps as scripts.
const INSIDE: &str = include_str!("world_inside.flow");

/// Items of the loop.
const ITEMS: [u64; 4] = [1, 2, 3, 4];

/// What a run of a round gives.
const fn result(round: u64) -> u64 {
    74 + round
}

/// A project with the system in it.
pub(super) struct World {
    pub(super) project: Project,
    /// None where all of the world is files.
    server: Option<Server>,
}

impl World {
    /// A world that a server is part of.
    pub(super) fn new(program: &Path) -> anyhow::Result<Self> {
        let server = Server::start()?;
        let text = format!("{PROGRAM}\n{OUTSIDE}").replace("PORT", &server.port.to_string());
        let world = Self { project: Project::new(program, &text)?, server: Some(server) };
        world.fill()?;
        Ok(world)
    }

    /// A world of files.
    pub(super) fn of_files(program: &Path) -> anyhow::Result<Self> {
        let world = Self { project: Project::new(program, &format!("{PROGRAM}\n{INSIDE}"))?, server: None };
        world.fill()?;
        Ok(world)
    }

    fn fill(&self) -> anyhow::Result<()> {
        self.project.write("data/orders.csv", "id,region,amount\n1,north,10.5\n2,south,20\n3,north,7.25\n")?;
        self.project.write("world/.keep", "")
    }

    /// As it is, but what takes longer than this hangs.
    pub(super) fn with_limit(self, limit: Duration) -> Self {
        Self { project: self.project.with_limit(limit), server: self.server }
    }

    /// The arguments that run a round.
    pub(super) fn arguments(round: u64) -> [String; 3] {
        ["run".into(), "main".into(), format!("round={round}")]
    }

    /// Answers for every step that is in doubt by what the world shows; how many there were.
    ///
    /// # Errors
    /// The world shows what cannot be, or an answer is refused.
    pub(super) fn resolve(&self, run: &str, round: u64) -> anyhow::Result<usize> {
        let shown = self.project.show(run)?;
        let doubts = shown["in_doubt"].as_array().cloned().unwrap_or_default();
        let open: Vec<&Value> = doubts.iter().filter(|doubt| doubt["said"].is_null()).collect();
        for doubt in &open {
            let [step, label, path] =
                ["step", "label", "path"].map(|field| doubt[field].as_str().unwrap_or_default().to_owned());
            let item = item_of(&label);
            let times = self.times(&step, round, item)?;
            let given = match &*step {
                "main.charge" => Some(2 * (item + 1)),
                "main.tell" => Some(item),
                "main.book" => Some(4),
                "main.close" => None,
                _ => bail!("`{step}` is in doubt, but is idempotent, or changes nothing"),
            };
            let given = given.map(|value| value.to_string());
            let says: &[&str] = match (times, &given) {
                (0, _) => &["--again"],
                (1, None) => &["--done"],
                (1, Some(value)) => &["--done", "--with", value],
                _ => bail!("`{label}` of round {round} happened {times} times"),
            };
            self.project.ends(0, &[&["resolve", run, &path, "--as", "ada"], says].concat())?;
        }
        Ok(open.len())
    }

    /// Whether nothing has happened yet of a round.
    pub(super) fn is_untouched(&self, round: u64) -> anyhow::Result<()> {
        for item in ITEMS {
            let happened = self.times("main.charge", round, item)?;
            ensure!(happened == 0, "`charge` of item {item} of round {round} has happened");
        }
        for step in ["main.tell", "main.book", "main.close"] {
            ensure!(self.times(step, round, 1)? == 0, "`{step}` of round {round} has happened");
        }
        Ok(())
    }

    /// How often a step has happened that is in doubt.
    pub(super) fn happened(&self, doubt: &Value, round: u64) -> anyhow::Result<usize> {
        let [step, label] = ["step", "label"].map(|field| doubt[field].as_str().unwrap_or_default());
        self.times(step, round, item_of(label))
    }

    /// How often a step that is not idempotent has changed the world.
    fn times(&self, step: &str, round: u64, item: u64) -> anyhow::Result<usize> {
        let name = step.strip_prefix("main.").unwrap_or(step);
        if let (Some(server), "book") = (&self.server, name) {
            server.settle();
            return Ok(server.keys(&format!("/book/{round}-{item}")).len());
        }
        let text = self.project.read(&format!("world/{name}"));
        ensure!(text.is_empty() || text.ends_with('\n'), "a line of world/{name} is not whole");
        let line = if name == "close" { format!("{round}-{}", result(round)) } else { format!("{round}-{item}") };
        Ok(text.lines().filter(|found| *found == line).count())
    }

    /// Whether a round that has succeeded has done everything as it was promised.
    pub(super) fn verify(&self, round: u64) -> anyhow::Result<()> {
        self.verify_effects(round)?;
        self.verify_data(round)
    }

    /// Whether each effect of a round happened as often as it was promised.
    pub(super) fn verify_effects(&self, round: u64) -> anyhow::Result<()> {
        let once = |step: &str, item: u64| -> anyhow::Result<()> {
            let times = self.times(step, round, item)?;
            ensure!(times == 1, "`{step}` of item {item} of round {round} happened {times} times, not once");
            Ok(())
        };
        for item in ITEMS {
            once("main.charge", item)?;
        }
        once("main.tell", 1)?;
        once("main.book", 1)?;
        once("main.close", 0)?;
        for item in ITEMS {
            let key = format!("ship-{round}-{}", 2 * (item + 1));
            ensure!(self.project.read("world/ship").lines().any(|line| line == key), "`{key}` never happened");
        }
        let wanted = format!("register-{round}-4");
        let (keys, least) = match &self.server {
            Some(server) => (server.keys(&format!("/flaky/{round}-4")), 3),
            None => {
                let of_round = format!("register-{round}-");
                let keys = self.project.read("world/register");
                (keys.lines().filter(|key| key.starts_with(&of_round)).map(str::to_owned).collect(), 1)
            }
        };
        ensure!(keys.len() >= least, "`register` of round {round} happened {} times", keys.len());
        ensure!(keys.iter().all(|key| *key == wanted), "other keys: {keys:?}");
        Ok(())
    }

    /// Whether what was published is that round's, and whole.
    fn verify_data(&self, round: u64) -> anyhow::Result<()> {
        ensure!(
            self.project.read("out/sum.json").trim() == result(round).to_string(),
            "out/sum.json is not of {round}"
        );
        let rows = self.project.read("out/totals.csv");
        let north = format!("north,{round}");
        ensure!(rows.lines().count() == 3 && rows.contains(&north), "out/totals.csv is not of {round}:\n{rows}");
        let parquet = std::fs::read(self.project.path("out/totals.parquet")).context("out/totals.parquet")?;
        ensure!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"), "out/totals.parquet is not whole");
        Ok(())
    }

    /// Whether journal and catalogue open and tell of a run.
    pub(super) fn opens(&self) -> anyhow::Result<()> {
        self.project.ends(0, &["history"])?;
        self.project.ends(0, &["show", "last"])?;
        Ok(())
    }

    /// Whether what readers see of datasets is whole, at any moment.
    pub(super) fn readers_see_whole_versions(&self) -> anyhow::Result<()> {
        let sum = self.project.read("out/sum.json");
        ensure!(sum.is_empty() != self.project.path("out/sum.json").exists(), "out/sum.json is empty");
        ensure!(sum.is_empty() || sum.trim().parse::<u64>().is_ok(), "out/sum.json holds {sum:?}");
        let rows = self.project.read("out/totals.csv");
        ensure!(
            rows.is_empty() || (rows.lines().count() == 3 && rows.ends_with('\n')),
            "out/totals.csv holds {rows:?}"
        );
        Ok(())
    }
}

/// The item whose step a label names: `charged[0]` is of the first. What is in no loop is of the first, or of none.
fn item_of(label: &str) -> u64 {
    let position = label.rsplit_once('[').and_then(|(_, rest)| rest.strip_suffix(']')?.parse::<u64>().ok());
    position.map_or(1, |position| position + 1)
}

#[cfg(test)]
mod tests {
    use super::{World, item_of};
    use std::path::Path;

    /// A world in which a first round has been done as it should be.
    fn done() -> World {
        let world = World::of_files(Path::new("flowc")).unwrap();
        let of_each = |line: fn(u64) -> String| (1..=4).map(|item| line(item) + "\n").collect::<String>();
        for (file, content) in [
            ("world/charge", of_each(|item| format!("1-{item}"))),
            ("world/ship", of_each(|item| format!("ship-1-{}", 2 * (item + 1)))),
            ("world/tell", "1-1\n".into()),
            ("world/book", "1-1\n".into()),
            ("world/register", "register-1-4\nregister-1-4\n".into()),
            ("world/close", "1-75\n".into()),
            ("out/sum.json", "75\n".into()),
            ("out/totals.csv", "region,total\nnorth,1.01775\nsouth,1.02\n".into()),
            ("out/totals.parquet", "PAR1PAR1".into()),
        ] {
            world.project.write(file, &content).unwrap();
        }
        world
    }

    #[test]
    fn what_is_missing_twice_or_under_another_key_is_found() {
        let world = done();
        world.verify(1).unwrap();
        assert!(world.is_untouched(1).is_err() && world.is_untouched(2).is_ok() && world.verify(2).is_err());
        for (file, content) in [
            ("world/charge", "1-1\n1-2\n1-3\n"),
            ("world/tell", "1-1\n1-1\n"),
            ("world/ship", "ship-1-4\nship-1-6\nship-1-8\n"),
            ("world/register", "register-1-4\nregister-1-5\n"),
            ("world/close", "1-76\n"),
            ("out/sum.json", "74\n"),
            ("out/totals.csv", "region,total\nnorth,1.01775\n"),
            ("out/totals.parquet", "PAR1 and no more"),
        ] {
            let world = done();
            world.project.write(file, content).unwrap();
            assert!(world.verify(1).is_err(), "{file} with {content:?} is not found wrong");
        }
    }

    #[test]
    fn labels_name_their_items() {
        assert_eq!((item_of("charged[3]"), item_of("told")), (4, 1));
    }
}
