//! Budgets of runs and of times, and what became of asks when flowc was killed, end to end.

use crate::{
    ai::{Server, says},
    sandbox::Sandbox,
};
use flow_testing::server::{Act, Server as Raw, json};
use serde_json::Value as Json;
use std::{
    process::Stdio,
    sync::atomic::{AtomicUsize, Ordering},
    thread::sleep,
    time::{Duration, Instant},
};

/// Flows that ask a model; `budget` is what stands in the flow `main`.
fn project(port: u16, budget: &str, step: &str) -> Sandbox {
    let text = r#"
model writer {
  provider openai
  name "writer-1"
  endpoint "http://127.0.0.1:PORT/v1"
  price input $1.00, output $10.00 per 1M tokens
}
step say(what: Int) -> String {
  ai writer { prompt "Say {what}.", max_tokens 50 }
  STEP
}
flow inner(n: Int) -> String { say(n) }
flow main(n: Int = 3) -> String {
  BUDGET
  let said = for i in 1..=n limit 20 parallel 4 {
    let text = inner(i) else "nothing"
    text
  }
  return said.join(",")
}
"#;
    Sandbox::program(&text.replace("PORT", &port.to_string()).replace("BUDGET", budget).replace("STEP", step))
}

#[test]
fn a_run_spends_no_more_than_its_budget_through_the_flows_inside_it() {
    let server = Server::start(vec![says("yes")]);
    let sandbox = project(server.port, "budget 2 asks, $1", "");
    let said = sandbox.flowc(&["run", "main", "--n", "5"]).ends(0);
    assert_eq!(said.out.matches("yes").count(), 2, "{}", said.out);
    assert_eq!(said.out.matches("nothing").count(), 3, "the others take their `else`: {}", said.out);
    assert_eq!(server.count(), 2);
    sandbox.flowc(&["plan", "main"]).ends(0).gives("budget of main: 2 asks, $1.00");
    sandbox.flowc(&["cost"]).ends(0).gives("2 of 2 asks, $0.0006 of $1.00").gives("in run");
    // The next run has a budget of its own.
    sandbox.flowc(&["run", "main", "--n", "1", "--force"]).ends(0).gives("yes");
    assert_eq!(server.count(), 3);
}

#[test]
fn a_flow_that_may_not_ask_says_which_budget_and_how_much_of_it_is_used() {
    let server = Server::start(vec![says("yes")]);
    let sandbox = project(server.port, "budget $0.001", "");
    sandbox.change("main.flow", " else \"nothing\"", "");
    // Two asks cost $0.0003 each, and are charged with more while they are under way.
    let said = sandbox.flowc(&["run", "main", "--n", "9"]).ends(1);
    for part in ["R0716", "the budget of `main`, $0.001", "are used, and this ask could take $0.0005"] {
        assert!(said.err.contains(part), "no {part:?} in\n{}", said.err);
    }
    assert!(server.count() < 4, "{}", server.count());
}

#[test]
fn runs_share_the_budget_of_a_time_also_when_they_go_on_at_once() {
    let server = Server::start(vec![says("yes")]);
    let sandbox = project(server.port, "budget 5 asks per 1h", "");
    sandbox.flowc(&["run", "main", "--n", "2"]).ends(0);
    // Four runs at once, one to four asks each: three asks are left for all of them.
    let said = sandbox.flowc(&["run", "main", "--n", "1..4", "--parallel", "4", "--force"]);
    assert!(said.code == 0, "{}\n{}", said.out, said.err);
    assert_eq!(server.count(), 5, "{}\n{}", said.out, said.err);
    sandbox.flowc(&["cost"]).ends(0).gives("5 of 5 asks").gives("per 1h");
    let json: Json = serde_json::from_str(&sandbox.flowc(&["cost", "--format", "json"]).ends(0).out).unwrap();
    assert_eq!((&json["budgets"][0]["used"]["asks"], &json["budgets"][0]["per_ms"]), (&5.into(), &3_600_000.into()));
    let said = sandbox.flowc(&["run", "main", "--n", "1", "--force"]).ends(0);
    assert_eq!((&*said.out, server.count()), ("nothing\n", 5));
}

