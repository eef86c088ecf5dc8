//! Which kinds of things have happened in a play, by name: a test holds them against all there are, so that what is
//! played stays worth it. Knows nothing of what they mean.

use flow_driver::{Command, Event, How, NodeStatus, Note, QuestionEnd, Resolved, Wait};

/// All kinds that seeds must show.
pub const ALL: [&str; 40] = [
    "recall",
    "look",
    "read",
    "write",
    "run",
    "ask a model",
    "render",
    "reserve",
    "ask",
    "timer",
    "stop",
    "begin",
    "cancel",
    "kept",
    "no room",
    "done",
    "again",
    "lost",
    "succeeded",
    "failed",
    "not run",
    "skipped",
    "cancelled",
    "reused",
    "fallback",
    "given",
    "recovered",
    "retrying",
    "pool",
    "time",
    "fresh",
    "refused",
    "answered",
    "unanswered",
    "question cancelled",
    "released",
    "tool",
    "judge",
    "killed",
    "power",
];

pub(super) fn of_command(command: &Command) -> &'static str {
    match command {
        Command::Recall { .. } => "recall",
        Command::Look { .. } => "look",
        Command::Read { .. } => "read",
        Command::Write { .. } => "write",
        Command::Compute { .. } => "compute",
        Command::Run(run) if run.ask.is_some() => "ask a model",
        Command::Run(_) => "run",
        Command::Render(_) => "render",
        Command::Reserve { .. } => "reserve",
        Command::Ask(_) => "ask",
        Command::Timer { .. } => "timer",
        Command::Stop { .. } => "stop",
        Command::Note(_) => "note",
    }
}

pub(super) fn of_event(event: &Event) -> Option<&'static str> {
    Some(match event {
        Event::Begin => "begin",
        Event::Cancel => "cancel",
        Event::Kept { .. } => "kept",
        Event::Reserved { result: Err(_), .. } => "no room",
        Event::Resolved { resolution, .. } if resolution.says == Resolved::Again => "again",
        Event::Resolved { .. } => "done",
        Event::Ran { result: Err(failure), .. } if &*failure.code == "R0801" => "lost",
        _ => return None,
    })
}

pub(super) fn of_note(note: &Note) -> Vec<&'static str> {
    match note {
        Note::Settled(end) => {
            let status = match end.status {
                NodeStatus::Succeeded => "succeeded",
                NodeStatus::Failed => "failed",
                NodeStatus::NotRun => "not run",
                NodeStatus::Skipped => "skipped",
                NodeStatus::Cancelled => "cancelled",
                NodeStatus::Unknown => "unknown",
            };
            let how = end.how.map(|how| match how {
                How::Ran => "ran",
                How::Reused => "reused",
                How::Fallback => "fallback",
                How::Given => "given",
                How::Recovered => "recovered",
            });
            std::iter::once(status).chain(how).collect()
        }
        Note::Retrying { .. } => vec!["retrying"],
        Note::Waiting { why: Wait::Pool { .. }, .. } => vec!["pool"],
        Note::Waiting { why: Wait::Time { .. }, .. } => vec!["time"],
        Note::Waiting { why: Wait::Fresh { .. }, .. } => vec!["fresh"],
        Note::AnswerRefused { .. } => vec!["refused"],
        Note::QuestionEnded { end, .. } => vec![match **end {
            QuestionEnd::Answered(_) => "answered",
            QuestionEnd::Unanswered => "unanswered",
            QuestionEnd::Cancelled => "question cancelled",
        }],
        Note::Released { .. } => vec!["released"],
        Note::Attempted { tool, judge, .. } => {
            tool.as_ref().map(|_| "tool").into_iter().chain(judge.as_ref().map(|_| "judge")).collect()
        }
        _ => vec![],
    }
}
