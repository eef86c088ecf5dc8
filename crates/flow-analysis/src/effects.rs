//! E04: what may be run twice must be harmless when it is run twice.
//!
//! A step whose effect is `write` or `irreversible` and that is tried again, by its retry policy or by a
//! guard, is refused unless it says that it is idempotent, or is so by the meaning of its request. A step that is never
//! tried again is not: when a run is cut off in the middle of it, resuming reports it in place of repeating it. In a flow
//! that has promised to be done by a time, something must deal with the failure of what changes the world, there and in
//! flows that it calls.

use crate::{Mentions, time::all_callees_first};
use flow_diag::{Problem, Problems, Span, codes};
use flow_expr::{Expr, ExprKind, Name};
use flow_plan::{
    Body, Effect, ErrorClass, Finish, Flow, GuardAction, HandlerEvent, HttpValue, Idempotency, Node, NodeKind, Program,
    Step, every_expression,
};
use std::{collections::BTreeSet, sync::Arc};

/// All checks of the family.
#[must_use]
pub fn check(program: &Program, mentions: &Mentions) -> Problems {
    let mut problems = Problems::default();
    for step in program.steps.values() {
        // A key is in a request or in a script's environment; a statement is sent without one.
        let is_sent = !matches!(step.body, Body::Sql { .. });
        match &step.idempotent {
            Some(Idempotency::By(key)) if is_sent => {
                if !step.params.is_empty() && is_constant(key) {
                    problems.push(ConstantKey { step, key });
                }
            }
            None | Some(Idempotency::By(_)) => {
                let may_harm = step.effect >= Effect::Write && !is_idempotent(&step.body);
                if let Some(again) = tried_again(step).filter(|_| may_harm) {
                    let inside = mentions.inside.get(&step.name).copied();
                    problems.push(RetriedWrite { step, again, inside });
                }
            }
            Some(Idempotency::Harmless) => {}
        }
    }
    let half_done = half_done(program);
    for flow in program.flows.values() {
        if let Some(found) = unhandled(program, flow, &half_done) {
            problems.push(found);
        }
    }
    problems
}

/// The calls of a flow with a deadline that change the world and whose failure nothing deals with: no `retry`,
/// `fallback` or `else`, and the flow has no `on failure`. Only of flows that start by themselves: who starts one by hand
/// sees it fail.
fn unhandled<'a>(program: &'a Program, flow: &'a Flow, half_done: &BTreeSet<&Name>) -> Option<Unhandled<'a>> {
    let finish = flow.finish.as_ref().filter(|_| !flow.starts.is_empty())?;
    if is_told(flow) {
        return None;
    }
    let calls: Vec<&Node> = flow.body.all_nodes().filter(|node| is_unhandled(program, node, half_done)).collect();
    (!calls.is_empty()).then_some(Unhandled { flow, finish, calls })
}

/// The flows in which something that changes the world may fail, and nothing deals with it.
fn half_done(program: &Program) -> BTreeSet<&Name> {
    let mut found = BTreeSet::new();
    for name in all_callees_first(program) {
        let flow = program.flows.get(name).filter(|flow| !is_told(flow));
        if flow.is_some_and(|flow| flow.body.all_nodes().any(|node| is_unhandled(program, node, &found))) {
            found.insert(name);
        }
    }
    found
}

/// Whether a flow says what is done when it fails.
fn is_told(flow: &Flow) -> bool {
    flow.handlers.iter().any(|handler| handler.on == HandlerEvent::Failure)
}

/// Whether a call, or one in a flow that it calls, changes the world, and nothing deals with its failure.
fn is_unhandled(program: &Program, node: &Node, half_done: &BTreeSet<&Name>) -> bool {
    match &node.kind {
        NodeKind::Call { step, recover: None, .. } => program.steps.get(step).is_some_and(|step| {
            step.effect >= Effect::Write
                && step.fallback.is_none()
                && step.retry.as_ref().is_none_or(|policy| policy.times == 0)
        }),
        NodeKind::Flow { flow, recover: None, .. } => half_done.contains(flow),
        _ => false,
    }
}

/// The clause by which a step may run again that may have taken effect.
fn tried_again(step: &Step) -> Option<&'static str> {
    let policy = step.retry.as_ref().filter(|policy| policy.times > 0);
    if policy.is_some_and(|policy| policy.on.iter().any(|class| !is_turned_down(&step.body, *class))) {
        return Some("retry");
    }
    step.guards.iter().any(|guard| matches!(guard.action, GuardAction::Retry(_))).then_some("guard")
}

/// Whether what fails so was turned down before anything was done, or undone. A database undoes a statement that it
/// reports as failed, but a procedure may have committed a part.
fn is_turned_down(body: &Body, class: ErrorClass) -> bool {
    match class {
        ErrorClass::RateLimited | ErrorClass::Auth => true,
        ErrorClass::ServerError | ErrorClass::ClientError => {
            matches!(body, Body::Sql { text, .. } if !["call", "do"].iter().any(|word| mentions_word(text, word)))
        }
        _ => false,
    }
}

fn mentions_word(text: &str, word: &str) -> bool {
    text.split(|sign: char| !sign.is_alphanumeric() && sign != '_').any(|part| part.eq_ignore_ascii_case(word))
}

