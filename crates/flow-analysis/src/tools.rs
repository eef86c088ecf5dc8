//! E0504, E0904: what a model may call. Its arguments are drafts, and what it calls ends.
//!
//! A tool that changes the world needs guards on its parameters, which are asked before it runs; one that cannot be
//! undone needs a person for each call. A step that can come to call itself through its tools is refused. Linear in
//! steps and tools. Knows neither models nor arguments; tested by `tests/check/tools.flow`.

use crate::{
    Mentions,
    trust::{asks_sound, looks_at_it},
};
use flow_diag::{Problem, Problems, Span, codes};
use flow_expr::{Expr, ExprKind, Name, Value, VarId};
use flow_plan::{Body, Effect, GuardAction, Program, Step, every_expression};
use std::collections::{BTreeMap, BTreeSet};

/// All checks of the family.
#[must_use]
pub fn check(program: &Program, mentions: &Mentions) -> Problems {
    let mut problems = Problems::default();
    for step in program.steps.values().chain(program.judges.values()) {
        for tool in tools(program, step).filter(|tool| tool.effect >= Effect::Write) {
            if let Some(lacks) = lacks(program, tool) {
                let inside = mentions.inside.get(&tool.name).copied();
                problems.push(ToolChanges { step, tool, lacks, inside });
            }
        }
    }
    for circle in circles(program) {
        problems.push(circle);
    }
    problems
}

/// The steps that the model of a step may call.
fn tools<'p>(program: &'p Program, step: &'p Step) -> impl Iterator<Item = &'p Step> {
    let names = match &step.body {
        Body::Ai(ai) => ai.tools.as_slice(),
        _ => &[],
    };
    names.iter().filter_map(|name| program.steps.get(name))
}

/// What a tool that changes the world lacks.
enum Lacks<'p> {
    /// A guard that looks at this parameter before it runs.
    GuardOn(&'p str),
    /// Anybody who decides whether it runs: it has no parameters.
    Decision,
    /// A person who is asked each time, as it cannot be undone.
    Person,
}

/// Guards that are asked before a tool runs, and do more than warn.
fn guards_before<'p>(program: &'p Program, tool: &'p Step) -> impl Iterator<Item = (&'p Expr, &'p GuardAction)> {
    let guards = tool.guards.iter().map(|guard| (&guard.condition, &guard.action));
    guards.filter(|(condition, action)| {
        !matches!(action, GuardAction::Warn(_)) && !looks_at_it(condition) && asks_sound(program, condition)
    })
}

fn lacks<'p>(program: &Program, tool: &'p Step) -> Option<Lacks<'p>> {
    let mut guarded: BTreeSet<VarId> = BTreeSet::new();
    for (condition, action) in guards_before(program, tool) {
        let never_holds = matches!(condition.kind, ExprKind::Const(Value::Bool(false)));
        // A person sees all arguments, each time.
        if never_holds && matches!(action, GuardAction::Ask { .. }) {
            return None;
        }
        guarded.extend(every_expression(condition).filter_map(|expr| match expr.kind {
            ExprKind::Var(var) => Some(var),
            _ => None,
        }));
    }
    if tool.effect == Effect::Irreversible {
        return Some(Lacks::Person);
    }
    match tool.params.iter().find(|param| !guarded.contains(&param.var)) {
        Some(param) => Some(Lacks::GuardOn(&param.name)),
        None if tool.params.is_empty() => Some(Lacks::Decision),
        None => None,
    }
}

/// Steps that can come to call themselves, each circle once.
fn circles(program: &Program) -> Vec<EndlessTools<'_>> {
    let mut found = vec![];
    let mut is_done: BTreeMap<&Name, bool> = BTreeMap::new();
    for root in program.steps.values() {
        let mut pending = vec![(root, root, false)];
        while let Some((step, caller, leave)) = pending.pop() {
            match is_done.get(&step.name) {
                _ if leave => drop(is_done.insert(&step.name, true)),
                Some(true) => {}
                Some(false) => found.push(EndlessTools { step: caller, tool: step }),
                None => {
                    is_done.insert(&step.name, false);
                    pending.push((step, caller, true));
                    pending.extend(tools(program, step).map(|tool| (tool, step, false)));
                }
            }
        }
    }
    found
}

/// A step with an effect that a model may call.
struct ToolChanges<'a> {
    step: &'a Step,
    tool: &'a Step,
    lacks: Lacks<'a>,
    inside: Option<Span>,
}

impl From<ToolChanges<'_>> for Problem {
    fn from(found: ToolChanges<'_>) -> Self {
        let ToolChanges { step, tool, lacks, inside } = found;
        let name = tool.name.short();
        let effect = if tool.effect == Effect::Irreversible { "irreversible" } else { "write" };
        let (title, help) = match lacks {
            Lacks::GuardOn(param) => (
                format!("a model may call `{name}`, and no guard of it looks at `{param}` first"),
                format!("let a guard of `{name}` look at it, and not at `it`: `guard {param} … else fail`"),
            ),
            Lacks::Decision => (
                format!("a model may call `{name}`, and nobody decides whether it does"),
                "a step without parameters has nothing to guard: let a person decide".to_owned(),
            ),
            Lacks::Person => (
                format!("a model may call `{name}`, which cannot be undone, and nobody is asked first"),
                "what cannot be undone needs a person for each call".to_owned(),
            ),
        };
        let problem =
            Self::error(codes::E0504, step.place_of("body"), title, "what it calls with is what it says: a draft")
                .label(tool.at, format!("its effect is `{effect}`"))
                .help(help)
                .help("or let the model return what is to be done, guard that, and call the step in the flow");
        match inside {
            Some(inside) => problem.fix(
                "let a person decide on each call",
                inside,
                format!("\n  guard false else ask \"operations\" \"May a model run {name}?\""),
            ),
            None => problem,
        }
    }
}

/// A step that its own tools call.
struct EndlessTools<'a> {
    step: &'a Step,
    tool: &'a Step,
}

impl From<EndlessTools<'_>> for Problem {
    fn from(found: EndlessTools<'_>) -> Self {
        let EndlessTools { step, tool } = found;
        let (name, tool_name) = (step.name.short(), tool.name.short());
        let problem = Self::error(
            codes::E0904,
            step.place_of("body"),
            format!("`{tool_name}` may come to call itself"),
            format!("its model may call `{tool_name}`"),
        );
        let problem = match name == tool_name {
            true => problem,
            false => problem.label(tool.at, format!("its tools lead to `{name}`")),
        };
        problem.help("take one of them out of `tools`: models that call each other have no end")
    }
}
