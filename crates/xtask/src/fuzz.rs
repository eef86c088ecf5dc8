//! `cargo xtask fuzz`: the fuzz targets of the crates (`crates/*/fuzz`), each for some minutes on one core.
//!
//! Knows how they are compiled: by the project's own compiler, with what libFuzzer needs to see which branches
//! are taken. No nightly compiler and no other tool. The corpus stays in the target folder and grows from run
//! to run; it begins as every `.flow` file of the project, or as the target's own seeds (`fuzz/seeds/TARGET`). A finding is a
//! file that the report names: make it a test (such as in `crates/flow-syntax/tests/found.rs`), then mend it. Tested by being run.

use anyhow::{Context, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Crates with their targets.
const TARGETS: [(&str, &[&str]); 3] = [
    ("flow-syntax", &["parse", "format"]),
    ("flow-driver", &["plan", "journal"]),
    ("flow-ai", &["answer", "cassette"]),
];

/// The platform is named, so that cargo spares build scripts and macros the flags.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";

const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Cdebug-assertions -Ccodegen-units=1";

/// Longer texts find nothing that shorter ones do not, more slowly.
const MAX_LENGTH: usize = 4096;

/// Builds the targets and runs each for its share of the minutes; `only` one of them if it is named.
///
/// # Errors
/// When a target does not build, or finds something.
pub fn run(root: &Path, minutes: u64, only: Option<&str>) -> anyhow::Result<()> {
    let folder = crate::target(root).join("fuzz");
    let wanted = |target: &&str| only.is_none_or(|only| only == *target);
    let count = TARGETS.iter().flat_map(|(_, targets)| targets.iter()).filter(|target| wanted(target)).count() as u64;
    if count == 0 {
        bail!("there is no such fuzz target");
    }
    let programs = folder.join("seeds");
    let found = seed(root, &programs)?;
    eprintln!("fuzz: {found} programs of the project to begin with; findings are kept in {}", folder.display());
    let seconds = (minutes * 60 / count).max(1);
    for (name, targets) in TARGETS {
        let its = root.join("crates").join(name).join("fuzz");
        let targets: Vec<&&str> = targets.iter().filter(|target| wanted(target)).collect();
        if targets.is_empty() {
            continue;
        }
        build(&its, &folder)?;
        for target in targets {
            let own = its.join("seeds").join(target);
            fuzz(target, &folder, if own.is_dir() { &own } else { &programs }, seconds)?;
        }
    }
    Ok(())
}

fn fuzz(target: &str, folder: &Path, seeds: &Path, seconds: u64) -> anyhow::Result<()> {
    let corpus = folder.join("corpus").join(target);
    fs::create_dir_all(&corpus)?;
    eprintln!("fuzz: {target} for {seconds} s");
    let status = Command::new("nice")
        .args(["-n", "19"])
        .arg(folder.join(PLATFORM).join("release").join(target))
        .args([&*corpus, seeds])
        .args([format!("-max_len={MAX_LENGTH}"), format!("-max_total_time={seconds}")])
        .args(["-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1", "-verbosity=0"])
        .arg(format!("-artifact_prefix={}/{target}-", folder.display()))
        .status()
        .with_context(|| format!("the fuzz target {target} cannot be started"))?;
    if !status.success() {
        bail!("{target} found something: the file is named above");
    }
    Ok(())
}

fn build(its: &Path, folder: &Path) -> anyhow::Result<()> {
    let status = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()))
        .args(["build", "--release", "--target", PLATFORM])
        .current_dir(its)
        .env("CARGO_TARGET_DIR", folder)
        .env("RUSTFLAGS", FLAGS)
        .status()?;
    if !status.success() {
        bail!("the fuzz targets do not build");
    }
    Ok(())
}

/// Copies every program of the project into one flat folder; how many there are.
fn seed(root: &Path, seeds: &Path) -> anyhow::Result<usize> {
    fs::create_dir_all(seeds)?;
    let mut open: Vec<PathBuf> = ["crates", "examples", "stdlib", "tests"].map(|folder| root.join(folder)).into();
    let mut count = 0;
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "flow") {
                fs::copy(&path, seeds.join(format!("{count}.flow")))?;
                count += 1;
            }
        }
    }
    Ok(count)
}
