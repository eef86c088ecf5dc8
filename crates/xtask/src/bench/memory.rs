//! The most memory that a program held at once.
//!
//! The kernel keeps that number of each process (`VmHWM`) and forgets it with the process's end, so it is looked at
//! again and again; what grows in the last two milliseconds is missed. Knows only Linux.

use anyhow::{Context, bail};
use std::{
    fs,
    process::{Command, Stdio},
    thread::sleep,
    time::Duration,
};

/// How often it is looked.
const PAUSE: Duration = Duration::from_millis(2);

/// Runs a program to its end; the most memory that it held, in megabytes (10⁶ bytes), without what it started.
pub(super) fn peak<T: AsRef<std::ffi::OsStr>>(command: &[T]) -> anyhow::Result<f64> {
    let (program, arguments) = command.split_first().context("a command has a program")?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("starting {}", program.as_ref().display()))?;
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0.0_f64;
    let ended = loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        most = most.max(high_water(&text).unwrap_or_default());
        match child.try_wait()? {
            Some(ended) => break ended,
            None => sleep(PAUSE),
        }
    };
    if !ended.success() || most == 0.0 {
        bail!("{} ended with {ended}, and {most} MB were seen", program.as_ref().display());
    }
    Ok(most)
}

/// The number in the kernel's text, in megabytes.
fn high_water(text: &str) -> Option<f64> {
    let kibibytes = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?;
    Some(kibibytes.parse::<f64>().ok()? * 1024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_number_is_read() {
        assert_eq!(high_water("Name:\tx\nVmHWM:\t    1000 kB\nVmRSS:\t 1 kB\n"), Some(1.024));
        assert_eq!(high_water("Name:\tx\n"), None);
    }
}
