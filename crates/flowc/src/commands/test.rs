//! `flowc test`: runs the tests that stand in the program. Of the project nothing is read but its text and recordings of
//! models, and nothing is written but a recording that `--record` asks for.

use crate::{
    cli::Global,
    exit::{Exit, Failure, Outcome},
    programs,
    project::Project,
    report::{self, ProblemFormat},
    tests::{Ran, TestFormat, coverage, models::Mode, ready, real::Real, show, usage::counted},
    ui::Ui,
};
use clap::Args;
use flow_compiler::Compilation;
use flow_diag::{Problems, Severity};
use flow_plan::{Program, Test as Declared};
use flow_sim::{Coverage, TestReport, run_test};
use std::{path::PathBuf, sync::Arc, time::Instant};

/// Runs the tests of the program, in virtual time and on given data
#[derive(Debug, Args)]
pub(crate) struct Test {
    /// Only tests whose title or file holds one of these texts
    #[arg(value_name = "SEL")]
    wanted: Vec<String>,
    /// Really asks the models of the program, at the price that they have; what tests give for AI steps is not used
    #[arg(long)]
    live: bool,
    /// As --live, and keeps what models answer in a file, which is replaced whole, for `provider replay` [default:
    /// cassette.jsonl in the project]
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    record: Option<Option<PathBuf>>,
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
        let mode = self.mode(&project)?;
        let skipped: Vec<Option<String>> = match mode {
            Mode::Offline => vec![None; tests.len()],
            Mode::Live { .. } => tests.iter().map(|test| ready::skipped(test, &program)).collect(),
        };
        let real = self.ready(&project, &mode, &program, tests.iter().zip(&skipped))?;
        let mut ran = vec![];
        let mut reached = Coverage::default();
        for (test, skipped) in tests.iter().zip(skipped) {
            let began = now();
            let mut report = TestReport::default();
            if skipped.is_none() {
                real.begin();
                report = run_test(&program, test, &real);
            }
            reached.add(std::mem::take(&mut report.coverage));
            let path = compilation.sources.get(test.at.file).map_or("", |source| source.path.as_str());
            let (title, usage) = (test.title.clone(), real.take_usage());
            let result = Ran { title, path: path.to_owned(), report, took: began.elapsed(), skipped, usage };
            if self.format == TestFormat::Text {
                ui.out(&show::line(&result, ran.last(), ui))?;
            }
            ran.push(result);
        }
        match self.format {
            TestFormat::Text => ui.out(&show::summary(&ran, &mode, &compilation.sources, ui))?,
            TestFormat::Json => ui.out(&show::json(&ran, &mode, &compilation.sources))?,
            TestFormat::Junit => ui.out(&show::junit(&ran, &mode, &compilation.sources))?,
        }
        if let Mode::Live { record: Some(path) } = &mode {
            let answers = counted(real.finish_recording()? as u64, "answer");
            ui.say(&format!("recorded {answers} in {}", path.display()));
        }
        if self.coverage {
            let shown = coverage::text(&reached.of(&program), &compilation.sources, ui);
            // Documents stay documents.
            if self.format == TestFormat::Text { ui.out(&shown)? } else { ui.tell(&shown) }
        }
        let failed = ran.iter().any(Ran::failed);
        Ok(if failed { Exit::StepFailed } else { Exit::Done })
    }

    /// Whom the tests may ask.
    fn mode(&self, project: &Project) -> Result<Mode, Failure> {
        let record = match &self.record {
            None if self.live => return Ok(Mode::Live { record: None }),
            None => return Ok(Mode::Offline),
            Some(None) => project.root.join("cassette.jsonl"),
            // A path on the command line is meant from where it is given.
            Some(Some(path)) => std::path::absolute(path).map_err(|error| Failure::environment(error.to_string()))?,
        };
        Ok(Mode::Live { record: Some(record) })
    }

    /// What runs the tests, after a look at what they need.
    fn ready<'t>(
        &self,
        project: &Project,
        mode: &Mode,
        program: &Program,
        tests: impl Iterator<Item = (&'t &'t Declared, &'t Option<String>)>,
    ) -> Result<Real, Failure> {
        let run: Vec<&Declared> = tests.filter(|(_, skipped)| skipped.is_none()).map(|(test, _)| *test).collect();
        if matches!(mode, Mode::Live { record: Some(_) }) {
            let parts: Vec<Program> = run.iter().flat_map(|test| flow_sim::parts(program, test)).collect();
            ready::recordable(parts.iter())?;
        }
        let real = Real::new(project, mode)?;
        if *mode != Mode::Offline {
            ready::keys(program, run.into_iter(), &real)?;
        }
        Ok(real)
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
