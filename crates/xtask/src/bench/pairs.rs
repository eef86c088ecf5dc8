//! Two commands in turn, A B A B …, and what their pairs say.
//!
//! Knows nothing of what the commands do. Wall time from start to exit, output thrown away.

use anyhow::{Context, bail};
use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// A side of a contest.
pub(super) struct Side {
    /// What it is called in the table.
    pub(super) name: &'static str,
    /// Program and arguments.
    pub(super) command: Vec<String>,
}

/// Runs both once to warm up, then `rounds` times in turn; prints medians and the median ratio.
pub(super) fn compare(ours: &Side, theirs: &Side, rounds: usize) -> anyhow::Result<()> {
    run_once(ours)?;
    run_once(theirs)?;
    let mut pairs = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        pairs.push((run_once(ours)?, run_once(theirs)?));
    }
    let ratio = median(pairs.iter().map(|(a, b)| a.as_secs_f64() / b.as_secs_f64()));
    println!("| command | median wall, ms |");
    println!("| --- | --- |");
    println!("| {} | {:.0} |", ours.name, median(pairs.iter().map(|(a, _)| a.as_secs_f64() * 1e3)));
    println!("| {} | {:.0} |", theirs.name, median(pairs.iter().map(|(_, b)| b.as_secs_f64() * 1e3)));
    println!("\n{} / {}: {ratio:.2} (median of {rounds} interleaved pairs)", ours.name, theirs.name);
    Ok(())
}

fn run_once(side: &Side) -> anyhow::Result<Duration> {
    let (program, arguments) = side.command.split_first().context("a command has a program")?;
    let start = Instant::now();
    let output = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).output()?;
    let elapsed = start.elapsed();
    if !output.status.success() {
        bail!("{} failed: {}", side.name, String::from_utf8_lossy(&output.stderr));
    }
    Ok(elapsed)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_the_middle_one() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert!(median(std::iter::empty()).is_nan());
    }
}
