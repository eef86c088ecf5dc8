//! Ranges of parameters: `--day 2026-01-01..2026-01-31` is one run for each day, in order.
//!
//! Both ends are included, as in the language's own ranges. Only parameters of type `Date` and `Int` have
//! ranges; a text with two dots in it stays a text.

use crate::exit::Failure;
use flow_expr::Type;
use flow_plan::Flow;
use jiff::{ToSpan, civil::Date};
use std::collections::BTreeMap;

/// Most runs of one command.
const MOST_RUNS: usize = 10_000;

/// The given parameters, once for each value of the range among them; once if there is none.
pub(crate) fn expanded(
    flow: Option<&Flow>,
    params: &BTreeMap<String, String>,
) -> Result<Vec<BTreeMap<String, String>>, Failure> {
    let mut ranges = params.iter().filter_map(|(name, text)| {
        let ty = flow?.params.iter().find(|param| *param.name == **name).map(|param| &param.ty)?;
        let (low, high) = text.split_once("..")?;
        values(ty, low.trim(), high.trim()).map(|values| (name, values))
    });
    let Some((name, values)) = ranges.next() else { return Ok(vec![params.clone()]) };
    if let Some((other, _)) = ranges.next() {
        return Err(Failure::wrong(format!("`{name}` and `{other}` are both ranges: give one of them a single value")));
    }
    let values = values?;
    if values.is_empty() {
        return Err(Failure::wrong(format!("the range {} of `{name}` is empty", params[name])));
    }
    let with = |value: String| {
        let mut params = params.clone();
        params.insert(name.clone(), value);
        params
    };
    Ok(values.into_iter().map(with).collect())
}

/// The values of a range; none if the type has no ranges, or the ends are no values of it.
fn values(ty: &Type, low: &str, high: &str) -> Option<Result<Vec<String>, Failure>> {
    let values: Vec<String> = match ty.required() {
        Type::Date => {
            let (low, high): (Date, Date) = (low.parse().ok()?, high.parse().ok()?);
            low.series(1.day()).take_while(|day| *day <= high).take(MOST_RUNS + 1).map(|day| day.to_string()).collect()
        }
        Type::Int => {
            let (low, high): (i64, i64) = (low.parse().ok()?, high.parse().ok()?);
            (low..=high).take(MOST_RUNS + 1).map(|number| number.to_string()).collect()
        }
        _ => return None,
    };
    if values.len() > MOST_RUNS {
        return Some(Err(Failure::wrong(format!("a range gives at most {MOST_RUNS} runs"))));
    }
    Some(Ok(values))
}
