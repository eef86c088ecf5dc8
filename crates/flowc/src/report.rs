//! Problems in the format that was asked for, where it belongs: text for people on standard error,
//! documents for tools on standard output.

use crate::{
    exit::{Exit, Failure},
    ui::{Style, Ui, paint},
};
use clap::ValueEnum;
use flow_diag::{
    Problems, Sources,
    render::{self, Counts},
};

/// `--format` of commands that report problems.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProblemFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON document.
    Json,
    /// SARIF 2.1.0, for code scanners.
    Sarif,
    /// Annotations of GitHub workflows.
    Github,
}

/// Shows problems; the exit code that they ask for.
pub(crate) fn show(ui: &Ui, format: ProblemFormat, problems: &Problems, sources: &Sources) -> Result<Exit, Failure> {
    match format {
        ProblemFormat::Text => {
            if !problems.is_empty() {
                ui.tell(&render::text(problems, sources, ui.color_err));
            }
        }
        ProblemFormat::Json => ui.out(&render::json(problems, sources))?,
        ProblemFormat::Sarif => ui.out(&render::sarif(problems, sources, env!("CARGO_PKG_VERSION")))?,
        ProblemFormat::Github => ui.out(&render::github(problems, sources))?,
    }
    Ok(if problems.has_errors() { Exit::Wrong } else { Exit::Done })
}

/// The line below the problems: `3 errors, 1 warning`.
pub(crate) fn summary(ui: &Ui, problems: &Problems) -> String {
    let counts = Counts::of(problems);
    let style = match counts {
        Counts { errors: 0, warnings: 0 } => Style::Good,
        Counts { errors: 0, .. } => Style::Warn,
        _ => Style::Bad,
    };
    let page = problems.0.first().map(|problem| format!(" · `flowc explain {}` says more", problem.code));
    format!("{}{}", paint(ui.color_err, style, &counts.to_string()), page.unwrap_or_default())
}
