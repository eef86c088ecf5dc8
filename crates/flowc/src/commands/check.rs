//! `flowc check`: is the program right? Runs nothing, writes nothing but with `--fix`.

use crate::{
    cli::{Global, Supposed},
    exit::{Exit, Failure, Outcome},
    programs,
    project::{Project, read_named, write_whole},
    report::{self, ProblemFormat},
    ui::Ui,
};
use clap::Args;
use flow_compiler::{Compilation, PolicyFile};
use flow_diag::{FileId, Fix, Problems, apply, only_fixes};
use std::path::PathBuf;

/// Checks the whole program without running any of it
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Only shows problems of these files; outside a project, they alone are the program
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Applies the policies of a file outside of the project too; may be given several times
    #[arg(long, value_name = "FILE")]
    policy: Vec<PathBuf>,
    /// text, json, sarif or github
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: ProblemFormat,
    /// Applies the suggested changes, then checks again
    #[arg(long)]
    fix: bool,
    /// Warnings count as errors
    #[arg(long)]
    deny_warnings: bool,
    #[command(flatten)]
    supposed: Supposed,
    /// Labels follow what decides too: filters, join and group keys, comparisons, branches
    #[arg(long)]
    strict: bool,
}

impl Check {
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        let global = &self.supposed.with(global);
        let project = Project::of_files(global, &self.files)?;
        let policies = self.policies(&project)?;
        let mut compilation = programs::checked(&project, global, policies.clone(), self.strict);
        if self.fix {
            let fixed = fix(&project, &compilation)?;
            if fixed > 0 {
                ui.say(&format!("applied {fixed} change{}", if fixed == 1 { "" } else { "s" }));
                compilation = programs::checked(&project, global, policies, self.strict);
            }
        }
        if let Some(stranger) = project.files.iter().find(|file| !is_part(&compilation, file)) {
            return Err(not_part(&project, stranger));
        }
        let problems = self.wanted(&project, &compilation);
        let exit = report::show(ui, self.format, &problems, &compilation.sources)?;
        if self.format == ProblemFormat::Text {
            ui.say(&format!("{}{}", report::summary(ui, &problems), size(&compilation, &problems)));
        }
        Ok(if self.deny_warnings && !problems.is_empty() { Exit::Wrong } else { exit })
    }

    /// The policies from outside, by their paths from the project's root if they are in it.
    fn policies(&self, project: &Project) -> Result<Vec<PolicyFile>, Failure> {
        let read = |path: &PathBuf| {
            let text = read_named(path)?.into();
            Ok(PolicyFile { path: project.shown(path)?, text })
        };
        self.policy.iter().map(read).collect()
    }

    /// In a project, everything is checked together; the files only say what is looked at.
    fn wanted(&self, project: &Project, compilation: &Compilation) -> Problems {
        if self.files.is_empty() || project.is_loose {
            return compilation.problems.clone();
        }
        let is_wanted =
            |file: FileId| compilation.sources.get(file).is_some_and(|source| project.files.contains(&source.path));
        let problems = compilation.problems.0.iter().filter(|problem| is_wanted(problem.span().file));
        Problems(problems.cloned().collect())
    }
}

fn is_part(compilation: &Compilation, path: &str) -> bool {
    compilation.sources.iter().any(|(_, source)| source.path == path)
}

/// Why a file that was named is not looked at.
fn not_part(project: &Project, path: &str) -> Failure {
    let full = project.root.join(path);
    if full.is_dir() {
        return Failure::wrong(format!("{path} is a folder"))
            .hint("name a .flow file, or none to check all of the project");
    }
    if !full.exists() {
        return Failure::wrong(format!("there is no file {path} in {}", project.root.display()));
    }
    Failure::wrong(format!("{path} is no part of the program"))
        .hint("a program is the .flow files in the source folders that flow.toml names")
}

/// What was checked, when there is nothing else to say.
fn size(compilation: &Compilation, problems: &Problems) -> String {
    if !problems.is_empty() {
        return String::new();
    }
    let program = &compilation.program;
    let own = |names: &mut dyn Iterator<Item = &flow_expr::Name>| {
        names.filter(|name| !name.as_str().starts_with("std.")).count()
    };
    let count = |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
    format!(
        " in {}, {}, {}",
        count(own(&mut program.flows.keys()), "flow"),
        count(own(&mut program.steps.keys()), "step"),
        count(own(&mut program.datasets.keys()), "dataset")
    )
}

/// Applies the fixes of problems that have just one; how many went in.
fn fix(project: &Project, compilation: &Compilation) -> Result<usize, Failure> {
    let fixes = only_fixes(&compilation.problems);
    let mut applied = 0;
    for (file, source) in compilation.sources.iter() {
        let here: Vec<Fix> =
            fixes.iter().filter(|fix| fix.edits.iter().all(|edit| edit.span.file == file)).cloned().collect();
        let path = project.root.join(&source.path);
        if here.is_empty() || !path.is_file() {
            continue;
        }
        let done = apply(file, &here, &source.text);
        // Somebody may have saved the file since it was read.
        if done.applied > 0 && read_named(&path)? == *source.text {
            write_whole(&path, &done.text)?;
            applied += done.applied;
        }
    }
    Ok(applied)
}
