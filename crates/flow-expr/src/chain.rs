//! `a + b + c` as JSON: one level deep, however long it is.
//!
//! In memory a chain nests to the left once per operator; readers of JSON refuse nesting beyond 128 levels, and a
//! hundred terms are nothing unusual. Knows only how [`ExprKind::Binary`] is stored.

use crate::{BinaryOp, Expr, ExprKind};
use flow_diag::Span;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A chain of operators on two values, from the left.
#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename = "Chain")]
pub(crate) struct Chain {
    /// The leftmost operand.
    first: Box<Expr>,
    /// What is applied to it, one after another; never empty.
    links: Vec<Link>,
}

/// `+ b`.
#[derive(Serialize, Deserialize, schemars::JsonSchema)]
struct Link {
    /// The operator.
    op: BinaryOp,
    /// Its right side.
    right: Expr,
    /// The place of the chain up to here; that of the last link is the whole expression's.
    #[serde(default)]
    at: Span,
}

#[derive(Serialize)]
#[serde(rename = "Chain")]
struct ChainRef<'e> {
    first: &'e Expr,
    links: Vec<LinkRef<'e>>,
}

#[derive(Serialize)]
#[serde(rename = "Link")]
struct LinkRef<'e> {
    op: BinaryOp,
    right: &'e Expr,
    at: Span,
}

pub(crate) fn serialize<S: Serializer>(
    op: &BinaryOp,
    left: &Expr,
    right: &Expr,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut links = vec![LinkRef { op: *op, right, at: Span::default() }];
    let mut first = left;
    while let ExprKind::Binary(op, left, right) = &first.kind {
        links.push(LinkRef { op: *op, right, at: first.at });
        first = left;
    }
    links.reverse();
    ChainRef { first, links }.serialize(serializer)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<(BinaryOp, Box<Expr>, Box<Expr>), D::Error> {
    let Chain { first, mut links } = Chain::deserialize(deserializer)?;
    let last = links.pop().ok_or_else(|| de::Error::custom("a chain of operators has at least one"))?;
    let left = links.into_iter().fold(first, |left, Link { op, right, at }| {
        Box::new(Expr::new(ExprKind::Binary(op, left, Box::new(right)), at))
    });
    Ok((last.op, left, Box::new(last.right)))
}
