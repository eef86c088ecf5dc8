//! Calls of judges: guards whose verdict is a model's. They stand where a guard of a step is asked, and nowhere else.
//!
//! A verdict is a Bool, or a record that says so in its field `ok`; where a Bool is wanted, that field is meant.

use super::Elaborator;
use crate::{
    arguments::Given,
    names::ItemId,
    problems::judges::{JudgeNotHere, WhyNotHere},
};
use flow_diag::Span;
use flow_expr::{Expr, ExprKind, Name, Type, TypeDef, VarId};
use flow_plan::{JudgeCall, every_expression, judge_calls};
use std::collections::BTreeSet;

/// The field of a verdict that says whether the judge is content.
const OK: &str = "ok";

impl Elaborator<'_> {
    pub(super) fn call_judge(
        &mut self,
        item: ItemId,
        given: Vec<Given>,
        at: Span,
        hint: Option<&Type>,
    ) -> (Expr, Type) {
        let declared = self.env.names.item(item);
        let (name, declared) = (declared.name.clone(), declared.at);
        let Some((args, returns)) = self.call_arguments(item, given, at) else { return self.unknown(at) };
        if !self.asks_judges {
            self.problem(JudgeNotHere { name: name.short(), at, declared, why: WhyNotHere::NoGuard });
            return self.unknown(at);
        }
        let call = Expr::new(ExprKind::Call(name, args), at);
        if hint == Some(&Type::Bool) && self.env.says_ok(&returns) {
            let field = ExprKind::Field { base: Box::new(call), name: OK.into() };
            return (Expr::new(field, at), Type::Bool);
        }
        (call, returns)
    }

    /// Reports what a guard asks of judges and cannot: about what is known only inside the expression, and, in what
    /// happens when it does not hold, what its condition does not ask.
    pub(crate) fn check_judges(&mut self, condition: &Expr, action: Option<&Expr>, known: &BTreeSet<VarId>) {
        let env = self.env;
        let is_judge = |name: &Name| env.is_judge(name);
        let asked = judge_calls(condition, &is_judge);
        let late = action.map(|action| judge_calls(action, &is_judge)).unwrap_or_default();
        let mut wrong = vec![];
        for call in asked.iter().filter(|call| !is_about(call, known)) {
            wrong.push((call.judge.clone(), place(condition, call), WhyNotHere::PartOfResult));
        }
        for call in late.iter().filter(|call| asked.iter().all(|known| known.key != call.key)) {
            let at = action.map_or(condition.at, |action| place(action, call));
            wrong.push((call.judge.clone(), at, WhyNotHere::NotInCondition(condition.at)));
        }
        for (judge, at, why) in wrong {
            let declared = env.names.item_named(&judge).map_or(at, |id| env.names.item(id).at);
            self.problem(JudgeNotHere { name: judge.short(), at, declared, why });
        }
    }
}

impl crate::environment::Environment {
    /// Whether a declaration is a guard whose verdict is a model's.
    pub(crate) fn is_judge(&self, name: &Name) -> bool {
        let declared = self.names.item_named(name).map(|id| &self.names.item(id).decl);
        matches!(declared, Some(flow_syntax::ast::Decl::Guard(decl)) if decl.judge().is_some())
    }

    /// Whether a type is a record with `ok: Bool`.
    pub(crate) fn says_ok(&self, ty: &Type) -> bool {
        let Type::Named(name) = self.base(ty) else { return false };
        match self.types.get(name) {
            Some(TypeDef::Record(fields)) => fields.iter().any(|field| &*field.name == OK && field.ty == Type::Bool),
            _ => false,
        }
    }
}

/// Whether a judge is asked about parameters and the result alone, and not about what a part of the expression binds.
fn is_about(call: &JudgeCall<'_>, known: &BTreeSet<VarId>) -> bool {
    let mut bound = BTreeSet::new();
    let mut mentioned = vec![];
    for part in call.args.iter().flat_map(every_expression) {
        match &part.kind {
            ExprKind::Var(var) => mentioned.push(*var),
            ExprKind::Lambda(params, _) => bound.extend(params.iter().copied()),
            _ => {}
        }
    }
    mentioned.into_iter().all(|var| known.contains(&var) || bound.contains(&var))
}

fn place(expr: &Expr, call: &JudgeCall<'_>) -> Span {
    let mut at = expr.at;
    expr.visit(&mut |part| {
        if let ExprKind::Call(name, args) = &part.kind
            && name == call.judge
            && args.as_slice() == call.args
        {
            at = part.at;
        }
    });
    at
}
