//! The command line of `cargo xtask`. No logic: one function of the library per subcommand.

use clap::{Parser, Subcommand};
use std::process::ExitCode;
use xtask::{ci, root, servers::Server, tidy};

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
    /// Starts a server for tests and prints the line to `eval` in a shell.
    Up {
        /// Which one.
        server: Server,
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
        Command::Up { server } => {
            println!("{}", server.up(&root())?.export());
            Ok(())
        }
        Command::Down { server } => server.down(&root()),
    }
}
