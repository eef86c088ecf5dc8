//! Records, variants and their fields.

use super::{counted, nearest, one_of};
use flow_diag::{Problem, Span, codes};
use flow_expr::Type;

/// A field that a record does not have.
pub(crate) struct UnknownField<'a> {
    pub(crate) at: Span,
    pub(crate) field: &'a str,
    pub(crate) owner: &'a str,
    pub(crate) known: Vec<&'a str>,
    pub(crate) declared: Option<Span>,
    /// Whether a function of that name could be called.
    pub(crate) is_function: bool,
}

impl From<UnknownField<'_>> for Problem {
    fn from(problem: UnknownField<'_>) -> Self {
        let UnknownField { at, field, owner, known, declared, is_function } = problem;
        let mut built = Self::error(codes::E0203, at, format!("`{owner}` has no field `{field}`"), "no such field");
        if let Some(declared) = declared {
            built = built.label(declared, format!("`{owner}` is declared here"));
        }
        let end = Span::new(at.file, at.end, at.end);
        match nearest(field, known.iter().copied()) {
            Some(near) => built.help(format!("did you mean `{near}`?")).fix(format!("rename to `{near}`"), at, near),
            None if is_function => {
                built.help(format!("`{field}` is a function: call it")).fix(format!("call `{field}()`"), end, "()")
            }
            None => built.note(format!("it has {}", one_of(known))),
        }
    }
}

/// A field of something that has none.
pub(crate) struct NoFields<'a> {
    pub(crate) at: Span,
    pub(crate) field: &'a str,
    pub(crate) ty: &'a Type,
    pub(crate) is_function: bool,
}

impl From<NoFields<'_>> for Problem {
    fn from(problem: NoFields<'_>) -> Self {
        let NoFields { at, field, ty, is_function } = problem;
        let built = Self::error(codes::E0203, at, format!("a `{ty}` has no field `{field}`"), "no such field");
        let end = Span::new(at.file, at.end, at.end);
        match ty.required() {
            _ if is_function => {
                built.help(format!("`{field}` is a function: call it")).fix(format!("call `{field}()`"), end, "()")
            }
            Type::Table(_) | Type::List(_) => {
                built.help(format!("its items may have one: `x.map(item => item.{field})`"))
            }
            Type::Map(..) => built.help(format!("a map is asked by key: `x[\"{field}\"]`")),
            Type::Named(_) => built.help("the fields of a variant are taken out with `match`"),
            _ => built,
        }
    }
}

/// Fields that a construction leaves out.
pub(crate) struct MissingFields<'a> {
    /// The whole construction.
    pub(crate) at: Span,
    pub(crate) owner: &'a str,
    /// Names, with some value to begin with where there is an obvious one.
    pub(crate) missing: Vec<(&'a str, Option<String>)>,
    pub(crate) declared: Option<Span>,
    /// Where they can be added, and whether arguments stand before.
    pub(crate) insert: Option<(Span, bool)>,
}

impl From<MissingFields<'_>> for Problem {
    fn from(problem: MissingFields<'_>) -> Self {
        let MissingFields { at, owner, missing, declared, insert } = problem;
        let names = missing.iter().map(|(name, _)| *name);
        let title = format!(
            "`{owner}` needs {}: {}",
            counted(missing.len(), "more field"),
            one_of(names).replace(" or ", " and ")
        );
        let mut built = Self::error(codes::E0204, at, title, "not all fields are given");
        if let Some(declared) = declared {
            built = built.label(declared, format!("`{owner}` is declared here"));
        }
        if let Some((place, follows)) = insert {
            let list = missing.iter().map(|(name, example)| Some(format!("{name}: {}", example.as_ref()?)));
            let Some(list) = list.collect::<Option<Vec<String>>>() else { return built };
            let text = format!("{}{}", if follows { ", " } else { "" }, list.join(", "));
            built = built.fix("add the missing fields", place, text);
        }
        built
    }
}

/// A variant that the enum does not have.
pub(crate) struct UnknownVariant<'a> {
    pub(crate) at: Span,
    pub(crate) variant: &'a str,
    pub(crate) owner: &'a str,
    pub(crate) known: Vec<&'a str>,
    pub(crate) declared: Option<Span>,
}

impl From<UnknownVariant<'_>> for Problem {
    fn from(problem: UnknownVariant<'_>) -> Self {
        let UnknownVariant { at, variant, owner, known, declared } = problem;
        let mut built =
            Self::error(codes::E0212, at, format!("`{owner}` has no variant `{variant}`"), "no such variant");
        if let Some(declared) = declared {
            built = built.label(declared, format!("`{owner}` is declared here"));
        }
        match nearest(variant, known.iter().copied()) {
            Some(near) => built.help(format!("did you mean `{near}`?")).fix(format!("rename to `{near}`"), at, near),
            None => built.note(format!("it is {}", one_of(known))),
        }
    }
}

/// A variant's name that several types have.
pub(crate) struct AmbiguousVariant<'a> {
    pub(crate) at: Span,
    pub(crate) variant: &'a str,
    pub(crate) owners: Vec<(String, Span)>,
}

impl From<AmbiguousVariant<'_>> for Problem {
    fn from(problem: AmbiguousVariant<'_>) -> Self {
        let AmbiguousVariant { at, variant, owners } = problem;
        let mut built =
            Self::error(codes::E0231, at, format!("several types have a variant `{variant}`"), "of which one?");
        for (owner, declared) in &owners {
            built = built.label(*declared, format!("`{owner}` has it"));
        }
        for (owner, _) in &owners {
            built = built.fix(format!("write `{owner}.{variant}`"), at, format!("{owner}.{variant}"));
        }
        let names: Vec<String> = owners.iter().map(|(owner, _)| format!("{owner}.{variant}")).collect();
        built.help(format!("write its type too: {}", one_of(names.iter().map(String::as_str))))
    }
}

/// A field given without its name.
pub(crate) struct PositionalField<'a> {
    pub(crate) at: Span,
    pub(crate) owner: &'a str,
    pub(crate) known: Vec<&'a str>,
}

impl From<PositionalField<'_>> for Problem {
    fn from(problem: PositionalField<'_>) -> Self {
        let PositionalField { at, owner, known } = problem;
        let title = format!("the fields of `{owner}` are given by name");
        let built = Self::error(codes::E0205, at, title, "which field is this?");
        let start = Span::new(at.file, at.start, at.start);
        match known.as_slice() {
            [only] => built.fix(format!("write `{only}:` before it"), start, format!("{only}: ")),
            several => built.note(format!("it has {}", one_of(several.iter().copied()))),
        }
    }
}

/// `..old` in something that is no record.
pub(crate) struct SpreadHere {
    pub(crate) at: Span,
}

impl From<SpreadHere> for Problem {
    fn from(problem: SpreadHere) -> Self {
        Self::error(
            codes::E0205,
            problem.at,
            "`..` takes over the fields of a record, and this is none",
            "not taken here",
        )
    }
}
