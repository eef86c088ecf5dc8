//! `flowc explain E0203`: the page of a code.

use crate::{
    cli::Format,
    exit::{Exit, Failure, Outcome},
    markdown,
    ui::{Style, Ui, environment, paint},
};
use clap::Args;
use flow_diag::Code;

/// Shows what an error code means, with an example and how to mend it
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The code, such as E0203; without one, all codes are listed
    code: Option<String>,
    /// text, or json for tools
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

impl Explain {
    pub(crate) fn run(&self, ui: &Ui) -> Outcome {
        let Some(wanted) = &self.code else { return self.list(ui) };
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

/// The terminal's width as the shell tells it, within what reads well.
fn width() -> usize {
    environment("COLUMNS").and_then(|columns| columns.parse().ok()).unwrap_or(96).clamp(40, 96)
}
