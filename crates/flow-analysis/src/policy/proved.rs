//! What is proved of a program, for policies that look at it: ages, deadlines, runs, costs. Computed only where some
//! policy does, as it takes longer than all else that policies see.

use crate::{
    bounds::SystemBounds,
    calendar::Horizon,
    deadlines,
    spend::{Measure, Spend, Spending},
};
use flow_expr::{ExprKind, Name, Value};
use flow_plan::{Deadline, Flow, Program, every_expression};
use jiff::SignedDuration;
use rust_decimal::Decimal;

/// Fields of `std.system` that are proved.
const PROVED: [&str; 7] =
    ["max_age", "deadline", "between_starts", "runs_per_day", "cost_per_run", "cost_per_day", "asks_per_run"];

/// Bounds, if they are looked at.
pub(super) struct Proved<'a>(Option<(SystemBounds<'a>, Spending<'a>)>);

impl<'a> Proved<'a> {
    pub(super) fn of(program: &'a Program, horizon: Horizon) -> Self {
        let is_proved =
            |expr: &flow_expr::Expr| matches!(&expr.kind, ExprKind::Field { name, .. } if PROVED.contains(&&**name));
        let policies = program.policies.iter();
        let mut expressions = policies.flat_map(|policy| policy.body.all_nodes()).flat_map(|node| node.expressions());
        let of_functions = || program.functions.iter().filter(|(name, _)| !name.as_str().starts_with("std."));
        let is_looked_at = expressions.any(|expr| every_expression(expr).any(is_proved))
            || of_functions().any(|(_, function)| every_expression(&function.body).any(is_proved));
        Self(is_looked_at.then(|| {
            let mut bounds = SystemBounds::of(program, horizon);
            let spending = Spending::of(&mut bounds);
            (bounds, spending)
        }))
    }

    /// The worst-case age of a dataset that a flow writes.
    pub(super) fn max_age(&self, dataset: &Name) -> Option<u64> {
        let (bounds, _) = self.0.as_ref()?;
        Some(bounds.age(dataset).ok()?.total_ms)
    }

    /// What is proved of a flow, in the order of the type's declaration.
    pub(super) fn flow(&mut self, flow: &'a Flow) -> Vec<(&'static str, Value)> {
        let none = || PROVED[1..].iter().map(|name| (*name, Value::Absent)).collect();
        let Some((bounds, spending)) = &mut self.0 else { return none() };
        let allowed = match flow.finish.as_ref().map(|finish| &finish.deadline) {
            Some(Deadline::Within(ms)) => Some(*ms),
            Some(Deadline::By { .. }) => deadlines::tightest(bounds, flow).map(|tightest| tightest.ms()),
            None => None,
        };
        let gap = bounds.rhythm(&flow.name).ok().map(|rhythm| rhythm.gap.ms());
        let runs = spending.runs_per_day(bounds, &flow.name).ok();
        let a_day = spending.per_day(bounds, flow);
        let run = spending.run(&flow.name).map(|run| run.most.clone());
        let of_run = |measure| run.as_ref().and_then(|run| run.of(measure).as_ref().ok()).map(|amount| amount.most);
        let values = [
            allowed.map(duration),
            gap.map(duration),
            runs.map(count),
            of_run(Measure::Dollars).map(dollars),
            money(&a_day),
            of_run(Measure::Asks).map(count),
        ];
        PROVED[1..].iter().copied().zip(values.map(|value| value.unwrap_or(Value::Absent))).collect()
    }
}

fn money(spend: &Spend) -> Option<Value> {
    spend.of(Measure::Dollars).as_ref().ok().map(|amount| dollars(amount.most))
}

fn dollars(micro: u64) -> Value {
    Value::Decimal((Decimal::from(micro) / Decimal::from(1_000_000)).normalize())
}

fn count(number: u64) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

/// Of milliseconds.
fn duration(ms: u64) -> Value {
    Value::Duration(SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX)))
}