/// Whether the request itself says that twice does no more than once: by its method (RFC 9110, 9.2.2), or by a key that
/// stands in its header.
fn is_idempotent(body: &Body) -> bool {
    let Body::Http { method, headers, .. } = body else { return false };
    let is_key = |(name, value): &(Arc<str>, HttpValue)| {
        name.eq_ignore_ascii_case("idempotency-key") && matches!(value, HttpValue::Expr(key) if !is_constant(key))
    };
    matches!(&**method, "PUT" | "DELETE") || headers.iter().any(is_key)
}

/// Whether a key is the same for every call.
fn is_constant(key: &Expr) -> bool {
    every_expression(key).all(|expr| !matches!(expr.kind, ExprKind::Var(_)))
}

/// A step that writes is tried again without being idempotent.
struct RetriedWrite<'a> {
    step: &'a Step,
    again: &'static str,
    inside: Option<Span>,
}

impl From<RetriedWrite<'_>> for Problem {
    fn from(found: RetriedWrite<'_>) -> Self {
        let RetriedWrite { step, again, inside } = found;
        let name = step.name.short();
        let place = step.place_of(again);
        let effect = if step.effect == Effect::Irreversible { "irreversible" } else { "write" };
        let title = format!("`{name}` is tried again, but running it twice may do harm");
        let mut problem = Self::error(codes::E0401, place, title, "this may run it again after it already took effect");
        problem = match step.clause_at("effect") {
            Some(effect_at) => problem.label(effect_at, format!("its effect is `{effect}`")),
            None if matches!(step.body, Body::Sql { .. }) => {
                problem.label(step.place_of("body"), "this statement does more than ask")
            }
            None => problem.label(
                step.place_of("body"),
                format!("a `{}` body has the effect `{effect}` unless told otherwise", step.body.keyword()),
            ),
        };
        let is_statement = matches!(step.body, Body::Sql { .. });
        problem = match (step.clause_at("idempotent"), is_statement) {
            (Some(key), _) => problem
                .label(key, "a key that no statement is sent with")
                .help("write the statement so that twice does no harm, such as `insert … on conflict do nothing`, and say `idempotent`"),
            (None, true) => problem.help("say `idempotent` if running it twice is harmless, as with `insert … on conflict do nothing`"),
            (None, false) => problem.help("say `idempotent` if running it twice is harmless, or `idempotent by KEY` if the other side drops repeats of a key"),
        };
        // What a statement does is in its text.
        if step.clause_at("effect").is_none() && !is_statement {
            problem = problem.help("or say what it does: `effect none` or `effect read`");
        }
        if again == "retry" && matches!(step.body, Body::Http { .. }) {
            problem = problem.help("or try again only what was turned down: `on rate_limited`");
        }
        let Some(inside) = inside.filter(|_| step.idempotent.is_none()) else { return problem };
        problem = problem.fix("say that running it twice is harmless", inside, "\n  idempotent");
        if is_statement {
            return problem;
        }
        match step.params.iter().find(|param| is_key(&param.ty)) {
            Some(param) => problem.fix(
                format!("send `{}` as the key", param.name),
                inside,
                format!("\n  idempotent by {}", param.name),
            ),
            None => problem,
        }
    }
}

/// Whether a value of the type tells calls apart as a key.
fn is_key(ty: &flow_expr::Type) -> bool {
    matches!(ty, flow_expr::Type::Int | flow_expr::Type::String | flow_expr::Type::Date)
}

/// An idempotency key that every call shares.
struct ConstantKey<'a> {
    step: &'a Step,
    key: &'a Expr,
}

impl From<ConstantKey<'_>> for Problem {
    fn from(found: ConstantKey<'_>) -> Self {
        let ConstantKey { step, key } = found;
        let name = step.name.short();
        let params: Vec<String> = step.params.iter().map(|param| format!("`{}`", param.name)).collect();
        Self::error(codes::E0402, key.at, format!("every call of `{name}` has the same key"), "this uses no parameter")
            .note(format!("the parameters are {}", params.join(", ")))
            .help("the other side would drop the second call as a repeat of the first; make the key of what tells calls apart")
    }
}

/// A flow with a deadline in which something that writes may fail, and nobody deals with it.
struct Unhandled<'a> {
    flow: &'a Flow,
    finish: &'a Finish,
    calls: Vec<&'a Node>,
}

impl From<Unhandled<'_>> for Problem {
    fn from(found: Unhandled<'_>) -> Self {
        let Unhandled { flow, finish, calls } = found;
        let (first, rest) = calls.split_first().map_or((None, &[][..]), |(first, rest)| (Some(*first), rest));
        let called = first.map_or("", |first| match &first.kind {
            NodeKind::Call { step, .. } => step.short(),
            NodeKind::Flow { flow, .. } => flow.short(),
            _ => &*first.label,
        });
        let at = first.map_or(flow.at, |first| first.at);
        let title = format!("`{called}` changes the world, and nothing is said for when it fails");
        let mut problem = Self::warning(codes::W0401, at, title, "if this fails, the run ends half done")
            .label(finish.at, format!("`{}` has promised to be done by then", flow.name.short()));
        for other in rest.iter().take(2) {
            problem = problem.label(other.at, "the same here");
        }
        problem.help(format!("say in `{}` whom to tell: `on failure {{ do … }}`", flow.name.short())).help(
            "or what becomes of it: `else VALUE` behind the call; `retry` and `idempotent`, or `fallback`, in the step",
        )
    }
}
