//! Parts of lists as steps of a path: an item at a position, each item of a loop, what a rule such as `filter` leaves.
//!
//! A field's name has no bracket, so marks and fields do not meet.

use super::{Place, Places};
use flow_expr::{Expr, ExprKind, Value};
use flow_plan::meaning_hash;
use std::sync::Arc;

/// What begins the mark of what a rule leaves, which means something in one flow alone.
const BY_A_RULE: &str = "[by ";

/// Any item.
pub(super) fn each() -> Arc<str> {
    "[]".into()
}

/// If a built-in gives a part of its first argument: that, and which part.
pub(super) fn part<'e>(name: &str, args: &'e [Expr]) -> Option<(&'e Expr, Arc<str>)> {
    let (list, others) = args.split_first()?;
    let mark = match (name, others) {
        ("at", [index]) => match index.kind {
            ExprKind::Const(Value::Int(index)) => format!("[{index}]"),
            _ => return None,
        },
        ("first", []) => "[0]".to_owned(),
        ("last", []) => "[last]".to_owned(),
        ("filter" | "take" | "skip" | "reverse" | "sort" | "sort_by" | "distinct", _) => {
            let rule: Vec<String> = others.iter().map(|other| meaning_hash(other).to_string()).collect();
            format!("{BY_A_RULE}{name} {}]", rule.join(" "))
        }
        _ => return None,
    };
    Some((list, mark.into()))
}

/// The items of a list as it is written that are on a path, and what is left of that; none if that is not known.
pub(super) fn of_items<'e>(items: &'e [Expr], path: &[Arc<str>]) -> Option<(&'e [Expr], Vec<Arc<str>>)> {
    let Some((first, rest)) = path.split_first() else { return Some((items, vec![])) };
    let rest = rest.to_vec();
    if *first == each() {
        return Some((items, rest));
    }
    let index: usize = position(first)?;
    Some((items.get(index..=index)?, rest))
}

fn position(mark: &str) -> Option<usize> {
    mark.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

impl Place {
    /// Whether a rule that means something in one flow alone leads to it.
    pub(crate) fn is_by_a_rule(&self) -> bool {
        self.path.iter().any(|step| step.starts_with(BY_A_RULE))
    }

    fn without_marks(&self) -> Self {
        let path = self.path.iter().filter(|step| !step.starts_with('[')).cloned().collect();
        Self { root: self.root.clone(), path }
    }
}

/// Whether two values may be the same: not where they are items at different positions of a list.
pub(crate) fn may_be_same(one: &Places, other: &Places) -> bool {
    let bare = |places: &Places| places.iter().map(Place::without_marks).collect::<Places>();
    let positions = |places: &Places| -> Vec<Place> {
        places.iter().filter(|place| place.path.iter().any(|step| position(step).is_some())).cloned().collect()
    };
    let (first, second) = (positions(one), positions(other));
    bare(one) == bare(other) && (first.is_empty() || second.is_empty() || first == second)
}
