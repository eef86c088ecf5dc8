//! `flowc resolve RUN STEP --done|--again`: what became of a step in which a run was cut off.

use crate::{
    arguments::suggested,
    cli::Global,
    commands::doubts,
    engine,
    exit::{Exit, Failure, Outcome},
    project::Project,
    ui::Ui,
};
use clap::Args;
use flow_engine::{DoubtSays, Options};
use std::sync::Arc;

/// Says what became of a step in which a run was cut off: done, or to be done again
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("says").required(true))]
pub(crate) struct Resolve {
    /// The run's id, a part of it that is its alone, or `last`
    run: String,
    /// The step, by its label or its path
    step: String,
    /// It took effect
    #[arg(long, group = "says")]
    done: bool,
    /// Make it again: it did not take effect, or may do so twice
    #[arg(long, group = "says", conflicts_with = "with")]
    again: bool,
    /// Its result, as JSON or as the plain text of a simple value, where the step gives one
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    with: Option<String>,
    /// Who says so [default: the user who is logged in]
    #[arg(long = "as", value_name = "NAME")]
    by: Option<String>,
}

impl Resolve {
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        let by = who(self.by.as_deref())?;
        let project = Project::find(global)?;
        let engine = engine::of(&project, Options::default());
        let run = engine.show(&self.run).map_err(|error| engine::failure(&error))?.run.run;
        let plan = engine::plan_of_run(&project, &run)?
            .ok_or_else(|| Failure::environment(format!("the plan of run {run} is gone")))?;
        let says = if self.again { DoubtSays::Again } else { DoubtSays::Done(self.with.clone()) };
        let row = engine.resolve(&run, &self.step, &plan, (by, says)).map_err(|error| engine::failure(&error))?;
        if let Some(said) = &row.said {
            ui.tell(&format!("{} of run {run}: {}", row.doubt.label, doubts::said(said)));
        }
        let left = engine.doubts(&run, &plan).map_err(|error| engine::failure(&error))?;
        let left: Vec<_> = left.iter().filter(|row| row.said.is_none()).collect();
        if left.is_empty() {
            ui.tell(&format!("{} goes on with it", suggested(&format!("resume {run}"))));
        }
        for row in left {
            ui.tell(&format!("{} is still in doubt:", row.doubt.label));
            doubts::ways_out(&run, &row.doubt, Some(&plan)).iter().for_each(|way| ui.tell(&format!("  {way}")));
        }
        Ok(Exit::Done)
    }
}

/// The name that is recorded with what somebody says.
#[expect(clippy::disallowed_methods, reason = "flowc is the rim at which the environment is read")]
pub(crate) fn who(named: Option<&str>) -> Result<Arc<str>, Failure> {
    let given = named.map(ToOwned::to_owned);
    let named = given.or_else(|| ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok()));
    match named.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()) {
        Some(name) => Ok(name.into()),
        None => Err(Failure::wrong("it is not known who says so: say it with `--as NAME`")),
    }
}
