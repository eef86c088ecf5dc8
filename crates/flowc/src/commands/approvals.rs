//! `flowc approvals [RUN [STEP]]`: what waits for a person, and what that person is shown.

use crate::{
    arguments::{quoted, suggested},
    cli::{Format, Global},
    columns::{Cell, columns},
    engine,
    exit::{Exit, Outcome},
    live::words,
    moment::moment,
    project::Project,
    ui::{Style, Ui, paint},
};
use clap::Args;
use flow_diag::render::clean;
use flow_engine::{OpenQuestion, Options};

/// Lists what waits for a person; with a run, shows all that is asked
#[derive(Debug, Args)]
pub(crate) struct Approvals {
    /// Only of this run, in full: its id, a part of it that is its alone, or `last`
    run: Option<String>,
    /// Only of this step
    #[arg(requires = "run")]
    step: Option<String>,
    /// text, or json for tools
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

impl Approvals {
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        let project = Project::find(global)?;
        let engine = engine::of(&project, Options::default());
        let mut open = engine.open_questions().map_err(|error| engine::failure(&error))?;
        if let (Some(run), Some(step)) = (&self.run, &self.step) {
            open = vec![engine.open_question(run, step).map_err(|error| engine::failure(&error))?];
        } else if let Some(run) = &self.run {
            let run = engine.show(run).map_err(|error| engine::failure(&error))?.run.run;
            open.retain(|open| open.row.run == run);
        }
        match self.format {
            Format::Json => ui.out(&format!("{:#}\n", serde_json::json!({ "format": 1, "approvals": open })))?,
            Format::Text if open.is_empty() => ui.tell("nothing waits for a person"),
            Format::Text if self.run.is_some() => {
                for one in &open {
                    ui.out(&whole(one, ui.color_out))?;
                }
            }
            Format::Text => ui.out(&list(&open, ui.color_out))?,
        }
        Ok(Exit::Done)
    }
}

/// One line for each question, and how to see all of it.
fn list(open: &[OpenQuestion], color: bool) -> String {
    let head = ["run", "step", "who", "since", "until", "message"];
    let mut rows = vec![head.iter().map(|text| Cell::styled(*text, Style::Dim)).collect::<Vec<_>>()];
    for one in open {
        let question = &one.row.question;
        let message = question.message.lines().next().unwrap_or_default();
        rows.push(vec![
            Cell::new(&*one.row.run),
            Cell::styled(&*question.label, Style::Bold),
            Cell::new(clean(&question.who).into_owned()),
            Cell::new(moment(question.since)),
            Cell::new(until(one)),
            Cell::new(clean(message).into_owned()),
        ]);
    }
    columns(&rows, color)
}

/// Until when it waits, or why it does not.
fn until(one: &OpenQuestion) -> String {
    match (&one.row.answer, one.waits) {
        (Some((_, answer)), _) => words::answered(answer),
        (None, true) => moment(one.row.question.until),
        (None, false) => "its run was cut off".into(),
    }
}

/// All that is shown of a question.
pub(crate) fn whole(one: &OpenQuestion, color: bool) -> String {
    let (run, question) = (&one.row.run, &one.row.question);
    let label = paint(color, Style::Bold, &question.label);
    let mut out = format!("{label} in run {run} of {}\n", one.row.flow);
    let mut rows = vec![];
    let mut lines = |heading: &str, text: &str| {
        for (index, line) in text.lines().enumerate() {
            let heading = if index == 0 { format!("  {heading}") } else { String::new() };
            rows.push(vec![Cell::styled(heading, Style::Dim), Cell::new(clean(line).into_owned())]);
        }
    };
    lines("who", &question.who);
    lines("asked", &question.message);
    for (name, value) in &question.arguments {
        lines(name, value);
    }
    if let Some(draft) = &question.draft {
        lines("result", &draft.value);
        lines("guard", &format!("{} does not hold", draft.guard));
    }
    lines("since", &moment(question.since));
    lines("until", &until(one));
    lines("digest", &question.digest);
    out.push_str(&columns(&rows, color));
    let label = quoted(&question.label);
    let seen = question.digest.get(..12).unwrap_or_default();
    let yes = |with: &str| suggested(&format!("approve {run} {label} --digest {seen}{with}"));
    match question.choices.is_empty() {
        true => out.push_str(&format!("\n  {}\n", yes(""))),
        false => {
            out.push('\n');
            question.choices.iter().for_each(|word| out.push_str(&format!("  {}\n", yes(&format!(" --with {word}")))));
        }
    }
    let no = suggested(&format!("reject {run} {label} --digest {seen} --note \"…\""));
    out.push_str(&format!("  {no}\n\n"));
    out
}
