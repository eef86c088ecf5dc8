//! `cargo xtask tour`: real systems checked, planned, run, found up to date, and explained when they break.
//!
//! Works on copies of examples below the target folder, so the examples stay as they are.
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

/// Data, queries and contracts: on a copy of `examples/02-weather`.
const WEATHER: &[Stop] = &[
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

/// What stands between the model and the board.
const GUARDS: &str = r#"  guard it.total == total else retry "The total must equal {total}."
  guard grounded(it.body, revenue)
    else retry "Use no number and no name that is not in the figures."
  guard it.body.length() <= 900 else retry "The body is too long: one sentence."
"#;

/// From a shop's export to a note for a board, by a model whose answers are recorded: on a copy of
/// `examples/06-morning-revenue`.
const MORNING: &[Stop] = &[
    Stop {
        title: "The compiler reads the whole system: data, query, model, guards, budget, deadline",
        change: None,
        arguments: &["check"],
        exit: 0,
    },
    Stop {
        title: "What would run, why, and how long it can take at worst",
        change: None,
        arguments: &["plan"],
        exit: 0,
    },
    Stop {
        title: "Run it: a week of real orders; the model's first total is wrong, so it is asked again",
        change: None,
        arguments: &["run"],
        exit: 0,
    },
    Stop { title: "Again: nothing changed, so nobody is asked", change: None, arguments: &["run"], exit: 0 },
    Stop { title: "What asking has cost", change: None, arguments: &["cost"], exit: 0 },
    Stop {
        title: "What happens when data or model misbehave, tested without a model, in virtual time",
        change: None,
        arguments: &["test", "--coverage"],
        exit: 0,
    },
    Stop {
        title: "Without a price, its budget in money cannot be kept, and the compiler says so",
        change: Some(Change {
            file: "morning.flow",
            from: "  price input $0.25, output $2.00 per 1M tokens\n",
            to: "",
        }),
        arguments: &["check"],
        exit: 2,
    },
    Stop {
        title: "With its guards turned into warnings, what the model says is a draft, which may not be published",
        change: Some(Change {
            file: "morning.flow",
            from: GUARDS,
            to: "  guard it.total == total else warn\n  guard grounded(it.body, revenue) else warn\n",
        }),
        arguments: &["check"],
        exit: 2,
    },
];

/// Builds flowc and walks through the stops.
///
/// # Errors
/// When flowc does not build, or a command ends otherwise than told.
pub fn run(root: &Path) -> anyhow::Result<()> {
    let flowc = crate::build_flowc(root, false)?;
    let morning = walk(root, &flowc, "06-morning-revenue", MORNING, 1)?;
    let weather = walk(root, &flowc, "02-weather", WEATHER, 1 + MORNING.len())?;
    println!(
        "\nThe systems are {} and {}, what they published is in `out` beside them.",
        morning.join("morning.flow").display(),
        weather.join("weather.flow").display()
    );
    Ok(())
}

/// Walks through the stops on a copy of an example; gives back its folder.
fn walk(root: &Path, flowc: &Path, example: &str, stops: &[Stop], first: usize) -> anyhow::Result<PathBuf> {
    let copy = crate::target(root).join("tour").join(example);
    if copy.exists() {
        fs::remove_dir_all(&copy)?;
    }
    copy_folder(&root.join("examples").join(example), &copy)?;
    println!("\nOn a copy of examples/{example} in {}", copy.display());
    let mut undo = None;
    for (number, stop) in (first..).zip(stops) {
        println!("\n━━ {number}. {} ━━", stop.title);
        if let Some((path, text)) = undo.take() {
            fs::write(path, text)?;
        }
        if let Some(change) = &stop.change {
            undo = Some(apply(&copy, change)?);
        }
        println!("\n$ flowc {}", stop.arguments.join(" "));
        let status = Command::new(flowc).args(stop.arguments).current_dir(&copy).status()?;
        if status.code() != Some(stop.exit) {
            bail!("`flowc {}` ended with {status}, not with {}", stop.arguments.join(" "), stop.exit);
        }
    }
    Ok(copy)
}

/// Changes the copy and shows how; gives back the file's path and old text.
fn apply(copy: &Path, change: &Change) -> anyhow::Result<(PathBuf, String)> {
    let path = copy.join(change.file);
    let text = fs::read_to_string(&path)?;
    if !text.contains(change.from) {
        bail!("{} does not hold {:?}", change.file, change.from);
    }
    fs::write(&path, text.replacen(change.from, change.to, 1))?;
    println!("\n  {}", change.file);
    change.from.lines().for_each(|line| println!("  - {line}"));
    change.to.lines().for_each(|line| println!("  + {line}"));
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
