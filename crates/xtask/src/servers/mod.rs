//! Real servers for tests: started by anyone, found by tests through one variable each.
//!
//! Knows where their data live (`servers/` in the target folder), not what tests do with them. One file
//! per server. `up` may be called again at any time: what runs is left running.

mod model;
mod postgres;

use clap::ValueEnum;
use std::path::{Path, PathBuf};

/// A server that tests can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Server {
    /// PostgreSQL, from Debian's packages, on loopback.
    Postgres,
    /// A small language model, from PyPI's packages, on loopback.
    Model,
}

/// A server that is up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// The variable by which tests find it.
    pub variable: &'static str,
    /// Its address with everything needed to log in.
    pub url: String,
}

impl Running {
    /// The line to `eval`.
    #[must_use]
    pub fn export(&self) -> String {
        format!("export {}='{}'", self.variable, self.url)
    }
}

impl Server {
    /// Starts it unless it runs.
    ///
    /// # Errors
    /// What is missing on this machine, or what the server said when it would not start.
    pub fn up(self, root: &Path) -> anyhow::Result<Running> {
        match self {
            Self::Postgres => postgres::up(&folder(root, "postgres")),
            Self::Model => model::up(&folder(root, "model")),
        }
    }

    /// Stops it if it runs.
    ///
    /// # Errors
    /// What the server said when it would not stop.
    pub fn down(self, root: &Path) -> anyhow::Result<()> {
        match self {
            Self::Postgres => postgres::down(&folder(root, "postgres")),
            Self::Model => model::down(&folder(root, "model")),
        }
    }
}

/// What can be done about the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ModelAction {
    /// Starts it unless it runs, and prints the line to `eval`.
    Up,
    /// Stops it. What was installed stays.
    Down,
    /// Says whether it runs and answers.
    Status,
}

/// `cargo xtask model up|down|status`.
///
/// # Errors
/// As [`Server::up`] and [`Server::down`].
pub fn model(root: &Path, action: ModelAction) -> anyhow::Result<()> {
    match action {
        ModelAction::Up => println!("{}", Server::Model.up(root)?.export()),
        ModelAction::Down => Server::Model.down(root)?,
        ModelAction::Status => match model::status(&folder(root, "model")) {
            Some(running) => println!("up: {}", running.url),
            None => println!("down; `cargo xtask model up` starts it"),
        },
    }
    Ok(())
}

/// `servers/NAME` in the target folder.
fn folder(root: &Path, name: &str) -> PathBuf {
    let target = crate::target(root);
    root.join(target).join("servers").join(name)
}
