//! The hash of what something means: places in the text, names of files and the order of map entries
//! leave it as it is, everything else changes it.
//!
//! A serde serializer that writes one canonical byte form, which BLAKE3 then reads. Every item is
//! tagged by its kind, and everything whose length varies says it, so that no two different values
//! share a form. Knows no type of the plan: it skips struct fields by name ([`SKIPPED`]) and values of
//! the struct `Span` wherever they turn up, because serde's `flatten` turns fields into map entries.

mod canonical;

use serde::Serialize;
use std::sync::Arc;

/// Fields that say where something is written, not what it means.
pub(crate) const SKIPPED: [&str; 3] = ["at", "clauses_at", "files"];

/// BLAKE3 (hex) of the meaning of a value.
///
/// # Panics
/// When a value refuses to be serialised, such as a closure: those are never part of a plan.
#[must_use]
pub fn meaning_hash<T: Serialize + ?Sized>(value: &T) -> Arc<str> {
    let mut bytes = Vec::new();
    value.serialize(canonical::Canonical::new(&mut bytes)).expect("plans hold only values that can be stored");
    blake3::hash(&bytes).to_hex().as_str().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use flow_diag::{FileId, Span};
    use flow_expr::{BinaryOp, Expr, ExprKind, Value, VarId};
    use std::collections::{BTreeMap, HashMap};

    fn sum(at: u32, right: i64) -> Expr {
        let span = |start| Span::new(FileId(at), at + start, at + start + 1);
        let left = Expr::new(ExprKind::Var(VarId(1)), span(0));
        let base = Expr::new(ExprKind::Field { base: Box::new(left), name: "amount".into() }, span(1));
        let right = Expr::new(ExprKind::Const(Value::Int(right)), span(4));
        Expr::new(ExprKind::Binary(BinaryOp::Add, Box::new(base), Box::new(right)), span(2))
    }

    #[test]
    fn places_mean_nothing_values_do() {
        assert_eq!(meaning_hash(&sum(0, 1)), meaning_hash(&sum(77, 1)));
        assert_ne!(meaning_hash(&sum(0, 1)), meaning_hash(&sum(0, 2)));
    }

    #[test]
    fn a_parameter_named_at_counts() {
        let params = |value| BTreeMap::from([("at", Value::Int(value)), ("files", Value::Unit)]);
        assert_ne!(meaning_hash(&params(1)), meaning_hash(&params(2)));
    }

    #[test]
    fn order_of_map_entries_means_nothing() {
        let forward: HashMap<u32, &str> = (0..50).map(|key| (key, "x")).collect();
        let sorted: BTreeMap<u32, &str> = (0..50).map(|key| (key, "x")).collect();
        assert_eq!(meaning_hash(&forward), meaning_hash(&sorted));
    }

    #[test]
    fn neighbours_do_not_run_together() {
        assert_ne!(meaning_hash(&("ab", "c")), meaning_hash(&("a", "bc")));
        assert_ne!(meaning_hash(&(vec![1], vec![2])), meaning_hash(&(vec![1, 2], Vec::<i32>::new())));
        assert_ne!(meaning_hash(&Some(1)), meaning_hash(&vec![1]));
        assert_ne!(meaning_hash("1"), meaning_hash(&1));
        assert_ne!(meaning_hash(&Option::<i32>::None), meaning_hash(&()));
        assert_eq!(meaning_hash(&5_u8), meaning_hash(&5_i64));
    }
}
