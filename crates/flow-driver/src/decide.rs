//! Whether something runs, and why: the one place where that is decided, for plans and for runs.
//!
//! Pure functions of what a node means and uses now, of its last record, and of what is kept. Knows
//! neither how records are kept nor how things are run. The reasons are those of the language's section
//! "Why something runs", the strongest first.

use crate::{CachedResult, Component, InputRecord, NodeRecord, Sighting};
use flow_expr::Name;
use flow_plan::{CachePolicy, Decision, Reason, Step, Verdict, words};
use jiff::Timestamp;
use std::sync::Arc;

/// A node as it is now.
#[derive(Clone, Debug)]
pub struct Candidate<'a> {
    /// What it means.
    pub components: &'a [Component],
    /// What it uses; inputs without a digest are not known yet.
    pub inputs: &'a [InputRecord],
    /// Whether and how long a result is reused.
    pub cache: CachePolicy,
    /// Why a result is never reused, if it is not.
    pub not_cacheable: Option<&'a Arc<str>>,
    /// The step whose clauses the components are, for their places.
    pub step: Option<&'a Step>,
    /// Whether it was asked for whatever the records say.
    pub forced: bool,
}

/// Why results of a step are never reused; `None` if they are.
#[must_use]
pub fn why_not_cacheable(step: &Step) -> Option<String> {
    if step.cache != CachePolicy::Never {
        return None;
    }
    let keyword = step.body.keyword();
    Some(match step.effect {
        flow_plan::Effect::Write | flow_plan::Effect::Irreversible => {
            format!("`{keyword}` steps may change the world")
        }
        flow_plan::Effect::Read if keyword == "ai" => "a model may answer otherwise each time".into(),
        flow_plan::Effect::Read if keyword == "ask" => "a person may answer otherwise each time".into(),
        flow_plan::Effect::Read => format!("what a `{keyword}` step reads may have changed"),
        flow_plan::Effect::None => "it says `cache never`".into(),
    })
}

/// Decides on a step call or an expression over data. `upstream` are labels of the nodes whose results are not known
/// yet: a reason only where nothing else says that it runs.
#[must_use]
pub fn decide(
    node: &Candidate<'_>,
    last: Option<&NodeRecord>,
    cached: Option<&CachedResult>,
    now: Timestamp,
    upstream: impl FnOnce() -> Vec<Arc<str>>,
) -> Decision {
    let unknown = node.inputs.iter().any(|input| input.digest.is_none());
    let mut reasons = vec![];
    if node.forced {
        reasons.push(Reason::Forced);
    }
    if let Some(why) = node.not_cacheable {
        reasons.push(Reason::NotCacheable { why: why.clone() });
    } else if let (CachePolicy::For(limit_ms), Some(cached)) = (node.cache, cached) {
        let age_ms = age_ms(cached.at, now);
        if age_ms > limit_ms {
            reasons.push(Reason::CacheExpired { age_ms, limit_ms });
        }
    }
    let changed = last.map(|last| differences(node, last)).unwrap_or_default();
    if reasons.is_empty()
        && !unknown
        && let Some(cached) = cached
    {
        let run = cached.run.clone();
        let reason = match node.step.is_some_and(|step| step.body.keyword() == "ai") {
            true => Reason::AnswerKept { run, age_ms: age_ms(cached.at, now) },
            false => Reason::Unchanged { run },
        };
        return Decision { verdict: Verdict::Reuse, reasons: vec![reason] };
    }
    let runs = !reasons.is_empty() || last.is_none() || changed.iter().any(|reason| !is_input(reason));
    match last {
        None => reasons.push(Reason::NeverRan),
        Some(last) => {
            reasons.extend(changed);
            if !last.succeeded {
                reasons.push(Reason::FailedLastTime { run: last.run.clone() });
            } else if last.recovered {
                reasons.push(Reason::RecoveredLastTime { run: last.run.clone() });
            }
        }
    }
    if unknown && !runs {
        reasons.extend(upstream().into_iter().map(|node| Reason::UpstreamRuns { node }));
        return Decision { verdict: Verdict::Maybe, reasons: some(reasons) };
    }
    if reasons.is_empty() {
        // The record knows the same code and inputs, but the result itself was not kept or is gone.
        reasons.push(Reason::NotCacheable { why: "its last result is no longer kept".into() });
    }
    Decision { verdict: Verdict::Run, reasons }
}

/// Reasons, of which there is always one.
fn some(mut reasons: Vec<Reason>) -> Vec<Reason> {
    if reasons.is_empty() {
        reasons.push(Reason::NotKnownYet);
    }
    reasons
}

fn is_input(reason: &Reason) -> bool {
    matches!(reason, Reason::InputChanged { .. })
}

