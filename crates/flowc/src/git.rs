//! The files of a project as a git revision has them, for `flowc diff` and `flowc graph --of`.
//!
//! Asks the `git` program, which knows every kind of repository. Only `diff` and `graph` come here, and
//! only when they are given a revision.

#![expect(clippy::disallowed_methods, reason = "this is where git is asked")]

use crate::exit::Failure;
use flow_compiler::{World, WorldError};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// One revision of the folder that a project is in.
pub(crate) struct GitWorld {
    root: PathBuf,
    commit: String,
    paths: BTreeSet<String>,
}

impl GitWorld {
    /// The project at a revision.
    pub(crate) fn open(root: &Path, revision: &str) -> Result<Self, Failure> {
        let name = format!("{revision}^{{commit}}");
        // `--end-of-options`: a revision that begins with `-` is a name, never an option.
        let commit = git(root, &["rev-parse", "--verify", "--quiet", "--end-of-options", &name])?;
        if !commit.status.success() {
            return Err(Failure::wrong(format!("`{revision}` is no plan file, run or git revision")));
        }
        let commit = String::from_utf8_lossy(&commit.stdout).trim().to_owned();
        let listed = git(root, &["ls-tree", "-r", "-z", "--name-only", &commit, "."])?;
        if !listed.status.success() {
            return Err(Failure::environment(String::from_utf8_lossy(&listed.stderr).trim().to_owned()));
        }
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        let paths = listed.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect();
        Ok(Self { root: root.to_path_buf(), commit, paths })
    }
}

impl World for GitWorld {
    fn list(&self, folder: &str) -> Result<Vec<String>, WorldError> {
        let prefix = if folder == "." { String::new() } else { format!("{}/", folder.trim_end_matches('/')) };
        let own = |path: &&String| {
            path.strip_prefix(&prefix).is_some_and(|inside| {
                let hidden = inside.split('/').any(|part| part.starts_with('.'));
                let folders = inside.match_indices('/').map(|(at, _)| format!("{prefix}{}/flow.toml", &inside[..at]));
                inside.ends_with(".flow") && !hidden && !folders.into_iter().any(|other| self.paths.contains(&other))
            })
        };
        let found: Vec<String> = self.paths.iter().filter(own).cloned().collect();
        if found.is_empty() && !prefix.is_empty() && !self.paths.iter().any(|path| path.starts_with(&prefix)) {
            return Err(WorldError::NotFound);
        }
        Ok(found)
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, WorldError> {
        if !self.paths.contains(path) {
            return Err(WorldError::NotFound);
        }
        let object = format!("{}:./{path}", self.commit);
        match git(&self.root, &["cat-file", "blob", &object]) {
            Ok(output) if output.status.success() => Ok(output.stdout),
            Ok(output) => Err(WorldError::Other(String::from_utf8_lossy(&output.stderr).trim().to_owned())),
            Err(failure) => Err(WorldError::Other(failure.message)),
        }
    }
}

fn git(root: &Path, arguments: &[&str]) -> Result<Output, Failure> {
    let output = Command::new("git").arg("-C").arg(root).args(arguments).output();
    output.map_err(|error| Failure::environment(format!("running git: {error}")))
}
