//! `flowc serve`, as those who run it see it: what is due starts, kills lose nothing, a wrong program is refused.

use crate::sandbox::Sandbox;
use std::{
    process::{Child, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

const PROGRAM: &str = r#"dataset given: String { at text("given.txt"), arrives by hand }
dataset loud: String { at text("out/loud.txt") }
dataset twice: String { at text("out/twice.txt") }
step shout(given: String) -> String { sh """echo "$given" | tr a-z A-Z; date +%s%N""" effect read cache never }
step double(loud: String) -> String { sh """echo "$loud$loud" """ effect read }
step slow(n: Int) -> Int { sh """sleep 2; echo $n""" effect read cache never }
step allow(what: String) -> Approval { ask "ops" "{what}?" timeout 1h }
flow tick { start every 1s write loud = shout(given) }
flow follow { start when loud updates write twice = double(loud) }
flow by_hand(n: Int) -> Int { return slow(n) }
flow waits -> Approval { return allow("go on") }
"#;

/// A service that is killed with the value.
struct Serving<'s>(&'s Sandbox, Child);

impl<'s> Serving<'s> {
    fn new(sandbox: &'s Sandbox, more: &[&str]) -> Self {
        let arguments: Vec<&str> = ["serve", "--listen", "127.0.0.1:0"].iter().chain(more).copied().collect();
        let log = std::fs::File::create(sandbox.path("log")).unwrap();
        let child = sandbox.command(&arguments).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let serving = Self(sandbox, child);
        serving.says("served:");
        serving
    }

    fn says(&self, text: &str) -> String {
        let begin = Instant::now();
        loop {
            let log = self.0.read("log");
            if log.contains(text) {
                return log;
            }
            assert!(begin.elapsed() < Duration::from_secs(60), "it does not say `{text}`:\n{log}");
            sleep(Duration::from_millis(50));
        }
    }

    fn signal(&self, name: &str) {
        let id = self.1.id().to_string();
        std::process::Command::new("kill").args([name, &id]).status().unwrap();
    }

    fn ended(mut self) -> i32 {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.1.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            assert!(begin.elapsed() < Duration::from_secs(60), "it does not end:\n{}", self.0.read("log"));
            sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Serving<'_> {
    fn drop(&mut self) {
        let _ = self.1.kill();
        let _ = self.1.wait();
    }
}

fn project() -> Sandbox {
    let sandbox = Sandbox::new_project();
    sandbox.write("main.flow", PROGRAM);
    sandbox.write("given.txt", "hello");
    sandbox
}

#[test]
fn what_is_due_starts_and_what_follows_from_it() {
    let sandbox = project();
    let serving = Serving::new(&sandbox, &[]);
    let log = serving.says("follow: run");
    assert!(log.contains("tick: run") && log.contains("starts: the clock, every 1s"), "{log}");
    serving.says("`loud` was updated");
    // By hand, as the same program says it.
    sandbox.flowc(&["start", "by_hand", "n=3", "--wait"]).ends(0).tells("succeeded");
    sandbox.flowc(&["start", "by_hand", "n=x", "--wait"]).ends(2).tells("is no `Int`");
    sandbox.flowc(&["start", "nothing"]).ends(2).tells("there is no flow `nothing`");
    sandbox.flowc(&["run", "by_hand", "--n", "1"]).ends(4).tells("flowc start FLOW");
    sandbox.flowc(&["status"]).ends(0).gives("served at http://127.0.0.1:").gives("next");
    // A program with errors is refused, and the one before goes on.
    sandbox.change("main.flow", "every 1s", "every 1x");
    serving.says("has errors; the one before goes on");
    sandbox.change("main.flow", "every 1x", "every 1d");
    serving.says("the program has changed");
    serving.signal("-TERM");
    assert_eq!(serving.ended(), 0);
    assert!(!sandbox.path(".flow/server.json").exists());
}

#[test]
fn a_kill_loses_no_run_and_makes_none_twice() {
    let sandbox = project();
    let serving = Serving::new(&sandbox, &[]);
    let run = sandbox.flowc(&["start", "by_hand", "n=7"]).ends(0).out;
    let run = run.trim();
    sleep(Duration::from_millis(300));
    serving.signal("-KILL");
    serving.ended();
    let again = Serving::new(&sandbox, &[]);
    let log = again.says(&format!("by_hand: run {run} succeeded"));
    assert!(log.contains(&format!("goes on with run {run}")), "{log}");
    let runs = sandbox.flowc(&["history", "by_hand"]).ends(0).out;
    assert_eq!(runs.lines().count(), 1, "{runs}");
}

#[test]
fn a_run_in_doubt_needs_a_person_and_is_gone_on_with_when_asked() {
    let sandbox = project();
    let text = "step pay(n: Int) -> Int { sh \"\"\"sleep 2; echo $n\"\"\" effect write }\nflow pays -> Int { return pay(1) }\n";
    sandbox.write("pay.flow", text);
    let serving = Serving::new(&sandbox, &[]);
    let run = sandbox.flowc(&["start", "pays"]).ends(0).out.trim().to_owned();
    sleep(Duration::from_millis(500));
    serving.signal("-KILL");
    serving.ended();
    let again = Serving::new(&sandbox, &[]);
    again.says("pays: run");
    sandbox.flowc(&["status", "--exit-code"]).ends(1).gives("the service could not go on with it");
    sandbox.flowc(&["resolve", &run, "pay", "--done", "--with", "1", "--as", "ops"]).ends(0);
    sandbox.flowc(&["resume", &run]).ends(0).tells("goes on with run");
    again.says(&format!("pays: run {run} succeeded"));
    sandbox.flowc(&["resume", &run]).ends(2).tells("is over");
}

#[test]
fn what_waits_for_a_person_is_left_at_the_end_and_answered_later() {
    let sandbox = project();
    let serving = Serving::new(&sandbox, &["--drain", "100ms"]);
    let run = sandbox.flowc(&["start", "waits"]).ends(0).out.trim().to_owned();
    serving.says("waits for ops");
    sandbox.flowc(&["status", "--exit-code"]).ends(1).gives("needs a person").gives("ops is asked");
    serving.signal("-TERM");
    assert_eq!(serving.ended(), 0);
    assert!(sandbox.read("log").contains("is left"), "{}", sandbox.read("log"));
    let again = Serving::new(&sandbox, &[]);
    again.says("goes on with run");
    again.says("waits for ops");
    sandbox.flowc(&["approve", &run, "allow", "--as", "ops"]).ends(0);
    again.says(&format!("waits: run {run} succeeded"));
}

#[test]
fn the_second_service_of_a_project_waits_for_the_first() {
    let sandbox = project();
    let first = Serving::new(&sandbox, &[]);
    let log = std::fs::File::create(sandbox.path("log2")).unwrap();
    let mut second = sandbox.command(&["serve", "--listen", "127.0.0.1:0"]).stderr(log).spawn().unwrap();
    let says = |text: &str| {
        let begin = Instant::now();
        while !sandbox.read("log2").contains(text) {
            assert!(begin.elapsed() < Duration::from_secs(60), "{}", sandbox.read("log2"));
            sleep(Duration::from_millis(50));
        }
    };
    says("waits for `flowc serve`");
    // The one that serves is found, not the one that waits.
    sandbox.flowc(&["start", "by_hand", "n=1", "--wait"]).ends(0);
    first.signal("-KILL");
    first.ended();
    says("served:");
    sandbox.flowc(&["status"]).ends(0).gives("served at");
    second.kill().unwrap();
    second.wait().unwrap();
}

#[test]
fn other_machines_ask_only_with_tokens() {
    let sandbox = project();
    sandbox.flowc(&["serve", "--listen", "0.0.0.0:0"]).ends(2).tells("only with tokens");
    sandbox.write("tokens.toml", "[[token]]\nname = 'a'\nrole = 'root'\nblake3 = ''");
    sandbox.flowc(&["serve", "--listen", "0.0.0.0:0", "--tokens", "tokens.toml"]).ends(2).tells("tokens.toml");
    let made = sandbox.flowc(&["serve", "--new-token", "ci"]).ends(0).gives("[[token]]").out;
    let (token, entry) = made.split_once("\n\n").unwrap();
    sandbox.write("tokens.toml", entry);
    let serving = Serving::new(&sandbox, &["--tokens", "tokens.toml"]);
    let log = serving.says("listens at");
    let url = log.lines().find_map(|line| line.strip_prefix("listens at ")).unwrap().to_owned();
    let asked = |token: &str, arguments: &[&str]| {
        let mut command = sandbox.command(arguments);
        command.env("FLOW_SERVER", &url).env("FLOW_TOKEN", token);
        crate::sandbox::said(command.output().unwrap())
    };
    asked(token, &["status"]).ends(0).gives("served at");
    asked(token, &["start", "by_hand", "n=1"]).ends(2).tells("it takes the role `run`");
    asked("wrong", &["status"]).ends(2).tells("a token is needed");
}
