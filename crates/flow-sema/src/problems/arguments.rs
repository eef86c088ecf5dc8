//! Calls whose arguments do not go with the parameters.

use super::{counted, nearest, one_of};
use flow_diag::{Problem, Span, codes};
use flow_expr::Type;

/// An argument with a name that no parameter or field has.
pub(crate) struct UnknownArgument<'a> {
    pub(crate) at: Span,
    pub(crate) argument: &'a str,
    pub(crate) owner: &'a str,
    pub(crate) known: Vec<&'a str>,
    pub(crate) declared: Option<Span>,
}

impl From<UnknownArgument<'_>> for Problem {
    fn from(problem: UnknownArgument<'_>) -> Self {
        let UnknownArgument { at, argument, owner, known, declared } = problem;
        let mut built = Self::error(codes::E0205, at, format!("`{owner}` takes no `{argument}`"), "not known there");
        if let Some(declared) = declared {
            built = built.label(declared, format!("`{owner}` is declared here"));
        }
        match nearest(argument, known.iter().copied()) {
            Some(near) => built.help(format!("did you mean `{near}`?")).fix(format!("rename to `{near}`"), at, near),
            None if known.is_empty() => built.note("it takes nothing"),
            None => built.note(format!("it takes {}", one_of(known).replace(" or ", " and "))),
        }
    }
}

/// An argument or field that is given twice.
pub(crate) struct GivenTwice<'a> {
    pub(crate) at: Span,
    pub(crate) first: Span,
    pub(crate) argument: &'a str,
}

impl From<GivenTwice<'_>> for Problem {
    fn from(problem: GivenTwice<'_>) -> Self {
        let title = format!("`{}` is given twice", problem.argument);
        Self::error(codes::E0206, problem.at, title, "given again here").label(problem.first, "given here")
    }
}

/// Arguments that are not given.
pub(crate) struct MissingArgument<'a> {
    pub(crate) at: Span,
    pub(crate) owner: &'a str,
    pub(crate) missing: Vec<(&'a str, &'a Type, Span)>,
}

impl From<MissingArgument<'_>> for Problem {
    fn from(problem: MissingArgument<'_>) -> Self {
        let MissingArgument { at, owner, missing } = problem;
        let names = one_of(missing.iter().map(|(name, ..)| *name)).replace(" or ", " and ");
        let title = format!("`{owner}` also needs {names}");
        let mut built =
            Self::error(codes::E0207, at, title, format!("{} not given", counted(missing.len(), "argument")));
        for (name, ty, declared) in missing {
            built = built.label(declared, format!("`{name}: {ty}` has no default"));
        }
        built
    }
}

/// More arguments than parameters.
pub(crate) struct TooManyArguments<'a> {
    pub(crate) at: Span,
    pub(crate) owner: &'a str,
    pub(crate) takes: usize,
    pub(crate) given: usize,
    pub(crate) declared: Option<Span>,
}

impl From<TooManyArguments<'_>> for Problem {
    fn from(problem: TooManyArguments<'_>) -> Self {
        let TooManyArguments { at, owner, takes, given, declared } = problem;
        let title = format!("`{owner}` takes {}, not {given}", counted(takes, "argument"));
        let built = Self::error(codes::E0208, at, title, "too many");
        match declared {
            Some(declared) => built.label(declared, format!("`{owner}` is declared here")),
            None => built,
        }
    }
}

/// A call of a function that was passed, with another number of arguments.
pub(crate) struct WrongCount<'a> {
    pub(crate) at: Span,
    pub(crate) owner: &'a str,
    pub(crate) takes: usize,
    pub(crate) given: usize,
}

impl From<WrongCount<'_>> for Problem {
    fn from(problem: WrongCount<'_>) -> Self {
        let WrongCount { at, owner, takes, given } = problem;
        let title = format!("`{owner}` takes {}, not {given}", counted(takes, "argument"));
        Self::error(codes::E0208, at, title, "wrong number of arguments")
    }
}

/// A built-in function that does not take these arguments.
pub(crate) struct NoOverload<'a> {
    pub(crate) at: Span,
    pub(crate) name: &'a str,
    /// Types of the arguments; none for a lambda.
    pub(crate) found: Vec<Option<Type>>,
    /// Signatures as text.
    pub(crate) signatures: Vec<String>,
}

impl From<NoOverload<'_>> for Problem {
    fn from(problem: NoOverload<'_>) -> Self {
        let NoOverload { at, name, found, signatures } = problem;
        let found: Vec<String> = found
            .iter()
            .map(|ty| ty.as_ref().map_or_else(|| "a function".to_owned(), |ty| format!("`{ty}`")))
            .collect();
        let title = if found.is_empty() {
            format!("`{name}` needs arguments")
        } else {
            format!("`{name}` does not take ({})", found.join(", "))
        };
        let mut built = Self::error(codes::E0220, at, title, "no form of it takes these");
        for signature in signatures {
            built = built.note(format!("{name}{signature}"));
        }
        built
    }
}

/// A call of something that is no function.
pub(crate) struct NotCallable<'a> {
    pub(crate) at: Span,
    pub(crate) found: &'a Type,
}

impl From<NotCallable<'_>> for Problem {
    fn from(problem: NotCallable<'_>) -> Self {
        let is_none = matches!(problem.found, Type::Optional(inner) if **inner == Type::Unknown);
        let built =
            Self::error(codes::E0219, problem.at, "this cannot be called", format!("this is `{}`", problem.found));
        match problem.found {
            Type::Function(..) => built.help("a function that was passed is called with one or two arguments"),
            _ if is_none => built.help("`none` is the absent value; a step or function needs another name"),
            _ => built,
        }
    }
}

/// A lambda whose parameters could be anything, or that stands where none is taken.
pub(crate) struct NoLambdaHere {
    pub(crate) at: Span,
    pub(crate) expected: Option<Type>,
}

impl From<NoLambdaHere> for Problem {
    fn from(problem: NoLambdaHere) -> Self {
        let title = match &problem.expected {
            Some(expected) => format!("expected `{expected}`, found a function"),
            None => "nothing says what this function takes".to_owned(),
        };
        let built = Self::error(codes::E0218, problem.at, title, "the types of its parameters are not known");
        match problem.expected {
            Some(Type::Bool) => built.help("`=>` makes a function; at least is written `>=`"),
            _ => built.help("a function in place is an argument, as in `rows.map(row => row.amount)`"),
        }
    }
}

/// A lambda with another number of parameters than it gets.
pub(crate) struct LambdaArity {
    pub(crate) at: Span,
    pub(crate) gets: usize,
    pub(crate) has: usize,
}

impl From<LambdaArity> for Problem {
    fn from(problem: LambdaArity) -> Self {
        let LambdaArity { at, gets, has } = problem;
        let title = format!("this function gets {}, but has {has}", counted(gets, "parameter"));
        Self::error(codes::E0208, at, title, "wrong number of parameters")
    }
}
