//! A real model behind the binary, where there is one: what must hold whatever it says. A result has passed its guards
//! or is the named fallback, within the budget; time and rate are kept. Answers are short: it may run on two cores.

use crate::sandbox::{Sandbox, said};
use serde_json::Value as Json;
use std::{
    process::{Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// A project whose step asks the model with these settings and clauses; none, with a skip that is seen, without one.
fn project(model: &str, settings: &str, clauses: &str) -> Option<Sandbox> {
    let url = flow_testing::model()?;
    Some(Sandbox::program(&format!(
        r#"
model small {{
  provider openai
  name "small"
  endpoint "{url}"
  price input $1.00, output $10.00 per 1M tokens
  {model}
}}
step say(question: String) -> String {{
  ai small {{ prompt "{{question}}", temperature 0, {settings} }}
  {clauses}
}}
flow main(question: String = "Name one colour, in a word.") -> String {{ say(question) }}
flow each(questions: List<String> = ["A colour?", "An animal?", "A town?", "A tree?"]) -> List<String> {{
  for question in questions limit 10 parallel 4 {{ say(question) }}
}}
"#
    )))
}

/// How the step ended, and its asks, as `flowc show` tells.
fn shown(sandbox: &Sandbox) -> (String, usize) {
    let said = sandbox.flowc(&["show", "last", "say", "--format", "json"]).ends(0);
    let json: Json = serde_json::from_str(&said.out).unwrap();
    let attempts = json["step"]["attempts"].as_array().unwrap();
    let how = json["step"]["node"]["how"].as_str().unwrap_or_default().to_owned();
    (how, attempts.iter().filter(|attempt| !attempt["ask"].is_null()).count())
}

#[test]
fn a_result_has_passed_its_guards_or_is_the_fallback() {
    let clauses = "timeout 60s\n  guard it.length() <= 12 else retry \"No more than a word.\"\n  budget 3 asks, $0.01\n  \
                   fallback \"(nothing short enough)\"";
    let Some(sandbox) = project("", "max_tokens 12", clauses) else { return };
    let said = sandbox.flowc(&["run", "main"]).ends(0);
    let (how, asks) = shown(&sandbox);
    assert!((1..=3).contains(&asks), "{asks} asks");
    match how.as_str() {
        "fallback" => assert!(said.out.contains("(nothing short enough)"), "{}", said.out),
        "ran" => assert!(!said.out.contains("(nothing"), "{}", said.out),
        other => panic!("{other}"),
    }
}

#[test]
fn a_budget_stops_what_no_answer_can_pass() {
    let clauses =
        "timeout 60s\n  guard it.length() < 0 else retry \"Shorter.\"\n  budget 2 asks, $0.01\n  fallback \"none\"";
    let Some(sandbox) = project("", "max_tokens 6", clauses) else { return };
    sandbox.flowc(&["run", "main"]).ends(0).gives("none");
    assert_eq!(shown(&sandbox), ("fallback".to_owned(), 2));
    sandbox.flowc(&["cost"]).ends(0).gives("2 asks");
}

#[test]
fn a_timeout_ends_an_answer_that_takes_too_long() {
    let Some(sandbox) = project("", "max_tokens 300", "timeout 200ms\n  fallback \"too slow\"") else { return };
    let start = Instant::now();
    sandbox.flowc(&["run", "main", "--question", "Count from 1 to 300, in words."]).ends(0).gives("too slow");
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    sandbox.flowc(&["show", "last", "say"]).ends(0).gives("R0802");
}

#[test]
fn a_cancel_ends_an_answer_at_once() {
    let Some(sandbox) = project("", "max_tokens 400", "timeout 5m") else { return };
    let question = "Count from 1 to 300, in words.";
    let mut command = sandbox.command(&["run", "main", "--question", question]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    sleep(Duration::from_millis(1500));
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let start = Instant::now();
    let ended = said(child.wait_with_output().unwrap());
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    // A model that was done before is no failure.
    assert!(ended.code == 130 || ended.code == 0, "{}: {}", ended.code, ended.err);
    if ended.code == 130 {
        sandbox.flowc(&["history"]).ends(0).gives("cancelled");
        sandbox.flowc(&["cost"]).ends(0).gives("1 ask  ");
    }
}

#[test]
fn steps_at_once_keep_the_rate_of_their_model() {
    let Some(sandbox) = project("limit 2 per 3s", "max_tokens 3", "timeout 90s\n  fallback \"(cut)\"") else { return };
    let start = Instant::now();
    sandbox.flowc(&["run", "each"]).ends(0);
    assert!(start.elapsed() >= Duration::from_secs(3), "four asks take a second window: {:?}", start.elapsed());
    sandbox.flowc(&["cost"]).ends(0).gives("4 asks");
}
