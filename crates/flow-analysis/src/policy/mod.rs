//! E10: what policies demand of the program, evaluated when compiling and told at the thing that breaks them.
//!
//! A policy looks at lists of records ([`view`]) and goes through its statements in the order of the text. It can
//! only come to an end: its loops go over lists, and it is stopped where it looks at too much. Its budgets are held
//! against what flows may spend ([`budgets`]). Knows no syntax.

mod budgets;
mod edges;
mod proved;
mod view;

use self::view::View;
use crate::calendar::Horizon;
use flow_diag::{Problem, Problems, Span, codes};
use flow_expr::{Arm, Context, EvalError, Expr, ExprKind, Pattern, Value, VarId};
use flow_plan::{Block, MatchArm, NodeKind, Policy, Program};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Statements that a policy goes through at most: a loop over 25,000 steps, and forty looks at each.
const MOST_STATEMENTS: u32 = 1_000_000;

/// All policies, over the program as far as it is right.
#[must_use]
pub fn check(program: &Program, horizon: Horizon) -> Problems {
    let mut problems = Problems::default();
    if program.policies.is_empty() {
        return problems;
    }
    let view = View::of(program, horizon);
    // A policy speaks of the text, which is the same whenever it is checked.
    let context = Context::new(&program.functions, &program.types, Timestamp::UNIX_EPOCH);
    for policy in &program.policies {
        let scope = policy.seen.iter().copied().zip(view.lists().iter().cloned()).collect();
        let mut rounds = Rounds { policy, view: &view, context: &context, scope, left: MOST_STATEMENTS, found: vec![] };
        if let Err(stop) = rounds.block(&policy.body, None) {
            problems.push(CannotTell { policy, stop });
        }
        rounds.found.into_iter().for_each(|found| problems.push(found));
    }
    problems.extend(budgets::check(program, horizon));
    problems
}

/// One policy under way.
struct Rounds<'a> {
    policy: &'a Policy,
    view: &'a View,
    context: &'a Context<'a>,
    scope: BTreeMap<VarId, Value>,
    left: u32,
    found: Vec<Broken<'a>>,
}

/// Why a policy could not be evaluated to its end.
enum Stop {
    Error(EvalError),
    TooMuch(Span),
}

impl<'a> Rounds<'a> {
    /// `about` is where the thing is declared that the innermost loop looks at.
    fn block(&mut self, block: &'a Block, about: Option<Span>) -> Result<(), Stop> {
        for node in &block.nodes {
            self.left = self.left.checked_sub(1).ok_or(Stop::TooMuch(node.at))?;
            match &node.kind {
                NodeKind::Compute { expr, .. } => {
                    let value = self.value(expr)?;
                    self.scope.insert(node.var, value);
                }
                NodeKind::If { condition, then, otherwise } => {
                    let chosen = if self.value(condition)? == Value::Bool(true) { then } else { otherwise };
                    self.block(chosen, about)?;
                }
                NodeKind::Match { subject, arms } => {
                    let Value::List(chosen) = self.value(&chooser(subject, arms))? else { continue };
                    let Some(Value::Int(number)) = chosen.first() else { continue };
                    let Some(arm) = usize::try_from(*number).ok().and_then(|number| arms.get(number)) else { continue };
                    self.scope.extend(bindings(&arm.pattern).into_iter().zip(chosen.iter().skip(1).cloned()));
                    self.block(&arm.body, about)?;
                }
                NodeKind::For { item, items, body, .. } => {
                    let Value::List(items) = self.value(items)? else { continue };
                    for value in items.iter() {
                        let about = self.view.place(value).or(about);
                        self.scope.insert(*item, value.clone());
                        self.block(body, about)?;
                    }
                }
                NodeKind::Require { condition, text, warn, message } => {
                    if self.value(condition)? == Value::Bool(true) {
                        continue;
                    }
                    let message = message.as_ref().map(|message| self.value(message)).transpose()?;
                    let message = match message {
                        Some(Value::String(message)) => Some(message.to_string()),
                        _ => None,
                    };
                    let policy = self.policy;
                    self.found.push(Broken { policy, required: node.at, about, warn: *warn, text, message });
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn value(&self, expr: &Expr) -> Result<Value, Stop> {
        flow_expr::evaluate(expr, &self.scope, self.context).map_err(Stop::Error)
    }
}

/// An expression that gives the number of the arm that fits, and then what its pattern binds.
fn chooser(subject: &Expr, arms: &[MatchArm]) -> Expr {
    let expr = |kind| Expr::new(kind, subject.at);
    let of_arm = |(number, arm): (i64, &MatchArm)| {
        let bound = bindings(&arm.pattern).into_iter().map(|var| expr(ExprKind::Var(var)));
        let chosen = std::iter::once(expr(ExprKind::Const(Value::Int(number)))).chain(bound).collect();
        Arm { pattern: arm.pattern.clone(), condition: arm.condition.clone(), body: expr(ExprKind::List(chosen)) }
    };
    expr(ExprKind::Match(Box::new(subject.clone()), (0..).zip(arms).map(of_arm).collect()))
}

/// The variables that a pattern binds.
fn bindings(pattern: &Pattern) -> Vec<VarId> {
    let (mut found, mut pending) = (vec![], vec![pattern]);
    while let Some(pattern) = pending.pop() {
        match pattern {
            Pattern::Bind(var) => found.push(*var),
            Pattern::Variant(_, fields) => pending.extend(fields.iter().map(|(_, pattern)| pattern)),
            Pattern::Any | Pattern::Const(_) | Pattern::Absent | Pattern::Either(_) => {}
        }
    }
    found
}

/// A requirement that does not hold.
struct Broken<'a> {
    policy: &'a Policy,
    required: Span,
    about: Option<Span>,
    warn: bool,
    text: &'a str,
    message: Option<String>,
}

impl From<Broken<'_>> for Problem {
    fn from(found: Broken<'_>) -> Self {
        let Broken { policy, required, about, warn, text, message } = found;
        let name = policy.name.short();
        let title = message.unwrap_or_else(|| format!("the policy `{name}` is broken: `{text}` does not hold"));
        let place = about.unwrap_or(required);
        let label = format!("breaks the policy `{name}`");
        let mut problem = match warn {
            true => Self::warning(codes::W1001, place, title, label),
            false => Self::error(codes::E1001, place, title, label),
        };
        // What the library demands was asked for by a `use`; its text is not the reader's.
        if about.is_some() && !policy.name.as_str().starts_with("std.") {
            problem = problem.label(required, "required here");
        }
        match &policy.description {
            Some(description) => problem.note(description.to_string()),
            None => problem,
        }
    }
}

/// A policy that cannot be evaluated.
struct CannotTell<'a> {
    policy: &'a Policy,
    stop: Stop,
}

impl From<CannotTell<'_>> for Problem {
    fn from(found: CannotTell<'_>) -> Self {
        let CannotTell { policy, stop } = found;
        let name = policy.name.short();
        let title = format!("whether the policy `{name}` holds cannot be told");
        match stop {
            Stop::Error(error) => Self::error(codes::E1002, error.at, title, error.message.to_string())
                .label(policy.at, "what follows in this policy was not looked at"),
            Stop::TooMuch(at) => {
                let label = format!("more than {MOST_STATEMENTS} statements were gone through by here");
                Self::error(codes::E1002, at, title, label).help("look through fewer lists inside each other")
            }
        }
    }
}
