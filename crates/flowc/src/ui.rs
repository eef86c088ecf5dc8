//! Where words go: data to standard output, everything else to standard error.
//!
//! The one place that knows whether those are terminals, and whether to colour. A reader who has gone
//! (`flowc … | head`) ends the command quietly; nothing here ever asks a question.

use crate::exit::{Exit, Failure};
use clap::ValueEnum;
use flow_diag::render::ColorChoice;
use serde::Serialize;
use std::io::{self, IsTerminal, Write};

/// `--color`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How to talk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ui {
    /// Only data and failures.
    pub(crate) quiet: bool,
    /// Details too.
    pub(crate) verbose: bool,
    /// Whether standard output shows colour.
    pub(crate) color_out: bool,
    /// Whether standard error shows colour.
    pub(crate) color_err: bool,
    /// How many characters fit a line of standard output, if it is a terminal and not everything was asked for.
    pub(crate) width: Option<usize>,
    /// Whether standard error is a terminal, which can be drawn over.
    pub(crate) live: bool,
}

/// How a piece of text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Headings, names.
    Bold,
    /// What matters less.
    Dim,
    /// Done.
    Good,
    /// Failed.
    Bad,
    /// Look at this.
    Warn,
    /// Code.
    Code,
}

impl Ui {
    pub(crate) fn new(color: Color, quiet: bool, verbose: bool) -> Self {
        let choice = match color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        let no_color = environment("NO_COLOR").is_some_and(|value| !value.is_empty())
            || environment("TERM").is_some_and(|value| value == "dumb");
        let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        Self {
            quiet,
            verbose,
            color_out: choice.enabled(out, no_color),
            color_err: choice.enabled(err, no_color),
            width: terminal_size::terminal_size_of(io::stdout())
                .map(|(width, _)| usize::from(width.0))
                .filter(|_| !verbose),
            live: err && !quiet && environment("TERM").is_none_or(|value| value != "dumb"),
        }
    }

    /// Writes data.
    pub(crate) fn out(&self, text: &str) -> Result<(), Failure> {
        self.write(|out| out.write_all(text.as_bytes()))
    }

    /// Writes data for tools, part by part: there may be much of it.
    pub(crate) fn out_json(&self, data: &impl Serialize) -> Result<(), Failure> {
        self.write(|out| {
            let mut out = io::BufWriter::new(out);
            serde_json::to_writer_pretty(&mut out, data)?;
            out.write_all(b"\n").and_then(|()| out.flush())
        })
    }

    fn write(&self, data: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        data(&mut out).and_then(|()| out.flush()).map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => Failure { exit: Exit::OutputClosed, message: String::new(), hints: vec![] },
            _ => Failure::environment(format!("writing to standard output: {error}")),
        })
    }

    /// Writes a line for people, unless they asked for quiet.
    pub(crate) fn say(&self, text: &str) {
        if !self.quiet {
            self.tell(text);
        }
    }

    /// Writes a line for people who asked for details.
    pub(crate) fn detail(&self, text: &str) {
        if self.verbose {
            self.tell(text);
        }
    }

    /// Writes a line for people, whatever they asked for.
    pub(crate) fn tell(&self, text: &str) {
        let end = if text.ends_with('\n') { "" } else { "\n" };
        // Nobody is left to be told that standard error is closed.
        let _ = write!(io::stderr().lock(), "{text}{end}");
    }

    /// Says why a command failed, and what to do.
    pub(crate) fn fail(&self, failure: &Failure) {
        if failure.message.is_empty() {
            return;
        }
        self.tell(&format!("{}: {}", paint(self.color_err, Style::Bad, "error"), failure.message));
        for hint in &failure.hints {
            self.tell(&format!("  {}: {hint}", paint(self.color_err, Style::Code, "help")));
        }
    }
}

/// Text in a style, if there is colour.
pub(crate) fn paint(color: bool, style: Style, text: &str) -> String {
    if !color {
        return text.into();
    }
    let code = match style {
        Style::Bold => "1",
        Style::Dim => "2",
        Style::Good => "32",
        Style::Bad => "1;31",
        Style::Warn => "33",
        Style::Code => "36",
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

/// A variable of the environment.
#[expect(clippy::disallowed_methods, reason = "flowc is the rim at which the environment is read")]
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
