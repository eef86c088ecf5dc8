//! Problems in the format that was asked for, where it belongs: text for people on standard error,
//! documents for tools on standard output.

use crate::{
    exit::{Exit, Failure},
    ui::{Style, Ui, paint},
};
use clap::ValueEnum;
use flow_diag::{
    Problem, Problems, Severity, Sources,
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

/// Most problems that are shown to people without `--verbose`: nobody reads more before changing something.
const MOST_SHOWN: usize = 100;

/// Shows problems; the exit code that they ask for.
pub(crate) fn show(ui: &Ui, format: ProblemFormat, problems: &Problems, sources: &Sources) -> Result<Exit, Failure> {
    match format {
        ProblemFormat::Text => {
            let shown = if ui.verbose { problems.clone() } else { foremost(problems, MOST_SHOWN) };
            if !shown.is_empty() {
                ui.tell(&render::text(&shown, sources, ui.color_err));
            }
            let hidden = problems.0.len() - shown.0.len();
            if hidden > 0 {
                ui.say(&format!("… and {hidden} more: --verbose shows all"));
            }
        }
        ProblemFormat::Json => ui.out(&render::json(problems, sources))?,
        ProblemFormat::Sarif => ui.out(&render::sarif(problems, sources, env!("CARGO_PKG_VERSION")))?,
        ProblemFormat::Github => ui.out(&render::github(problems, sources))?,
    }
    Ok(if problems.has_errors() { Exit::Wrong } else { Exit::Done })
}

/// As many problems as may be shown, errors before warnings, in the order in which they were.
pub(crate) fn foremost(problems: &Problems, most: usize) -> Problems {
    if problems.0.len() <= most {
        return problems.clone();
    }
    let errors = problems.0.iter().filter(|problem| problem.severity == Severity::Error).count();
    let (mut errors, mut others) = (errors.min(most), most.saturating_sub(errors));
    let mut has_room = |problem: &&Problem| {
        let room = if problem.severity == Severity::Error { &mut errors } else { &mut others };
        let fits = *room > 0;
        *room -= usize::from(fits);
        fits
    };
    Problems(problems.0.iter().filter(|problem| has_room(problem)).cloned().collect())
}

/// The line below the problems: `3 errors, 1 warning`.
pub(crate) fn summary(ui: &Ui, problems: &Problems) -> String {
    let counts = Counts::of(problems);
    let style = match counts {
        Counts { errors: 0, warnings: 0 } => Style::Good,
        Counts { errors: 0, .. } => Style::Warn,
        _ => Style::Bad,
    };
    let first = problems.0.iter().min_by_key(|problem| problem.severity != Severity::Error);
    let page = first.map(|problem| format!(" · `flowc explain {}` says more", problem.code));
    format!("{}{}", paint(ui.color_err, style, &counts.to_string()), page.unwrap_or_default())
}
