//! The `expect` rules of a dataset, asked of data in memory.

use flow_diag::codes;
use flow_expr::{Context, Expr, Value, evaluate, rules};
use flow_plan::{Dataset, ErrorClass, Expectation, Failure, Program, Rule, RuleVerdict};
use jiff::Timestamp;
use rust_decimal::Decimal;

/// Rows that are shown.
const EXAMPLES: usize = 5;

/// The verdicts, or the failure if one that is no mere warning is against the data.
pub(crate) fn judge(
    program: &Program,
    dataset: &Dataset,
    value: &Value,
    now: Timestamp,
) -> Result<Vec<RuleVerdict>, Failure> {
    let context = Context::new(&program.functions, &program.types, now);
    let verdicts: Vec<RuleVerdict> =
        dataset.expect.iter().map(|expectation| verdict(expectation, value, &context)).collect();
    let breaches: Vec<&RuleVerdict> = verdicts.iter().filter(|verdict| !verdict.holds && !verdict.warn).collect();
    if breaches.is_empty() {
        return Ok(verdicts);
    }
    let rules: Vec<_> = breaches.iter().map(|verdict| format!("`expect {}`", verdict.rule)).collect();
    let message = format!("{} does not keep {}", dataset.name.short(), rules.join(" and "));
    let mut failure = Failure::new(ErrorClass::GuardFailed, codes::R0305.as_str(), message);
    for verdict in breaches {
        for example in &verdict.examples {
            failure = failure.detail(format!("expect {}: {example}", verdict.rule));
        }
    }
    Err(failure)
}

fn verdict(expectation: &Expectation, value: &Value, context: &Context<'_>) -> RuleVerdict {
    let (checked, broken, examples) = match &expectation.rule {
        Rule::Whole(condition) => whole(condition, value, context),
        rule => rows(rule, value, context),
    };
    let passed = Decimal::from(checked - broken.min(checked));
    RuleVerdict {
        rule: expectation.text.clone(),
        holds: passed >= expectation.share * Decimal::from(checked),
        warn: expectation.warn,
        checked,
        broken,
        examples,
    }
}

fn whole(condition: &Expr, value: &Value, context: &Context<'_>) -> (u64, u64, Vec<String>) {
    let example = match evaluate(condition, value, context) {
        Ok(Value::Bool(true)) => return (1, 0, vec![]),
        Ok(_) => match &condition.kind {
            flow_expr::ExprKind::Binary(_, left, _) => {
                evaluate(left, value, context).map(|found| format!("found {}", flow_plan::words::value(&found)))
            }
            _ => Ok("it does not hold".to_owned()),
        },
        Err(error) => Err(error),
    };
    (1, 1, vec![example.unwrap_or_else(|error| error.to_string())])
}

fn rows(rule: &Rule, value: &Value, context: &Context<'_>) -> (u64, u64, Vec<String>) {
    let of_list;
    let table = match value {
        Value::Table(table) => table,
        other => {
            let items: Vec<Value> = match other {
                Value::List(items) => items.to_vec(),
                single => vec![single.clone()],
            };
            let Some(Value::Record(first)) = items.first() else { return (items.len() as u64, 0, vec![]) };
            let row = flow_expr::Type::Named(first.ty.clone());
            of_list = crate::tables::of_rows(&items, &row, context.types);
            &of_list
        }
    };
    let Some(data) = &table.data else { return (table.rows, 0, vec![]) };
    let counts = match rule {
        Rule::Row(condition) => {
            rules::check_rows(condition, &**data, &table.ty, context, EXAMPLES).map_err(|error| error.to_string())
        }
        Rule::Unique(columns) => rules::check_unique(&**data, columns, EXAMPLES).map_err(|error| error.to_string()),
        Rule::NotNull(column) => rules::check_not_null(&**data, column, EXAMPLES).map_err(|error| error.to_string()),
        Rule::Whole(_) => Ok(rules::RowCounts::default()),
    };
    match counts {
        Ok(counts) => {
            let examples = counts.first.iter().map(|found| {
                let cells: Vec<String> = found
                    .values
                    .iter()
                    .map(|(name, value)| format!("{name} = {}", flow_plan::words::value(value)))
                    .collect();
                format!("row {}: {}", found.row + 1, cells.join(", "))
            });
            (counts.rows, counts.failed, examples.collect())
        }
        Err(why) => (table.rows, table.rows.max(1), vec![why]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flow_expr::{Record, TypeTable, VarId};
    use std::{collections::BTreeMap, sync::Arc};

    fn row(id: i64) -> Value {
        Value::Record(Arc::new(Record {
            ty: flow_expr::Name::new("m.Row"),
            fields: vec![("id".into(), Value::Int(id))],
        }))
    }

    fn asked(rule: Rule, share: Decimal, rows: &[i64]) -> RuleVerdict {
        let field = flow_expr::Field { name: "id".into(), ty: flow_expr::Type::Int, refinement: None, labels: vec![] };
        let types = TypeTable([(flow_expr::Name::new("m.Row"), flow_expr::TypeDef::Record(vec![field]))].into());
        let functions = BTreeMap::new();
        let context = Context::new(&functions, &types, Timestamp::UNIX_EPOCH);
        let rows: Vec<Value> = rows.iter().map(|id| row(*id)).collect();
        let table = crate::tables::of_rows(&rows, &flow_expr::Type::Named(flow_expr::Name::new("m.Row")), &types);
        let expectation = Expectation { rule, text: "rule".into(), share, warn: false, at: Default::default() };
        verdict(&expectation, &Value::Table(table), &context)
    }

    #[test]
    fn rules_count_rows_and_show_the_first_that_break_them() {
        let found = asked(Rule::Unique(vec!["id".into()]), Decimal::ONE, &[1, 2, 2]);
        assert_eq!((found.holds, found.checked, found.broken), (false, 3, 1));
        assert_eq!(found.examples, ["row 3: id = 2"]);
        assert!(asked(Rule::Unique(vec!["id".into()]), Decimal::new(5, 1), &[1, 2, 2]).holds);
        assert!(asked(Rule::NotNull("id".into()), Decimal::ONE, &[1, 2]).holds);
    }

    #[test]
    fn a_rule_of_the_whole_says_what_was_found() {
        let at = flow_diag::Span::default();
        let table = Box::new(Expr::new(flow_expr::ExprKind::Var(VarId::IT), at));
        let count = Expr::new(flow_expr::ExprKind::Builtin("count".into(), vec![*table]), at);
        let four = Expr::new(flow_expr::ExprKind::Const(Value::Int(4)), at);
        let is = flow_expr::ExprKind::Binary(flow_expr::BinaryOp::Equal, Box::new(count), Box::new(four));
        let found = asked(Rule::Whole(Expr::new(is, at)), Decimal::ONE, &[1]);
        assert_eq!((found.holds, found.examples), (false, vec!["found 1".to_owned()]));
    }
}
