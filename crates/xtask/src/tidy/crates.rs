//! The crate table of `crates/README.md` is the truth about who uses whom.
//!
//! The table is held against `cargo metadata`: the same crates, and exactly the listed uses. A crate that
//! is not marked `(I/O)` may use no crate that does I/O, whether ours or another's, nor lift the lint
//! that bans it. Dev-dependencies are free: tests may look at anything.

use anyhow::{Context, bail};
use std::{collections::BTreeMap, collections::BTreeSet, path::Path, process::Command};

/// What only crates marked `(I/O)` may use.
const IO_LIBRARIES: [&str; 5] = ["tokio", "reqwest", "rusqlite", "tokio-postgres", "tempfile"];

/// A crate as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Actual {
    /// Crates of the workspace that it uses.
    pub(super) uses: BTreeSet<String>,
    /// Other libraries that it uses.
    pub(super) libraries: BTreeSet<String>,
    /// Whether one of its sources lifts the lint that bans I/O.
    pub(super) lifts_lint: bool,
}

/// A row of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Row {
    uses: BTreeSet<String>,
    io: bool,
}

/// All crates as `cargo metadata` has them.
pub(super) fn read(root: &Path) -> anyhow::Result<BTreeMap<String, Actual>> {
    let program = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let arguments = ["metadata", "--no-deps", "--offline", "--format-version", "1"];
    let output = Command::new(program).args(arguments).current_dir(root).output().context("cargo cannot be started")?;
    if !output.status.success() {
        bail!("`cargo metadata` failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().context("`cargo metadata` names no packages")?;
    let ours: BTreeSet<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let mut crates = BTreeMap::new();
    for package in packages {
        let name = package["name"].as_str().context("a package without a name")?;
        let mut actual =
            Actual { lifts_lint: lifts_lint(&root.join("crates").join(name).join("src"))?, ..Actual::default() };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let used = dependency["name"].as_str().context("a dependency without a name")?.to_owned();
            if dependency["kind"].is_null() {
                if ours.contains(&*used) { &mut actual.uses } else { &mut actual.libraries }.insert(used);
            }
        }
        crates.insert(name.to_owned(), actual);
    }
    Ok(crates)
}

/// Whether a source outside tests allows what the lint bans.
fn lifts_lint(folder: &Path) -> anyhow::Result<bool> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            if lifts_lint(&path)? {
                return Ok(true);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path)?;
            let attribute = |line: &str| line.trim_start().starts_with("#![") && line.contains("disallowed_methods");
            if text.split("#[cfg(test)]").next().is_some_and(|code| code.lines().any(attribute)) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Complaints about the table or the crates, whichever is wrong.
pub(super) fn check(document: &str, crates: &BTreeMap<String, Actual>) -> Vec<String> {
    let rows = rows(document);
    let mut complaints = Vec::new();
    for name in rows.keys().filter(|name| !crates.contains_key(*name)) {
        complaints.push(format!("crates/README.md: there is no crate `{name}`"));
    }
    for (name, actual) in crates {
        let Some(row) = rows.get(name) else {
            complaints.push(format!("crates/README.md: `{name}` has no row in the table"));
            continue;
        };
        for used in actual.uses.difference(&row.uses) {
            complaints.push(format!("{name}: uses `{used}`, which its row in crates/README.md does not allow"));
        }
        for unused in row.uses.difference(&actual.uses) {
            complaints.push(format!("crates/README.md: `{name}` does not use `{unused}`"));
        }
        if !row.io {
            let ours = actual.uses.iter().filter(|used| rows.get(*used).is_some_and(|used| used.io));
            let others = actual.libraries.iter().filter(|library| IO_LIBRARIES.contains(&&***library));
            let io = ours.chain(others);
            complaints.extend(io.map(|used| format!("{name}: not marked `(I/O)`, but uses `{used}`, which does I/O")));
            if actual.lifts_lint {
                complaints.push(format!("{name}: not marked `(I/O)`, but lifts `clippy::disallowed_methods`"));
            }
        }
    }
    complaints
}

/// The rows whose first cell is one crate's name in backticks.
fn rows(document: &str) -> BTreeMap<String, Row> {
    let table =
        document.lines().skip_while(|line| !line.starts_with("| crate ")).take_while(|line| line.starts_with('|'));
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let name = cells.first()?.strip_prefix('`')?.strip_suffix('`')?;
        let uses = cells.get(2)?.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        Some((name.to_owned(), Row { uses, io: cells[1].contains("(I/O)") }))
    };
    table.filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "text\n\n| crate | one job | uses |\n| --- | --- | --- |\n| `a` | base | — |\n\
                         | `b` | reads (I/O) | `a` |\n| `c` | thinks | `a` |\n\nmore\n";

    fn actual(uses: &[&str]) -> Actual {
        Actual { uses: uses.iter().map(|name| (*name).to_owned()).collect(), ..Actual::default() }
    }

    fn crates() -> BTreeMap<String, Actual> {
        [("a", actual(&[])), ("b", actual(&["a"])), ("c", actual(&["a"]))].map(|(k, v)| (k.to_owned(), v)).into()
    }

    #[test]
    fn a_true_table_is_left_alone() {
        assert_eq!(check(TABLE, &crates()), [""; 0]);
    }

    #[test]
    fn each_lie_is_named() {
        let complaint = |name: &str, actual: Actual| {
            let mut crates = crates();
            crates.insert(name.to_owned(), actual);
            check(TABLE, &crates).join("; ")
        };
        assert!(complaint("d", actual(&[])).contains("`d` has no row"));
        assert!(complaint("c", actual(&["a", "b"])).contains("does not allow"));
        assert!(complaint("c", actual(&["a", "b"])).contains("which does I/O"));
        assert!(complaint("c", actual(&[])).contains("does not use `a`"));
        assert!(complaint("a", Actual { lifts_lint: true, ..actual(&[]) }).contains("lifts"));
        let tokio = Actual { libraries: ["tokio".to_owned()].into(), ..actual(&[]) };
        assert!(complaint("a", tokio).contains("uses `tokio`"));
        assert!(check(TABLE, &BTreeMap::new()).len() == 3);
    }
}
