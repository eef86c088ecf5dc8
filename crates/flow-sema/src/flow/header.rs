//! What a flow says about itself: when it starts, when it must be done, what happens to other starts.

use super::problems::{EventOfOther, FinishZone, MissingStartValue, UnknownStartParam};
use crate::{
    decl::{milliseconds, named, schedule},
    environment::Signature,
    expr::{Elaborator, Place},
    problems::mismatch::Because,
};
use flow_diag::Span;
use flow_expr::{Expr, Name};
use flow_plan::{Block, CatchUp, Deadline, Finish, Flow, Overlap, Param, Schedule, Start, Trigger};
use flow_syntax::ast;
use std::sync::Arc;

/// A flow without statements.
pub(super) fn new_flow(name: &Name, at: Span, params: Vec<Param>, signature: &Signature) -> Flow {
    Flow {
        name: name.clone(),
        params,
        returns: signature.returns.clone(),
        starts: vec![],
        finish: None,
        overlap: Overlap::default(),
        catch_up: CatchUp::default(),
        budgets: vec![],
        body: Block::default(),
        handlers: vec![],
        owner: None,
        tags: vec![],
        at,
    }
}

/// `start …`.
pub(super) fn start(el: &mut Elaborator<'_>, stmt: &ast::StartStmt, params: &[Param]) -> Option<Start> {
    let at = el.span(stmt.range());
    let with: Vec<(Arc<str>, Expr)> =
        stmt.bindings().filter_map(|binding| self::binding(el, &binding, params)).collect();
    let trigger = match stmt.schedule()? {
        ast::Schedule::Every(every) => Trigger::Schedule(schedule::every(el, &every)?),
        ast::Schedule::Calendar(calendar) => Trigger::Schedule(schedule::calendar(el, &calendar)?),
        ast::Schedule::Cron(cron) => Trigger::Schedule(schedule::cron(el, &cron)?),
        ast::Schedule::When(when) => {
            let paths: Vec<ast::Path> = when.datasets().collect();
            let named = paths.iter().filter_map(|path| named(el, path, &["dataset"], "dataset", "a dataset"));
            let ids: Vec<_> = named.collect();
            if ids.is_empty() {
                return None;
            }
            Trigger::Updates(ids.into_iter().map(|id| el.env.names.item(id).name.clone()).collect())
        }
        ast::Schedule::Webhook(webhook) => {
            let written = webhook.path()?;
            let path = written.plain_text()?;
            if !path.starts_with('/') || path.contains(char::is_whitespace) {
                let at = el.span(written.range());
                el.problem(EventOfOther { at, path: &path });
                return None;
            }
            Trigger::Webhook(path.into())
        }
    };
    Some(Start { trigger, with, at })
}

/// `day = yesterday()`: a constant of the nominal start, which knows no other value of the flow.
fn binding(el: &mut Elaborator<'_>, binding: &ast::Binding, params: &[Param]) -> Option<(Arc<str>, Expr)> {
    let name = binding.name()?;
    let at = el.span(name.range());
    let Some(param) = params.iter().find(|param| &*param.name == name.text()) else {
        let known = params.iter().map(|param| &*param.name).collect();
        el.problem(UnknownStartParam { at, name: name.text(), known });
        return None;
    };
    let value = binding.value()?;
    let mut alone = Elaborator::new(el.env, el.module, Place::Constant, el.output);
    let because = Because::Declared { name: &param.name, at };
    Some((param.name.clone(), alone.check(&value, &param.ty, because)))
}

/// Reports a parameter that a start leaves without a value.
pub(super) fn check_starts(el: &mut Elaborator<'_>, flow: &Flow, signature: &Signature) {
    for start in &flow.starts {
        for param in &signature.params {
            let is_given = param.has_default || start.with.iter().any(|(name, _)| *name == param.name);
            // A webhook's body gives the parameters.
            if !is_given && !matches!(start.trigger, Trigger::Webhook(_)) {
                el.problem(MissingStartValue { at: start.at, param: &param.name, ty: &param.ty, declared: param.at });
            }
        }
    }
    let by = flow.finish.as_ref().filter(|finish| matches!(finish.deadline, Deadline::By { zone: None, .. }));
    if let Some(finish) = by {
        let has_zone =
            |start: &Start| matches!(start.trigger, Trigger::Schedule(Schedule::Days { .. } | Schedule::Cron { .. }));
        if !flow.starts.is_empty() && !flow.starts.iter().any(has_zone) {
            el.problem(FinishZone { at: finish.at });
        }
    }
}

/// `finish by|within …`.
pub(super) fn finish(el: &mut Elaborator<'_>, stmt: &ast::FinishStmt) -> Option<Finish> {
    let at = el.span(stmt.range());
    let deadline = match stmt.by() {
        Some(time) => {
            let zone = stmt.zone().and_then(|zone| {
                let at = el.span(zone.range());
                schedule::zone(el, Some(zone), at)
            });
            Deadline::By { minutes: schedule::minutes(el, Some(time))?, zone }
        }
        None => Deadline::Within(milliseconds(el, stmt.within(), "finish within")?),
    };
    Some(Finish { deadline, at })
}

/// `overlap …`.
pub(super) fn overlap(stmt: &ast::OverlapStmt) -> Overlap {
    match stmt.mode().as_ref().map(ast::Name::text) {
        Some("queue") => Overlap::Queue,
        Some("allow") => Overlap::Allow,
        Some("replace") => Overlap::Replace,
        _ => Overlap::Skip,
    }
}

/// `catch up …`.
pub(super) fn catch_up(stmt: &ast::CatchUpStmt) -> CatchUp {
    match stmt.mode().as_ref().map(ast::Name::text) {
        Some("none") => CatchUp::None,
        Some("all") => CatchUp::All,
        _ => CatchUp::Last,
    }
}
