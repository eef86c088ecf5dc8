//! Lines from a person: edited, completed, coloured, remembered; several until the entry is whole.

use super::Prompt;
use crate::{
    exit::Failure,
    ui::{Style, environment, paint},
};
use flow_repl::{Paint, is_whole, stretches};
use rustyline::{
    Context, Helper,
    completion::{Completer, FilenameCompleter, Pair},
    config::{BellStyle, CompletionType, Config},
    error::ReadlineError,
    highlight::{CmdKind, Highlighter},
    hint::Hinter,
    history::FileHistory,
    validate::{ValidationContext, ValidationResult, Validator},
};
use std::{borrow::Cow, cell::RefCell, path::PathBuf, rc::Rc};

/// Entries that are remembered from session to session.
const REMEMBERED: usize = 10_000;

const ASKS: &str = "flow> ";

/// What was read.
pub(super) enum Line {
    /// A whole entry.
    Entry(String),
    /// Ctrl-C: the entry is dropped.
    Dropped,
    /// Ctrl-D: there are no more.
    End,
}

/// The line editor with its history.
pub(super) struct Editor {
    lines: rustyline::Editor<Help, FileHistory>,
    history: Option<PathBuf>,
}

impl Editor {
    /// An editor that completes from a session. A history that cannot be read or kept is done without.
    pub(super) fn open(prompt: &Rc<RefCell<Prompt>>, color: bool) -> Result<Self, Failure> {
        let config = Config::builder()
            .max_history_size(REMEMBERED)
            .and_then(|config| config.history_ignore_dups(true))
            .map_err(|error| failed(&error))?
            // What begins with a blank is not remembered, as in a shell.
            .history_ignore_space(true)
            .completion_type(CompletionType::List)
            .bell_style(BellStyle::None)
            .build();
        let mut lines = rustyline::Editor::with_config(config).map_err(|error| failed(&error))?;
        lines.set_helper(Some(Help { prompt: prompt.clone(), color }));
        let history = history_file();
        if let Some(path) = &history {
            let _ = lines.load_history(path);
        }
        Ok(Self { lines, history })
    }

    /// The next entry.
    pub(super) fn read(&mut self) -> Result<Line, Failure> {
        match self.lines.readline(ASKS) {
            Ok(text) => {
                let is_new = self.lines.add_history_entry(text.trim_end()).unwrap_or(false);
                if let Some(path) = self.history.as_ref().filter(|_| is_new) {
                    let _ = self.lines.append_history(path);
                }
                Ok(Line::Entry(text))
            }
            Err(ReadlineError::Interrupted) => Ok(Line::Dropped),
            Err(ReadlineError::Eof) => Ok(Line::End),
            Err(error) => Err(failed(&error)),
        }
    }
}

fn failed(error: &ReadlineError) -> Failure {
    Failure::environment(format!("the terminal: {error}"))
}

/// A text as it is after a person changed it in the editor of their choice.
#[expect(clippy::disallowed_methods, reason = "flowc is the rim at which processes are started and files are read")]
pub(super) fn in_editor(text: &str) -> Result<String, Failure> {
    let chosen = environment("VISUAL").or_else(|| environment("EDITOR")).filter(|chosen| !chosen.trim().is_empty());
    let chosen = chosen.ok_or_else(|| Failure::wrong("set $EDITOR to the editor of your choice"))?;
    let failed = |error: std::io::Error| Failure::environment(format!("the editor `{chosen}`: {error}"));
    let file = tempfile::Builder::new().prefix("entry-").suffix(".flow").tempfile().map_err(failed)?;
    std::fs::write(file.path(), text).map_err(failed)?;
    let mut words = chosen.split_whitespace();
    let program = words.next().unwrap_or_default();
    let status = std::process::Command::new(program).args(words).arg(file.path()).status().map_err(failed)?;
    if !status.success() {
        return Err(Failure::wrong(format!("the editor `{chosen}` ended with {status}: nothing is done")));
    }
    std::fs::read_to_string(file.path()).map_err(failed)
}

/// Where entries are remembered: in the user's folder for state, for nobody else to read.
#[expect(clippy::disallowed_methods, reason = "flowc is the rim at which files are made")]
fn history_file() -> Option<PathBuf> {
    let state = environment("XDG_STATE_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
    let folder = state.or_else(|| Some(PathBuf::from(environment("HOME")?).join(".local/state")))?.join("flowc");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("prompt_history"))
}

/// What the editor asks while a line is written.
struct Help {
    prompt: Rc<RefCell<Prompt>>,
    color: bool,
}

impl Helper for Help {}

impl Hinter for Help {
    type Hint = String;
}

impl Validator for Help {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if is_whole(context.input()) { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}

impl Completer for Help {
    type Candidate = Pair;

    fn complete(&self, line: &str, at: usize, context: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        if line.trim_start().starts_with(":load ") {
            return FilenameCompleter::new().complete(line, at, context);
        }
        let (start, found) = self.prompt.borrow_mut().complete(line, at);
        let width = found.iter().map(|candidate| candidate.word.chars().count()).max().unwrap_or(0);
        let shown = |candidate: flow_repl::Candidate| {
            let display = format!("{:width$}  {}", candidate.word, candidate.what);
            Pair { display, replacement: candidate.word }
        };
        Ok((start, found.into_iter().map(shown).collect()))
    }
}

impl Highlighter for Help {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        if !self.color {
            return Cow::Borrowed(line);
        }
        Cow::Owned(stretches(line).into_iter().map(|(what, text)| painted(what, &text)).collect())
    }

    fn highlight_char(&self, _: &str, _: usize, kind: CmdKind) -> bool {
        self.color && kind != CmdKind::MoveCursor
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        if self.color { Cow::Owned(paint(true, Style::Bold, prompt)) } else { Cow::Borrowed(prompt) }
    }
}

fn painted(what: Paint, text: &str) -> String {
    let style = match what {
        Paint::Keyword => Style::Bold,
        Paint::Text => Style::Good,
        Paint::Number => Style::Code,
        Paint::Comment => Style::Dim,
        Paint::Plain => return text.to_owned(),
    };
    paint(true, style, text)
}
