//! E04: what may be run twice must be harmless when it is run twice.
//!
//! A step whose effect is `write` or `irreversible` and that is tried again, by its retry policy or by a
//! guard, is refused unless it says that it is idempotent. A step that is never tried again is not: when
//! a run is cut off in the middle of it, resuming reports it in place of repeating it.

use crate::Mentions;
use flow_diag::{Problem, Problems, Span, codes};
use flow_expr::{Expr, ExprKind};
use flow_plan::{Effect, GuardAction, Idempotency, Program, Step, every_expression};

/// All checks of the family.
#[must_use]
pub fn check(program: &Program, mentions: &Mentions) -> Problems {
    let mut problems = Problems::default();
    for step in program.steps.values() {
        match &step.idempotent {
            None => {
                if let Some(again) = tried_again(step).filter(|_| step.effect >= Effect::Write) {
                    let inside = mentions.inside.get(&step.name).copied();
                    problems.push(RetriedWrite { step, again, inside });
                }
            }
            Some(Idempotency::By(key)) if !step.params.is_empty() && is_constant(key) => {
                problems.push(ConstantKey { step, key });
            }
            Some(Idempotency::By(_) | Idempotency::Harmless) => {}
        }
    }
    problems
}

/// The clause by which a step may run more than once for one call.
fn tried_again(step: &Step) -> Option<&'static str> {
    if step.retry.as_ref().is_some_and(|policy| policy.times > 0) {
        return Some("retry");
    }
    step.guards.iter().any(|guard| matches!(guard.action, GuardAction::Retry(_))).then_some("guard")
}

/// Whether a key is the same for every call.
fn is_constant(key: &Expr) -> bool {
    every_expression(key).all(|expr| !matches!(expr.kind, ExprKind::Var(_)))
}

/// Where a clause is; the step's name if it is not recorded.
fn clause(step: &Step, keyword: &str) -> Option<Span> {
    step.clauses_at.iter().find(|(name, _)| &**name == keyword).map(|(_, span)| *span)
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
        let place = clause(step, again).unwrap_or(step.at);
        let effect = if step.effect == Effect::Irreversible { "irreversible" } else { "write" };
        let title = format!("`{name}` is tried again, but running it twice may do harm");
        let mut problem = Self::error(codes::E0401, place, title, "this may run it again after it already took effect");
        problem = match clause(step, "effect") {
            Some(effect_at) => problem.label(effect_at, format!("its effect is `{effect}`")),
            None => problem.label(
                clause(step, "body").unwrap_or(step.at),
                format!("a `{}` body has the effect `{effect}` unless told otherwise", step.body.keyword()),
            ),
        };
        problem = problem.help("say `idempotent` if running it twice is harmless, or `idempotent by KEY` if the other side drops repeats of a key");
        if clause(step, "effect").is_none() {
            problem = problem.help("or say what it does: `effect none` or `effect read`");
        }
        let Some(inside) = inside else { return problem };
        problem = problem.fix("say that running it twice is harmless", inside, "\n  idempotent");
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
