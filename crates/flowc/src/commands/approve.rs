//! `flowc approve RUN STEP` and `flowc reject RUN STEP`: a person's answer to a question of a run.

use crate::{
    cli::Global,
    commands::resolve::who,
    engine,
    exit::{Exit, Failure, Outcome},
    project::Project,
    ui::Ui,
};
use clap::Args;
use flow_engine::{Options, Reply, Says};
use std::sync::Arc;

/// Answers a step that waits for a person with yes, or with a value
#[derive(Debug, Args)]
pub(crate) struct Approve {
    #[command(flatten)]
    answer: Answering,
    /// One of the words to choose from, or another result than the one that is shown
    #[arg(long, value_name = "VALUE")]
    with: Option<String>,
}

/// Answers a step that waits for a person with no
#[derive(Debug, Args)]
pub(crate) struct Reject {
    #[command(flatten)]
    answer: Answering,
}

/// What both answers take.
#[derive(Debug, Args)]
struct Answering {
    /// The run's id, a part of it that is its alone, or `last`
    run: String,
    /// The step, by its label
    step: String,
    /// What is recorded with the answer
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Who answers [default: the user who is logged in]
    #[arg(long = "as", value_name = "NAME")]
    by: Option<String>,
    /// The beginning of the digest that was seen: if what is asked has changed since, nothing is answered
    #[arg(long, value_name = "DIGEST")]
    digest: Option<String>,
}

impl Approve {
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        let says = self.with.as_deref().map_or(Says::Approved, |value| Says::Gives(value.into()));
        self.answer.send(says, global, ui)
    }
}

impl Reject {
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        self.answer.send(Says::Rejected, global, ui)
    }
}

impl Answering {
    fn send(&self, says: Says, global: &Global, ui: &Ui) -> Outcome {
        let by = who(self.by.as_deref())?;
        let project = Project::find(global)?;
        let engine = engine::of(&project, Options::default());
        let open = engine.open_question(&self.run, &self.step).map_err(|error| engine::failure(&error))?;
        let plan = engine::plan_of_run(&project, &open.row.run)?
            .ok_or_else(|| Failure::environment(format!("the plan of run {} is gone", open.row.run)))?;
        let word = match &says {
            Says::Approved => "approved",
            Says::Gives(_) => "answered",
            Says::Rejected => "rejected",
        };
        let text = |text: &String| Arc::from(text.as_str());
        let reply = Reply { by, says, note: self.note.as_ref().map(text), digest: self.digest.as_ref().map(text) };
        engine.answer(&open, reply, &plan).map_err(|error| engine::failure(&error))?;
        ui.tell(&format!("{word} {} of run {}", open.row.question.label, open.row.run));
        if !open.waits {
            ui.tell(&format!("the run was cut off while it waited: flowc resume {} goes on with it", open.row.run));
        }
        Ok(Exit::Done)
    }
}
