//! Steps: parameters, one body, and every clause with its default filled in.

use super::{
    Declaring, body, budget,
    clause::{self, Seen, milliseconds, number},
    guard, params,
    problems::{ClaimsToRead, ClauseOfBody, UnknownResource},
    retry,
};
use crate::{
    environment::Signature,
    expr::{Elaborator, Place},
    names::ItemId,
    problems::mismatch::Because,
};
use flow_diag::Span;
use flow_expr::Name;
use flow_plan::{Body, CachePolicy, Effect, Idempotency, Needs, Param, RetryPolicy, Step};
use flow_syntax::ast::{self, Clause};
use std::collections::HashMap;

pub(super) fn declare(declaring: &mut Declaring<'_>, id: ItemId, decl: &ast::StepDecl) {
    let item = declaring.env.names.item(id);
    let (name, at, module) = (item.name.clone(), item.at, item.module);
    let Some(signature) = declaring.env.signatures.get(&id).cloned() else { return };
    let (read_file, retries) = (declaring.read_file, std::mem::take(&mut declaring.retries));
    let mut el = declaring.elaborator(module, Place::Step);
    el.locals.enter();
    let params: Vec<Param> = signature.params.iter().map(|param| params::bind(&mut el, param)).collect();
    let inside = decl.block().and_then(|block| body::inside(&el, block.syntax()));
    let returns = (&signature.returns, signature.returns_at);
    // None and several are reported by the parser.
    let declared = decl.body().and_then(|written| body::body(&mut el, read_file, &written, &name, &params, returns));
    let body_at = decl.body().map(|body| el.span(body.range()));
    let mut building = Building {
        step: new_step(&name, at, params, &signature),
        after: vec![],
        seen: Seen::default(),
        body: declared.as_ref().map(|declared| declared.body.clone()),
        retries: &retries,
        is_judge: false,
    };
    for clause in decl.clauses() {
        building.clause(&mut el, clause);
    }
    let Building { mut step, after, seen, .. } = building;
    let mentions = declared.as_ref().map(|declared| &declared.mentions);
    // A body that could not be read may use everything.
    let mentioned = |param: &str| mentions.is_none_or(|names| names.contains(param));
    params::warn_unused(&mut el, name.short(), mentioned);
    if let (Some((word, word_at)), Some(at)) =
        (declared.as_ref().and_then(|declared| declared.changes.as_ref()), seen.place("effect"))
        && step.effect < Effect::Write
    {
        el.problem(ClaimsToRead { step: name.short(), at, effect: step.effect, word, word_at: *word_at });
    }
    declaring.retries = retries;
    declaring.places.inside.extend(inside.map(|inside| (name.clone(), inside)));
    if !after.is_empty() {
        declaring.places.after.insert(name.clone(), after);
    }
    let Some(declared) = declared else { return };
    fill_defaults(&mut step, &declared, &seen);
    step.clauses_at.extend(body_at.map(|at| ("body".into(), at)));
    declaring.places.queries.extend(declared.query);
    step.body = declared.body;
    declaring.program.steps.insert(name, step);
}

pub(super) fn new_step(name: &Name, at: Span, params: Vec<Param>, signature: &Signature) -> Step {
    Step {
        name: name.clone(),
        params,
        returns: signature.returns.clone(),
        body: Body::Other { keyword: "".into() },
        timeout_ms: 0,
        timeout_declared: false,
        retry: None,
        idempotent: None,
        effect: Effect::None,
        guards: vec![],
        budget: None,
        fallback: None,
        cache: CachePolicy::Never,
        pool: None,
        needs: None,
        owner: None,
        tags: vec![],
        at,
        clauses_at: vec![],
    }
}

/// What is not written follows from the body.
fn fill_defaults(step: &mut Step, declared: &body::Declared, seen: &Seen) {
    if !step.timeout_declared {
        step.timeout_ms = declared.timeout_ms;
    }
    if seen.place("effect").is_none() {
        step.effect = declared.effect;
    }
    let in_process = matches!(declared.body, Body::Sql { connection: None, .. });
    if seen.place("cache").is_none() && (in_process || step.effect == Effect::None) {
        step.cache = CachePolicy::Unchanged;
    }
}

/// A step, or a judge, under construction.
pub(super) struct Building<'a> {
    pub(super) step: Step,
    pub(super) after: Vec<(Name, Span)>,
    pub(super) seen: Seen,
    pub(super) body: Option<Body>,
    pub(super) retries: &'a HashMap<ItemId, RetryPolicy>,
    pub(super) is_judge: bool,
}

