//! What happened in a run, line by line with the time since its start: for people whose test failed.

use crate::facts::{RunFacts, class_word};
use flow_driver::{ContractVerdict, How, Judged, NodeEnd, NodeStatus, Note, QuestionEnd, Says, Wait};
use flow_plan::{Failure, words};

/// Lines that are shown of a run.
const MOST_LINES: usize = 40;
/// Letters of an answer that are shown.
const MOST_SAID: usize = 120;

/// The lines of a run.
pub(crate) fn lines(facts: &RunFacts) -> Vec<String> {
    let labels = facts.labels();
    let mut lines = vec![];
    for (time, note) in &facts.notes {
        let Some((label, text)) = line(note, &|path| labels.get(path).map_or(path, |label| &**label).to_owned()) else {
            continue;
        };
        let offset = u64::try_from(time.duration_since(facts.started).as_millis()).unwrap_or(0);
        lines.push((words::duration(offset), label, text));
    }
    let hidden = lines.len().saturating_sub(MOST_LINES);
    lines.truncate(MOST_LINES);
    let times = lines.iter().map(|(time, ..)| time.len()).max().unwrap_or(0);
    let names = lines.iter().map(|(_, label, _)| label.chars().count()).max().unwrap_or(0);
    let mut shown: Vec<String> =
        lines.iter().map(|(time, label, text)| format!("{time:>times$}  {label:names$}  {text}")).collect();
    if hidden > 0 {
        shown.push(format!("… and {hidden} more"));
    }
    shown
}

fn line(note: &Note, name: &dyn Fn(&str) -> String) -> Option<(String, String)> {
    Some(match note {
        Note::Attempted { path, attempt, failure, ask, judge, tool, .. } => {
            let who = tool.iter().map(|tool| format!(", tool `{}`", tool.short()));
            let who = who.chain(judge.iter().map(|judge| format!(", judge `{}`", judge.short()))).collect::<String>();
            let mut text = match failure {
                Some(failure) => {
                    format!("attempt {attempt}{who}: {} ({})", told(failure), class_word(failure.class))
                }
                None => format!("attempt {attempt}{who}: done"),
            };
            if let Some(ask) = ask {
                let tokens = ask.input_tokens + ask.output_tokens;
                text.push_str(&format!(", asked `{}`: {tokens} tokens", ask.model.short()));
                if ask.micro_dollars > 0 {
                    text.push_str(&format!(", {}", words::money(ask.micro_dollars)));
                }
                if !ask.answer.is_empty() {
                    text.push_str(&format!(", it said: {}", beginning(&ask.answer)));
                }
            }
            (name(path), text)
        }
        Note::Retrying { label, attempt, attempts, why, .. } => {
            let of = if *attempts == u32::MAX { String::new() } else { format!(" of {attempts}") };
            (label.to_string(), format!("again, attempt {attempt}{of}: {}", one_line(why)))
        }
        Note::Waiting { label, why, .. } => match why {
            Wait::Pool { pool } => (label.to_string(), format!("waits for a place in `{}`", pool.short())),
            Wait::Time { .. } => (label.to_string(), "waits".to_owned()),
            Wait::Fresh { dataset, .. } => (label.to_string(), format!("waits for `{}` to be fresh", dataset.short())),
        },
        Note::Asked(question) => {
            let message = one_line(&question.message);
            (question.label.to_string(), format!("asks {}: {message}", question.who))
        }
        Note::AnswerRefused { label, why, .. } => (label.to_string(), format!("the answer is not taken: {why}")),
        Note::QuestionEnded { label, end, .. } => (label.to_string(), answered(end)),
        Note::Contract { label, verdict, .. } => (label.to_string(), contract(verdict)),
        Note::Settled(end) => {
            let text = match (end.status, end.how) {
                (NodeStatus::Succeeded, Some(How::Reused)) => "reused".to_owned(),
                (NodeStatus::Succeeded, Some(How::Fallback)) => with_why("fell back", end),
                (NodeStatus::Succeeded, Some(How::Given)) => "took what a person gave".to_owned(),
                (NodeStatus::Succeeded, Some(How::Recovered)) => with_why("recovered with `else`", end),
                (NodeStatus::Failed, _) => match (&end.failure, &end.because) {
                    (Some(failure), _) => format!("failed: {}", told(failure)),
                    (None, Some((_, label))) => format!("failed because of {label}"),
                    (None, None) => "failed".to_owned(),
                },
                (NodeStatus::NotRun, _) => match &end.because {
                    Some((_, label)) => format!("not run: {label} failed"),
                    None => "not run".to_owned(),
                },
                (NodeStatus::Cancelled, _) => "cancelled".to_owned(),
                // Attempts have said it; branches that were not taken are no news.
                _ if &*end.kind == "write" => "written".to_owned(),
                _ => return None,
            };
            (end.label.to_string(), text)
        }
        _ => return None,
    })
}

