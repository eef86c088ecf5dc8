//! The other tools, installed from their registries into a folder of their own.
//!
//! Each Python tool has its own environment, so that none is given another one's dependencies. What is there already
//! is used as it is; remove the folder to have later versions. Knows nothing of what the tools do.

use anyhow::{Context, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Tools that pip installs, with what must be held back for them.
const PYTHON: [(&str, &[&str]); 5] = [
    ("ninja", &["ninja"]),
    ("luigi", &["luigi"]),
    ("dbos", &["dbos"]),
    // With a later one its server does not start.
    ("prefect", &["prefect", "fastapi==0.139.*"]),
    ("dagster", &["dagster"]),
];

/// Where they are.
pub(super) struct Tools {
    folder: PathBuf,
}

impl Tools {
    /// Those in a folder, which need not be there yet.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The folder of a Python tool's programs, installed if it is not there.
    pub(super) fn python(&self, tool: &str) -> anyhow::Result<PathBuf> {
        let (_, packages) = PYTHON.iter().find(|(known, _)| *known == tool).context("pip is to install it")?;
        let folder = self.folder.join(tool);
        let programs = folder.join("bin");
        if !folder.join(INSTALLED).exists() {
            run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
            let pip = programs.join("pip");
            run(Command::new(&pip).args(["install", "--quiet", "--disable-pip-version-check"]).args(*packages))?;
            let frozen = run(Command::new(&pip).args(["freeze", "--disable-pip-version-check"]))?;
            let version = frozen.lines().find_map(|line| line.strip_prefix(&format!("{tool}=="))).unwrap_or("?");
            fs::write(folder.join(INSTALLED), version)?;
        }
        Ok(programs)
    }

    /// Restate's server and its SDK for Node, installed if they are not there: their folder.
    pub(super) fn restate(&self) -> anyhow::Result<PathBuf> {
        const PACKAGES: [&str; 2] = ["@restatedev/restate-server", "@restatedev/restate-sdk"];
        let folder = self.folder.join("restate");
        if !folder.join(INSTALLED).exists() {
            fs::create_dir_all(&folder)?;
            fs::write(folder.join("package.json"), "{ \"private\": true }\n")?;
            let quiet = ["install", "--no-audit", "--no-fund", "--silent"];
            run(Command::new("npm").args(quiet).args(PACKAGES).current_dir(&folder))?;
            let server = folder.join("node_modules/.bin/restate-server");
            let said = run(Command::new(server).arg("--version"))?;
            fs::write(folder.join(INSTALLED), said.trim().trim_start_matches("restate-server "))?;
        }
        Ok(folder)
    }

    /// The tools that are there, with their versions.
    pub(super) fn versions(&self) -> Vec<String> {
        let names = PYTHON.iter().map(|(name, _)| *name).chain(["restate"]);
        let version = |name: &str| fs::read_to_string(self.folder.join(name).join(INSTALLED)).ok();
        names.filter_map(|name| Some(format!("{name} {}", version(name)?))).collect()
    }
}

/// The file that says that a tool is there as a whole; its version is in it.
const INSTALLED: &str = "installed";

/// What a program of the system prints about itself, first line.
pub(super) fn version_of(program: &str) -> anyhow::Result<String> {
    let said = run(Command::new(program).arg("--version"))?;
    Ok(said.lines().next().unwrap_or_default().to_owned())
}

/// Runs a command to its end; what it printed.
fn run(command: &mut Command) -> anyhow::Result<String> {
    let name = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("{name} cannot be started"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{name} ended with {}: {}", output.status, said.trim_end().lines().last().unwrap_or_default());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_fails_is_named_with_its_last_words() {
        let error = run(Command::new("sh").args(["-c", "echo a >&2; echo b >&2; exit 1"])).unwrap_err();
        assert!(error.to_string().starts_with("sh ended with") && error.to_string().ends_with(": b"), "{error}");
        assert!(run(&mut Command::new("no-such-program")).is_err());
    }
}