#[test]
fn what_was_asked_long_ago_is_no_part_of_the_time() {
    let server = Server::start(vec![says("yes")]);
    let sandbox = project(server.port, "budget 1 asks per 1s", "");
    for asked in 1..=2 {
        sandbox.flowc(&["run", "main", "--n", "1", "--force"]).ends(0).gives("yes");
        assert_eq!(server.count(), asked);
        sleep(Duration::from_millis(1100));
    }
}

/// Kills a run so long after it has asked a model, which does not answer.
fn killed_while_it_asks(sandbox: &Sandbox, server: &Raw, after: Duration) {
    let mut child =
        sandbox.command(&["run", "main", "--n", "1"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let start = Instant::now();
    while server.count() == 0 {
        assert!(start.elapsed() < Duration::from_secs(60), "nobody was asked");
        sleep(Duration::from_millis(20));
    }
    sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn an_ask_that_was_under_way_when_flowc_was_killed_counts_with_the_worst() {
    let hanging = Raw::start(|_| Act::Hang(String::new()));
    let sandbox = project(hanging.address.port(), "budget 2 asks per 1h", "");
    killed_while_it_asks(&sandbox, &hanging, Duration::ZERO);
    let cost = sandbox.flowc(&["cost"]).ends(0);
    for part in ["1 ask  ", "1 in doubt", "counted with the worst", "50 out", "1 of 2 asks"] {
        assert!(cost.out.contains(part), "no {part:?} in\n{}", cost.out);
    }
    assert!(!cost.out.contains("$0.00  "), "{}", cost.out);
    let server = Server::start(vec![says("yes")]);
    let (old, new) = (format!(":{}/", hanging.address.port()), format!(":{}/", server.port));
    sandbox.change("main.flow", &old, &new);
    let said = sandbox.flowc(&["run", "main", "--n", "3"]).ends(0);
    assert_eq!((server.count(), said.out.matches("yes").count()), (1, 1), "one ask is left: {}", said.out);
}

#[test]
fn an_ask_that_was_lost_stays_charged_when_the_run_goes_on() {
    for (retry, expected) in [("retry { up to 1 times, on connection }", "yes\n"), ("", "nothing\n")] {
        let asked = AtomicUsize::new(0);
        let server = Raw::start(move |_| match asked.fetch_add(1, Ordering::SeqCst) {
            0 => Act::Hang(String::new()),
            _ => Act::Send(json(&says("yes").1.to_string())),
        });
        let sandbox = project(server.address.port(), "budget 9 asks per 1h", retry);
        // The journal is written in groups.
        killed_while_it_asks(&sandbox, &server, Duration::from_millis(300));
        assert_eq!(sandbox.flowc(&["resume", "last"]).ends(0).out, expected);
        let asks = if retry.is_empty() { 1 } else { 2 };
        assert_eq!(server.count(), asks);
        let cost = sandbox.flowc(&["cost"]).ends(0);
        for part in [format!("{asks} of 9 asks"), "counted with the worst".into()] {
            assert!(cost.out.contains(&part), "no {part:?} in\n{}", cost.out);
        }
    }
}

#[test]
fn what_was_never_sent_costs_nothing() {
    let server = Server::start(vec![says("yes")]);
    let sandbox = project(server.port, "budget 9 asks per 1h", "");
    sandbox.change("main.flow", "model writer {", "secret key = env(\"NO_SUCH_KEY_7\")\nmodel writer {\n  key key");
    sandbox.change("main.flow", " else \"nothing\"", "");
    sandbox.flowc(&["run", "main", "--n", "1"]).ends(1).tells("NO_SUCH_KEY_7");
    let cost = sandbox.flowc(&["cost"]).ends(0);
    assert!(!cost.out.contains("doubt") && cost.out.contains("$0.00"), "{}", cost.out);
}

#[test]
fn a_kept_answer_is_used_until_something_that_made_it_changes() {
    let server = Server::start(vec![says("yes")]);
    let sandbox = project(server.port, "", "guard not it.is_blank() else fail\n  cache");
    let asks = |change: &str, expected: usize| {
        sandbox.flowc(&["run", "main", "--n", "1"]).ends(0);
        assert_eq!(server.count(), expected, "{change}");
    };
    asks("the first time", 1);
    asks("nothing", 1);
    let plan = sandbox.flowc(&["plan", "inner", "--n", "1"]).ends(0);
    assert!(!plan.out.contains("model may answer otherwise"), "{}", plan.out);
    sandbox.change("main.flow", "step say", "// A comment.\nstep say");
    asks("a comment", 1);
    sandbox.change("main.flow", "price input $1.00", "price input $2.00");
    asks("the price", 1);
    sandbox.change("main.flow", "Say {what}.", "Do say {what}.");
    asks("the prompt", 2);
    sandbox.change("main.flow", "writer-1", "writer-2");
    asks("the model's name", 3);
    sandbox.change("main.flow", "not it.is_blank()", "it.length() > 0");
    asks("a guard", 4);
    sandbox.change("main.flow", "max_tokens 50", "max_tokens 51");
    asks("a parameter", 5);
    sandbox.change("main.flow", "max_tokens 51 }", "max_tokens 51, tools [look] }");
    sandbox.change(
        "main.flow",
        "step say",
        "step look(n: Int) -> Int {\n  sh \"echo $n 1\"\n  effect read\n}\nstep say",
    );
    asks("a tool more", 6);
    sandbox.change("main.flow", "$n 1", "$n 2");
    asks("what a tool does", 7);
    let shown = sandbox.flowc(&["show", "last"]).ends(0);
    assert!(shown.out.contains("tool look"), "{}", shown.out);
    asks("nothing", 7);
}

#[test]
fn a_kept_answer_grows_old_and_a_fallback_is_never_kept() {
    let server = Server::start(vec![says("yes"), says("yes"), says(""), says(""), says("yes")]);
    let sandbox = project(server.port, "", "guard not it.is_blank() else fail\n  cache for 1s");
    let run = || sandbox.flowc(&["run", "inner", "--n", "1"]).ends(0);
    run();
    run();
    assert_eq!(server.count(), 1);
    sandbox.flowc(&["show", "last", "say"]).ends(0).gives("the answer of run").gives("old");
    sleep(Duration::from_millis(1100));
    run().tells("the kept result is");
    assert_eq!(server.count(), 2, "it is too old");
    sandbox.change("main.flow", "else fail\n  cache for 1s", "else fallback \"none\"\n  cache for 1h");
    assert!(run().out.contains("none"));
    assert!(run().out.contains("none"));
    assert_eq!(server.count(), 4, "what stood in for an answer is no answer");
    assert!(run().out.contains("yes"));
    assert!(run().out.contains("yes"));
    assert_eq!(server.count(), 5);
}

#[test]
fn a_test_sees_budgets_in_its_own_time() {
    let sandbox = project(9, "budget 1 asks per 1d", "");
    let text = sandbox.read("main.flow")
        + r#"
test "a day" {
  given say = "yes"
  let first = run main(1)
  let second = run main(1)
  given now = 2026-01-03T00:00:00Z
  let third = run main(1)
  expect first.result == "yes"
  expect second.result == "nothing"
  expect second.asks == 0
  expect third.result == "yes"
}
"#;
    sandbox.write("main.flow", &text);
    sandbox.flowc(&["test"]).ends(0);
    sandbox.change("main.flow", "2026-01-03T00", "2026-01-01T12");
    let said = sandbox.flowc(&["test"]).ends(1);
    assert!((said.out + &said.err).contains("third.result"), "half a day later there is no room yet");
}
