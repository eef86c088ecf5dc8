//! Events in words: the same on a terminal and in a pipeline.

use crate::{
    arguments::{quoted, suggested},
    moment::{moment, took},
};
use flow_diag::render::clean;
use flow_driver::{Answer, ContractVerdict, How, Judged, NodeEnd, NodeStatus, Question, QuestionEnd, Says, Wait};
use flow_plan::{Failure, Reason, words};

/// How a node ended and why, in a line; none for what nobody wants to read of.
pub(crate) fn ended(node: &NodeEnd) -> Option<String> {
    let how = ended_how(node)?;
    Some(match node.failure.as_ref().filter(|_| node.status == NodeStatus::Failed).or(node.instead_of.as_ref()) {
        Some(why) => format!("{how}: {}", failure(why)),
        None => how,
    })
}

/// How a node ended, in a few words; none for what nobody wants to read of.
pub(crate) fn ended_how(node: &NodeEnd) -> Option<String> {
    let rows = node.rows.map(|rows| format!(", {rows} row{}", if rows == 1 { "" } else { "s" })).unwrap_or_default();
    let time = took(node.began, node.ended);
    Some(match (node.status, node.how) {
        (NodeStatus::Succeeded, Some(How::Reused)) => "up to date".into(),
        (NodeStatus::Succeeded, Some(How::Fallback)) => format!("took its fallback after {time}{rows}"),
        (NodeStatus::Succeeded, Some(How::Given)) => format!("took what a person gave, after {time}{rows}"),
        (NodeStatus::Succeeded, Some(How::Recovered)) => format!("recovered after {time}{rows}"),
        (NodeStatus::Succeeded, _) => format!("done in {time}{rows}"),
        (NodeStatus::Failed, _) => format!("failed after {time}"),
        (NodeStatus::NotRun, _) => {
            let cause = node.because.as_ref().map(|(_, label)| label.to_string()).unwrap_or_default();
            format!("not run, because {cause} failed")
        }
        (NodeStatus::Cancelled, _) => "cancelled".into(),
        (NodeStatus::Skipped | NodeStatus::Unknown, _) => return None,
    })
}

/// A failure in one line.
pub(crate) fn failure(failure: &Failure) -> String {
    format!("{} [{}]", clean(&failure.message), failure.code)
}

/// Reasons in one line.
pub(crate) fn reasons(reasons: &[Reason]) -> String {
    reasons.iter().map(words::reason).collect::<Vec<_>>().join("; ")
}

/// What is waited for.
pub(crate) fn waiting(why: &Wait) -> String {
    match why {
        Wait::Pool { pool } => format!("waits for a place in pool {}", pool.short()),
        Wait::Time { until } => format!("waits until {}", moment(*until)),
        Wait::Fresh { dataset, until } => {
            format!("waits for {} to become fresh, until {}", dataset.short(), moment(*until))
        }
    }
}

/// Whom a question waits for, and how long.
pub(crate) fn waits_for(question: &Question) -> String {
    format!("waits for {} until {}", clean(&question.who), moment(question.until))
}

/// The command that answers a question with yes, or with the first of the words to choose from.
pub(crate) fn approve_command(run: &str, question: &Question) -> String {
    let with = question.choices.first().map(|word| format!(" --with {word}")).unwrap_or_default();
    suggested(&format!("approve {run} {}{with}", quoted(&question.label)))
}

/// How a question ended.
pub(crate) fn question_end(end: &QuestionEnd) -> String {
    match end {
        QuestionEnd::Answered(answer) => answered(answer),
        QuestionEnd::Unanswered => "nobody answered in time".into(),
        QuestionEnd::Cancelled => "not answered: the run was cancelled".into(),
    }
}

/// What somebody answered.
pub(crate) fn answered(answer: &Answer) -> String {
    let by = clean(&answer.by);
    let note = answer.note.as_deref().map(|note| format!(" ({})", clean(note))).unwrap_or_default();
    match &answer.says {
        Says::Approved => format!("approved by {by}{note}"),
        Says::Rejected => format!("rejected by {by}{note}"),
        Says::Gives(value) => format!("answered by {by}: {}{note}", clean(value)),
    }
}

/// What became of a promise.
pub(crate) fn contract(verdict: &ContractVerdict) -> String {
    let kept = |kept: bool| if kept { "kept" } else { "broken" };
    match verdict {
        ContractVerdict::Fresh { dataset, age_ms, within_ms, kept: is_kept, action } => {
            let old = |age| format!("{} old", words::age(age, *within_ms));
            let age = age_ms.map_or_else(|| "of unknown age".into(), old);
            let promise = words::duration(*within_ms);
            let end = if *is_kept { String::new() } else { format!(": {action}") };
            format!("{}: {} is {age}, required within {promise}{end}", kept(*is_kept), dataset.short())
        }
        ContractVerdict::Require { text, kept: is_kept, message, .. } => {
            format!("{}: require {text}{}", kept(*is_kept), said(message.as_deref()))
        }
        ContractVerdict::Guard { text, kept: is_kept, action, message, saw, of, tool, judges } => {
            let tool = tool.iter().map(|tool| format!("tool {}, ", tool.short()));
            let of: String = tool.chain(of.iter().map(|judge| format!("judge {}, ", judge.short()))).collect();
            let mut out = format!("{}: {of}guard {text}, else {action}{}", kept(*is_kept), said(message.as_deref()));
            saw.iter().for_each(|(part, value)| out.push_str(&format!("\n      {part} = {}", clean(value))));
            judges.iter().for_each(|judge| out.push_str(&format!("\n      {}", judged(judge))));
            out
        }
        ContractVerdict::Expect { dataset, rule } => {
            let mut out = format!("{}: expect {} of {}", kept(rule.holds), rule.rule, dataset.short());
            if rule.broken > 0 {
                out.push_str(&format!(", broken by {} of {} rows", rule.broken, rule.checked));
            }
            for example in rule.examples.iter().take(3) {
                out.push_str(&format!("\n      {}", clean(example)));
            }
            out
        }
        ContractVerdict::Finish { flow, deadline } => {
            format!("broken: {} should have been done by {}", flow.short(), moment(*deadline))
        }
    }
}

/// What a judge said.
fn judged(said: &Judged) -> String {
    let judge = said.judge.short();
    match (&said.verdict, &said.failure) {
        (Some(verdict), _) if said.fallback => format!("judge {judge} fell back to {}", clean(verdict)),
        (Some(verdict), _) => format!("judge {judge} says {}", clean(verdict)),
        (None, Some(why)) => format!("judge {judge} gave no verdict: {}", failure(why)),
        (None, None) => format!("judge {judge} gave no verdict"),
    }
}

fn said(message: Option<&str>) -> String {
    message.map(|message| format!(" ({})", clean(message))).unwrap_or_default()
}
