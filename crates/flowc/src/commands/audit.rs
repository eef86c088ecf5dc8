//! `flowc audit`: what somebody reads who answers for what a program does with data. For now its labels: every place that
//! takes one off, and everyone who accepts one.

use crate::{
    cli::{Format, Global},
    columns::{Cell, columns},
    exit::{Exit, Failure, Outcome},
    programs,
    project::Project,
    report::{self, ProblemFormat},
    ui::{Style, Ui, paint},
};
use clap::{Args, Subcommand};
use flow_compiler::{
    Compilation,
    labels::audit::{self, Accepts, How, Removal},
};
use flow_diag::{Encoding, FileId, LineIndex, Problems, Severity, Sources, Span, render::clean};
use flow_expr::Name;
use serde_json::{Value as Json, json};
use std::{cell::RefCell, collections::HashMap};

/// Lists what a reviewer of the program must have seen
#[derive(Debug, Args)]
pub(crate) struct Audit {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Every place that takes a label off, and everyone who accepts one
    Labels {
        /// text, or json for tools
        #[arg(long, value_name = "FORMAT", default_value = "text")]
        format: Format,
    },
}

impl Audit {
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        let What::Labels { format } = &self.what;
        let project = Project::find(global)?;
        let compilation = programs::compiled(&project, global);
        // Where labelled data goes and may not is an error of its own; all others leave parts of the program out.
        let is_broken = |severity, code: &str| severity == Severity::Error && !code.starts_with("E06");
        let found = compilation.problems.0.iter();
        let broken = found.filter(|problem| is_broken(problem.severity, problem.code.as_str())).cloned();
        let broken = Problems(broken.collect());
        if !broken.is_empty() {
            report::show(ui, ProblemFormat::Text, &broken, &compilation.sources)?;
            ui.say(&report::summary(ui, &broken));
            return Ok(Exit::Wrong);
        }
        let mut found = audit::audit(&compilation.program, &compilation.queries, &compilation.places.annotations);
        found.removals.retain(|removal| is_of_project(&compilation, removal.at));
        match format {
            Format::Json => {
                let places = Places::of(&compilation.sources);
                let removals: Vec<Json> = found.removals.iter().map(|removal| places.removal_json(removal)).collect();
                let accepts: Vec<Json> = found.accepts.iter().map(|accepts| places.accepts_json(accepts)).collect();
                ui.out(&format!("{:#}\n", json!({ "format": 1, "removals": removals, "accepts": accepts })))?;
            }
            Format::Text => text(&found, &compilation, ui)?,
        }
        Ok(Exit::Done)
    }
}

fn is_of_project(compilation: &Compilation, at: Span) -> bool {
    compilation.sources.get(at.file).is_some_and(|source| !source.path.starts_with("std/"))
}

fn text(found: &audit::Audit, compilation: &Compilation, ui: &Ui) -> Result<(), Failure> {
    let places = Places::of(&compilation.sources);
    let is_brought = |accepts: &Accepts| {
        compilation.program.datasets.get(&accepts.name).is_some_and(|dataset| dataset.writer.is_none())
    };
    if found.removals.is_empty() && found.accepts.is_empty() {
        ui.say("nothing in this program takes a label off or accepts one");
        return Ok(());
    }
    let title = |text: &str| format!("{}\n", paint(ui.color_out, Style::Bold, text));
    if !found.removals.is_empty() {
        let lines: Vec<Vec<Cell>> = found.removals.iter().map(|removal| places.removal(removal)).collect();
        ui.out(&format!("{}{}", title("labels come off"), columns(&lines, ui.color_out)))?;
    }
    if !found.accepts.is_empty() {
        let between = if found.removals.is_empty() { "" } else { "\n" };
        let lines: Vec<Vec<Cell>> = found.accepts.iter().map(|it| places.accepts(it, is_brought(it))).collect();
        ui.out(&format!("{between}{}{}", title("labels are accepted"), columns(&lines, ui.color_out)))?;
    }
    Ok(())
}

