//! People: a run asks, another process answers; what is shown, what is refused, cancels, kills, tests.

use crate::sandbox::{Said, Sandbox, said};
use std::{
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

const PAYMENTS: &str = r#"
label pii "Identifies a person."

type Payment { to: String @pii, amount: Decimal }
type When = Now | Later

dataset paid: String { at text("paid.txt") }
dataset noted: String { at text("noted.txt") }

step approve(payment: Payment) -> Approval {
  ask "finance" "May we pay {payment.amount} to {payment.to}?"
  timeout 4h
}

step choose(day: Int) -> When { ask "operations" "Deploy on day {day}?" }

step headline(topic: String) -> String {
  sh "echo $topic"
  effect read
  guard it.length() < 10 else ask "editor" within 1h
  fallback "nothing new"
}

step note_down(text: String) -> Unit { sh "echo $text >> log.txt; test -e go || sleep 1000" }

flow pay(amount: Decimal = 12) {
  let ok = approve(Payment(to: "Ada Lovelace", amount: amount))
  write paid = "by {ok.by}: {ok.note ?? "no word"}"
}

flow deploy -> When { choose(3) }

flow publish(topic: String = "a headline that is long") -> String { headline(topic) }

step soon() -> Approval { ask "finance" "Now?" timeout 4s }

flow hurry -> String { let ok = soon() return ok.by }

flow both {
  let ok = approve(Payment(to: "Ada Lovelace", amount: 1))
  do note_down("begun")
  write noted = ok.by
}
"#;

impl Sandbox {
    fn started(&self, arguments: &[&str]) -> Child {
        let mut child = self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let begin = Instant::now();
        while !self.flowc(&["approvals"]).ends(0).out.contains("20") {
            assert!(begin.elapsed() < Duration::from_secs(60), "nobody was asked");
            assert_eq!(child.try_wait().unwrap(), None, "it ended before anybody was asked");
            sleep(Duration::from_millis(50));
        }
        child
    }
}

fn ended(child: Child) -> Said {
    said(child.wait_with_output().unwrap())
}

fn signal(child: &Child, name: &str) {
    Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
}

#[test]
fn a_person_approves_what_was_shown_and_the_run_goes_on() {
    let project = Sandbox::program(PAYMENTS);
    project.flowc(&["approvals"]).ends(0).tells("nothing waits for a person");
    let child = project.started(&["run", "pay"]);
    project.flowc(&["approvals"]).gives("ok").gives("finance").gives("May we pay 12 to ‹pii›?");
    let shown = project.flowc(&["approvals", "last", "approve"]).ends(0).gives("\"amount\": 12").gives("flowc approve");
    assert!(!shown.out.contains("Lovelace"), "labelled data is shown: {}", shown.out);
    let json: serde_json::Value = serde_json::from_str(&project.flowc(&["approvals", "--format", "json"]).out).unwrap();
    let digest = json.pointer("/approvals/0/question/digest").unwrap().as_str().unwrap().to_owned();
    assert_eq!(json.pointer("/approvals/0/waits"), Some(&true.into()));

    project.flowc(&["show", "last", "ok"]).ends(0).gives("May we pay 12 to ‹pii›?");

    // What does not fit changes nothing.
    project.flowc(&["approve", "last", "nobody", "--as", "ada"]).ends(2).tells("`ok` does").tells("[R0763]");
    project.flowc(&["approve", "20990101", "ok", "--as", "ada"]).ends(2).tells("[R0726]");
    project.flowc(&["approve", "last", "ok", "--as", "ada", "--with", "3"]).ends(2).tells("[R0762]");
    project.flowc(&["approve", "last", "ok", "--as", "ada", "--digest", "0123456789ab"]).ends(2).tells("[R0762]");
    let nobody = project.command(&["approve", "last", "ok"]).env_remove("USER").env_remove("LOGNAME").output();
    said(nobody.unwrap()).ends(2).tells("--as NAME");

    let seen = &digest[..12];
    let answer = ["approve", "last", "approve", "--as", "ada", "--note", "as agreed", "--digest", seen];
    project.flowc(&answer).ends(0).tells("approved ok of run");
    let run = ended(child).ends(0).tells("waits for finance until").tells("approved by ada (as agreed)");
    assert!(run.err.contains("        flowc approve 20") && !run.err.contains("Lovelace"), "{}", run.err);
    assert_eq!(project.read("paid.txt"), "by ada: as agreed");
    let shown = project.flowc(&["show", "last", "ok"]).ends(0).gives("approved by ada (as agreed)").gives(&digest);
    project.flowc(&["show", "last", "approve"]).ends(0).gives("approved by ada (as agreed)");
    assert!(shown.out.contains("May we pay 12 to ‹pii›?") && !shown.out.contains("shown    May we pay 12 to Ada"));
    project.flowc(&["approve", "last", "ok", "--as", "bob"]).ends(2).tells("ada has answered it").tells("[R0763]");
    project.flowc(&["approvals"]).ends(0).tells("nothing waits for a person");
}

#[test]
fn a_no_fails_the_step_with_who_and_why() {
    let project = Sandbox::program(PAYMENTS);
    let child = project.started(&["run", "pay", "--format", "json"]);
    project.flowc(&["reject", "last", "ok", "--as", "bob", "--note", "too much"]).ends(0);
    let run = ended(child).ends(1).gives("\"type\":\"asked\"").gives("\"type\":\"question_ended\"");
    assert!(run.out.contains("bob rejected it") && run.out.contains("R0760"), "{}", run.out);
    project.flowc(&["show", "last"]).gives("bob rejected it").gives("note: too much");
    assert!(!project.path("paid.txt").exists());
}

#[test]
fn one_of_a_few_words_is_chosen() {
    let project = Sandbox::program(PAYMENTS);
    let child = project.started(&["run", "deploy"]);
    project.flowc(&["approve", "last", "choose", "--as", "ada"]).ends(2).tells("`Now`, `Later`");
    project.flowc(&["approve", "last", "choose", "--as", "ada", "--with", "Never"]).ends(2).tells("`Now`, `Later`");
    project.flowc(&["approve", "last", "choose", "--as", "ada", "--with", "Later"]).ends(0);
    assert_eq!(ended(child).ends(0).out, "Later\n");
}

#[test]
fn an_editor_decides_on_what_a_guard_does_not_let_pass() {
    let project = Sandbox::program(PAYMENTS);
    let decided = |answer: &[&str]| {
        let child = project.started(&["run", "publish", "--force"]);
        project.flowc(&["approvals", "last"]).gives("a headline that is long").gives("it.length() < 10");
        project.flowc(&[answer, &["--as", "eva"]].concat()).ends(0);
        ended(child).ends(0).out
    };
    assert_eq!(decided(&["approve", "last", "headline"]), "a headline that is long\n");
    // What a person gives is asked no guard about, and is not kept for the next run.
    assert_eq!(decided(&["approve", "last", "headline", "--with", "another headline"]), "another headline\n");
    assert_eq!(decided(&["reject", "last", "headline"]), "nothing new\n");
    project.flowc(&["show", "last", "headline"]).gives("rejected by eva").gives("it.length() < 10");
}

#[test]
fn ctrl_c_ends_the_wait() {
    let project = Sandbox::program(PAYMENTS);
    let child = project.started(&["run", "pay"]);
    signal(&child, "-INT");
    ended(child).ends(130);
    project.flowc(&["approvals"]).ends(0).tells("nothing waits for a person");
    project.flowc(&["approve", "last", "ok", "--as", "ada"]).ends(2).tells("the run was cancelled");
    project.flowc(&["resume", "last"]).ends(2).tells("it is over").tells("[R0764]");
}

#[test]
fn a_run_that_was_killed_while_it_waited_goes_on() {
    let project = Sandbox::program(PAYMENTS);
    let mut child = project.started(&["run", "pay"]);
    // The journal is written in groups.
    sleep(Duration::from_millis(300));
    project.flowc(&["resume", "last"]).ends(4).tells("[R0721]");
    child.kill().unwrap();
    child.wait().unwrap();
    project.flowc(&["approvals"]).gives("its run was cut off");
    // Answered while nobody waits: it counts.
    project.flowc(&["approve", "last", "ok", "--as", "ada"]).ends(0).tells("flowc resume");
    project.flowc(&["resume", "last"]).ends(0).tells("approved by ada").tells("main.pay succeeded");
    assert_eq!(project.read("paid.txt"), "by ada: no word");
    project.flowc(&["show", "last"]).gives("succeeded").gives("write paid");
    assert_eq!(project.flowc(&["history"]).out.matches("main.pay").count(), 1, "it is the same run");
    project.flowc(&["resume", "last"]).ends(2).tells("it is over");

    // And the wait itself goes on.
    let mut child = project.started(&["run", "pay", "amount=13"]);
    sleep(Duration::from_millis(300));
    child.kill().unwrap();
    child.wait().unwrap();
    let child = project.command(&["resume"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begin = Instant::now();
    while project.flowc(&["approvals"]).out.contains("cut off") {
        assert!(begin.elapsed() < Duration::from_secs(60), "it is not waited for");
        sleep(Duration::from_millis(50));
    }
    project.flowc(&["reject", "last", "ok", "--as", "bob"]).ends(0);
    ended(child).ends(1).tells("bob rejected it");
}

#[test]
fn an_answer_in_time_counts_though_nobody_waited_and_a_late_one_does_not() {
    let project = Sandbox::program(PAYMENTS);
    let killed = || {
        let mut child = project.started(&["run", "hurry"]);
        sleep(Duration::from_millis(300));
        child.kill().unwrap();
        child.wait().unwrap();
    };
    killed();
    project.flowc(&["approve", "last", "soon", "--as", "ada"]).ends(0);
    sleep(Duration::from_secs(4));
    assert_eq!(project.flowc(&["resume", "last"]).ends(0).out, "ada\n");
    killed();
    sleep(Duration::from_secs(4));
    project.flowc(&["approve", "last", "soon", "--as", "ada"]).ends(2).tells("as long as it may");
    project.flowc(&["resume", "last"]).ends(1).tells("finance gave no answer within 4s").tells("[R0761]");
}

#[test]
fn what_may_have_taken_effect_is_not_gone_on_with() {
    let project = Sandbox::program(PAYMENTS);
    let mut child = project.started(&["run", "both"]);
    let begin = Instant::now();
    while !project.path("log.txt").exists() {
        assert!(begin.elapsed() < Duration::from_secs(60), "the step did not start");
        sleep(Duration::from_millis(20));
    }
    sleep(Duration::from_millis(300));
    child.kill().unwrap();
    child.wait().unwrap();
    project.flowc(&["resume", "last"]).ends(5).tells("[R0765]").tells("`note_down` began");
    assert_eq!(project.read("log.txt"), "begun\n", "it did not run twice");
    // What a later run has published is not replaced by what is older.
    let killed = project.flowc(&["history"]).out.split_whitespace().next().unwrap().to_owned();
    project.write("go", "");
    let child = project.command(&["run", "both"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begin = Instant::now();
    // `last` is the killed run until the new one has begun.
    while project.flowc(&["history"]).out.starts_with(&killed)
        || project.flowc(&["approve", "last", "ok", "--as", "ada"]).code != 0
    {
        assert!(begin.elapsed() < Duration::from_secs(60), "nobody was asked");
        sleep(Duration::from_millis(50));
    }
    ended(child).ends(0);
    project.flowc(&["resume", &killed]).ends(2).tells("has published `noted`");
}

#[test]
fn hours_of_waiting_take_no_time_in_tests() {
    let project = Sandbox::program(PAYMENTS);
    let tests = r#"
test "a yes after three hours" {
  given approve = approved(3h, by: "ada", note: "fine")
  let r = run pay
  expect r.succeeded and r.took == 3h
  expect paid == "by ada: fine"
}
test "an approval as a value, at its time" {
  given now = 2026-01-01T00:00:00Z
  given approve = Approval(by: "eva", at: 2026-01-01T02:00:00Z)
  let r = run pay
  expect r.took == 2h
  expect paid == "by eva: no word"
}
test "silence" {
  given approve = unanswered
  let r = run pay
  expect r.failure == "timeout" and r.took == 4h
}
test "a no" {
  given approve = rejected(by: "bob")
  let r = run pay
  expect r.failure == "refused" and r.message == "bob rejected it"
}
test "by what is asked" {
  given choose = day => if day > 2 { Later } else { Now }
  let r = run deploy
  expect r.result == Later
}
test "an editor" {
  given headline = ["a headline that is long", approved(30m, with: "another")]
  let r = run publish
  expect r.result == "another" and r.took == 30m
  given headline = ["a headline that is long", unanswered]
  let s = run publish("again")
  expect s.result == "nothing new" and s.took == 1h
}
"#;
    project.write("main.flow", format!("{PAYMENTS}{tests}"));
    let begin = Instant::now();
    project.flowc(&["test"]).ends(0).gives("6 passed");
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    // Who is asked and not given is named; so is a reply of a step that asks nobody.
    let more = "test \"nobody\" { let r = run pay expect r.failed }\n";
    project.write("main.flow", format!("{PAYMENTS}{more}"));
    project.flowc(&["test"]).ends(1).gives("approve");
    let wrong = "test \"wrong\" { given note_down = approved let r = run both expect r.failed }\n";
    project.write("main.flow", format!("{PAYMENTS}{wrong}"));
    project.flowc(&["check"]).ends(2).tells("E0281");
}

#[test]
fn a_value_with_labels_cannot_be_given_and_is_kept_nowhere() {
    let project = Sandbox::program(
        r#"
label pii
type Person { name: String @pii, age: Int }
step find() -> Person {
  sh """
    first=Zebu; echo "{\"name\": \"${first}lon Quark\", \"age\": 1}"
  """
  effect read
  guard it.age > 10 else ask "clerk" "Is {it.age} right?" within 1h
}
flow look -> Int { return find().age }
"#,
    );
    let child = project.started(&["run", "look"]);
    let value = r#"{"name": "Xaver Ypsilon", "age": 44}"#;
    project.flowc(&["approve", "last", "find", "--as", "ada", "--with", value]).ends(2).tells("R0762").tells("@pii");
    project.flowc(&["approve", "last", "find", "--as", "ada"]).ends(0);
    assert_eq!(ended(child).ends(0).out.trim(), "1");
    for name in ["Xaver", "Zebulon"] {
        let search = ["-rla", name, ".flow", "--exclude-dir=artifacts"];
        let found = Command::new("grep").args(search).current_dir(project.path(".")).output().unwrap();
        assert!(found.stdout.is_empty(), "{name}: {}", String::from_utf8_lossy(&found.stdout));
    }
}
