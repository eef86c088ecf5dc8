//! Guards whose verdict is a model's: elaborated as steps with an `ai` body, and kept apart from them.
//!
//! A judge is asked by guards of steps and never called in a flow. Its own guards look at its verdict; they ask no
//! judge. What its verdict is worth is the trust analysis's matter.

use super::{
    Declaring, ai, body,
    clause::Seen,
    params,
    step::{Building, new_step, word},
};
use crate::{
    expr::Place,
    names::ItemId,
    problems::judges::{ClauseOfJudge, NoVerdict},
};
use flow_expr::Type;
use flow_plan::{Body, Effect, Param};
use flow_syntax::ast::{self, Clause};

/// The time for one ask where none is written.
const TIMEOUT_MS: u64 = 60_000;

pub(super) fn declare(declaring: &mut Declaring<'_>, id: ItemId, decl: &ast::GuardDecl) {
    let Some(written) = decl.judge() else { return };
    let item = declaring.env.names.item(id);
    let (name, at, module) = (item.name.clone(), item.at, item.module);
    let Some(signature) = declaring.env.signatures.get(&id).cloned() else { return };
    let retries = std::mem::take(&mut declaring.retries);
    let mut el = declaring.elaborator(module, Place::Step);
    let returns = &signature.returns;
    if !matches!(returns, Type::Bool | Type::Unknown) && !el.env.says_ok(returns) {
        el.problem(NoVerdict { name: name.short(), at: signature.returns_at, ty: returns });
    }
    el.locals.enter();
    let params: Vec<Param> = signature.params.iter().map(|param| params::bind(&mut el, param)).collect();
    let asked = written.body();
    let asks = match &asked {
        Some(ast::Body::Ai(body)) => ai::body(&mut el, body, returns).map(|body| Body::Ai(Box::new(body))),
        _ => None,
    };
    let inside = body::inside(&el, written.syntax());
    let mut building = Building {
        step: new_step(&name, at, params, &signature),
        after: vec![],
        seen: Seen::default(),
        body: asks.clone(),
        retries: &retries,
        is_judge: true,
    };
    for clause in written.clauses() {
        match clause {
            Clause::Idempotent(_) | Clause::Effect(_) | Clause::Cache(_) | Clause::Needs(_) | Clause::After(_) => {
                let at = el.span(clause.range());
                el.problem(ClauseOfJudge { at, clause: word(&clause) });
            }
            clause => building.clause(&mut el, clause),
        }
    }
    let mut judge = building.step;
    params::warn_unused(&mut el, name.short(), |_| false);
    let body_at = asked.map(|body| el.span(body.range()));
    declaring.retries = retries;
    declaring.places.inside.extend(inside.map(|inside| (name.clone(), inside)));
    let Some(asks) = asks else { return };
    judge.body = asks;
    judge.effect = Effect::Read;
    if !judge.timeout_declared {
        judge.timeout_ms = TIMEOUT_MS;
    }
    judge.clauses_at.extend(body_at.map(|at| ("body".into(), at)));
    declaring.program.judges.insert(name, judge);
}
