//! What is said of a draft that is let out: one report for each call of an AI step and each way out.
//!
//! A branch that a draft decides is not reported where a draft of the same call is let out inside of it.

use super::{
    trail::{Hop, Origin, Says},
    walk::{Finding, Sink, Walk},
};
use crate::Mentions;
use flow_diag::{Code, Problem, Problems, Span, codes};
use flow_expr::{Type, TypeDef, TypeTable};
use flow_plan::{GuardAction, Program, Step};
use std::collections::{BTreeMap, BTreeSet};

/// How many places a report shows between the call and the way out, and how many further ways out.
const SHOWN: usize = 5;

/// The reports, one for each call and code; the places where a code is found again are shown in the first.
pub(super) fn problems(program: &Program, mentions: &Mentions, walk: Walk<'_>) -> Problems {
    let mut groups: BTreeMap<(Origin<'_>, Code), Vec<Finding<'_>>> = BTreeMap::new();
    let mut let_out: BTreeSet<(Origin<'_>, Span)> = BTreeSet::new();
    for finding in &walk.findings {
        let Some(origin) = walk.trails.origin(finding.trail) else { continue };
        if !matches!(finding.sink, Sink::Decides(_)) {
            let_out.extend(finding.given_at.iter().chain([&finding.around]).map(|at| (origin, *at)));
        }
        groups.entry((origin, code(finding.sink))).or_default().push(*finding);
    }
    let is_inside = |origin: Origin<'_>, around: Span| {
        let first = Span::new(around.file, around.start, around.start);
        let_out
            .range((origin, first)..)
            .next()
            .is_some_and(|(of, at)| *of == origin && at.file == around.file && at.start < around.end)
    };
    let mut problems = Problems::default();
    for ((origin, _), mut findings) in groups {
        findings.retain(|finding| !matches!(finding.sink, Sink::Decides(_)) || !is_inside(origin, finding.around));
        findings.sort_by_key(|finding| (finding.at, finding.given_at));
        findings.dedup_by_key(|finding| finding.at);
        let (Some((first, others)), Some(step)) = (findings.split_first(), program.steps.get(origin.step)) else {
            continue;
        };
        let hops = walk.trails.backwards(first.trail).take(SHOWN + 1).collect();
        let fix = mentions.inside.get(&step.name).zip(skeleton(&step.returns, &program.types));
        let fix = fix.map(|(inside, guard)| (*inside, guard));
        let judge = unsound_judge(program, step);
        problems.push(LetOut { step, origin, first, others, hops, fix, judge });
    }
    problems
}

fn code(sink: Sink<'_>) -> Code {
    match sink {
        Sink::Write(_) => codes::E0501,
        Sink::Given(_) => codes::E0502,
        Sink::Decides(_) => codes::E0503,
    }
}

/// A draft that is let out.
struct LetOut<'a> {
    step: &'a Step,
    origin: Origin<'a>,
    first: &'a Finding<'a>,
    others: &'a [Finding<'a>],
    /// The way, the last place first.
    hops: Vec<Hop<'a>>,
    fix: Option<(Span, String)>,
    /// A guard that asks a judge whose verdict nothing checks, and that judge.
    judge: Option<(Span, &'a Step)>,
}

/// The first guard that would be a check if its judge's verdict were checked.
fn unsound_judge<'a>(program: &'a Program, step: &'a Step) -> Option<(Span, &'a Step)> {
    let guards = step.guards.iter().filter(|guard| !matches!(guard.action, GuardAction::Warn(_)));
    let asked = guards.flat_map(|guard| {
        program.judges_asked(&guard.condition).into_iter().map(move |call| (guard.condition.at, call.judge))
    });
    asked.filter_map(|(at, judge)| Some((at, program.judges.get(judge)?))).find(|(_, judge)| !super::is_sound(judge))
}

