//! `expect` rules: asked of rows as they pass, and of the whole at the end; verdicts with figures and examples.
//!
//! A row about which a rule cannot be computed (a field without a value, a division by zero) breaks it. Knows
//! no files; fed with batches of declared columns.

mod rows;
mod unique;

use crate::{borders::context, tables::shown};
use datafusion::arrow::record_batch::RecordBatch;
use flow_diag::codes;
use flow_expr::{Expr, Type, Value, evaluate, redact::redact};
use flow_plan::{Dataset, ErrorClass, Expectation, Failure, Program, Rule, RuleVerdict};
use jiff::Timestamp;
pub(crate) use rows::row_kernel;
use rows::{RowRule, mentioned};
use rust_decimal::Decimal;
use unique::Unique;

/// Rows that are shown.
const EXAMPLES: usize = 5;

/// The rules of a dataset, being asked.
pub(crate) struct Expectations<'a> {
    program: &'a Program,
    dataset: &'a Dataset,
    now: Timestamp,
    rules: Vec<Asked<'a>>,
    rows: u64,
}

struct Asked<'a> {
    expectation: &'a Expectation,
    kind: Kind,
    broken: u64,
    examples: Vec<String>,
}

enum Kind {
    Row(RowRule),
    Unique(Unique),
    NotNull(usize),
    /// Waits for the end.
    Whole,
}

impl<'a> Expectations<'a> {
    /// The rules of a dataset of rows, whose columns are those of `record`.
    pub(crate) fn new(program: &'a Program, dataset: &'a Dataset, record: &Type, now: Timestamp) -> Self {
        let fields = program.types.record(record).unwrap_or_default();
        let column = |name: &str| fields.iter().position(|field| *field.name == *name);
        let rules = dataset.expect.iter().map(|expectation| {
            let kind = match &expectation.rule {
                Rule::Row(expr) => Kind::Row(RowRule::new(expr, record, fields, &context(program, now))),
                Rule::Unique(names) => {
                    Kind::Unique(Unique::new(names.iter().filter_map(|name| column(name)).collect(), fields))
                }
                Rule::NotNull(name) => column(name).map_or(Kind::Whole, Kind::NotNull),
                Rule::Whole(_) => Kind::Whole,
            };
            Asked { expectation, kind, broken: 0, examples: vec![] }
        });
        Self { program, dataset, now, rules: rules.collect(), rows: 0 }
    }

    /// Asks the rules about rows.
    pub(crate) fn look(&mut self, batch: &RecordBatch) -> Result<(), Failure> {
        for asked in &mut self.rules {
            let mut note = Note { broken: &mut asked.broken, examples: &mut asked.examples };
            match &mut asked.kind {
                Kind::Row(rule) => rule.look(batch, self.rows, (self.program, self.now), &mut note),
                Kind::Unique(unique) => {
                    unique.look(batch, self.rows, &mut note).map_err(|why| crate::blocking::broken(&why))?
                }
                Kind::NotNull(column) => {
                    let array = batch.column(*column);
                    for row in (0..batch.num_rows()).filter(|row| array.is_null(*row)) {
                        note.broken(|| format!("row {}: no value", self.rows + row as u64 + 1));
                    }
                }
                Kind::Whole => {}
            }
        }
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    /// Whether a rule wants to see the whole table.
    pub(crate) fn need_whole(&self) -> bool {
        self.rules.iter().any(|asked| matches!(asked.expectation.rule, Rule::Whole(_)))
    }

    /// The verdicts. `whole` is the table, needed if [`Self::need_whole`].
    pub(crate) fn finish(self, whole: Option<&Value>) -> Result<Vec<RuleVerdict>, Failure> {
        let (program, now, rows) = (self.program, self.now, self.rows);
        let verdicts = self.rules.into_iter().map(|asked| match (&asked.expectation.rule, whole) {
            (Rule::Whole(expr), Some(whole)) => whole_verdict(asked.expectation, expr, whole, (program, now)),
            _ => verdict(asked.expectation, rows, asked.broken, asked.examples),
        });
        judged(self.dataset, verdicts.collect())
    }
}

/// Where a rule notes the rows that break it.
pub(crate) struct Note<'n> {
    broken: &'n mut u64,
    examples: &'n mut Vec<String>,
}

impl Note<'_> {
    pub(crate) fn broken(&mut self, example: impl FnOnce() -> String) {
        *self.broken += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(example());
        }
    }
}

