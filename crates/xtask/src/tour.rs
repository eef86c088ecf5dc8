//! `cargo xtask tour`: a real system checked, planned, run, found up to date, and explained when it breaks.
//!
//! Works on a copy of `examples/02-weather` below the target folder, so the example stays as it is.
//! Knows no result: it shows commands and what the real `flowc` answers, and fails if one answers with
//! another exit code than the tour tells.

use anyhow::{Context, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// One stop: what is told, what is changed in the copy, what is run, and how it ends.
struct Stop {
    title: &'static str,
    change: Option<Change>,
    arguments: &'static [&'static str],
    exit: i32,
}

/// A replacement in a file of the copy, shown to the reader.
struct Change {
    file: &'static str,
    from: &'static str,
    to: &'static str,
}

const STOPS: &[Stop] = &[
    Stop { title: "The compiler reads the whole system", change: None, arguments: &["check"], exit: 0 },
    Stop { title: "What would run, and why", change: None, arguments: &["plan", "publish"], exit: 0 },
    Stop { title: "Run it: 1,461 days of real weather", change: None, arguments: &["run", "publish"], exit: 0 },
    Stop { title: "Again: nothing changed, so nothing is done", change: None, arguments: &["run", "publish"], exit: 0 },
    Stop {
        title: "Somebody mistypes a column inside the SQL text",
        change: Some(Change { file: "weather.flow", from: "max(temp_max)", to: "max(temp_maximum)" }),
        arguments: &["check"],
        exit: 2,
    },
    Stop {
        title: "Mended; now the file arrives with an impossible day",
        change: Some(Change {
            file: "data/seattle-weather.csv",
            from: "2013/07/01,0.0,31.7,18.3,2.3,sun",
            to: "2013/07/01,-4.0,31.7,18.3,2.3,sun",
        }),
        arguments: &["run", "publish"],
        exit: 3,
    },
    Stop { title: "Why did it not publish?", change: None, arguments: &["show", "last"], exit: 0 },
];

/// Builds flowc and walks through the stops.
///
/// # Errors
/// When flowc does not build, or a command ends otherwise than told.
pub fn run(root: &Path) -> anyhow::Result<()> {
    let flowc = crate::build_flowc(root, false)?;
    let copy = crate::target(root).join("tour");
    if copy.exists() {
        fs::remove_dir_all(&copy)?;
    }
    copy_folder(&root.join("examples/02-weather"), &copy)?;
    println!("\nA tour of flowc, on a copy of examples/02-weather in {}", copy.display());
    let mut undo = None;
    for (number, stop) in (1..).zip(STOPS) {
        println!("\n━━ {number}. {} ━━", stop.title);
        if let Some((path, text)) = undo.take() {
            fs::write(path, text)?;
        }
        if let Some(change) = &stop.change {
            undo = Some(apply(&copy, change)?);
        }
        println!("\n$ flowc {}", stop.arguments.join(" "));
        let status = Command::new(&flowc).args(stop.arguments).current_dir(&copy).status()?;
        if status.code() != Some(stop.exit) {
            bail!("`flowc {}` ended with {status}, not with {}", stop.arguments.join(" "), stop.exit);
        }
    }
    println!(
        "\nThe system is {} and its report {}.",
        copy.join("weather.flow").display(),
        copy.join("out/report.md").display()
    );
    Ok(())
}

/// Changes the copy and shows how; gives back the file's path and old text.
fn apply(copy: &Path, change: &Change) -> anyhow::Result<(PathBuf, String)> {
    let path = copy.join(change.file);
    let text = fs::read_to_string(&path)?;
    if !text.contains(change.from) {
        bail!("{} does not hold {:?}", change.file, change.from);
    }
    fs::write(&path, text.replacen(change.from, change.to, 1))?;
    println!("\n  {}\n  - {}\n  + {}", change.file, change.from, change.to);
    Ok((path, text))
}

/// Copies sources and data; not what earlier runs left.
fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type()?.is_dir() {
            if name != ".flow" && name != "out" {
                copy_folder(&entry.path(), &to.join(name))?;
            }
        } else {
            fs::copy(entry.path(), to.join(name))?;
        }
    }
    Ok(())
}
