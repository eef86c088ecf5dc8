//! What can be wrong with the statements of flows.

use crate::problems::{nearest, one_of};
use flow_diag::{Problem, Span, codes};
use flow_expr::Type;

/// A loop over any number of items.
pub(crate) struct NoLimit {
    pub(crate) at: Span,
}

impl From<NoLimit> for Problem {
    fn from(found: NoLimit) -> Self {
        let end = Span::new(found.at.file, found.at.end, found.at.end);
        Self::error(codes::E0262, found.at, "this loop has no `limit`", "how many items can there be?")
            .help("everything that runs is bounded in the text: write `limit 100`; more items are an error at run time")
            .fix("allow 100 items", end, " limit 100")
    }
}

/// A loop over something else.
pub(crate) struct NotAList<'a> {
    pub(crate) at: Span,
    pub(crate) found: &'a Type,
}

impl From<NotAList<'_>> for Problem {
    fn from(problem: NotAList<'_>) -> Self {
        let NotAList { at, found } = problem;
        let built =
            Self::error(codes::E0263, at, format!("`for` goes over a list, not `{found}`"), "expected `List<…>`");
        match found {
            Type::Table(_) => built.help("take the rows as a list: `x.rows()`"),
            Type::Map(..) => built.help("take the keys or values: `x.keys()`, `x.values()`"),
            Type::Optional(_) => built.help("say what to use when there is none: `x ?? []`"),
            _ => built.help("give a list, or a range: `1..10`"),
        }
    }
}

/// Something that is no dataset where one is needed.
pub(crate) struct NotADataset {
    pub(crate) at: Span,
    pub(crate) found: &'static str,
    pub(crate) declared: Option<Span>,
}

impl From<NotADataset> for Problem {
    fn from(problem: NotADataset) -> Self {
        let NotADataset { at, found, declared } = problem;
        let built = Self::error(codes::E0267, at, format!("expected a dataset, found a {found}"), "not a dataset")
            .help("datasets are declared with `dataset NAME: Type { at … }`; a value of the flow is kept with `let`");
        match declared {
            Some(declared) => built.label(declared, "declared here"),
            None => built,
        }
    }
}

/// A partitioned dataset written whole.
pub(crate) struct NoPartition<'a> {
    pub(crate) at: Span,
    pub(crate) dataset: &'a str,
    pub(crate) key: &'a str,
    pub(crate) declared: Span,
}

impl From<NoPartition<'_>> for Problem {
    fn from(problem: NoPartition<'_>) -> Self {
        let NoPartition { at, dataset, key, declared } = problem;
        let end = Span::new(at.file, at.end, at.end);
        Self::error(codes::E0268, at, format!("`{dataset}` is written one partition at a time"), "which partition?")
            .label(declared, format!("partitioned by `{key}`"))
            .help(format!("write `{dataset}[{key}] = …`"))
            .fix(format!("write the partition of `{key}`"), end, format!("[{key}]"))
    }
}

/// A `return` inside a block.
pub(crate) struct EarlyReturn {
    pub(crate) at: Span,
}

impl From<EarlyReturn> for Problem {
    fn from(problem: EarlyReturn) -> Self {
        Self::error(codes::E0269, problem.at, "`return` cannot leave a flow from inside a block", "only the flow's own block returns")
            .help("a block's value is its last expression; give it a name outside: `let x = if … { a } else { b }`, then `return x`")
    }
}

/// A value of a flow that has none.
pub(crate) struct ReturnsNothing<'a> {
    pub(crate) at: Span,
    pub(crate) ty: &'a Type,
}

impl From<ReturnsNothing<'_>> for Problem {
    fn from(problem: ReturnsNothing<'_>) -> Self {
        let ReturnsNothing { at, ty } = problem;
        Self::error(codes::E0270, at, format!("this flow returns nothing, but here is a `{ty}`"), "this value is lost")
            .help(format!("declare it, `flow NAME -> {ty} {{ … }}`, or keep the value with `let` or `write`"))
    }
}

/// A `do` of something that does nothing.
pub(crate) struct NothingToDo {
    pub(crate) at: Span,
}

impl From<NothingToDo> for Problem {
    fn from(problem: NothingToDo) -> Self {
        Self::error(codes::E0271, problem.at, "`do` runs a step or flow", "this only computes a value")
            .help("keep the value with `let`, or remove this")
    }
}

/// A recovery of something that cannot fail in that way.
pub(crate) struct NothingToRecover {
    pub(crate) at: Span,
}

