//! What people do after a fault, until a round has come to its end: resume, say what became of steps, retry, run.
//!
//! Knows no fault: it looks at what is there. Tested by what uses it.

use super::world::World;
use anyhow::{Context, bail, ensure};
use serde_json::Value;

/// Commands that it may take at most: more, and the round does not come to an end.
const MOST_COMMANDS: usize = 30;

/// What `flowc resume` says of a run that was cut off before its first event was durable.
pub(super) const NOTHING_YET: &str = "cut off before anything was written down";

/// How the end of a round was reached.
#[derive(Default)]
pub(super) struct Way {
    pub(super) resumed: usize,
    pub(super) doubts: usize,
    pub(super) retried: usize,
    pub(super) anew: usize,
}

/// The newest run that the journal knows.
pub(super) fn newest(world: &World) -> anyhow::Result<Option<String>> {
    let said = world.project.ends(0, &["history", "--format", "json"])?;
    let listed: Value = serde_json::from_str(&said.out).with_context(|| said.to_string())?;
    Ok(listed["runs"][0]["run"].as_str().map(str::to_owned))
}

/// The run of a round, if it has begun as far as the journal knows; else nothing may have happened.
pub(super) fn begun(world: &World, round: u64, before: Option<&str>) -> anyhow::Result<Option<String>> {
    let newest = newest(world)?.filter(|run| Some(&**run) != before);
    if newest.is_none() {
        world.is_untouched(round).context("the journal knows no run of it")?;
    }
    Ok(newest)
}

/// Brings a round to its end, whose run may have ended, been cut off, or not have begun, and holds it to what was
/// promised. `before` is the newest run before it.
pub(super) fn to_the_end(world: &World, round: u64, before: Option<&str>) -> anyhow::Result<Way> {
    let (mut way, mut before) = (Way::default(), before.map(str::to_owned));
    for _ in 0..MOST_COMMANDS {
        let run = begun(world, round, before.as_deref())?;
        let said = match &run {
            None => {
                way.anew += 1;
                let arguments = World::arguments(round);
                world.project.flowc(&arguments.each_ref().map(String::as_str))?
            }
            Some(run) => {
                let shown = world.project.show(run)?;
                match shown["run"]["end"]["status"].as_str() {
                    Some("succeeded") => {
                        world.verify(round)?;
                        world.opens()?;
                        return Ok(way);
                    }
                    Some(_) => {
                        way.retried += 1;
                        world.project.flowc(&["retry", run])?
                    }
                    None => {
                        way.resumed += 1;
                        world.project.flowc(&["resume", run])?
                    }
                }
            }
        };
        said.is_sound()?;
        match (said.code, &run) {
            (Some(0), _) => {}
            (Some(5), Some(run)) => {
                let doubts = world.resolve(run, round)?;
                ensure!(doubts > 0, "it asks what became of steps, and shows none:\n{said}");
                way.doubts += doubts;
            }
            (Some(2), Some(_)) if said.err.contains(NOTHING_YET) => {
                world.is_untouched(round).context("the journal of its run is empty")?;
                before = run;
            }
            _ => bail!("without a fault it was not to end so:\n{said}"),
        }
    }
    bail!("not at its end after {MOST_COMMANDS} commands")
}

impl std::ops::AddAssign for Way {
    fn add_assign(&mut self, other: Self) {
        self.resumed += other.resumed;
        self.doubts += other.doubts;
        self.retried += other.retried;
        self.anew += other.anew;
    }
}

impl std::fmt::Display for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { resumed, doubts, retried, anew } = self;
        write!(f, "to their end by {resumed} resumes, {retried} retries, {anew} new runs, {doubts} answers")
    }
}
