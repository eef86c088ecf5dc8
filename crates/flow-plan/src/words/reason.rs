//! Reasons in words: the same in plans, in runs and in answers to "why".

use super::{duration, one_line};
use crate::{Reason, Verdict};

/// A reason as half a sentence: `code changed: body, … → …`.
#[must_use]
pub fn reason(reason: &Reason) -> String {
    let change = |what: String, old: &str, new: &str| match (one_line(old), one_line(new)) {
        (old, new) if old.is_empty() && new.is_empty() => what,
        (old, new) if old.is_empty() => format!("{what}, now {new}"),
        (old, new) if new.is_empty() => format!("{what}, was {old}"),
        (old, new) => format!("{what}, {old} → {new}"),
    };
    match reason {
        Reason::NeverRan => "never ran".into(),
        Reason::CodeChanged { clause, old, new, .. } => change(format!("code changed: {clause}"), old, new),
        Reason::InputChanged { input, old, new } => change(format!("input changed: {input}"), old, new),
        Reason::ParameterChanged { name, old, new } => change(format!("parameter changed: {name}"), old, new),
        Reason::ModelChanged { model } => format!("model {} changed", model.short()),
        Reason::ContractChanged { dataset, clause } => format!("contract changed: {clause} of {}", dataset.short()),
        Reason::Stale { dataset, age_ms, promise_ms } => {
            format!("{} is {} old, promised within {}", dataset.short(), duration(*age_ms), duration(*promise_ms))
        }
        Reason::DoneIn { run } => format!("done in run {run}, which this one retries"),
        Reason::FailedLastTime { run } => format!("failed last time (run {run})"),
        Reason::RecoveredLastTime { run } => format!("failed last time, and another value stood in (run {run})"),
        Reason::CacheExpired { age_ms, limit_ms } => {
            format!("the kept result is {} old, kept for {}", duration(*age_ms), duration(*limit_ms))
        }
        Reason::NotCacheable { why } => why.to_string(),
        Reason::Forced => "forced".into(),
        Reason::UpstreamRuns { node } => format!("{node} runs before it"),
        Reason::Unchanged { run } => format!("unchanged since run {run}"),
        Reason::AnswerKept { run, age_ms } => {
            format!("unchanged: the answer of run {run}, {} old", duration(*age_ms / 1000 * 1000))
        }
        Reason::NotSelected => "not selected".into(),
        Reason::BranchNotTaken => "its branch is not taken".into(),
        Reason::NotLookedAt { dataset } => {
            format!("what {} holds now is not known: a plan connects to nothing", dataset.short())
        }
        Reason::NotKnownYet => "what it takes is known only when the run computes it".into(),
        Reason::OutputMissing { dataset } => format!("{} is gone, or was changed by somebody else", dataset.short()),
    }
}

/// A verdict as a word for a column.
#[must_use]
pub fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Run => "run",
        Verdict::Maybe => "maybe",
        Verdict::Reuse => "reuse",
        Verdict::Skip => "skip",
    }
}