impl From<NothingToRecover> for Problem {
    fn from(problem: NothingToRecover) -> Self {
        Self::error(codes::E0272, problem.at, "`else` recovers from the call of a step or flow", "this is no such call")
            .help("for a value that may be missing, write `x ?? other`")
    }
}

/// A recovery of which the inner calls are not part.
pub(crate) struct InnerCalls {
    pub(crate) at: Span,
}

impl From<InnerCalls> for Problem {
    fn from(problem: InnerCalls) -> Self {
        Self::error(
            codes::E0272,
            problem.at,
            "`else` would recover only from the outer call",
            "another call is inside this one",
        )
        .help("give the inner call a `let` of its own, with its own `else` if it may fail too")
    }
}

/// An action that a requirement does not have.
pub(crate) struct ConditionAction {
    pub(crate) at: Span,
    pub(crate) allowed: &'static str,
}

impl From<ConditionAction> for Problem {
    fn from(problem: ConditionAction) -> Self {
        let ConditionAction { at, allowed } = problem;
        Self::error(codes::E0273, at, "a requirement cannot do this", format!("expected `{allowed}`"))
            .note("a dataset's freshness can `fail`, `warn`, `skip`, `refresh` or `wait up to D`; a condition can `fail` or `warn`")
    }
}

/// A guard of a `check` that does what only a step's can.
pub(crate) struct CheckAction {
    pub(crate) at: Span,
    pub(crate) retry: bool,
}

impl From<CheckAction> for Problem {
    fn from(problem: CheckAction) -> Self {
        let CheckAction { at, retry } = problem;
        let title = "a guard of a `check` cannot do this";
        if retry {
            return Self::error(codes::E0274, at, title, "there is nothing here to try again")
                .help("move the guard into the step that makes the value: there `else retry` runs it again")
                .help("here a guard can `fail`, `warn` or give a `fallback`");
        }
        Self::error(codes::E0274, at, title, "expected `fail`, `warn` or `fallback`")
    }
}

/// A start that gives a value to no parameter.
pub(crate) struct UnknownStartParam<'a> {
    pub(crate) at: Span,
    pub(crate) name: &'a str,
    pub(crate) known: Vec<&'a str>,
}

impl From<UnknownStartParam<'_>> for Problem {
    fn from(problem: UnknownStartParam<'_>) -> Self {
        let UnknownStartParam { at, name, known } = problem;
        let built = Self::error(codes::E0173, at, format!("the flow has no parameter `{name}`"), "not a parameter");
        match nearest(name, known.iter().copied()) {
            Some(near) => built.help(format!("did you mean `{near}`?")).fix(format!("rename to `{near}`"), at, near),
            None => built.note(format!("its parameters: {}", one_of(known))),
        }
    }
}

/// A start that leaves a parameter without a value.
pub(crate) struct MissingStartValue<'a> {
    pub(crate) at: Span,
    pub(crate) param: &'a str,
    pub(crate) ty: &'a Type,
    pub(crate) declared: Span,
}

impl From<MissingStartValue<'_>> for Problem {
    fn from(problem: MissingStartValue<'_>) -> Self {
        let MissingStartValue { at, param, ty, declared } = problem;
        let example = if *ty == Type::Date { "yesterday()" } else { "…" };
        Self::error(
            codes::E0174,
            at,
            format!("this start gives no value for `{param}`"),
            "starts without anybody who could give one",
        )
        .label(declared, format!("`{param}: {ty}` has no default"))
        .help(format!("add `with {param} = {example}`, or give the parameter a default"))
    }
}

/// A path that no request can have.
pub(crate) struct EventOfOther<'a> {
    pub(crate) at: Span,
    pub(crate) path: &'a str,
}

impl From<EventOfOther<'_>> for Problem {
    fn from(problem: EventOfOther<'_>) -> Self {
        let EventOfOther { at, path } = problem;
        Self::error(codes::E0175, at, format!("`{path}` is no path of a webhook"), "expected a path")
            .help("a path begins with `/` and has no blanks: `on webhook \"/orders\"`")
    }
}

/// A time of day without a zone.
pub(crate) struct FinishZone {
    pub(crate) at: Span,
}

impl From<FinishZone> for Problem {
    fn from(problem: FinishZone) -> Self {
        Self::error(codes::E0164, problem.at, "a time of day needs a time zone", "no start of this flow has one")
            .help("name it, `finish by 06:30 in \"UTC\"`, or say `finish within 45m`")
    }
}
