//! Ranges of parameters: `--day 2026-01-01..2026-01-31` is one run for each day, in order.
//!
//! Both ends are included, as in the language's own ranges; several values and ranges stand with commas. Only
//! parameters of type `Date` and `Int` have ranges; a text with two dots in it stays a text.

use crate::exit::Failure;
use flow_expr::Type;
use flow_plan::Flow;
use jiff::{ToSpan, civil::Date};
use std::collections::BTreeMap;

/// Most runs of one command.
const MOST_RUNS: usize = 10_000;

/// The parameter that differs from run to run, and its value in one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Varied {
    /// The parameter.
    pub(crate) name: String,
    /// The value, as it can be given again.
    pub(crate) value: String,
}

/// The parameters of one run, and which of them differs from run to run.
type Given = (BTreeMap<String, String>, Option<Varied>);

/// The given parameters, once for each value of the range among them; once if there is none.
pub(crate) fn expanded(flow: Option<&Flow>, params: &BTreeMap<String, String>) -> Result<Vec<Given>, Failure> {
    let mut ranges = params.iter().filter_map(|(name, text)| {
        let ty = flow?.params.iter().find(|param| *param.name == **name).map(|param| &param.ty)?;
        values(ty, text).map(|values| (name, values))
    });
    let Some((name, values)) = ranges.next() else { return Ok(vec![(params.clone(), None)]) };
    if let Some((other, _)) = ranges.next() {
        return Err(Failure::wrong(format!("`{name}` and `{other}` are both ranges: give one of them a single value")));
    }
    let values = values?;
    if values.is_empty() {
        return Err(Failure::wrong(format!("the range {} of `{name}` is empty", params[name])));
    }
    let with = |value: String| {
        let mut params = params.clone();
        params.insert(name.clone(), value.clone());
        (params, Some(Varied { name: name.clone(), value }))
    };
    Ok(values.into_iter().map(with).collect())
}

/// The values of a range or list; none if the text is neither, or the type has no ranges.
fn values(ty: &Type, text: &str) -> Option<Result<Vec<String>, Failure>> {
    if !matches!(ty.required(), Type::Date | Type::Int) || !(text.contains("..") || text.contains(',')) {
        return None;
    }
    let mut found: Vec<String> = vec![];
    for part in text.split(',').map(str::trim) {
        let (low, high) = part.split_once("..").unwrap_or((part, part));
        found.extend(between(ty.required(), low.trim(), high.trim())?);
        if found.len() > MOST_RUNS {
            return Some(Err(Failure::wrong(format!("a range gives at most {MOST_RUNS} runs"))));
        }
    }
    let mut seen = std::collections::HashSet::new();
    found.retain(|value| seen.insert(value.clone()));
    Some(Ok(found))
}

/// The values from one to another; none if those are no values of the type.
fn between(ty: &Type, low: &str, high: &str) -> Option<Vec<String>> {
    Some(match ty {
        Type::Date => {
            let (low, high): (Date, Date) = (low.parse().ok()?, high.parse().ok()?);
            low.series(1.day()).take_while(|day| *day <= high).take(MOST_RUNS + 1).map(|day| day.to_string()).collect()
        }
        _ => {
            let (low, high): (i64, i64) = (low.parse().ok()?, high.parse().ok()?);
            (low..=high).take(MOST_RUNS + 1).map(|number| number.to_string()).collect()
        }
    })
}

/// Values as they can be given again, neighbours as ranges: `1..3,7`.
pub(crate) fn compressed<'v>(values: impl IntoIterator<Item = &'v str>) -> String {
    let mut groups: Vec<(&str, &str)> = vec![];
    for value in values {
        match groups.last_mut() {
            Some((_, last)) if follows(last, value) => *last = value,
            _ => groups.push((value, value)),
        }
    }
    let texts = groups.into_iter().map(|(first, last)| match first == last {
        true => first.to_owned(),
        false => format!("{first}..{last}"),
    });
    texts.collect::<Vec<_>>().join(",")
}

/// Whether a value is the next one after another.
fn follows(before: &str, value: &str) -> bool {
    match (before.parse::<i64>(), value.parse::<i64>()) {
        (Ok(before), Ok(value)) => before.checked_add(1) == Some(value),
        _ => match (before.parse::<Date>(), value.parse::<Date>()) {
            (Ok(before), Ok(value)) => before.tomorrow().is_ok_and(|next| next == value),
            _ => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{compressed, values};
    use flow_expr::Type;

    fn of(ty: &Type, text: &str) -> Option<Vec<String>> {
        values(ty, text).map(Result::unwrap)
    }

    #[test]
    fn ranges_and_lists_there_and_back() {
        for (ty, text, back) in [
            (Type::Date, "2026-02-27..2026-03-01", "2026-02-27..2026-03-01"),
            (Type::Date, "2026-01-05, 2026-01-09..2026-01-10", "2026-01-05,2026-01-09..2026-01-10"),
            (Type::Int, "-1..1,7,8,8", "-1..1,7..8"),
        ] {
            let values = of(&ty, text).unwrap();
            assert_eq!(compressed(values.iter().map(String::as_str)), back);
            assert_eq!(of(&ty, back).unwrap_or(values.clone()), values);
        }
        assert_eq!(of(&Type::Int, "3..1"), Some(vec![]));
    }

    #[test]
    fn what_is_no_range_is_left_alone() {
        assert_eq!(of(&Type::String, "a..b"), None);
        assert_eq!(of(&Type::Date, "2026-03-01..x"), None);
        assert_eq!(of(&Type::Date, "2026-03-01"), None);
        assert!(values(&Type::Int, "0..9223372036854775807").unwrap().is_err());
    }
}
