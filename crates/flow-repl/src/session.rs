//! What has been entered so far, and what the next entry means under it.

use crate::{
    Host, Trouble,
    answer::Valued,
    entry::{Entry, entry},
    show,
};
use flow_compiler::{Compilation, Kept, Options, Prompt, compile_again};
use flow_diag::{Problem, Problems, Severity, render};
use flow_expr::{Name, Type, Value};
use flow_plan::Program;
use flow_syntax::ast;
use std::sync::Arc;

/// What came of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What to show; empty, or lines.
    pub text: String,
    /// Whether it is what was asked for.
    pub is_done: bool,
    /// What is to be done then.
    pub then: Then,
}

/// What the terminal is to do behind an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// Nothing: the next entry.
    Go,
    /// To end.
    Quit,
    /// To do as a command line of `flowc` says.
    Command(Vec<String>),
    /// To write a text to a file.
    Write {
        /// The file.
        path: String,
        /// The text.
        text: String,
    },
}

impl Outcome {
    pub(crate) fn done(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_done: true, then: Then::Go }
    }

    pub(crate) fn failed(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_done: false, then: Then::Go }
    }

    pub(crate) fn command(words: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let words = words.into_iter().map(Into::into).collect();
        Self { text: String::new(), is_done: true, then: Then::Command(words) }
    }

    pub(crate) fn trouble(trouble: &Trouble) -> Self {
        let details: String = trouble.details.iter().map(|detail| format!("  = {detail}\n")).collect();
        let stderr = trouble.stderr_tail.as_deref().map_or(String::new(), |tail| format!("{}\n", tail.trim_end()));
        Self::failed(format!("error[{}]: {}\n{details}{stderr}", trouble.code, trouble.message))
    }
}

/// A name with its value.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    pub(crate) name: Arc<str>,
    pub(crate) ty: Type,
    pub(crate) value: Value,
    /// Labels of it beyond those that its type names.
    pub(crate) labels: Vec<Name>,
    /// What was written behind `let NAME =`; none of a value that was not kept by one.
    pub(crate) text: Option<String>,
}

/// A declaration with the names that it declares.
#[derive(Clone, Debug)]
pub(crate) struct Declared {
    pub(crate) names: Vec<String>,
    pub(crate) text: String,
}

/// What has been entered.
#[derive(Debug, Default)]
pub struct Session {
    pub(crate) declared: Vec<Declared>,
    pub(crate) bound: Vec<Bound>,
    /// What is assumed, as it was said.
    pub(crate) assumed: Vec<String>,
    /// Whether what is shown is coloured.
    pub(crate) color: bool,
    /// The project with what was declared, while neither changes.
    compiled: Option<(u64, Arc<Compiled>)>,
    /// Trees and queries of the last time that something was compiled.
    kept: Kept,
}

/// The project with what was declared at the prompt.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) compilation: Compilation,
    pub(crate) program: Arc<Program>,
}

/// The value of the last entry that has one.
const LAST: &str = "it";

impl Session {
    /// A session in which nothing was entered.
    #[must_use]
    pub fn new(color: bool) -> Self {
        Self { color, ..Self::default() }
    }

    /// Does what an entry says.
    pub fn eval(&mut self, text: &str, host: &mut dyn Host) -> Outcome {
        match entry(text) {
            Entry::Nothing => Outcome::done(""),
            Entry::Command(name, rest) => self.command(name, rest, host),
            Entry::Let(name, value) => self.bind(name, value, host),
            Entry::Declaration(text) => self.declare(text, host),
            Entry::Query(text) => self.query(text, host),
            Entry::Expression(text) => self.expression(text, host),
        }
    }

    /// What is wrong with the project as it stands, for the beginning; empty if nothing is.
    pub fn greeting(&mut self, host: &mut dyn Host) -> String {
        let compiled = self.compiled(host);
        let problems = errors(&compiled.compilation, |_| true);
        if problems.0.is_empty() {
            return String::new();
        }
        let text = render::text(&problems, &compiled.compilation.sources, self.color);
        format!("{text}\nwhat is wrong is left out of the program until it is mended\n")
    }

    fn expression(&mut self, text: &str, host: &mut dyn Host) -> Outcome {
        if let Some(shown) = self.dataset_named(text, host) {
            return shown;
        }
        match self.value_of(text, None, host) {
            Ok(valued) => {
                let shown = valued.shown(host);
                self.keep_last(valued);
                Outcome::done(shown)
            }
            Err(outcome) => outcome,
        }
    }

