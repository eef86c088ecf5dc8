//! The terminal of `flowc repl`: lines in, text out. What an entry means is for `flow-repl`.
//!
//! On a terminal lines are edited, completed, coloured and remembered; else entries are read from standard input, results
//! go to standard output, what is wrong to standard error, and the exit code says whether anything was. Tested through the
//! built program, in `tests/it/repl.rs`.

mod editor;
mod machine;

pub(crate) use machine::Machine;

use crate::{
    arguments,
    cli::{Cli, Global},
    exit::{Exit, Failure, Outcome},
    moment::{now, took},
    project::{read_named, write_whole},
    ui::Ui,
};
use clap::{CommandFactory, Parser};
use editor::{Editor, Line, in_editor};
use flow_repl::{Candidate, Session, Then, is_whole};
use std::{
    cell::RefCell,
    io::{IsTerminal, Read},
    path::Path,
    rc::Rc,
};

/// What the prompt may load of files that load files.
const DEEPEST: u32 = 8;

/// A session with its machine.
pub(crate) struct Prompt {
    session: Session,
    machine: Machine,
    ui: Ui,
    /// The entry before.
    last: String,
}

/// What became of some entries.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    has_failed: bool,
    is_over: bool,
}

/// Takes entries until there are no more.
pub(crate) fn run(machine: Machine, ui: &Ui) -> Outcome {
    let mut prompt = Prompt { session: Session::new(ui.color_out), machine, ui: *ui, last: String::new() };
    if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        return converse(prompt);
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| Failure::wrong(format!("standard input: {error}")))?;
    let progress = prompt.all(&text, 0)?;
    Ok(if progress.has_failed { Exit::Wrong } else { Exit::Done })
}

/// Takes entries from a person.
fn converse(mut prompt: Prompt) -> Outcome {
    let ui = prompt.ui;
    ui.say(&format!("flowc {} · {} · :help says what there is", env!("CARGO_PKG_VERSION"), prompt.machine.place()));
    let greeting = prompt.session.greeting(&mut prompt.machine);
    if !greeting.is_empty() {
        ui.tell(&greeting);
    }
    let prompt = Rc::new(RefCell::new(prompt));
    let mut editor = Editor::open(&prompt, ui.color_out)?;
    loop {
        match editor.read()? {
            Line::Entry(text) => {
                if prompt.borrow_mut().entry(&text, 0)?.is_over {
                    return Ok(Exit::Done);
                }
            }
            Line::Dropped => {}
            Line::End => return Ok(Exit::Done),
        }
    }
}

impl Prompt {
    /// What could be written at a place of an entry.
    fn complete(&mut self, line: &str, at: usize) -> (usize, Vec<Candidate>) {
        self.session.complete(line, at, &self.machine)
    }

    /// Takes the entries of a text, one after the other.
    fn all(&mut self, text: &str, depth: u32) -> Result<Progress, Failure> {
        let mut progress = Progress::default();
        let mut entry = String::new();
        for line in text.lines() {
            entry.push_str(line);
            entry.push('\n');
            if !is_whole(&entry) {
                continue;
            }
            let came = self.entry(&std::mem::take(&mut entry), depth)?;
            progress.has_failed |= came.has_failed;
            if came.is_over {
                return Ok(Progress { is_over: true, ..progress });
            }
        }
        if !entry.trim().is_empty() {
            progress.has_failed |= self.entry(&entry, depth)?.has_failed;
        }
        Ok(progress)
    }

    fn entry(&mut self, text: &str, depth: u32) -> Result<Progress, Failure> {
        if let Some(file) = text.trim().strip_prefix(":load ") {
            return self.load(file.trim(), depth);
        }
        if let Some(entry) = text.trim().strip_prefix(":time ") {
            return self.timed(entry, depth);
        }
        if text.trim() == ":edit" {
            return self.edited();
        }
        text.clone_into(&mut self.last);
        let outcome = self.session.eval(text, &mut self.machine);
        if outcome.is_done {
            self.ui.out(&outcome.text)?;
        } else {
            self.ui.tell(&outcome.text);
        }
        let has_failed = !outcome.is_done;
        match outcome.then {
            Then::Go => Ok(Progress { has_failed, is_over: false }),
            Then::Quit => Ok(Progress { has_failed, is_over: true }),
            Then::Command(words) => Ok(Progress { has_failed: !self.command(&words)?, is_over: false }),
            Then::Write { path, text } => {
                let written = write_whole(Path::new(&path), &text);
                match &written {
                    Ok(()) => self.ui.say(&format!("wrote {path}")),
                    Err(failure) => self.ui.fail(failure),
                }
                Ok(Progress { has_failed: written.is_err(), is_over: false })
            }
        }
    }

    /// An entry, and how long it took.
    fn timed(&mut self, text: &str, depth: u32) -> Result<Progress, Failure> {
        let begin = now();
        let came = self.entry(text, depth)?;
        self.ui.say(&format!("took {}", took(begin, now())));
        Ok(came)
    }

    /// The last entry, as it is after it was in the person's editor.
    fn edited(&mut self) -> Result<Progress, Failure> {
        let failed = |prompt: &Self, failure: &Failure| {
            prompt.ui.fail(failure);
            Ok(Progress { has_failed: true, is_over: false })
        };
        match in_editor(&self.last) {
            Ok(text) if text.trim().is_empty() => Ok(Progress::default()),
            Ok(text) => {
                self.ui.say(text.trim_end());
                self.entry(&text, 0)
            }
            Err(failure) => failed(self, &failure),
        }
    }

    fn load(&mut self, file: &str, depth: u32) -> Result<Progress, Failure> {
        if depth >= DEEPEST {
            self.ui.tell(&format!("error: {file} is loaded by files that load one another"));
            return Ok(Progress { has_failed: true, is_over: false });
        }
        match read_named(Path::new(file)) {
            Ok(text) => self.all(&text, depth + 1),
            Err(failure) => {
                self.ui.fail(&failure);
                Ok(Progress { has_failed: true, is_over: false })
            }
        }
    }

    /// Does what a command line of `flowc` says, with the session's project; whether it is as it should be.
    fn command(&self, words: &[String]) -> Result<bool, Failure> {
        let given = std::iter::once("flowc".to_owned()).chain(words.iter().cloned()).collect();
        let parsed = match Cli::try_parse_from(arguments::with_parameters(&Cli::command(), given)) {
            Ok(parsed) => parsed,
            Err(error) => {
                self.ui.tell(error.render().to_string().trim_end());
                return Ok(!error.use_stderr());
            }
        };
        let own = self.machine.global();
        let global =
            Global { assume: vec![], project: own.project.clone(), profile: own.profile.clone(), ..parsed.global };
        let global = Global { set: own.set.iter().chain(&global.set).cloned().collect(), ..global };
        let ui = Ui { verbose: global.verbose || self.ui.verbose, ..self.ui };
        match parsed.command.run(&global, &ui) {
            Ok(exit) => Ok(exit == Exit::Done),
            Err(failure) if failure.exit == Exit::OutputClosed => Err(failure),
            Err(failure) => {
                self.ui.fail(&failure);
                Ok(false)
            }
        }
    }
}