/// What a failure says, with the first place that it names.
fn told(failure: &Failure) -> String {
    match failure.details.first() {
        Some(detail) => format!("{}: {}", one_line(&failure.message), beginning(detail)),
        None => one_line(&failure.message),
    }
}

/// How a question to a person ended.
fn answered(end: &QuestionEnd) -> String {
    let QuestionEnd::Answered(answer) = end else { return "nobody answered".to_owned() };
    let note = answer.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
    match &answer.says {
        Says::Approved => format!("approved by {}{note}", answer.by),
        Says::Rejected => format!("rejected by {}{note}", answer.by),
        Says::Gives(value) => format!("answered by {}: {}{note}", answer.by, one_line(value)),
    }
}

/// How an answer begins, in one line.
fn beginning(answer: &str) -> String {
    let line = answer.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST_SAID) {
        Some((end, _)) => format!("{} …", &line[..end]),
        None => line,
    }
}

fn with_why(how: &str, end: &NodeEnd) -> String {
    let why = end.instead_of.as_ref().map(|failure| format!(": {}", one_line(&failure.message)));
    format!("{how}{}", why.unwrap_or_default())
}

/// The first line of a message, and how many follow.
fn one_line(text: &str) -> String {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    match lines.count() {
        0 => first.to_owned(),
        more => format!("{first} … ({more} more)"),
    }
}

/// What a judge said.
fn said(judged: &Judged) -> String {
    let judge = judged.judge.short();
    match &judged.verdict {
        Some(verdict) if judged.fallback => format!("; `{judge}` fell back to {}", one_line(verdict)),
        Some(verdict) => format!("; `{judge}` says {}", one_line(verdict)),
        None => {
            let why = judged.failure.as_ref().map(|why| format!(": {}", one_line(&why.message)));
            format!("; `{judge}` gave no verdict{}", why.unwrap_or_default())
        }
    }
}

fn contract(verdict: &ContractVerdict) -> String {
    let holds = |kept: bool| if kept { "holds" } else { "does not hold" };
    match verdict {
        ContractVerdict::Guard { text, kept, action, of, tool, judges, saw, .. } => {
            let judge = of.iter().map(|judge| format!(" of judge `{}`", judge.short()));
            let of: String = judge.chain(tool.iter().map(|tool| format!(" of tool `{}`", tool.short()))).collect();
            let said: String = judges.iter().map(said).collect();
            let action = if *kept { String::new() } else { format!(": {action}") };
            let saw: Vec<String> = saw.iter().map(|(part, value)| format!("{part} = {}", one_line(value))).collect();
            let saw = if saw.is_empty() { String::new() } else { format!(" ({})", saw.join(", ")) };
            format!("guard `{text}`{of} {}{action}{saw}{said}", holds(*kept))
        }
        ContractVerdict::Require { text, kept, .. } => format!("`require {text}` {}", holds(*kept)),
        ContractVerdict::Expect { rule, .. } => format!("`expect {}` {}", rule.rule, holds(rule.holds)),
        ContractVerdict::Fresh { dataset, age_ms, within_ms, kept, .. } => {
            let age = age_ms.map_or("of unknown age".to_owned(), |age| format!("{} old", words::age(age, *within_ms)));
            let verdict = if *kept { "fresh" } else { "too old" };
            format!("`{}` is {age}: {verdict}, {} promised", dataset.short(), words::duration(*within_ms))
        }
        ContractVerdict::Finish { .. } => "the deadline has passed".to_owned(),
    }
}
