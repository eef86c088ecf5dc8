//! What a condition says about names: after `x != none`, `x` has a value.
//!
//! Only names that are bound here, which never change, are looked at; not fields of them.

use super::Elaborator;
use flow_expr::Type;
use flow_syntax::ast::{self, BinaryOp, LiteralKind, UnaryOp};

impl Elaborator<'_> {
    /// Does some work where a condition is known to hold, or not to hold.
    pub(super) fn knowing<T>(
        &mut self,
        condition: Option<&ast::Expr>,
        holds: bool,
        work: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let mut present = vec![];
        if let Some(condition) = condition {
            collect(condition, holds, &mut present);
        }
        self.locals.enter();
        for name in &present {
            self.locals.narrow(name.text());
        }
        let result = work(self);
        self.leave_scope();
        result
    }
}

/// The names that have a value where the condition holds, or where it does not.
fn collect(condition: &ast::Expr, holds: bool, present: &mut Vec<ast::Name>) {
    match condition {
        ast::Expr::Paren(paren) => paren.inner().iter().for_each(|inner| collect(inner, holds, present)),
        ast::Expr::Unary(unary) if unary.op() == Some(UnaryOp::Not) => {
            unary.operand().iter().for_each(|operand| collect(operand, !holds, present));
        }
        ast::Expr::Binary(binary) => match binary.op() {
            Some(BinaryOp::And) if holds => both(binary, holds, present),
            Some(BinaryOp::Or) if !holds => both(binary, holds, present),
            Some(BinaryOp::NotEqual) if holds => present.extend(compared_with_none(binary)),
            Some(BinaryOp::Equal) if !holds => present.extend(compared_with_none(binary)),
            _ => {}
        },
        _ => {}
    }
}

fn both(binary: &ast::BinaryExpr, holds: bool, present: &mut Vec<ast::Name>) {
    // The left side of a long chain is walked in a loop, for it nests as deep as the chain is long; and not
    // without end, for each link of a chain asks for what comes before it.
    let mut next = Some(ast::Expr::Binary(binary.clone()));
    let mut links = 0..64;
    while links.next().is_some()
        && let Some(ast::Expr::Binary(link)) = &next
        && link.op() == binary.op()
    {
        link.right().iter().for_each(|right| collect(right, holds, present));
        next = link.left();
    }
    next.iter().for_each(|first| collect(first, holds, present));
}

fn compared_with_none(binary: &ast::BinaryExpr) -> Option<ast::Name> {
    let is_none =
        |side: &ast::Expr| matches!(side, ast::Expr::Literal(literal) if literal.kind() == Some(LiteralKind::None));
    match (binary.left()?, binary.right()?) {
        (ast::Expr::Name(name), other) | (other, ast::Expr::Name(name)) if is_none(&other) => name.name(),
        _ => None,
    }
}

impl super::Locals {
    /// From here to the end of the scope, a name that may be absent has a value.
    fn narrow(&mut self, name: &str) {
        let Some(local) = self.find_unused(name) else { return };
        if let Type::Optional(inner) = &local.ty {
            let mut narrowed = local.clone();
            narrowed.ty = (**inner).clone();
            narrowed.expects_use = false;
            self.push(narrowed);
        }
    }
}
