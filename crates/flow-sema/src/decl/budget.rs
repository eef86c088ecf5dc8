//! `budget …`: the caps of one execution of a step, and those of a flow for a run or for a time.
//!
//! What is spent is counted where it is spent, by the driver and the store; here are only the numbers.

use super::clause::{self, milliseconds, number};
use crate::{expr::Elaborator, problems::judges::PeriodOfStep};
use flow_expr::{Type, Value};
use flow_plan::{Budget, FlowBudget};
use flow_syntax::ast;

/// The caps of one execution of a step.
pub(super) fn of_step(el: &mut Elaborator<'_>, written: &ast::BudgetClause) -> Budget {
    let mut budget = Budget::default();
    for item in written.items() {
        if let Some(per) = item.per() {
            let at = el.span(per.range());
            el.problem(PeriodOfStep { at });
        }
        cap(el, &item, &mut budget);
    }
    budget
}

/// The caps of a flow: those without a time are for one run, those with the same time are one budget.
pub(crate) fn of_flow(el: &mut Elaborator<'_>, written: &ast::BudgetClause) -> Vec<FlowBudget> {
    let at = el.span(written.range());
    let mut budgets: Vec<FlowBudget> = vec![];
    for item in written.items() {
        let per_ms = match item.per() {
            None => None,
            Some(per) => match milliseconds(el, Some(per), "budget … per") {
                Some(per_ms) => Some(per_ms),
                None => continue,
            },
        };
        let known = budgets.iter().position(|budget| budget.per_ms == per_ms);
        let place = known.unwrap_or_else(|| {
            budgets.push(FlowBudget { caps: Budget::default(), per_ms, at });
            budgets.len() - 1
        });
        cap(el, &item, &mut budgets[place].caps);
    }
    budgets
}

/// One cap; of two for the same, the lower one holds.
fn cap(el: &mut Elaborator<'_>, item: &ast::BudgetItem, budget: &mut Budget) {
    let lower = |known: &mut Option<u64>, cap: Option<u64>| {
        *known = match (*known, cap) {
            (Some(known), Some(cap)) => Some(known.min(cap)),
            (known, cap) => known.or(cap),
        };
    };
    match item.unit().as_ref().map(ast::Name::text) {
        Some("asks") => lower(&mut budget.asks, number(el, item.amount(), "budget", 1)),
        Some("tokens") => lower(&mut budget.tokens, number(el, item.amount(), "budget", 1)),
        _ => {
            let found = clause::constant(el, item.amount(), &Type::Decimal, "as an amount of money stands here");
            if let Some((Value::Decimal(dollars), _)) = found {
                let micro = (dollars * rust_decimal::Decimal::from(1_000_000)).trunc();
                lower(&mut budget.micro_dollars, u64::try_from(micro).ok());
            }
        }
    }
}
