//! `if`: as an expression, and in flows as a node whose branches are blocks.

use super::{Elaborator, blocks::Wanted};
use crate::problems::{
    context::NoElse,
    mismatch::{Because, Mismatch},
};
use flow_diag::Span;
use flow_expr::{Expr, ExprKind, Type, Value};
use flow_plan::{Block, NodeKind};
use flow_syntax::ast;

/// A branch or arm as elaborated: nodes (in flows) and its value with its type, if it has one.
pub(super) struct Arm {
    pub(super) nodes: Block,
    pub(super) ty: Option<Type>,
    pub(super) at: Span,
}

impl Arm {
    /// The value; `Unit` where there is none.
    pub(super) fn value(self) -> Expr {
        let at = self.at;
        self.nodes.result.map_or_else(|| Expr::new(ExprKind::Const(Value::Unit), at), |result| *result)
    }
}

impl Elaborator<'_> {
    pub(crate) fn branch(&mut self, expr: &ast::IfExpr, wanted: Wanted<'_>) -> (Expr, Type) {
        let at = self.span(expr.range());
        let written = expr.condition();
        let condition = self.check_present(written.as_ref(), &Type::Bool, Because::Place("which `if` takes"));
        let condition = condition.unwrap_or_else(|| self.unknown(at).0);
        let id = self.reserve();
        let then = self.knowing(written.as_ref(), true, |this| {
            this.arm(at, |this| expr.then().and_then(|block| this.block(&block, wanted)))
        });
        let otherwise = self.knowing(written.as_ref(), false, |this| this.otherwise(expr, at, wanted));
        let Some(otherwise) = otherwise else {
            self.problem(NoElse { at });
            return (self.unknown(at).0, wanted.map_or(Type::Unknown, |(ty, _)| ty.clone()));
        };
        let mut arms = vec![then, otherwise];
        let ty = self.common_type(&mut arms, wanted);
        let (Some(otherwise), Some(then)) = (arms.pop(), arms.pop()) else { return self.unknown(at) };
        if then.nodes.nodes.is_empty() && otherwise.nodes.nodes.is_empty() {
            self.release(id);
            let (then, otherwise) = (Box::new(then.value()), Box::new(otherwise.value()));
            return (Expr::new(ExprKind::If(Box::new(condition), then, otherwise), at), ty);
        }
        let kind = NodeKind::If { condition, then: then.nodes, otherwise: otherwise.nodes };
        self.hoist_as(id, "if", ty, kind, at)
    }

    /// What happens when the condition does not hold; none if there must be an `else` and there is none.
    fn otherwise(&mut self, expr: &ast::IfExpr, at: Span, wanted: Wanted<'_>) -> Option<Arm> {
        Some(match expr.otherwise() {
            Some(ast::ElseBranch::Block(block)) => {
                self.arm(self.span(block.range()), |this| this.block(&block, wanted))
            }
            Some(ast::ElseBranch::If(next)) => self.arm(self.span(next.range()), |this| {
                Some(this.branch(&next, wanted)).filter(|(_, ty)| *ty != Type::Unit)
            }),
            None if self.graph.is_none() || wanted.is_some() => return None,
            None => self.arm(at, |_| None),
        })
    }

    /// Elaborates what one branch holds, into a block of its own.
    pub(super) fn arm(&mut self, at: Span, work: impl FnOnce(&mut Self) -> Option<(Expr, Type)>) -> Arm {
        if let Some(graph) = &mut self.graph {
            graph.open();
        }
        let (result, ty) = work(self).unzip();
        let at = result.as_ref().map_or(at, |result: &Expr| result.at);
        let nodes = match &mut self.graph {
            Some(graph) => graph.close(result),
            None => Block { nodes: vec![], result: result.map(Box::new) },
        };
        Arm { nodes, ty, at }
    }

    /// The type of all branches together; converts their values to it, reports where one does not fit. In a
    /// flow, a branch without a value makes it a statement.
    pub(super) fn common_type(&mut self, arms: &mut [Arm], wanted: Wanted<'_>) -> Type {
        if let Some((expected, _)) = wanted {
            for arm in arms.iter() {
                if arm.ty.is_none() {
                    self.no_result(arm.at, wanted);
                }
            }
            return expected.clone();
        }
        if arms.iter().any(|arm| arm.ty.is_none()) {
            if self.graph.is_none() {
                let without: Vec<Span> = arms.iter().filter(|arm| arm.ty.is_none()).map(|arm| arm.at).collect();
                for at in without {
                    self.no_result(at, None);
                }
                return Type::Unknown;
            }
            return Type::Unit;
        }
        let mut common = Type::Unknown;
        let mut first: Option<Span> = None;
        for arm in arms.iter() {
            let Some(ty) = &arm.ty else { continue };
            match (self.env.join(&common, ty), first) {
                (Some(joined), _) => common = joined,
                (None, at) => {
                    let because = Because::Like { what: "the other branch", at: at.unwrap_or(arm.at) };
                    self.problem(Mismatch { at: arm.at, expected: &common, found: ty, because });
                    return Type::Unknown;
                }
            }
            first = first.or(Some(arm.at));
        }
        for arm in arms.iter_mut() {
            if let (Some(result), Some(ty)) = (arm.nodes.result.take(), &arm.ty) {
                arm.nodes.result = Some(Box::new(self.lift(*result, ty, &common)));
            }
        }
        common
    }
}
