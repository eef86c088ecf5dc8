//! Parts of a plan in the words of the language, for reasons, differences and labels: short, in one line.
//!
//! Not the formatter: the text that somebody wrote is gone from a plan, and what is printed here need
//! not parse. Tested by the cases below.

mod expr;
mod reason;
mod value;

pub(crate) use expr::expr;
pub use reason::{reason, verdict};
pub use value::value;

use crate::{Budget, FlowBudget, Schedule, Trigger};
use flow_expr::{Name, VarId};
use std::{collections::HashMap, sync::Arc};

/// Names of variables, as far as they are known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Variables(HashMap<VarId, Arc<str>>);

impl Variables {
    pub(crate) fn of<'a>(params: impl IntoIterator<Item = &'a crate::Param>) -> Self {
        Self(params.into_iter().map(|param| (param.var, param.name.clone())).collect())
    }

    pub(crate) fn add(&mut self, variable: VarId, name: &Arc<str>) {
        self.0.insert(variable, name.clone());
    }

    fn name(&self, variable: VarId) -> String {
        if variable == VarId::IT {
            return "it".into();
        }
        self.0.get(&variable).map_or_else(|| format!("v{}", variable.0), ToString::to_string)
    }
}

/// A length of time as it is written: `1h30m`, `250ms`.
#[must_use]
pub fn duration(ms: u64) -> String {
    if ms == 0 {
        return "0s".into();
    }
    let mut left = ms;
    let mut out = String::new();
    for (unit, size) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)] {
        if left >= size {
            out.push_str(&format!("{}{unit}", left / size));
            left %= size;
        }
    }
    out
}

/// An age beside what is promised of it: of minutes no milliseconds are shown, of days no seconds, unless it is a
/// matter of those.
#[must_use]
pub fn age(ms: u64, within_ms: u64) -> String {
    let unit = match ms {
        86_400_000.. => 60_000,
        60_000.. => 1000,
        _ => 1,
    };
    let about = ms / unit * unit;
    duration(if about == within_ms { ms } else { about })
}

/// An amount of money from millionths of a dollar, with cents and what is below them: `$0.02`, `$0.000113`.
#[must_use]
pub fn money(micro_dollars: u64) -> String {
    let (dollars, micro) = (micro_dollars / 1_000_000, micro_dollars % 1_000_000);
    let (cents, rest) = (micro / 10_000, format!("{:04}", micro % 10_000));
    format!("${dollars}.{cents:02}{}", rest.trim_end_matches('0'))
}

/// A budget as it is written: `3 asks, 12000 tokens, $0.02`.
#[must_use]
pub fn budget(budget: &Budget) -> String {
    let parts = [budget.asks.map(|n| format!("{n} asks")), budget.tokens.map(|n| format!("{n} tokens"))];
    parts.into_iter().chain([budget.micro_dollars.map(money)]).flatten().collect::<Vec<_>>().join(", ")
}

/// A flow's budget: `5 asks, $5.00`, `$50.00 per 1d`.
#[must_use]
pub fn flow_budget(written: &FlowBudget) -> String {
    let per = written.per_ms.map(|ms| format!(" per {}", duration(ms))).unwrap_or_default();
    format!("{}{per}", budget(&written.caps))
}

