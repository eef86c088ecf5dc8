//! Parameters of flows as options: `--day 2026-01-31` for `day=2026-01-31`.
//!
//! The parameters of a flow are known only once its program is compiled, so they cannot be declared to
//! the argument parser. Before it sees them, options of `run` and `plan` that it does not know are
//! written the other way. What is misspelt ends as an unknown parameter, with the nearest name.

use clap::Command;
use std::{path::Path, sync::OnceLock};

/// The arguments with unknown options of `run` and `plan` as `NAME=VALUE`.
pub(crate) fn with_parameters(root: &Command, arguments: Vec<String>) -> Vec<String> {
    let Some(at) = arguments.iter().position(|argument| argument == "run" || argument == "plan") else {
        return arguments;
    };
    // `approve RUN plan` is about a step of that name.
    let is_value = |at: usize| at > 0 && arguments[at - 1].starts_with("--") && !arguments[at - 1].contains('=');
    if (1..at).any(|before| !is_value(before) && root.find_subcommand(&arguments[before]).is_some()) {
        return arguments;
    }
    let Some(command) = root.find_subcommand(&arguments[at]) else { return arguments };
    let is_known = |name: &str| {
        let own = command.get_arguments().chain(root.get_arguments());
        let mut names = own.filter_map(|argument| argument.get_long());
        name == "help" || name == "version" || names.any(|known| known == name)
    };
    let mut out: Vec<String> = arguments[..=at].to_vec();
    let mut rest = arguments[at + 1..].iter().peekable();
    while let Some(argument) = rest.next() {
        if argument == "--" {
            out.push(argument.clone());
            out.extend(rest.cloned());
            break;
        }
        let Some(option) = argument.strip_prefix("--") else {
            out.push(argument.clone());
            continue;
        };
        let (name, value) = option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
        if is_known(name) || name.is_empty() {
            out.push(argument.clone());
            continue;
        }
        let name = name.replace('-', "_");
        match (value, rest.peek()) {
            (Some(value), _) => out.push(format!("{name}={value}")),
            (None, Some(next)) if !next.starts_with("--") => {
                out.push(format!("{name}={next}"));
                rest.next();
            }
            // A flag: what a Bool parameter takes.
            (None, _) => out.push(format!("{name}=true")),
        }
    }
    out
}

/// The project that this call of flowc was given, for the commands that it suggests.
static PROJECT: OnceLock<String> = OnceLock::new();

/// Remembers the project that was given.
pub(crate) fn remember_project(project: &Path) {
    // There is one command line, so nothing was there before.
    let _ = PROJECT.set(format!(" --project {}", quoted(&project.display().to_string())));
}

/// A command that flowc suggests, as it can be typed where flowc was called.
pub(crate) fn suggested(words: &str) -> String {
    format!("flowc {words}{}", PROJECT.get().map_or("", String::as_str))
}

/// An argument as a shell takes it.
pub(crate) fn quoted(argument: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    if !argument.is_empty() && argument.chars().all(is_plain) {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::with_parameters;
    use crate::cli::Cli;
    use clap::CommandFactory;

    fn rewritten(line: &str) -> String {
        with_parameters(&Cli::command(), line.split(' ').map(str::to_owned).collect()).join(" ")
    }

    #[test]
    fn only_what_is_unknown_is_rewritten() {
        for (line, expected) in [
            ("flowc run daily --day 2026-01-31 --jobs 2", "flowc run daily day=2026-01-31 --jobs 2"),
            ("flowc run daily --day=x --quiet", "flowc run daily day=x --quiet"),
            (
                "flowc --project x plan daily --only-new --format json",
                "flowc --project x plan daily only_new=true --format json",
            ),
            ("flowc check --unknown x", "flowc check --unknown x"),
            ("flowc run daily -- --day x", "flowc run daily -- --day x"),
            ("flowc run --help", "flowc run --help"),
        ] {
            assert_eq!(rewritten(line), expected);
        }
    }
}
