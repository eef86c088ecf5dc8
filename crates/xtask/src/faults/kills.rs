//! SIGKILL at random moments of runs, of `resume`, `resolve` and `gc`, until each run has come to its end.
//!
//! After each kill the processes of steps are either killed too, as when the machine goes, or left to the next flowc
//! to end. What is in doubt is answered by what the world shows. Then everything must have happened as it was
//! promised: see [`super::world`].

use super::{
    Bench, Outcome,
    project::{Running, Said},
    random::Random,
    recovery,
    world::World,
};
use anyhow::{Context, bail, ensure};
use rustix::process::Signal;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

/// Commands that one round may take at most: more, and it does not come to an end.
const MOST_COMMANDS: usize = 60;

/// Kills in one round at most, so that it comes to its end.
const MOST_KILLS: usize = 6;

/// After so many rounds what is superfluous is thrown away.
const SWEEPS: u64 = 5;

/// How long that takes, more or less: kills fall within it.
const SWEEP_TAKES: Duration = Duration::from_millis(150);

struct Kills<'a> {
    world: &'a World,
    random: Random,
    /// How long a run takes that nobody kills.
    usual: Duration,
    phases: BTreeMap<String, usize>,
    killed: usize,
    doubts: usize,
}

/// How a command ended that may have been killed.
enum End {
    Killed,
    Ended(Said),
}

/// Kills until as many kills have landed as were asked for.
pub(super) fn run(bench: &Bench) -> anyhow::Result<Outcome> {
    let mut world = World::new(&bench.program)?;
    let mut kills = Kills {
        world: &world,
        random: Random::new(bench.seed, "kills"),
        usual: Duration::ZERO,
        phases: BTreeMap::new(),
        killed: 0,
        doubts: 0,
    };
    let begin = Instant::now();
    let mut round = 0;
    let held = loop {
        if kills.killed >= bench.kills {
            break Ok(());
        }
        round += 1;
        let done = kills.round(round).and_then(|()| if round % SWEEPS == 0 { kills.sweep() } else { Ok(()) });
        if let Err(error) = done {
            break Err(error.context(format!("round {round}, after {} kills", kills.killed)));
        }
    };
    let (killed, doubts, phases) = (kills.killed, kills.doubts, kills.phases);
    world.project.kept_after(held)?;
    let phases: Vec<String> = phases.iter().map(|(phase, times)| format!("{phase} {times}")).collect();
    Ok(Outcome::held(
        format!("{killed} kills in {round} runs, {} s", begin.elapsed().as_secs()),
        format!("each run came to its end; {doubts} doubts, answered by what the world showed"),
    )
    .with_details(format!("under way when it was killed: {}", phases.join(", "))))
}

