//! The machine and the programs that a table was made with, in one sentence each.
//!
//! Knows Linux; elsewhere it says less.

use super::tools::{self, Tools};
use std::{fs, path::Path, process::Command};

/// What is said above the table.
pub(super) fn described(flowc: &str, folder: &Path, tools: &Tools) -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let processor = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "processor unknown".into());
    let memory = field("/proc/meminfo", "MemTotal").and_then(|text| gigabytes(&text));
    let memory = memory.map_or_else(|| "memory unknown".into(), |size| format!("{size} GB"));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").map_or("?".into(), |text| text.trim().to_owned());
    let files = said(Command::new("df").arg("--output=fstype").arg(folder));
    let files = files.lines().last().unwrap_or("?").to_owned();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().next().unwrap_or("?").to_owned();
    let make = tools::version_of("make").unwrap_or_else(|_| "no make".into());
    let versions = [vec![said(Command::new(flowc).arg("--version")), make], tools.versions()].concat();
    format!(
        "Measured on {cores} cores ({processor}), {memory}, Linux {kernel}, files on {files}, load {load} at the end; {}.\n",
        versions.join(", ")
    )
}

/// The first value of a name in a file of `NAME : VALUE` lines.
fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let (_, value) = text.lines().find(|line| line.starts_with(name))?.split_once(':')?;
    Some(value.trim().to_owned())
}

/// Kibibytes, as the kernel writes them, in gigabytes.
fn gigabytes(text: &str) -> Option<u64> {
    let kibibytes: u64 = text.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024 / 1_000_000_000)
}

fn said(command: &mut Command) -> String {
    let output = command.output().ok().filter(|output| output.status.success());
    output.map_or("?".into(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_kernels_kibibytes_are_read() {
        assert_eq!(super::gigabytes("24681472 kB"), Some(25));
        assert_eq!(super::gigabytes("?"), None);
    }
}
