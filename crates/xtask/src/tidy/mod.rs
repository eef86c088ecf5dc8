//! What no compiler checks: that the documents are true and that the rooms stay small.
//!
//! One file per kind of check; each check is a function from texts to complaints, so that it can be
//! tested on wrong examples. Knows nothing of the language.

mod crates;
mod layout;
mod paths;
mod project;
mod sources;

pub use project::{Project, TextFile};

use anyhow::{Context, bail};
use std::path::Path;

/// Every complaint about the project; empty if it is tidy.
///
/// # Errors
/// When the project cannot be read.
pub fn check(root: &Path) -> anyhow::Result<Vec<String>> {
    let project = Project::read(root)?;
    let mut complaints = layout::check(&project);
    complaints.extend(sources::check(&project));
    complaints.extend(paths::check(&project));
    let table = project.text("crates/README.md").context("crates/README.md is missing")?;
    complaints.extend(crates::check(table, &crates::read(root)?));
    complaints.sort();
    complaints.dedup();
    Ok(complaints)
}

/// Prints every complaint.
///
/// # Errors
/// When there is any.
pub fn run(root: &Path) -> anyhow::Result<()> {
    let complaints = check(root)?;
    for complaint in &complaints {
        eprintln!("tidy: {complaint}");
    }
    if !complaints.is_empty() {
        bail!("{} untidy things", complaints.len());
    }
    Ok(())
}
