//! `flowc test`: runs the tests that stand in the program. Nothing of the project is read or written but its text.

use crate::{
    cli::Global,
    exit::{Exit, Failure, Outcome},
    programs,
    project::Project,
    report::{self, ProblemFormat},
    tests::{Ran, TestFormat, coverage, real::Real, show},
    ui::Ui,
};
use clap::Args;
use flow_compiler::Compilation;
use flow_diag::{Problems, Severity};
use flow_plan::Test as Declared;
use flow_sim::{Coverage, run_test};
use std::{sync::Arc, time::Instant};

/// Runs the tests of the program, in virtual time and on given data
#[derive(Debug, Args)]
pub(crate) struct Test {
    /// Only tests whose title or file holds one of these texts
    #[arg(value_name = "SEL")]
    wanted: Vec<String>,
    /// text, junit or json
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: TestFormat,
    /// Shows the guards, retries, fallbacks and branches that no test has reached
    #[arg(long)]
    coverage: bool,
}

impl Test {
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        let project = Project::find(global)?;
        let compilation = programs::compiled(&project, global);
        if compilation.problems.has_errors() {
            let errors = compilation.problems.0.iter().filter(|problem| problem.severity == Severity::Error);
            let errors = Problems(errors.cloned().collect());
            report::show(ui, ProblemFormat::Text, &errors, &compilation.sources)?;
            ui.say(&report::summary(ui, &errors));
            return Ok(Exit::Wrong);
        }
        let tests = self.selected(&compilation)?;
        let program = Arc::new(compilation.program.clone());
        let real = Real::new(&project)?;
        let mut ran = vec![];
        let mut reached = Coverage::default();
        for test in &tests {
            let began = now();
            let mut report = run_test(&program, test, &real);
            reached.add(std::mem::take(&mut report.coverage));
            let path = compilation.sources.get(test.at.file).map_or("", |source| source.path.as_str());
            let result = Ran { title: test.title.clone(), path: path.to_owned(), report, took: began.elapsed() };
            if self.format == TestFormat::Text {
                ui.out(&show::line(&result, ran.last(), ui))?;
            }
            ran.push(result);
        }
        match self.format {
            TestFormat::Text => ui.out(&show::summary(&ran, &compilation.sources, ui))?,
            TestFormat::Json => ui.out(&show::json(&ran, &compilation.sources))?,
            TestFormat::Junit => ui.out(&show::junit(&ran, &compilation.sources))?,
        }
        if self.coverage {
            let shown = coverage::text(&reached.of(&program), &compilation.sources, ui);
            // Documents stay documents.
            if self.format == TestFormat::Text { ui.out(&shown)? } else { ui.tell(&shown) }
        }
        let failed = ran.iter().any(|result| !result.report.problems.is_empty());
        Ok(if failed { Exit::StepFailed } else { Exit::Done })
    }

    fn selected<'c>(&self, compilation: &'c Compilation) -> Result<Vec<&'c Declared>, Failure> {
        let path = |test: &Declared| compilation.sources.get(test.at.file).map(|source| source.path.clone());
        let own =
            compilation.program.tests.iter().filter(|test| path(test).is_some_and(|path| !path.starts_with("std/")));
        let is_wanted = |test: &&Declared| {
            let path = path(test).unwrap_or_default();
            self.wanted.is_empty() || self.wanted.iter().any(|text| test.title.contains(text) || path.contains(text))
        };
        let found: Vec<&Declared> = own.clone().filter(is_wanted).collect();
        if found.is_empty() && !self.wanted.is_empty() {
            let failure = Failure::wrong(format!("no test is called so: {}", self.wanted.join(", ")));
            let known: Vec<&str> = own.map(|test| &*test.title).collect();
            return Err(failure.nearest(&self.wanted[0], known.into_iter()));
        }
        Ok(found)
    }
}

#[expect(clippy::disallowed_methods, reason = "flowc is the rim at which time is taken")]
fn now() -> Instant {
    Instant::now()
}