    fn bind(&mut self, name: &str, text: &str, host: &mut dyn Host) -> Outcome {
        if !name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_') {
            return Outcome::failed(format!(
                "error: a name of a value begins with a small letter, as in `let {} = …`\n",
                name.to_lowercase()
            ));
        }
        match self.value_of(text, None, host) {
            Ok(valued) => {
                let shown = valued.shown(host);
                let Valued { value, ty, labels, .. } = valued;
                let shown = match shown.lines().count() {
                    0 | 1 => format!("{name} = {shown}"),
                    _ => format!("{name}: {}\n{shown}", show::short(&ty)),
                };
                self.keep(Bound { name: name.into(), ty, value, labels, text: Some(text.to_owned()) });
                Outcome::done(shown)
            }
            Err(outcome) => outcome,
        }
    }

    /// Keeps a value as the last one.
    pub(crate) fn keep_last(&mut self, valued: Valued) {
        let Valued { value, ty, labels, .. } = valued;
        self.keep(Bound { name: LAST.into(), ty, value, labels, text: None });
    }

    fn keep(&mut self, kept: Bound) {
        self.bound.retain(|bound| bound.name != kept.name);
        self.bound.push(kept);
    }

    /// Takes declarations, in place of those of the same names, if they are right.
    fn declare(&mut self, text: &str, host: &mut dyn Host) -> Outcome {
        let parsed = flow_syntax::parse(flow_diag::FileId(0), text);
        let decls: Vec<ast::Decl> = parsed.root().decls().collect();
        let names: Vec<String> =
            decls.iter().filter_map(|decl| decl.name()).map(|name| name.text().to_owned()).collect();
        let before = self.declared.clone();
        self.declared.retain(|declared| !declared.names.iter().any(|name| names.contains(name)));
        let replaced = before.len() - self.declared.len();
        self.declared.push(Declared { names: names.clone(), text: text.to_owned() });
        self.compiled = None;
        let compiled = self.compiled(host);
        let problems = errors(&compiled.compilation, |path| path == Prompt::MODULE);
        if !problems.0.is_empty() {
            let shown = render::text(&problems, &compiled.compilation.sources, self.color);
            self.declared = before;
            self.compiled = None;
            return Outcome::failed(shown);
        }
        let verb = if replaced > 0 { "declared anew" } else { "declared" };
        let listed: Vec<String> = decls
            .iter()
            .zip(&names)
            .map(|(decl, name)| {
                let keyword = decl.syntax().text().to_string();
                let keyword = keyword.split_whitespace().find(|word| word.chars().all(char::is_alphabetic));
                format!("{} `{name}`", keyword.unwrap_or_default())
            })
            .collect();
        Outcome::done(format!("{verb}: {}\n", listed.join(", ")))
    }

    /// The project with what was declared, compiled anew if a file changed.
    pub(crate) fn compiled(&mut self, host: &dyn Host) -> Arc<Compiled> {
        let stamp = host.stamp();
        if let Some((known, compiled)) = &self.compiled
            && *known == stamp
        {
            return compiled.clone();
        }
        let compilation = self.compile(Prompt::default(), host);
        let program = Arc::new(compilation.program.clone());
        let compiled = Arc::new(Compiled { compilation, program });
        self.compiled = Some((stamp, compiled.clone()));
        compiled
    }

    /// The project with what was declared and what is entered now.
    pub(crate) fn compile(&mut self, prompt: Prompt, host: &dyn Host) -> Compilation {
        let options = self.options(host, prompt);
        compile_again(host.world(), &options, &mut self.kept)
    }

    /// An expression for the compiler, with the names that were bound.
    pub(crate) fn asked(&self, expression: &str) -> Prompt {
        let bound = self.bound.iter().map(|bound| (bound.name.clone(), bound.ty.clone())).collect();
        let labels = self.bound.iter().map(|bound| (bound.name.clone(), bound.labels.clone())).collect();
        Prompt { expression: Some(expression.to_owned()), bound, labels, ..Prompt::default() }
    }

    fn options(&self, host: &dyn Host, prompt: Prompt) -> Options {
        let mut declarations: String = self.declared.iter().map(|declared| format!("{}\n", declared.text)).collect();
        declarations.push_str(&prompt.declarations);
        Options { prompt: Some(Prompt { declarations, ..prompt }), for_editor: true, ..host.options() }
    }

    /// Problems as text.
    pub(crate) fn rendered(&self, problems: &Problems, compilation: &Compilation) -> String {
        render::text(problems, &compilation.sources, self.color)
    }
}

/// The errors in texts of these paths. A project without programs is none at a prompt.
pub(crate) fn errors(compilation: &Compilation, is_wanted: impl Fn(&str) -> bool) -> Problems {
    let of = |problem: &&Problem| {
        let path = compilation.sources.get(problem.span().file).map_or("", |source| &source.path);
        problem.severity == Severity::Error && is_wanted(path) && problem.code.as_str() != NO_PROGRAM
    };
    Problems(compilation.problems.0.iter().filter(of).cloned().collect())
}

/// The code of a project without programs.
const NO_PROGRAM: &str = "E0153";
