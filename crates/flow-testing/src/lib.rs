//! What tests of several crates share: addresses of real servers, or a skip that is seen; an HTTP server that misbehaves.
//!
//! ```no_run
//! let Some(url) = flow_testing::postgres() else { return };
//! ```
//!
//! A skip prints the test's name and the command that would enable it, past the capture of output, so
//! that a green `cargo test` does not look like more than it is. Where `FLOWC_REQUIRE_SERVERS` is set
//! (`.ci/run` sets it), a skip is a failure. Knows nothing of what is tested; used by tests only.

#![allow(clippy::disallowed_methods, reason = "servers are found through the environment")]

pub mod server;

use std::io::Write;

/// The URL of a PostgreSQL server where the test may make and drop schemas of its own.
///
/// # Panics
/// When there is none although `FLOWC_REQUIRE_SERVERS` is set.
#[must_use]
pub fn postgres() -> Option<String> {
    needed("postgres", "FLOWC_TEST_POSTGRES")
}

/// The base URL of a small language model that speaks OpenAI's protocol.
///
/// # Panics
/// When there is none although `FLOWC_REQUIRE_SERVERS` is set.
#[must_use]
pub fn model() -> Option<String> {
    needed("model", "FLOWC_TEST_MODEL")
}

/// Says that the running test is skipped because the machine lacks something, and how to get it.
///
/// # Panics
/// When `FLOWC_REQUIRE_SERVERS` is set.
pub fn skip(what: &str, enable: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    say(&format!("skipped: {test} needs {what}; enable it with `{enable}`"));
}

fn needed(server: &str, variable: &str) -> Option<String> {
    if let Some(url) = std::env::var(variable).ok().filter(|url| !url.is_empty()) {
        return Some(url);
    }
    say(&skip_message(std::thread::current().name().unwrap_or("a test"), server));
    None
}

fn say(message: &str) {
    let required = std::env::var_os("FLOWC_REQUIRE_SERVERS").is_some_and(|value| !value.is_empty() && value != "0");
    assert!(!required, "{message}; FLOWC_REQUIRE_SERVERS makes a skip a failure");
    // Not `eprintln!`, whose output is captured and dropped when a test passes.
    let _ = writeln!(std::io::stderr(), "{message}");
}

fn skip_message(test: &str, server: &str) -> String {
    format!("skipped: {test} needs {server}; enable it with `eval \"$(cargo xtask up {server})\"`")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_skip_names_test_and_command() {
        let message = super::skip_message("reads_a_table", "postgres");
        assert!(message.contains("reads_a_table") && message.contains("cargo xtask up postgres"), "{message}");
    }
}
