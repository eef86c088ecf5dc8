//! The command line of Flow: reads arguments, constructs the concrete I/O, prints.
//!
//! No logic: what a program means is the compiler's, what a run does the engine's. One file per
//! subcommand under `commands/`. Tested end to end by `tests/it`, on the real binary.

mod arguments;
mod backfill;
mod cli;
mod columns;
mod commands;
mod engine;
mod exit;
mod git;
mod live;
mod markdown;
mod moment;
mod places;
mod programs;
mod project;
mod prompt;
mod report;
mod request;
mod served;
mod telemetry;
mod tests;
mod ui;
mod world;

use clap::{CommandFactory, Parser};
use std::process::ExitCode;

/// Compiling makes millions of small things, trees above all, which this allocator does twice as fast.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A query may chain thousands of operators, which the engine's planner goes down one by one: stack that is touched
/// only where it does.
const STACK_BYTES: usize = 512 << 20;

fn main() -> ExitCode {
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(run);
    // Where so much cannot even be set aside, the stack that there is must do.
    thread.map_or_else(|_| run(), |thread| thread.join().unwrap_or(ExitCode::from(PANICKED)))
}

/// What the system's own threads end a program with that panics.
const PANICKED: u8 = 101;

fn run() -> ExitCode {
    // An argument that is no UTF-8 can name nothing that flowc knows; it is shown as well as it can be.
    let given = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let cli = cli::Cli::parse_from(arguments::with_parameters(&cli::Cli::command(), given));
    cli.global.project.iter().for_each(|project| arguments::remember_project(project));
    let ui = ui::Ui::new(cli.global.color, cli.global.quiet, cli.global.verbose);
    match cli.command.run(&cli.global, &ui) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            ui.fail(&failure);
            failure.exit.into()
        }
    }
}