impl Kills<'_> {
    /// One run from its beginning to its end, however often it is killed.
    fn round(&mut self, round: u64) -> anyhow::Result<()> {
        let begins = World::arguments(round);
        let begins: Vec<&str> = begins.iter().map(String::as_str).chain(["--format", "json"]).collect();
        let (mut run, mut kills_left) = (None, if round == 1 { 0 } else { MOST_KILLS });
        let mut before = recovery::newest(self.world)?;
        for _ in 0..MOST_COMMANDS {
            let resumes = ["resume", run.as_deref().unwrap_or_default(), "--format", "json"];
            let arguments = if run.is_some() { &resumes[..] } else { &begins };
            let started = Instant::now();
            let end = self.command(arguments, kills_left > 0)?;
            self.world.readers_see_whole_versions()?;
            let said = match end {
                End::Killed => {
                    kills_left -= 1;
                    if run.is_none() {
                        run = recovery::begun(self.world, round, before.as_deref())?;
                    }
                    continue;
                }
                End::Ended(said) => said,
            };
            said.is_sound()?;
            match (said.code, &run) {
                (Some(0), _) => {
                    if round == 1 {
                        self.usual = started.elapsed();
                    }
                    self.world.verify(round)?;
                    return self.world.opens();
                }
                (Some(5), Some(run)) => {
                    let left = self.world.project.leftovers();
                    ensure!(
                        left.is_empty(),
                        "what the killed run had started goes on while people are asked: {left:?}"
                    );
                    self.doubts += self.resolve(&run.clone(), round, &mut kills_left)?;
                }
                (Some(2), Some(_)) if said.err.contains(recovery::NOTHING_YET) => {
                    self.world.is_untouched(round).context("the journal of its run is empty")?;
                    before = run.take();
                }
                // The end was recorded, and only who waited for it was killed.
                (Some(2), Some(run)) if said.err.contains("it is over") => {
                    let shown = self.world.project.show(run)?;
                    ensure!(shown["run"]["end"]["status"] == "succeeded", "run {run} is over: {}", shown["run"]);
                    return self.world.verify(round);
                }
                _ => bail!("`flowc {}` was not to end so:\n{said}", arguments.join(" ")),
            }
        }
        bail!("not at its end after {MOST_COMMANDS} commands")
    }

    /// Throws away what is superfluous; who does so may be killed, too.
    fn sweep(&mut self) -> anyhow::Result<()> {
        let usual = std::mem::replace(&mut self.usual, SWEEP_TAKES);
        let end = self.command(&["gc", "--keep-runs", "3"], true);
        self.usual = usual;
        if let End::Ended(said) = end? {
            ensure!(said.code == Some(0), "`gc` was not to end so:\n{said}");
        }
        self.world.opens()
    }

    /// A command that is killed at some moment, or not.
    fn command(&mut self, arguments: &[&str], may_be_killed: bool) -> anyhow::Result<End> {
        let project = &self.world.project;
        let mut running = project.start(project.command(arguments))?;
        let usual = u64::try_from(self.usual.as_micros()).unwrap_or(u64::MAX);
        // What goes on takes less than a whole run; and some are to end by themselves.
        let within = [usual / 4, usual / 2, usual * 5 / 4][self.random.index(3)];
        let moment = Duration::from_micros(self.random.below(within));
        let begin = Instant::now();
        while !may_be_killed || begin.elapsed() < moment {
            if !running.is_running()? {
                break;
            }
            ensure!(begin.elapsed() < Duration::from_secs(120), "it hangs: {}", running.kill()?);
            std::thread::sleep(Duration::from_millis(1));
        }
        if !running.is_running()? {
            return Ok(End::Ended(running.wait(Duration::ZERO)?));
        }
        let said = self.kill(running)?;
        for phase in phases(&said.out, arguments[0]) {
            *self.phases.entry(phase).or_default() += 1;
        }
        Ok(End::Killed)
    }

    /// Kills a command; its steps too, or not.
    fn kill(&mut self, running: Running) -> anyhow::Result<Said> {
        running.signal(Signal::KILL);
        let said = running.kill()?;
        self.killed += 1;
        if self.random.coin() {
            self.world.project.kill_leftovers();
        }
        Ok(said)
    }

    /// Says what became of what is in doubt. Who says it may be killed, too.
    fn resolve(&mut self, run: &str, round: u64, kills_left: &mut usize) -> anyhow::Result<usize> {
        if *kills_left > 0 && self.random.below(4) == 0 {
            *kills_left -= 1;
            let project = &self.world.project;
            let shown = project.show(run)?;
            let path = shown["in_doubt"][0]["path"].as_str().unwrap_or_default();
            // Refused where the world shows that it was done: then it is said properly below.
            if shown["in_doubt"][0]["step"] == "main.charge" && self.world.happened(&shown["in_doubt"][0], round)? == 0
            {
                let arguments = ["resolve", run, path, "--again", "--as", "eve"];
                let running = project.start(project.command(&arguments))?;
                std::thread::sleep(Duration::from_millis(self.random.below(80)));
                self.kill(running)?;
                *self.phases.entry("`resolve`".into()).or_default() += 1;
            }
        }
        self.world.resolve(run, round)
    }
}

/// What was under way according to the events that were told: the kinds of bodies, waits, pauses.
fn phases(events: &str, command: &str) -> BTreeSet<String> {
    let mut under_way: BTreeMap<String, String> = BTreeMap::new();
    let mut begun = false;
    let mut over = false;
    for event in events.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let text = |field: &str| event[field].as_str().unwrap_or_default().to_owned();
        begun = true;
        match event["type"].as_str() {
            Some("node_started") => drop(under_way.insert(text("path"), kind(&text("label")).into())),
            Some("retrying") => drop(under_way.insert(text("path"), "a pause before a retry".into())),
            Some("waiting") => drop(under_way.insert(text("path"), "a wait".into())),
            Some("node_finished") => drop(under_way.remove(&text("path"))),
            Some("run_finished") => over = true,
            _ => {}
        }
    }
    match (begun, over, under_way.is_empty()) {
        (false, ..) => [format!("before `{command}` said anything")].into(),
        (_, true, _) => ["after the last step".into()].into(),
        (_, _, true) => ["between steps".into()].into(),
        _ => under_way.into_values().collect(),
    }
}

/// What kind of work a label of the program stands for.
fn kind(label: &str) -> &'static str {
    match label.split('[').next().unwrap_or_default() {
        "quoted" => "sh without effect",
        "charged" | "close" => "sh that writes",
        "shipped" => "sh with a key",
        "told" => "python",
        "booked" => "http",
        "registered" => "http with a key",
        "guessed" => "a model",
        "rows" => "sql",
        "orders" => "reading",
        label if label.starts_with("write ") => "publishing",
        _ => "others",
    }
}

#[cfg(test)]
mod tests {
    use super::phases;

    #[test]
    fn what_began_and_did_not_end_was_under_way() {
        let begun = r#"{"type":"run_started"}"#;
        let told = r#"{"type":"node_started","path":"3","label":"told"}"#;
        let rows = r#"{"type":"node_started","path":"4","label":"rows"}"#;
        let ended = r#"{"type":"node_finished","path":"3","label":"told"}"#;
        let of = |lines: &[&str]| phases(&lines.join("\n"), "run").into_iter().collect::<Vec<_>>();
        assert_eq!(of(&[]), ["before `run` said anything"]);
        assert_eq!(of(&[begun]), ["between steps"]);
        assert_eq!(of(&[begun, told, rows]), ["python", "sql"]);
        assert_eq!(of(&[begun, told, rows, ended]), ["sql"]);
        assert_eq!(of(&[begun, r#"{"type":"run_finished"}"#]), ["after the last step"]);
    }
}
