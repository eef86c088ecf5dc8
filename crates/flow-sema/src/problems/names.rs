//! Problems with names: unknown, declared twice, of the wrong kind, not used.

use super::{nearest, one_of};
use flow_diag::{Edit, Fix, Problem, Span, codes};
use flow_expr::Name;
use flow_syntax::ast;
use std::sync::Arc;

/// Where a `use` can be put into a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ImportPlace {
    /// The place.
    pub(crate) at: Span,
    /// Whether it follows another `use`.
    pub(crate) after: bool,
}

impl ImportPlace {
    fn edit(self, module: &str, name: &str) -> Edit {
        let import = format!("use {module}.{{{name}}}");
        Edit { span: self.at, text: if self.after { format!("\n{import}") } else { format!("{import}\n\n") } }
    }
}

/// A name that means nothing here.
pub(crate) struct UnknownName<'a> {
    pub(crate) name: &'a str,
    pub(crate) at: Span,
    /// What is missing: `type`, `value`, `step`, `label`, …
    pub(crate) noun: &'static str,
    /// The nearest name that would do.
    pub(crate) nearest: Option<(String, Option<Span>)>,
    /// Declarations of that name in other modules.
    pub(crate) elsewhere: Vec<(Name, Span)>,
    pub(crate) import: ImportPlace,
    /// Where the same body binds it, too late.
    pub(crate) later: Option<Span>,
}

impl From<UnknownName<'_>> for Problem {
    fn from(problem: UnknownName<'_>) -> Self {
        let title = format!("there is no {} `{}` here", problem.noun, problem.name);
        if let Some(later) = problem.later {
            return Self::error(codes::E0101, problem.at, title, "it is bound only after this")
                .label(later, format!("`{}` is bound here", problem.name))
                .help("put that `let` before what uses it");
        }
        let mut built = Self::error(codes::E0101, problem.at, title, "not known in this module");
        for (name, at) in problem.elsewhere.iter().take(3) {
            built = built.label(*at, format!("`{name}` is declared here"));
        }
        if let Some((name, _)) = problem.elsewhere.first() {
            built = built.help(format!("add `use {}.{{{}}}`", name.module(), problem.name));
        }
        for (name, _) in problem.elsewhere.iter().take(3) {
            built.fixes.push(Fix {
                title: format!("add `use {}.{{{}}}`", name.module(), problem.name),
                edits: vec![problem.import.edit(name.module(), problem.name)],
            });
        }
        if let (Some((near, at)), true) = (problem.nearest, problem.elsewhere.is_empty()) {
            if let Some(at) = at {
                built = built.label(at, format!("`{near}` is declared here"));
            }
            built = built.help(format!("did you mean `{near}`?")).fix(format!("rename to `{near}`"), problem.at, near);
        }
        built
    }
}

/// A name that is read as a value everywhere else.
pub(crate) struct LiteralName<'a> {
    pub(crate) name: &'a str,
    pub(crate) at: Span,
}

impl<'a> LiteralName<'a> {
    /// The problem, if the name is one of those.
    pub(crate) fn of(name: &'a ast::Name, at: Span) -> Option<Self> {
        let is_value = matches!(name.text(), "true" | "false" | "none") && !name.is_quoted();
        is_value.then(|| Self { name: name.text(), at })
    }
}

impl From<LiteralName<'_>> for Problem {
    fn from(problem: LiteralName<'_>) -> Self {
        let title = format!("`{}` cannot be a name", problem.name);
        Self::error(codes::E0118, problem.at, title, "it is a value wherever it stands")
            .help(format!("give it another name, or write it between backticks: `` `{}` ``", problem.name))
    }
}

/// A name that a module declares twice.
pub(crate) struct Duplicate {
    pub(crate) name: Arc<str>,
    pub(crate) at: Span,
    pub(crate) keyword: &'static str,
    pub(crate) first: Span,
    pub(crate) first_keyword: &'static str,
}

impl From<Duplicate> for Problem {
    fn from(problem: Duplicate) -> Self {
        let title = format!("`{}` is declared twice in this module", problem.name);
        let label = format!("this {} has the name of another declaration", problem.keyword);
        Self::error(codes::E0102, problem.at, title, label)
            .label(problem.first, format!("the {} of that name", problem.first_keyword))
            .help("rename one of them: a name means one thing in a module")
    }
}

/// A `use` of a module that is not there.
pub(crate) struct UnknownModule {
    at: Span,
    module: Box<str>,
    nearest: Option<String>,
}

impl UnknownModule {
    pub(crate) fn new<'a>(module: &str, at: Span, known: impl Iterator<Item = &'a str>) -> Self {
        let nearest = nearest(module, known).map(str::to_owned);
        Self { at, module: module.into(), nearest }
    }
}

impl From<UnknownModule> for Problem {
    fn from(problem: UnknownModule) -> Self {
        let file = problem.module.replace('.', "/");
        let title = format!("there is no module `{}`", problem.module);
        let built = Self::error(codes::E0103, problem.at, title, "no file has this module name");
        match problem.nearest {
            Some(near) => built.help(format!("did you mean `{near}`?")).fix(format!("use `{near}`"), problem.at, near),
            None if problem.module.starts_with("std.") => built.help("the standard library has no such module"),
            None => built.help(format!("a module is a file under a source folder: this one would be `{file}.flow`")),
        }
    }
}

