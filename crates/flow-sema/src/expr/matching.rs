//! `match`: as an expression, and in flows as a node whose arms are blocks.

use super::{
    Elaborator,
    blocks::Wanted,
    branches::Arm,
    exhaustive::{Checked, uncovered, useful},
};
use crate::problems::{
    matching::{NotExhaustive, UnreachableArm},
    mismatch::Because,
};
use flow_diag::Span;
use flow_expr::{BinaryOp, Expr, ExprKind, Pattern, Type};
use flow_plan::{MatchArm, NodeKind};
use flow_syntax::ast;

/// An arm's pattern and condition.
struct Head {
    pattern: Pattern,
    condition: Option<Expr>,
    at: Span,
    /// Whether something is wrong with it, which has been reported.
    is_wrong: bool,
}

impl Elaborator<'_> {
    pub(crate) fn matching(&mut self, expr: &ast::MatchExpr, wanted: Wanted<'_>) -> (Expr, Type) {
        let at = self.span(expr.range());
        let Some(written) = expr.subject() else { return self.missing(expr.range()) };
        let (subject, subject_ty) = self.infer(&written);
        let id = self.reserve();
        let mut heads: Vec<Head> = vec![];
        let mut bodies: Vec<Arm> = vec![];
        for arm in expr.arms() {
            let (head, body) = self.match_arm(&arm, &subject_ty, &heads, wanted);
            heads.push(head);
            bodies.push(body);
        }
        self.coverage(&heads, &subject_ty, subject.at);
        let ty = if bodies.is_empty() { Type::Unknown } else { self.common_type(&mut bodies, wanted) };
        let is_plain = bodies.iter().all(|body| body.nodes.nodes.is_empty());
        if is_plain {
            self.release(id);
            let arms = heads.into_iter().zip(bodies).map(|(head, body)| flow_expr::Arm {
                pattern: head.pattern,
                condition: head.condition,
                body: body.value(),
            });
            return (Expr::new(ExprKind::Match(Box::new(subject), arms.collect()), at), ty);
        }
        let arms = heads.into_iter().zip(bodies).map(|(head, body)| MatchArm {
            pattern: head.pattern,
            condition: head.condition,
            body: body.nodes,
        });
        let kind = NodeKind::Match { subject, arms: arms.collect() };
        self.hoist_as(id, "match", ty, kind, at)
    }

    fn match_arm(&mut self, arm: &ast::MatchArm, subject: &Type, before: &[Head], wanted: Wanted<'_>) -> (Head, Arm) {
        let at = self.span(arm.range());
        let present = before.iter().any(|head| head.condition.is_none() && takes_absent(&head.pattern));
        self.locals.enter();
        let pattern = arm.pattern();
        let pattern_at = pattern.as_ref().map_or(at, |pattern| self.span(pattern.range()));
        let before = self.output.problems.0.len();
        let (pattern, mut conditions) = match &pattern {
            Some(pattern) => {
                let fitted = self.pattern(pattern, subject, present);
                (fitted.pattern, fitted.conditions)
            }
            None => (Pattern::Any, vec![]),
        };
        let is_wrong = self.output.problems.0.len() > before;
        if let Some(guard) = arm.guard() {
            // A guard is looked at before its arm is chosen, so nothing can be started in it.
            let because = Because::Place("which `if` takes");
            conditions.push(self.deciding(|this| this.check(&guard, &Type::Bool, because)));
        }
        let condition = conditions.into_iter().reduce(|all, next| {
            let at = next.at;
            Expr::new(ExprKind::Binary(BinaryOp::And, Box::new(all), Box::new(next)), at)
        });
        let body = self.arm(at, |this| match arm.body()? {
            ast::LambdaBody::Expr(body) => Some(match wanted {
                Some((expected, because)) => (this.check(&body, expected, because), expected.clone()),
                None => this.infer(&body),
            }),
            ast::LambdaBody::Block(block) => this.block(&block, wanted),
        });
        self.leave_scope();
        (Head { pattern, condition, at: pattern_at, is_wrong }, body)
    }

    /// Reports values that no arm takes, and arms that take none.
    fn coverage(&mut self, heads: &[Head], subject: &Type, at: Span) {
        if *subject == Type::Unknown || heads.iter().any(|head| head.is_wrong) {
            return;
        }
        let env = self.env;
        let mut rows: Vec<Checked<'_>> = vec![];
        for head in heads {
            let row = vec![&head.pattern];
            if !useful(env, &rows, &row, std::slice::from_ref(subject)) {
                self.problem(UnreachableArm { at: head.at });
            }
            if head.condition.is_none() {
                rows.push(row);
            }
        }
        if let Some(witness) = uncovered(env, &rows, std::slice::from_ref(subject)) {
            let witness = witness.join(", ");
            self.problem(NotExhaustive { at, ty: subject, witness });
        }
    }
}

fn takes_absent(pattern: &Pattern) -> bool {
    match pattern {
        Pattern::Absent => true,
        Pattern::Either(all) => all.iter().any(takes_absent),
        _ => false,
    }
}
