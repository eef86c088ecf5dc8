//! `cargo xtask bench`: flowc against other tools on the same work in the same run.
//!
//! Absolute times of a shared machine mean little; what counts is the ratio pair by pair of runs in turn. A contest
//! generates its work below the target folder, leaves it there to look at, and gives rows of one table; what a row
//! must reach (its bar) stands in it. A tool that cannot be installed or run is a row too, with the reason.
//! Knows no more of flowc than its command line.

mod cold;
mod flows;
mod machine;
mod memory;
mod noop;
mod null_run;
mod pairs;
mod peers;
mod plan_graph;
mod report;
mod restate;
mod shell;
mod tools;

use anyhow::Context;
use clap::{Args, ValueEnum};
use report::{Report, Row};
use std::{
    fs,
    path::{Path, PathBuf},
};
use tools::Tools;

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Contest {
    /// Loading, checking and planning a large graph, against `ninja -n`.
    Plan,
    /// Steps that do nothing and start no process, against Restate and the disk.
    Noop,
    /// The same in a chain, against DBOS, Luigi, Prefect and Dagster.
    Python,
    /// Shell steps: against ninja side by side, against the bare spawn in a chain.
    Shell,
    /// The same again when there is nothing to do, against make.
    Null,
    /// A run of one step in a new project, and the memory of a run.
    Cold,
    /// All of them.
    All,
}

/// How it is compared.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// How many steps the graph of `plan` has.
    #[arg(long, default_value_t = 100_000)]
    pub steps: usize,
    /// How many pairs are timed; of what takes seconds a step, fewer.
    #[arg(long, default_value_t = 7)]
    pub rounds: usize,
    /// A flowc that is built already, instead of building the release program.
    #[arg(long, value_name = "PATH")]
    pub program: Option<PathBuf>,
}

/// Does one contest: its rows.
type Compare = fn(&Place) -> anyhow::Result<Vec<Row>>;

/// What every contest is given.
struct Place {
    flowc: String,
    folder: PathBuf,
    tools: Tools,
    options: Options,
}

impl Place {
    /// An empty folder for some work.
    fn empty(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.folder.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// Rounds for what takes long.
    fn few_rounds(&self) -> usize {
        self.options.rounds.min(3)
    }
}

/// Generates the work, runs both sides in turn, prints the table and writes it below the target folder.
///
/// # Errors
/// When flowc does not build or fails on the work, or nothing can be written.
pub fn run(root: &Path, contest: Contest, options: Options) -> anyhow::Result<()> {
    let flowc = match &options.program {
        Some(program) => program.canonicalize().with_context(|| format!("{} is not there", program.display()))?,
        None => crate::build_flowc(root, true)?,
    };
    let folder = crate::target(root).join("bench");
    fs::create_dir_all(&folder)?;
    let tools = Tools::new(folder.join("tools"));
    let place = Place { flowc: flowc.to_string_lossy().into_owned(), folder: folder.join("work"), tools, options };
    let contests: &[Compare] = match contest {
        Contest::Plan => &[plan_graph::run],
        Contest::Noop => &[noop::against_restate],
        Contest::Python => &[noop::against_python],
        Contest::Shell => &[shell::run],
        Contest::Null => &[null_run::run],
        Contest::Cold => &[cold::run],
        Contest::All => {
            &[plan_graph::run, cold::run, shell::run, null_run::run, noop::against_restate, noop::against_python]
        }
    };
    let mut report = Report::default();
    for contest in contests {
        for row in contest(&place)? {
            println!("{row}");
            report.rows.push(row);
        }
    }
    let text = format!("{}\n{}", machine::described(&place.flowc, &folder, &place.tools), report.table());
    let path = folder.join("table.md");
    fs::write(&path, &text)?;
    println!("\n{text}\nThis table is {}.", path.display());
    Ok(())
}