/// A time of day: `06:05`.
#[must_use]
pub fn time_of_day(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// A schedule as it is written after `start`.
#[must_use]
pub fn schedule(schedule: &Schedule) -> String {
    const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    match schedule {
        Schedule::Every { period_ms } => format!("every {}", duration(*period_ms)),
        Schedule::Cron { expression, zone } => format!("cron \"{expression}\" in \"{zone}\""),
        Schedule::Days { days, minutes, zone } => {
            let days = match days[..] {
                [1, 2, 3, 4, 5, 6, 7] => "day".into(),
                [1, 2, 3, 4, 5] => "weekday".into(),
                _ => {
                    let names = days.iter().filter_map(|day| DAYS.get(usize::from(*day).wrapping_sub(1)).copied());
                    names.collect::<Vec<_>>().join(", ")
                }
            };
            let times: Vec<String> = minutes.iter().map(|minutes| time_of_day(*minutes)).collect();
            format!("every {days} at {} in \"{zone}\"", times.join(", "))
        }
    }
}

/// A trigger as it is written after `start`.
#[must_use]
pub fn trigger(trigger: &Trigger) -> String {
    match trigger {
        Trigger::Schedule(when) => schedule(when),
        Trigger::Updates(datasets) => format!("when {} updates", names(datasets)),
        Trigger::Webhook(path) => format!("on webhook \"{path}\""),
    }
}

/// Short names, with commas.
#[must_use]
pub(crate) fn names(names: &[Name]) -> String {
    names.iter().map(Name::short).collect::<Vec<_>>().join(", ")
}

/// Two texts cut down to where they differ, with a few words around it, each in one line.
///
/// `select a, b from t` and `select a, c from t` become `… a, b from …` and `… a, c from …`: what
/// changed in a long query is what its author wants to see.
#[must_use]
pub fn difference(old: &str, new: &str) -> (Arc<str>, Arc<str>) {
    const CONTEXT: usize = 16;
    const LONGEST: usize = 72;
    let (old, new) = (one_line(old), one_line(new));
    if old.chars().count() <= LONGEST && new.chars().count() <= LONGEST {
        return (old.into(), new.into());
    }
    let same = |pairs: &mut dyn Iterator<Item = (char, char)>| pairs.take_while(|(a, b)| a == b).count();
    let before = same(&mut old.chars().zip(new.chars()));
    let (old, new): (Vec<char>, Vec<char>) = (old.chars().collect(), new.chars().collect());
    let after = same(&mut old[before..].iter().copied().rev().zip(new[before..].iter().copied().rev()));
    let cut = |text: &[char]| -> Arc<str> {
        let from = word_start(text, before.saturating_sub(CONTEXT));
        let to = (text.len() - after + CONTEXT).min(text.len());
        let to = to.min(from + LONGEST);
        let start = if from > 0 { "…" } else { "" };
        let end = if to < text.len() { "…" } else { "" };
        format!("{start}{}{end}", text[from..to].iter().collect::<String>().trim()).into()
    };
    (cut(&old), cut(&new))
}

/// The start of the word after a place, unless that is far.
fn word_start(text: &[char], from: usize) -> usize {
    if from == 0 {
        return 0;
    }
    (from..(from + 8).min(text.len())).find(|at| text[at - 1].is_whitespace()).unwrap_or(from)
}

/// Runs of white space as one blank.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time() {
        for (ms, text) in [(0, "0s"), (250, "250ms"), (5_400_000, "1h30m"), (90_061_000, "1d1h1m1s")] {
            assert_eq!(duration(ms), text);
        }
        let day = 86_400_000;
        for (ms, text) in [(1_250, "1s250ms"), (61_250, "1m1s"), (40 * day + 312, "40d"), (day + 61_001, "1d1m")] {
            assert_eq!(age(ms, 3_600_000), text);
        }
        assert_eq!(age(day + 312, day), "1d312ms");
    }

    #[test]
    fn schedules() {
        let days = |days: &[u8]| Schedule::Days { days: days.into(), minutes: vec![360], zone: "UTC".into() };
        assert_eq!(schedule(&days(&[1, 2, 3, 4, 5, 6, 7])), "every day at 06:00 in \"UTC\"");
        assert_eq!(schedule(&days(&[1, 2, 3, 4, 5])), "every weekday at 06:00 in \"UTC\"");
        assert_eq!(schedule(&days(&[2, 7, 9])), "every tuesday, sunday at 06:00 in \"UTC\"");
    }

    #[test]
    fn differences_show_what_changed() {
        assert_eq!(difference("a  b", "a\nc"), ("a b".into(), "a c".into()));
        let long = |middle: &str| format!("{} {middle} {}", "select one ".repeat(10), "from two ".repeat(10));
        let (old, new) = difference(&long("amount > 5"), &long("amount >= 5"));
        assert!(old.contains("amount > 5") && new.contains("amount >= 5"), "{old} {new}");
        assert!(old.chars().count() < 60, "{old}");
        let (old, new) = difference(&"x".repeat(100), &"x".repeat(101));
        assert_ne!(old, "".into());
        assert_ne!(new, "".into());
    }
}