fn verdict(expectation: &Expectation, checked: u64, broken: u64, examples: Vec<String>) -> RuleVerdict {
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

fn whole_verdict(
    expectation: &Expectation,
    expr: &Expr,
    whole: &Value,
    (program, now): (&Program, Timestamp),
) -> RuleVerdict {
    let example = match evaluate(expr, whole, &context(program, now)) {
        Ok(Value::Bool(true)) => None,
        Ok(_) => Some(figure(expr, whole, (program, now))),
        Err(error) => Some(error.to_string()),
    };
    verdict(expectation, 1, u64::from(example.is_some()), example.into_iter().collect())
}

/// What was found instead: the value of the first side of a comparison, or of the whole value.
fn figure(expr: &Expr, whole: &Value, (program, now): (&Program, Timestamp)) -> String {
    if let flow_expr::ExprKind::Binary(_, left, _) = &expr.kind
        && let Ok(found) = evaluate(left, whole, &context(program, now))
    {
        return format!("found {}", shown(&found));
    }
    match whole {
        Value::Table(table) => format!("in {} rows", table.rows),
        other => format!("found {}", shown(other)),
    }
}

/// The verdicts, or the failure if one that is no mere warning is against the data.
fn judged(dataset: &Dataset, verdicts: Vec<RuleVerdict>) -> Result<Vec<RuleVerdict>, Failure> {
    let breaches: Vec<&RuleVerdict> = verdicts.iter().filter(|verdict| !verdict.holds && !verdict.warn).collect();
    if breaches.is_empty() {
        return Ok(verdicts);
    }
    let rules: Vec<_> = breaches.iter().map(|verdict| format!("`expect {}`", verdict.rule)).collect();
    let message = format!("{} does not keep {}", dataset.name.short(), rules.join(" and "));
    let mut failure = Failure::new(ErrorClass::GuardFailed, codes::R0305.as_str(), message);
    for verdict in breaches {
        let share = dataset.expect.iter().find(|each| each.text == verdict.rule).map(|each| each.share);
        let promised = match share {
            Some(share) if share < Decimal::ONE => format!(", {}% promised", (share * Decimal::from(100)).normalize()),
            _ => String::new(),
        };
        if verdict.checked > 1 {
            let kept =
                Decimal::from(verdict.checked - verdict.broken) * Decimal::from(100) / Decimal::from(verdict.checked);
            let percent = kept.round_dp_with_strategy(2, rust_decimal::RoundingStrategy::ToZero).normalize();
            let figures =
                format!("{} of {} rows break it: {percent}% keep it{promised}", verdict.broken, verdict.checked);
            failure = failure.detail(format!("expect {}: {figures}", verdict.rule));
        }
        for example in &verdict.examples {
            failure = failure.detail(format!("expect {}: {example}", verdict.rule));
        }
    }
    Err(failure)
}

/// The verdicts over a single value, or the items of a list.
pub(crate) fn of_value(
    program: &Program,
    dataset: &Dataset,
    value: &Value,
    now: Timestamp,
) -> Result<Vec<RuleVerdict>, Failure> {
    let verdicts = dataset.expect.iter().map(|expectation| match &expectation.rule {
        Rule::Whole(expr) => whole_verdict(expectation, expr, value, (program, now)),
        rule => {
            let items = match value {
                Value::List(items) => items.to_vec(),
                single => vec![single.clone()],
            };
            let mut broken = 0;
            let mut examples = Vec::new();
            let mut note = Note { broken: &mut broken, examples: &mut examples };
            let mut seen = std::collections::HashSet::new();
            for (index, item) in items.iter().enumerate() {
                if let Some(found) = item_breaks(rule, item, &mut seen, (program, now)) {
                    note.broken(|| format!("[{index}]: {found}"));
                }
            }
            verdict(expectation, items.len() as u64, broken, examples)
        }
    });
    judged(dataset, verdicts.collect())
}

fn item_breaks(
    rule: &Rule,
    item: &Value,
    seen: &mut std::collections::HashSet<String>,
    (program, now): (&Program, Timestamp),
) -> Option<String> {
    let labelled = redact(item, None, &[], &program.types);
    let shown_field = |name: &str| match &labelled {
        Value::Record(record) => record.get(name).cloned().unwrap_or(Value::Absent),
        _ => Value::Absent,
    };
    let field = |name: &str| match item {
        Value::Record(record) => record.get(name).cloned().unwrap_or(Value::Absent),
        _ => Value::Absent,
    };
    match rule {
        Rule::Row(expr) => match evaluate(expr, item, &context(program, now)) {
            Ok(Value::Bool(true)) => None,
            Ok(_) => Some(mentioned(expr, &shown_field)),
            Err(error) => Some(error.to_string()),
        },
        Rule::Unique(names) => {
            let key: Vec<String> = names.iter().map(|name| format!("{name} = {}", shown(&shown_field(name)))).collect();
            let digests: String = names.iter().map(|name| flow_expr::digest(&field(name))).collect();
            (!seen.insert(digests)).then(|| format!("{} again", key.join(", ")))
        }
        Rule::NotNull(name) => matches!(field(name), Value::Absent).then(|| format!("{name} has no value")),
        Rule::Whole(_) => None,
    }
}
