//! Functions in place, and functions of the program that are passed on.

use super::{Elaborator, Place};
use crate::{
    index::DefinitionKind,
    names::ItemId,
    problems::arguments::{LambdaArity, NoLambdaHere},
};
use flow_diag::Span;
use flow_expr::{Expr, ExprKind, Type};
use flow_syntax::ast;
use std::sync::Arc;

impl Elaborator<'_> {
    pub(super) fn lambda(&mut self, expr: &ast::LambdaExpr, hint: Option<&Type>) -> (Expr, Type) {
        let at = self.span(expr.range());
        let names: Vec<ast::Name> = expr.params().collect();
        let is_taken = match hint {
            Some(Type::Function(params, _)) => params.len() == names.len(),
            hint => hint == Some(&Type::Unknown),
        };
        let (params, result) = match hint {
            Some(Type::Function(params, result)) => {
                if params.len() != names.len() {
                    self.problem(LambdaArity { at, gets: params.len(), has: names.len() });
                }
                (params.to_vec(), Some((**result).clone()))
            }
            Some(Type::Unknown) => (vec![], None),
            other => {
                self.problem(NoLambdaHere { at, expected: other.cloned() });
                (vec![], None)
            }
        };
        // What a lambda computes is no part of the flow's graph: it runs many times, inside one node.
        let graph = self.graph.take();
        let place = std::mem::replace(&mut self.place, Place::Lambda);
        self.locals.enter();
        let mut vars = vec![];
        let mut types = vec![];
        for (number, name) in names.iter().enumerate() {
            let ty = params.get(number).cloned().unwrap_or(Type::Unknown);
            vars.push(self.bind(name, ty.clone(), DefinitionKind::Parameter, false));
            types.push(ty);
        }
        let hint = result.as_ref().filter(|result| **result != Type::Unknown);
        let (body, body_ty) = match expr.body() {
            Some(ast::LambdaBody::Expr(body)) => self.elaborate(&body, hint),
            Some(ast::LambdaBody::Block(block)) => self.pure_block(&block, None),
            None => self.missing(expr.range()),
        };
        self.leave_scope();
        self.place = place;
        self.graph = graph;
        // `r => r.count` where a Decimal is wanted.
        let (body, body_ty) = match &result {
            Some(wanted) if !self.env.fits(&body_ty, wanted) && self.env.converts(&body_ty, wanted) => {
                (self.lift(body, &body_ty, wanted), wanted.clone())
            }
            _ => (body, body_ty),
        };
        let ty = if is_taken { Type::Function(types.into(), Arc::new(body_ty)) } else { Type::Unknown };
        (Expr::new(ExprKind::Lambda(vars, Box::new(body)), at), ty)
    }

    /// `rows.map(line)`: a function of the program as a value.
    pub(super) fn function_as_value(&mut self, item: ItemId, at: Span, hint: Option<&Type>) -> (Expr, Type) {
        let env = self.env;
        let Some(signature) = env.signatures.get(&item) else { return self.unknown(at) };
        let mut substitution = super::Substitution::default();
        if let Some(Type::Function(params, _)) = hint {
            for (param, found) in signature.params.iter().zip(params.iter()) {
                substitution.learn(&param.ty, found, env);
            }
        }
        let params: Arc<[Type]> = signature.params.iter().map(|param| substitution.apply(&param.ty)).collect();
        let returns = substitution.apply(&signature.returns);
        let vars: Vec<_> = params.iter().map(|_| self.locals.fresh()).collect();
        let given = match hint {
            Some(Type::Function(given, _)) => &given[..],
            _ => &[],
        };
        let args = vars.iter().enumerate().map(|(number, var)| {
            let arg = Expr::new(ExprKind::Var(*var), at);
            match (given.get(number), params.get(number)) {
                (Some(given), Some(param)) => self.ruled(arg, given, param),
                _ => arg,
            }
        });
        let args = args.collect();
        let declared = env.names.item(item);
        let call = if super::calls::is_built_in(&declared.decl) {
            ExprKind::Builtin(declared.name.short().into(), args)
        } else {
            ExprKind::Call(declared.name.clone(), args)
        };
        let body = Box::new(Expr::new(call, at));
        (Expr::new(ExprKind::Lambda(vars, body), at), Type::Function(params, Arc::new(returns)))
    }
}
