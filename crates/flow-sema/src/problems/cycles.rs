//! Declarations that need themselves.

use flow_diag::{Problem, Span, codes};
use flow_expr::Name;

/// One declaration of a circle.
pub(crate) struct Turn {
    /// The declaration.
    pub(crate) name: Name,
    /// Where it is named.
    pub(crate) at: Span,
    /// Where it mentions the next one.
    pub(crate) mention: Span,
}

fn path(turns: &[Turn]) -> String {
    let mut names: Vec<String> = turns.iter().map(|turn| format!("`{}`", turn.name.short())).collect();
    names.extend(names.first().cloned());
    names.join(" → ")
}

fn mentions(mut problem: Problem, turns: &[Turn]) -> Problem {
    for (number, turn) in turns.iter().enumerate() {
        let next = &turns[(number + 1) % turns.len()];
        problem = problem.label(turn.mention, format!("`{}` needs `{}`", turn.name.short(), next.name.short()));
    }
    problem
}

/// A constant whose value needs its own value.
pub(crate) struct ConstantCycle(pub(crate) Vec<Turn>);

impl From<ConstantCycle> for Problem {
    fn from(ConstantCycle(turns): ConstantCycle) -> Self {
        let at = turns[0].at;
        let title = format!("the value of `{}` depends on itself", turns[0].name.short());
        mentions(Self::error(codes::E0116, at, title, "has no value"), &turns).note(path(&turns))
    }
}

/// A function that calls itself, perhaps through others.
pub(crate) struct Recursion(pub(crate) Vec<Turn>);

impl From<Recursion> for Problem {
    fn from(Recursion(turns): Recursion) -> Self {
        let at = turns[0].at;
        let title = format!("function `{}` calls itself", turns[0].name.short());
        mentions(Self::error(codes::E0117, at, title, "may never end"), &turns)
            .note(path(&turns))
            .help("every function ends: walk a list with `map`, `filter` or `sum` instead")
    }
}

/// A type whose values would hold a value of the same type, and so on without end.
pub(crate) struct InfiniteType(pub(crate) Vec<Turn>);

impl From<InfiniteType> for Problem {
    fn from(InfiniteType(turns): InfiniteType) -> Self {
        let at = turns[0].at;
        let title = format!("a `{}` would hold another one, without end", turns[0].name.short());
        mentions(Self::error(codes::E0215, at, title, "no value of it can exist"), &turns)
            .note(path(&turns))
            .help("make one field optional (`T?`) or a list (`List<T>`), which can be empty")
    }
}
