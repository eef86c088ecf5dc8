//! `flowc man`: man pages, one to standard output or all into a folder.

use crate::{
    cli::Cli,
    exit::{Exit, Failure, Outcome},
    ui::Ui,
};
use clap::{Args, CommandFactory};
use std::path::PathBuf;

/// Prints the man page of flowc or of one subcommand
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// The subcommand
    command: Option<String>,
    /// Writes all pages into this folder instead
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    out: Option<PathBuf>,
}

impl Man {
    pub(crate) fn run(&self, ui: &Ui) -> Outcome {
        let mut root = Cli::command();
        root.build();
        if let Some(folder) = &self.out {
            clap_mangen::generate_to(root, folder).map_err(|error| Failure::io("writing to", folder, &error))?;
            return Ok(Exit::Done);
        }
        let command = match &self.command {
            None => &root,
            Some(name) => root.find_subcommand(name).ok_or_else(|| {
                let known = root.get_subcommands().map(clap::Command::get_name);
                Failure::wrong(format!("there is no subcommand `{name}`")).nearest(name, known)
            })?,
        };
        let mut page = Vec::new();
        let written = clap_mangen::Man::new(command.clone()).render(&mut page);
        written.map_err(|error| Failure::environment(format!("rendering the page: {error}")))?;
        ui.out(&String::from_utf8_lossy(&page))?;
        Ok(Exit::Done)
    }
}