/// What is different from the last time.
fn differences(node: &Candidate<'_>, last: &NodeRecord) -> Vec<Reason> {
    let mut reasons = vec![];
    for part in node.components {
        let before = last.components.iter().find(|old| old.clause == part.clause);
        if before.is_none_or(|old| old.hash != part.hash) {
            let (old, new) = words::difference(before.map_or("", |old| &old.text), &part.text);
            reasons.push(code_changed(node.step, &part.clause, old, new));
        }
    }
    for old in &*last.components {
        if !node.components.iter().any(|part| part.clause == old.clause) {
            let (gone, _) = words::difference(&old.text, "");
            reasons.push(code_changed(node.step, &old.clause, gone, "".into()));
        }
    }
    for input in node.inputs {
        let before = last.inputs.iter().find(|old| old.name == input.name);
        if input.digest.is_some() && before.is_none_or(|old| old.digest != input.digest) {
            let old = before.map_or_else(|| Arc::from(""), |old| old.short.clone());
            let (name, new) = (input.name.clone(), input.short.clone());
            reasons.push(match input.parameter {
                true => Reason::ParameterChanged { name, old, new },
                false => Reason::InputChanged { input: name, old, new },
            });
        }
    }
    reasons
}

fn code_changed(step: Option<&Step>, clause: &Arc<str>, old: Arc<str>, new: Arc<str>) -> Reason {
    if let Some(model) = clause.strip_prefix("model ") {
        return Reason::ModelChanged { model: Name::new(model) };
    }
    let at = step.map(|step| step.place_of(clause)).unwrap_or_default();
    Reason::CodeChanged { clause: clause.clone(), old, new, at }
}

/// Milliseconds between two instants; none if the second is earlier, as when a clock went back.
pub(crate) fn age_ms(since: Timestamp, now: Timestamp) -> u64 {
    u64::try_from(now.as_millisecond() - since.as_millisecond()).unwrap_or(0)
}

/// A version that is to be read or published.
#[derive(Clone, Debug)]
pub struct VersionCandidate<'a> {
    /// The dataset.
    pub dataset: &'a Name,
    /// What its declaration means.
    pub contract: &'a [Component],
    /// Whether it was asked for whatever the records say.
    pub forced: bool,
}

/// Decides whether a dataset's data is taken from its location, or is what is known of it already.
#[must_use]
pub fn decide_read(node: &VersionCandidate<'_>, seen: &Sighting) -> Decision {
    let mut reasons = forced(node.forced);
    match (&seen.last, &seen.fingerprint) {
        (None, _) => reasons.push(Reason::NeverRan),
        _ if seen.unseen => {}
        (Some(last), Some(there)) if there.hash == last.fingerprint.hash => {}
        (Some(last), there) => reasons.push(Reason::InputChanged {
            input: node.dataset.short().into(),
            old: short_hash(&last.fingerprint.hash).into(),
            new: there.as_ref().map_or("", |there| short_hash(&there.hash)).into(),
        }),
    }
    contract_reasons(node, seen, &mut reasons);
    settle(node, reasons, seen)
}

/// Decides whether a version is published. `content` is the digest of what would be, if it is known.
#[must_use]
pub fn decide_write(
    node: &VersionCandidate<'_>,
    content: Option<&str>,
    upstream: &[Arc<str>],
    seen: &Sighting,
) -> Decision {
    let mut reasons = forced(node.forced);
    match &seen.last {
        None => reasons.push(Reason::NeverRan),
        Some(last) => {
            if !seen.unseen && seen.fingerprint.as_ref().is_none_or(|there| there.hash != last.fingerprint.hash) {
                reasons.push(Reason::OutputMissing { dataset: node.dataset.clone() });
            }
            if let Some(content) = content.filter(|content| **content != *last.content) {
                let (old, new) = (short_hash(&last.content).into(), short_hash(content).into());
                reasons.push(Reason::InputChanged { input: "value".into(), old, new });
            }
        }
    }
    contract_reasons(node, seen, &mut reasons);
    if content.is_none() {
        if !reasons.is_empty() {
            return Decision { verdict: Verdict::Run, reasons };
        }
        let reasons = upstream.iter().map(|label| Reason::UpstreamRuns { node: label.clone() }).collect();
        return Decision { verdict: Verdict::Maybe, reasons: some(reasons) };
    }
    settle(node, reasons, seen)
}

fn forced(forced: bool) -> Vec<Reason> {
    if forced { vec![Reason::Forced] } else { vec![] }
}

fn contract_reasons(node: &VersionCandidate<'_>, seen: &Sighting, reasons: &mut Vec<Reason>) {
    let Some(last) = &seen.last else { return };
    for part in node.contract {
        if !last.contract.iter().any(|old| old.clause == part.clause && old.hash == part.hash) {
            reasons.push(Reason::ContractChanged { dataset: node.dataset.clone(), clause: part.clause.clone() });
        }
    }
}

fn settle(node: &VersionCandidate<'_>, reasons: Vec<Reason>, seen: &Sighting) -> Decision {
    match &seen.last {
        Some(_) if reasons.is_empty() && seen.unseen => {
            let dataset = node.dataset.clone();
            Decision { verdict: Verdict::Maybe, reasons: vec![Reason::NotLookedAt { dataset }] }
        }
        Some(last) if reasons.is_empty() => {
            Decision { verdict: Verdict::Reuse, reasons: vec![Reason::Unchanged { run: last.run.clone() }] }
        }
        _ => Decision { verdict: Verdict::Run, reasons },
    }
}

/// Enough of a hash to tell two apart.
pub(crate) fn short_hash(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}
