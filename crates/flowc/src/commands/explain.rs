//! `flowc explain E0203`: the page of a code. `flowc explain daily`: what a flow, a step or a dataset is and does.

use crate::{
    cli::{Format, Global},
    commands::status::facts_of,
    exit::{Exit, Failure, Outcome},
    markdown,
    moment::now,
    project::Project,
    ui::{Style, Ui, environment, paint},
};
use clap::Args;
use flow_control::explain::explain;
use flow_diag::Code;

/// Explains an error code, or what a flow, a step or a dataset is and does
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The code, such as E0203, or the name of a flow, a step or a dataset; without one, all codes are listed
    what: Option<String>,
    /// text, or json for tools
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

impl Explain {
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        let Some(wanted) = &self.what else { return self.list(ui) };
        if !is_like_a_code(wanted.trim()) {
            return self.named(wanted.trim(), global, ui);
        }
        let Some(code) = Code::find(wanted.trim()) else {
            let known = Code::all().iter().map(|(code, _)| code.as_str());
            let failure = Failure::wrong(format!("there is no code `{wanted}`"));
            return Err(failure.nearest(&wanted.to_uppercase(), known).hint("`flowc explain` lists all codes"));
        };
        match self.format {
            Format::Json => {
                let page = serde_json::json!({ "code": code, "title": code.title(), "page": code.page() });
                ui.out(&format!("{page:#}\n"))?;
            }
            Format::Text => ui.out(&markdown::render(code.page(), width(), ui.color_out))?,
        }
        Ok(Exit::Done)
    }

    /// What the project calls so.
    fn named(&self, wanted: &str, global: &Global, ui: &Ui) -> Outcome {
        let project = Project::find(global)?;
        let Some((program, facts)) = facts_of(&project, global, ui)? else { return Ok(Exit::Wrong) };
        let found = explain(&program, &facts, wanted, now().as_millisecond()).map_err(|unclear| {
            let failure = Failure::wrong(unclear.to_string()).nearest(wanted, unclear.known.iter().map(String::as_str));
            failure.hint("`flowc explain` alone lists the codes of errors")
        })?;
        match self.format {
            Format::Json => ui.out(&format!("{:#}\n", serde_json::json!({ "format": 1, "explained": found })))?,
            Format::Text => {
                let lines = found.sentences.iter().chain(&found.now);
                ui.out(&lines.map(|line| markdown::render(line, width(), ui.color_out)).collect::<String>())?;
            }
        }
        Ok(Exit::Done)
    }

    fn list(&self, ui: &Ui) -> Outcome {
        if self.format == Format::Json {
            let codes = Code::all().iter().map(|(code, _)| serde_json::json!({ "code": code, "title": code.title() }));
            ui.out(&format!("{:#}\n", serde_json::Value::from_iter(codes)))?;
            return Ok(Exit::Done);
        }
        let lines = Code::all().iter().map(|(code, _)| {
            format!("{}  {}\n", paint(ui.color_out, Style::Bold, code.as_str()), code.title().replace('`', ""))
        });
        ui.out(&lines.collect::<String>())?;
        Ok(Exit::Done)
    }
}

/// A letter and digits, as codes are written: `E0203`, `w03`.
fn is_like_a_code(text: &str) -> bool {
    let mut letters = text.chars();
    let first = letters.next().is_some_and(|letter| "EWRewr".contains(letter));
    first && letters.clone().next().is_some() && letters.all(|letter| letter.is_ascii_digit())
}

/// The terminal's width as the shell tells it, within what reads well.
fn width() -> usize {
    environment("COLUMNS").and_then(|columns| columns.parse().ok()).unwrap_or(96).clamp(40, 96)
}