impl Building<'_> {
    pub(super) fn clause(&mut self, el: &mut Elaborator<'_>, clause: Clause) {
        let (word, at) = (word(&clause), el.span(clause.range()));
        if word != "guard" && !self.seen.first(word, at) {
            return;
        }
        self.step.clauses_at.push((word.into(), at));
        let returns = self.step.returns.clone();
        match clause {
            Clause::Timeout(clause) => {
                if let Some(timeout) = milliseconds(el, clause.duration(), "timeout") {
                    (self.step.timeout_ms, self.step.timeout_declared) = (timeout, true);
                }
            }
            Clause::Retry(clause) => self.step.retry = retry::of_clause(el, self.retries, &clause, self.body.as_ref()),
            Clause::Idempotent(clause) => self.step.idempotent = Some(idempotency(el, &clause)),
            Clause::Effect(clause) => self.step.effect = effect(&clause),
            Clause::Guard(clause) => {
                let of = if self.is_judge { guard::Of::Judge } else { guard::Of::Step };
                let params = std::mem::take(&mut self.step.params);
                self.step.guards.extend(guard::guard(el, &clause, &returns, &params, of));
                self.step.params = params;
            }
            Clause::Budget(clause) => {
                self.only_ai(el, "budget", at);
                self.step.budget = Some(budget::of_step(el, &clause));
            }
            Clause::Fallback(clause) => {
                let because = Because::Place("as it stands for the step's result");
                self.step.fallback = el.check_present(clause.value().as_ref(), &returns, because);
            }
            Clause::Cache(clause) => self.step.cache = cache(el, &clause),
            Clause::Pool(clause) => {
                let pool = clause.pool().and_then(|path| clause::named(el, &path, &["pool"], "pool", "a pool"));
                self.step.pool = pool.map(|id| el.env.names.item(id).name.clone());
            }
            Clause::Needs(clause) => self.step.needs = Some(needs(el, &clause)),
            Clause::After(clause) => {
                for path in clause.names() {
                    let at = el.span(path.range());
                    let named = clause::named(el, &path, &["step", "dataset"], "step", "a step or dataset");
                    self.after.extend(named.map(|id| (el.env.names.item(id).name.clone(), at)));
                }
            }
            Clause::Owner(clause) => self.step.owner = clause::text(el, clause.owner(), "owner"),
            Clause::Tags(clause) => self.step.tags = clause::tags(&clause),
            Clause::Doc(_) => {}
        }
    }

    /// Reports a clause that only AI bodies have.
    fn only_ai(&self, el: &mut Elaborator<'_>, clause: &'static str, at: Span) {
        if let Some(body) = &self.body
            && !matches!(body, Body::Ai(_))
        {
            el.problem(ClauseOfBody { at, clause, kind: body.keyword(), only: "ai" });
        }
    }
}

/// The word of a clause.
pub(super) fn word(clause: &Clause) -> &'static str {
    match clause {
        Clause::Timeout(_) => "timeout",
        Clause::Retry(_) => "retry",
        Clause::Idempotent(_) => "idempotent",
        Clause::Effect(_) => "effect",
        Clause::Guard(_) => "guard",
        Clause::Budget(_) => "budget",
        Clause::Fallback(_) => "fallback",
        Clause::Cache(_) => "cache",
        Clause::Pool(_) => "pool",
        Clause::Needs(_) => "needs",
        Clause::After(_) => "after",
        Clause::Owner(_) => "owner",
        Clause::Tags(_) => "tags",
        Clause::Doc(_) => "doc",
    }
}

fn idempotency(el: &mut Elaborator<'_>, clause: &ast::IdempotentClause) -> Idempotency {
    match clause.key() {
        Some(key) => Idempotency::By(el.infer(&key).0),
        None => Idempotency::Harmless,
    }
}

fn effect(clause: &ast::EffectClause) -> Effect {
    match clause.effect().as_ref().map(ast::Name::text) {
        Some("none") => Effect::None,
        Some("read") => Effect::Read,
        Some("irreversible") => Effect::Irreversible,
        _ => Effect::Write,
    }
}

fn cache(el: &mut Elaborator<'_>, clause: &ast::CacheClause) -> CachePolicy {
    match clause.policy() {
        ast::CachePolicy::Always => CachePolicy::Unchanged,
        ast::CachePolicy::Never => CachePolicy::Never,
        ast::CachePolicy::For(duration) => {
            milliseconds(el, Some(duration), "cache for").map_or(CachePolicy::Never, CachePolicy::For)
        }
    }
}

fn needs(el: &mut Elaborator<'_>, clause: &ast::NeedsClause) -> Needs {
    let mut needs = Needs::default();
    for item in clause.items() {
        let Some(resource) = item.resource() else { continue };
        match resource.text() {
            "cpu" => {
                let count = number(el, item.amount(), "needs cpu", 1);
                needs.cpu = count.map(|count| u32::try_from(count).unwrap_or(u32::MAX));
            }
            "memory" => needs.memory_bytes = number(el, item.amount(), "needs memory", 1),
            other => {
                let at = el.span(resource.range());
                el.problem(UnknownResource { at, resource: other });
            }
        }
    }
    needs
}
