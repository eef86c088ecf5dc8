//! `flowc completions SHELL`: completion scripts.

use crate::{
    cli::Cli,
    exit::{Exit, Outcome},
    ui::Ui,
};
use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// Prints a completion script for a shell
///
/// For example: flowc completions bash > ~/.local/share/bash-completion/completions/flowc
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// bash, zsh, fish, elvish or powershell
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(&self, ui: &Ui) -> Outcome {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "flowc", &mut script);
        ui.out(&String::from_utf8_lossy(&script))?;
        Ok(Exit::Done)
    }
}
