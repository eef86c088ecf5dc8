//! The command line of `cargo xtask`. No logic: one function of the library per subcommand.

use clap::{Parser, Subcommand};
use std::process::ExitCode;
use xtask::{
    bench, ci, faults, fuzz, root,
    servers::{self, Server},
    sim, tidy, tour,
};

/// The project's own chores.
#[derive(Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Everything that must hold before a change is taken: format, clippy, tidy, tests.
    Ci {
        /// Starts no servers; tests that need one are skipped and named.
        #[arg(long)]
        without_servers: bool,
    },
    /// Checks what no compiler checks: the crate table, headers, sizes, paths in the documents.
    Tidy,
    /// Compares flowc with other tools on the same work, in interleaved runs.
    Bench {
        /// What is compared.
        contest: bench::Contest,
        #[command(flatten)]
        options: bench::Options,
    },
    /// Holds the built program against real faults: kills, power cuts, errors of disks, limits, sizes.
    Faults(faults::Options),
    /// Looks for texts and bytes that parser, formatter or a decoder cannot cope with.
    Fuzz {
        /// How long, all targets together.
        #[arg(long, default_value_t = 10)]
        minutes: u64,
        /// One target alone: parse, format, plan, journal, answer or cassette.
        #[arg(long)]
        only: Option<String>,
    },
    /// Plays crashes, broken disks and clocks that are set, seed after seed, and holds what was promised against them.
    Sim(sim::Seeds),
    /// Shows flowc at work on real data: checked, planned, run, up to date, broken, explained.
    Tour,
    /// Starts a server for tests and prints the line to `eval` in a shell.
    Up {
        /// Which one.
        server: Server,
    },
    /// The small language model for tests: the same as `up model` and `down model`, and its status.
    Model {
        /// What to do.
        action: servers::ModelAction,
    },
    /// Stops a server that `up` started. Its data stay.
    Down {
        /// Which one.
        server: Server,
    },
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Ci { without_servers } => ci::run(&root(), !without_servers),
        Command::Tidy => tidy::run(&root()),
        Command::Bench { contest, options } => bench::run(&root(), contest, options),
        Command::Faults(options) => faults::run(&root(), &options),
        Command::Fuzz { minutes, only } => fuzz::run(&root(), minutes, only.as_deref()),
        Command::Sim(wanted) => sim::run(&root(), wanted),
        Command::Tour => tour::run(&root()),
        Command::Up { server } => {
            println!("{}", server.up(&root())?.export());
            Ok(())
        }
        Command::Model { action } => servers::model(&root(), action),
        Command::Down { server } => server.down(&root()),
    }
}