/// A module that uses itself.
pub(crate) struct SelfUse {
    pub(crate) at: Span,
    pub(crate) module: Box<str>,
}

impl From<SelfUse> for Problem {
    fn from(problem: SelfUse) -> Self {
        let title = format!("`{}` uses itself", problem.module);
        Self::error(codes::E0104, problem.at, title, "this is the module that the file is")
            .help("its own names need no `use`: remove it")
    }
}

/// A name that the other module does not have.
pub(crate) struct NotInModule {
    at: Span,
    name: Box<str>,
    module: Box<str>,
    nearest: Option<String>,
    known: String,
}

impl NotInModule {
    pub(crate) fn new<'a>(name: &str, at: Span, module: &str, known: impl Iterator<Item = &'a str>) -> Self {
        let mut known: Vec<&str> = known.collect();
        known.sort_unstable();
        let nearest = nearest(name, known.iter().copied()).map(str::to_owned);
        Self { at, name: name.into(), module: module.into(), nearest, known: one_of(known) }
    }
}

impl From<NotInModule> for Problem {
    fn from(problem: NotInModule) -> Self {
        let title = format!("module `{}` has no `{}`", problem.module, problem.name);
        let built = Self::error(codes::E0105, problem.at, title, "not declared there");
        match problem.nearest {
            Some(near) => {
                built.help(format!("did you mean `{near}`?")).fix(format!("rename to `{near}`"), problem.at, near)
            }
            None => built.note(format!("it declares {}", problem.known)),
        }
    }
}

/// A `use` that brings in a name that is taken.
pub(crate) struct ImportClash {
    pub(crate) name: Arc<str>,
    pub(crate) at: Span,
    pub(crate) first: Span,
    pub(crate) from: Name,
}

impl From<ImportClash> for Problem {
    fn from(problem: ImportClash) -> Self {
        let title = format!("`{}` already means something in this module", problem.name);
        let other = format!("{}_{}", problem.from.as_str().replace('.', "_"), problem.name);
        Self::error(codes::E0106, problem.at, title, "brought in here")
            .label(problem.first, "the other meaning")
            .help(format!("give it another name here: `{} as {other}`", problem.name))
    }
}

/// A `use` that nothing needs.
pub(crate) struct UnusedUse {
    pub(crate) name: Arc<str>,
    pub(crate) at: Span,
    pub(crate) whole: Span,
}

impl From<UnusedUse> for Problem {
    fn from(problem: UnusedUse) -> Self {
        let title = format!("`{}` is used nowhere in this module", problem.name);
        let mut built = Self::warning(codes::W0101, problem.at, title, "not mentioned");
        if problem.whole != problem.at {
            built = built.fix("remove the `use`", problem.whole, "");
        }
        built.help("remove it from the `use`")
    }
}

/// A declaration of one kind where another is needed.
pub(crate) struct WrongKind<'a> {
    pub(crate) name: &'a str,
    pub(crate) at: Span,
    /// `a type`, `a value`, `a retry policy`
    pub(crate) expected: &'static str,
    /// `step`, `type`, …
    pub(crate) found: &'static str,
    pub(crate) declared: Span,
}

impl From<WrongKind<'_>> for Problem {
    fn from(problem: WrongKind<'_>) -> Self {
        let article = if problem.found.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
        let title = format!("`{}` is {article} {}, not {}", problem.name, problem.found, problem.expected);
        Self::error(codes::E0107, problem.at, title, format!("expected {}", problem.expected))
            .label(problem.declared, format!("declared here with `{}`", problem.found))
    }
}

/// A parameter, `let`, field or variant whose name is taken in the same place.
pub(crate) struct BoundTwice<'a> {
    pub(crate) name: &'a str,
    pub(crate) at: Span,
    pub(crate) first: Span,
    /// `parameter`, `field`, …
    pub(crate) noun: &'static str,
}

impl From<BoundTwice<'_>> for Problem {
    fn from(problem: BoundTwice<'_>) -> Self {
        let title = format!("there are two {}s called `{}`", problem.noun, problem.name);
        Self::error(codes::E0108, problem.at, title, "this one has the name of another")
            .label(problem.first, "the first one")
            .help("rename one of them")
    }
}

/// A `let` that nothing mentions.
pub(crate) struct UnusedLet<'a> {
    pub(crate) name: &'a str,
    pub(crate) at: Span,
}

impl From<UnusedLet<'_>> for Problem {
    fn from(problem: UnusedLet<'_>) -> Self {
        let title = format!("`{}` is used nowhere", problem.name);
        Self::warning(codes::W0102, problem.at, title, "not mentioned after this")
            .help("remove it, or begin its name with `_` to keep it")
            .fix("begin the name with `_`", problem.at, format!("_{}", problem.name))
    }
}

/// A function without a body outside the standard library.
pub(crate) struct NoBody {
    pub(crate) name: Name,
    pub(crate) at: Span,
}

impl From<NoBody> for Problem {
    fn from(problem: NoBody) -> Self {
        let title = format!("`{}` has no body", problem.name.short());
        Self::error(codes::E0119, problem.at, title, "only the standard library declares built-in functions")
            .help("write what it computes between braces")
    }
}
