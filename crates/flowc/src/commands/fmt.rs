//! `flowc fmt`: one style for every file. Touches only files whose text changes, each as a whole.

use crate::{
    cli::Global,
    exit::{Exit, Failure, Outcome},
    project::{Project, read_named, write_whole},
    report::{self, ProblemFormat},
    ui::{Style, Ui, paint},
    world::DiskWorld,
};
use clap::Args;
use flow_compiler::{World, load};
use flow_diag::{Problems, Sources, codes};
use std::path::{Path, PathBuf};

/// Formats programs in the one style
#[derive(Debug, Args)]
pub(crate) struct Fmt {
    /// The files; `-` reads standard input and writes standard output [default: all of the project]
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Changes nothing; names the files that are not formatted and ends with 2 if there are any
    #[arg(long)]
    check: bool,
}

/// What became of one file.
enum Formatted {
    Same,
    Changed(String),
    /// It has mistakes, which come first; they have been shown.
    Broken,
}

impl Fmt {
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        if self.files.iter().any(|file| file.as_os_str() == "-") {
            return self.stream(ui);
        }
        let (paths, mut broken) = self.paths(global, ui)?;
        let (mut changed, mut same) = (0_usize, 0_usize);
        for path in paths {
            let text = read_named(&path)?;
            match formatted(&path, &text, ui)? {
                Formatted::Same => same += 1,
                Formatted::Broken => broken += 1,
                Formatted::Changed(new) => {
                    changed += 1;
                    if self.check {
                        ui.out(&format!("{}\n", path.display()))?;
                    } else {
                        write_whole(&path, &new)?;
                        ui.detail(&format!("formatted {}", path.display()));
                    }
                }
            }
        }
        let style = if broken > 0 { Style::Bad } else { Style::Good };
        let verb = if self.check { "not formatted" } else { "formatted" };
        let mistakes = if broken > 0 { format!(", {broken} with mistakes left alone") } else { String::new() };
        ui.say(&paint(ui.color_err, style, &format!("{changed} {verb}, {same} as they should be{mistakes}")));
        Ok(if broken > 0 || (self.check && changed > 0) { Exit::Wrong } else { Exit::Done })
    }

    fn stream(&self, ui: &Ui) -> Outcome {
        if self.files.len() > 1 {
            return Err(Failure::wrong("`-` stands alone: files and standard input cannot be formatted together"));
        }
        let text = read_named(Path::new("-"))?;
        match formatted(Path::new("<stdin>"), &text, ui)? {
            Formatted::Broken => Ok(Exit::Wrong),
            Formatted::Changed(_) if self.check => Ok(Exit::Wrong),
            Formatted::Same if self.check => Ok(Exit::Done),
            Formatted::Changed(new) => ui.out(&new).map(|()| Exit::Done),
            Formatted::Same => ui.out(&text).map(|()| Exit::Done),
        }
    }

    /// The given files and all below given folders; without any, those of the project's source folders. And how
    /// many of these cannot be read, which has been shown then.
    fn paths(&self, global: &Global, ui: &Ui) -> Result<(Vec<PathBuf>, usize), Failure> {
        if self.files.is_empty() {
            let project = Project::find(global)?;
            if !project.files.is_empty() {
                return Ok((project.files.iter().map(|file| project.root.join(file)).collect(), 0));
            }
            let loaded = load(&DiskWorld::new(&project.root), &[]);
            let is_unread = |code| [codes::E0150, codes::E0151].contains(&code);
            let unread = loaded.problems.0.into_iter().filter(|problem| is_unread(problem.code));
            let unread = Problems(unread.collect());
            report::show(ui, ProblemFormat::Text, &unread, &loaded.sources)?;
            let paths = loaded.modules.iter().filter_map(|module| loaded.sources.get(module.file));
            let paths = paths.map(|source| project.root.join(&source.path)).filter(|path| path.is_file());
            return Ok((paths.collect(), unread.0.len()));
        }
        let mut paths = Vec::new();
        for file in &self.files {
            if file.is_dir() {
                let listed = DiskWorld::new(file).list(".");
                let mut listed =
                    listed.map_err(|error| Failure::environment(format!("reading {}: {error}", file.display())))?;
                listed.sort();
                paths.extend(listed.into_iter().map(|inside| file.join(inside)));
            } else {
                paths.push(file.clone());
            }
        }
        Ok((paths, 0))
    }
}

fn formatted(path: &Path, text: &str, ui: &Ui) -> Result<Formatted, Failure> {
    let mut sources = Sources::default();
    let file = sources.add(path.display().to_string(), text);
    let parse = flow_syntax::parse(file, text);
    Ok(match flow_format::format(&parse) {
        Some(new) if new == text => Formatted::Same,
        Some(new) => Formatted::Changed(new),
        None => {
            let problems: Problems = parse.problems;
            report::show(ui, ProblemFormat::Text, &problems, &sources)?;
            Formatted::Broken
        }
    })
}