impl From<LetOut<'_>> for Problem {
    fn from(found: LetOut<'_>) -> Self {
        let LetOut { step, origin, first, others, hops, fix, judge } = found;
        let name = step.name.short();
        let mut shown = BTreeSet::from([first.at]);
        let mut problem = Self::error(code(first.sink), first.at, title(first.sink, name), says(first.sink));
        if let Sink::Decides(changed) = first.sink
            && shown.insert(changed)
        {
            problem = problem.label(changed, "happens or not by what the model says");
        }
        if let Some(at) = first.given_at.filter(|at| shown.insert(*at)) {
            problem = problem.label(at, "the draft is given to the flow here");
        }
        let warns = step.guards.iter().find(|guard| matches!(guard.action, GuardAction::Warn(_)));
        let why = match (judge, warns) {
            (Some(_), _) => "only a judge has looked at it, whose verdict nothing checks",
            (None, Some(_)) => "its guards only warn",
            (None, None) => "no guard has passed it",
        };
        if shown.insert(origin.call) {
            problem = problem.label(origin.call, format!("`{name}` gives a draft: {why}"));
        } else {
            problem = problem.note(format!("what `{name}` gives is a draft: {why}"));
        }
        for hop in hops.iter().rev() {
            if let Some(text) = hop_text(hop.says).filter(|_| shown.insert(hop.at)) {
                problem = problem.label(hop.at, text);
            }
        }
        for other in others.iter().filter(|other| shown.insert(other.at)).take(SHOWN) {
            problem = problem.label(other.at, "and here");
        }
        if shown.insert(step.at) {
            problem = problem.label(step.at, "the model is asked here");
        }
        if let Some((at, judge)) = judge {
            let name = judge.name.short();
            if shown.insert(at) {
                problem = problem.label(at, format!("what `{name}` says of a draft is a draft too"));
            }
            problem = problem.help(format!(
                "let `{name}` give evidence that its own guard checks, such as a quote: `guard text.contains(it.quote) else fail`; no `fallback` of it may say yes"
            ));
        }
        problem = match warns.filter(|_| judge.is_none()) {
            Some(guard) => problem.label(guard.condition.at, "when this does not hold, that is only recorded").help(
                "say what happens when a guard does not hold: `else retry`, `else fail` or `else fallback VALUE`",
            ),
            None => problem.help(format!(
                "check what the model says: a `guard … else retry`, `else fail` or `else fallback VALUE` in `{name}`"
            )),
        };
        problem = problem.help(
            "or let a person say yes to it: a step with the body `ask` that is given it, and whose answer this waits for",
        );
        match fix {
            Some((inside, guard)) => {
                let fix = format!("\n  guard {guard} else fail \"what must hold of the answer\"");
                problem.fix("a guard to begin with: say what must hold", inside, fix)
            }
            None => problem,
        }
    }
}

fn title(sink: Sink<'_>, step: &str) -> String {
    match sink {
        Sink::Write(dataset) => format!("a draft of `{step}` is written to `{}`", dataset.short()),
        Sink::Given(to) => format!("a draft of `{step}` is given to `{}`, which changes the world", to.short()),
        Sink::Decides(_) => format!("a draft of `{step}` decides what is changed"),
    }
}

fn says(sink: Sink<'_>) -> &'static str {
    match sink {
        Sink::Write(_) => "what a model said, unchecked",
        Sink::Given(_) => "what a model said, unchecked",
        Sink::Decides(_) => "this is decided by what a model said, unchecked",
    }
}

fn hop_text(says: Says<'_>) -> Option<String> {
    Some(match says {
        Says::Asked => return None,
        Says::MadeOf(name) => format!("`{name}` is made of it"),
        Says::PassedThrough(step) => format!("what `{}` makes of a draft is a draft", step.short()),
        Says::Returned(flow) => format!("`{}` gives it back", flow.short()),
        Says::FellBack(step) => format!("a fallback of `{}` lets it through", step.short()),
    })
}

/// A condition to begin with, for a result of this type; none where there is nothing that could be said of any.
fn skeleton(ty: &Type, types: &TypeTable) -> Option<String> {
    if let Some(condition) = condition("it", ty) {
        return Some(condition);
    }
    let Type::Named(name) = ty else { return None };
    match types.get(name)? {
        TypeDef::Record(fields) => fields.iter().find_map(|field| condition(&format!("it.{}", field.name), &field.ty)),
        TypeDef::Refined { base, .. } => condition("it", base),
        TypeDef::Enum(_) => None,
    }
}

fn condition(value: &str, ty: &Type) -> Option<String> {
    Some(match ty {
        Type::String => format!("not {value}.is_blank()"),
        Type::Int | Type::Decimal | Type::Float => format!("{value} >= 0"),
        Type::List(_) | Type::Table(_) | Type::Map(..) => format!("{value}.count() > 0"),
        _ => return None,
    })
}
