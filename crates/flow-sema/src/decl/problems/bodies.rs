//! Bodies: code that is not there, names in it, requests, results.

use crate::problems::{nearest, one_of};
use flow_diag::{Problem, Span, codes};
use flow_expr::Type;

/// A file of code that cannot be read.
pub(crate) struct CodeFileProblem<'a> {
    pub(crate) at: Span,
    pub(crate) path: &'a str,
    pub(crate) why: &'a str,
}

impl From<CodeFileProblem<'_>> for Problem {
    fn from(found: CodeFileProblem<'_>) -> Self {
        let CodeFileProblem { at, path, why } = found;
        Self::error(codes::E0162, at, format!("cannot read `{path}`: {why}"), "the code is looked for here")
            .help("the path is relative to this file's folder")
    }
}

/// A shell variable that nothing sets.
pub(crate) struct NotSet<'a> {
    pub(crate) name: &'a str,
    pub(crate) at: Span,
    pub(crate) params: Vec<&'a str>,
}

impl From<NotSet<'_>> for Problem {
    fn from(found: NotSet<'_>) -> Self {
        let NotSet { name, at, params } = found;
        let problem = Self::warning(
            codes::W0305,
            at,
            format!("nothing sets `${name}`"),
            "no parameter, and the script does not set it",
        );
        match nearest(name, params.iter().copied()) {
            Some(near) => problem.help(format!("did you mean `${near}`?")).fix(format!("use `${near}`"), at, near),
            None if params.is_empty() => problem.help("the step has no parameters; give it one, or set the variable"),
            None => problem.note(format!("the parameters are {}", one_of(params))),
        }
    }
}

/// A method that HTTP does not have.
pub(crate) struct NotMethod<'a> {
    pub(crate) at: Span,
    pub(crate) found: &'a str,
    pub(crate) known: &'static [&'static str],
}

impl From<NotMethod<'_>> for Problem {
    fn from(found: NotMethod<'_>) -> Self {
        let NotMethod { at, found, known } = found;
        let problem = Self::error(codes::E0166, at, format!("`{found}` is no HTTP method"), "expected a method")
            .note(format!("the methods are {}", one_of(known.iter().copied())));
        let upper = found.to_uppercase();
        match known.iter().find(|known| **known == upper).copied().or_else(|| nearest(&upper, known.iter().copied())) {
            Some(near) => problem.fix(format!("use `{near}`"), at, near),
            None => problem,
        }
    }
}

/// A path without a host.
pub(crate) struct RelativeUrl {
    pub(crate) at: Span,
}

impl From<RelativeUrl> for Problem {
    fn from(found: RelativeUrl) -> Self {
        Self::error(codes::E0166, found.at, "this address has no host", "expected `https://…`")
            .help("write the whole address, or name the connection whose base comes before it: `http on CONNECTION GET \"/path\"`")
    }
}

/// A body and a form.
pub(crate) struct BodyTwice {
    pub(crate) at: Span,
}

impl From<BodyTwice> for Problem {
    fn from(found: BodyTwice) -> Self {
        Self::error(codes::E0166, found.at, "a request has either a `body` or a `form`", "there is a form too")
            .help("remove one of them")
    }
}

/// A secret among other holes.
pub(crate) struct HeaderSecret {
    pub(crate) at: Span,
}

impl From<HeaderSecret> for Problem {
    fn from(found: HeaderSecret) -> Self {
        Self::error(codes::E0167, found.at, "a header with a secret holds nothing else", "a secret and other holes")
            .help("send two headers, or keep the whole value in the secret")
    }
}

/// A model that is no name.
pub(crate) struct NotAModel {
    pub(crate) at: Span,
}

impl From<NotAModel> for Problem {
    fn from(found: NotAModel) -> Self {
        Self::error(codes::E0167, found.at, "expected the name of a model", "not a name")
            .help("declare it with `model NAME { … }` and write `ai NAME { … }`")
    }
}

/// A result that no such body gives.
pub(crate) struct UnusableResult<'a> {
    pub(crate) at: Span,
    pub(crate) ty: &'a Type,
    pub(crate) kind: &'a str,
}

impl From<UnusableResult<'_>> for Problem {
    fn from(found: UnusableResult<'_>) -> Self {
        let UnusableResult { at, ty, kind } = found;
        let problem =
            Self::error(codes::E0264, at, format!("a `{kind}` body cannot give `{ty}`"), "declared as the result");
        match (kind, ty) {
            ("sql", Type::Unit) => problem.help(
                "a query in process only gives rows; `sql on CONNECTION` can change a database and return `Unit`",
            ),
            ("ask", _) => problem.help(
                "a person answers with `Approval`, or with one of the words of an enum: `type Answer = Now | Later`",
            ),
            ("sql", _) => problem.help("a query gives rows: `Table<R>`, `List<R>`, one record, or one value"),
            _ => problem.help("return data: text, numbers, records, lists, tables or a file"),
        }
    }
}