/// `@pii @health`; a dash for none.
fn labels(names: &[Name]) -> String {
    match names {
        [] => "-".to_owned(),
        names => names.iter().map(|name| format!("@{}", name.short())).collect::<Vec<_>>().join(" "),
    }
}

/// The texts, and where their lines begin, once that is asked for.
struct Places<'a> {
    sources: &'a Sources,
    lines: RefCell<HashMap<FileId, LineIndex>>,
}

impl<'a> Places<'a> {
    fn of(sources: &'a Sources) -> Self {
        Self { sources, lines: RefCell::default() }
    }

    /// Where something is: path, line and column, counted from 1.
    fn place(&self, at: Span) -> Option<(&str, u32, u32)> {
        let source = self.sources.get(at.file)?;
        let mut lines = self.lines.borrow_mut();
        let lines = lines.entry(at.file).or_insert_with(|| LineIndex::new(&source.text));
        let found = lines.position(&source.text, at.start, Encoding::Characters);
        Some((&source.path, found.line, found.column))
    }

    fn words(&self, at: Span) -> String {
        self.place(at).map(|(path, line, column)| format!("{path}:{line}:{column}")).unwrap_or_default()
    }

    /// What stands there, in one line.
    fn code(&self, at: Span) -> String {
        let source = self.sources.get(at.file);
        let text = source.and_then(|source| source.text.get(at.start as usize..at.end as usize)).unwrap_or_default();
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let shown: String = line.chars().take(60).collect();
        let cut = if shown.len() < line.len() { "…" } else { "" };
        clean(&format!("{shown}{cut}")).into_owned()
    }

    fn removal(&self, removal: &Removal) -> Vec<Cell> {
        let because = match &removal.how {
            How::Declassify(because) => clean(because).into_owned(),
            _ => String::new(),
        };
        vec![
            Cell::new(format!("  {}", self.words(removal.at))),
            Cell::styled(labels(&removal.labels), Style::Bold),
            Cell::new(removal.how.word()),
            Cell::new(self.code(removal.at)),
            Cell::styled(because, Style::Warn),
        ]
    }

    fn accepts(&self, accepts: &Accepts, is_brought: bool) -> Vec<Cell> {
        let arrives = match &accepts.arrives[..] {
            [] if is_brought => "others bring it".to_owned(),
            [] => "nothing labelled arrives".to_owned(),
            [one] => format!("from {}", self.words(*one)),
            [one, rest @ ..] => format!("from {} and {} more", self.words(*one), rest.len()),
        };
        vec![
            Cell::new(format!("  {}", self.words(accepts.at))),
            Cell::styled(labels(std::slice::from_ref(&accepts.label)), Style::Bold),
            Cell::new(format!("{} {}", accepts.kind.word(), accepts.name.short())),
            Cell::styled(arrives, Style::Dim),
        ]
    }

    fn place_json(&self, at: Span) -> Json {
        match self.place(at) {
            Some((path, line, column)) => json!({ "path": path, "line": line, "column": column }),
            None => Json::Null,
        }
    }

    fn removal_json(&self, removal: &Removal) -> Json {
        let because = match &removal.how {
            How::Declassify(because) => Some(because),
            _ => None,
        };
        json!({
            "at": self.place_json(removal.at),
            "labels": removal.labels.iter().map(Name::as_str).collect::<Vec<_>>(),
            "how": removal.how.word(),
            "because": because,
            "code": self.code(removal.at),
        })
    }

    fn accepts_json(&self, accepts: &Accepts) -> Json {
        json!({
            "at": self.place_json(accepts.at),
            "label": accepts.label.as_str(),
            "kind": accepts.kind.word(),
            "name": accepts.name.as_str(),
            "arrives": accepts.arrives.iter().map(|at| self.place_json(*at)).collect::<Vec<_>>(),
        })
    }
}
