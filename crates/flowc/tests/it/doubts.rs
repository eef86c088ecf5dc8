//! Runs that were cut off in a step that may have taken effect: what is asked, what is said, and what goes on then.

use crate::sandbox::{Sandbox, said};
use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    process::{Child, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

pub(crate) const PAY: &str = r#"
dataset paid: Int { at json("out/paid.json") }

step before() -> Int {
  sh "echo x >> before.log; echo 1"
  effect none
  cache never
}

step pay(n: Int) -> Int {
  sh """
    echo "$n" >> pay.log
    test -e go || sleep 1000
    echo 7
  """
  guard it < 100 else fail "too much"
}

step tell(n: Int) {
  sh "echo $n >> tell.log"
}

flow main() -> Int {
  let paying = pay(before())
  write paid = paying
  do tell(paying)
  return paying
}
"#;

impl Sandbox {
    /// Waits until something is so.
    pub(crate) fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let begin = Instant::now();
        while !is_so(self) {
            assert!(begin.elapsed() < Duration::from_secs(60), "{what}");
            sleep(Duration::from_millis(20));
        }
        // The journal is written in groups.
        sleep(Duration::from_millis(300));
    }

    pub(crate) fn spawned(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Runs until a file has so many lines, then kills flowc.
    pub(crate) fn cut_off(&self, arguments: &[&str], file: &str, lines: usize) {
        let mut child = self.spawned(arguments);
        self.until("the step begins", |project| {
            std::fs::read_to_string(project.path(file)).unwrap_or_default().lines().count() >= lines
        });
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[test]
fn what_was_done_is_said_once_with_its_result_and_the_run_goes_on() {
    let project = Sandbox::program(PAY);
    project.cut_off(&["run"], "pay.log", 1);
    project.flowc(&["history"]).ends(0).gives("in doubt");
    project.flowc(&["history", "--format", "json"]).ends(0).gives("\"state\": \"in doubt\"");
    let shown =
        project.flowc(&["show"]).ends(0).gives("in doubt: `paying` (step `pay`) began").gives("echo \"$n\" >> pay.log");
    assert!(shown.out.contains("events, until 20"), "{}", shown.out);
    project.flowc(&["show", "--format", "json"]).ends(0).gives("\"in_doubt\"").gives("\"does\"");
    let asked = project.flowc(&["resume"]).ends(5).tells("[R0765]").tells("attempt 1").tells("is not `idempotent`");
    assert!(
        asked.err.contains(" paying --done --with RESULT") && asked.err.contains(" paying --again"),
        "{}",
        asked.err
    );
    let resolve = |rest: &[&str]| project.flowc(&[&["resolve", "last", "pay", "--as", "ada"], rest].concat());
    resolve(&["--done"]).ends(2).tells("it gives a `Int`").tells("[R0766]");
    resolve(&["--done", "--with", "much"]).ends(2).tells("expected an Int");
    resolve(&["--again", "--with", "1"]).ends(2);
    resolve(&[]).ends(2);
    project.flowc(&["resolve", "last", "before", "--done", "--as", "ada"]).ends(2).tells("`before` is not in doubt");
    resolve(&["--done", "--with", "70"]).ends(0).tells("goes on with it");
    resolve(&["--again"]).ends(2).tells("ada has said already");
    project.flowc(&["history"]).ends(0).gives("cut off");
    assert_eq!(project.flowc(&["resume"]).ends(0).out, "70\n");
    assert_eq!((&*project.read("before.log"), &*project.read("pay.log")), ("x\n", "1\n"), "nothing is done twice");
    assert_eq!((&*project.read("tell.log"), project.read("out/paid.json").trim()), ("70\n", "70"));
    project.flowc(&["show"]).ends(0).gives("ada: it was done, and gave 70");
    resolve(&["--again"]).ends(2).tells("is over");
    project.flowc(&["resume"]).ends(2).tells("it is over");
}

#[test]
fn again_is_made_again_and_may_be_cut_off_again() {
    let project = Sandbox::program(PAY);
    project.cut_off(&["run"], "pay.log", 1);
    project.flowc(&["resolve", "last", "paying", "--again", "--as", "ada"]).ends(0);
    project.cut_off(&["resume"], "pay.log", 2);
    project.flowc(&["resume"]).ends(5).tells("attempt 1");
    project.write("go", "");
    project.flowc(&["resolve", "last", "1", "--again", "--as", "eve"]).ends(0);
    assert_eq!(project.flowc(&["resume"]).ends(0).out, "7\n");
    assert_eq!((&*project.read("before.log"), &*project.read("pay.log")), ("x\n", "1\n1\n1\n"));
    let shown = project.flowc(&["show"]).ends(0);
    assert!(shown.out.contains("ada: it is to be made again") && shown.out.contains("eve: it is"), "{}", shown.out);
}

#[test]
fn what_is_given_is_held_to_the_guards() {
    let project = Sandbox::program(PAY);
    project.cut_off(&["run"], "pay.log", 1);
    project.flowc(&["resolve", "last", "pay", "--done", "--with", "700", "--as", "ada"]).ends(0);
    project.flowc(&["resume"]).ends(1).tells("too much").tells("[R0705]");
    assert!(!project.path("out/paid.json").exists());
}

#[test]
fn of_several_in_doubt_each_is_said() {
    let project = Sandbox::program(
        "step pay(n: Int) {\n  sh \"echo $n >> pay.log; test -e go || sleep 1000\"\n}\n\
         flow main() {\n  for n in [5, 6, 7] limit 9 parallel 3 { do pay(n) }\n}\n",
    );
    project.cut_off(&["run", "--jobs", "3"], "pay.log", 3);
    project.flowc(&["resume"]).ends(5).tells("`pay[0]`, `pay[1]`, `pay[2]`");
    let several = project.flowc(&["resolve", "last", "pay", "--done", "--as", "ada"]).ends(2);
    assert!(several.err.contains("could be several") && several.err.contains("`pay[2]` (path "), "{}", several.err);
    project.flowc(&["resolve", "last", "pay[0]", "--done", "--with", "1", "--as", "ada"]).ends(2).tells("has no value");
    for item in ["pay[0]", "pay[2]"] {
        project.flowc(&["resolve", "last", item, "--done", "--as", "ada"]).ends(0).tells("still in doubt");
        project.flowc(&["resume"]).ends(5).tells("`pay[1]`");
    }
    project.flowc(&["resolve", "last", "pay", "--again", "--as", "ada"]).ends(2);
    project.flowc(&["resolve", "last", "pay[1]", "--again", "--as", "ada"]).ends(0);
    project.write("go", "");
    project.flowc(&["resume"]).ends(0);
    let mut lines: Vec<String> = project.read("pay.log").lines().map(ToOwned::to_owned).collect();
    lines.sort();
    assert_eq!(lines, ["5", "6", "6", "7"]);
}

#[test]
fn a_request_that_was_sent_is_in_doubt_too() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let project = Sandbox::program(&format!(
        "step order(n: Int) -> Int {{\n  http POST \"http://127.0.0.1:{port}/orders/{{n}}\" {{ body n }}\n}}\n\
         flow main() -> Int {{ order(3) }}\n"
    ));
    let mut child = project.spawned(&["run"]);
    let (mut request, _) = server.accept().unwrap();
    let mut bytes = [0; 2000];
    let length = request.read(&mut bytes).unwrap();
    assert!(bytes[..length].starts_with(b"POST /orders/3"));
    child.kill().unwrap();
    child.wait().unwrap();
    project.flowc(&["resume"]).ends(5).tells(&format!("POST http://127.0.0.1:{port}/orders/{{…}}"));
    project.flowc(&["resolve", "last", "order", "--again", "--as", "ada"]).ends(0);
    let answers = std::thread::spawn(move || {
        let (mut request, _) = server.accept().unwrap();
        let _ = request.read(&mut [0; 2000]).unwrap();
        let answer =
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n42";
        request.write_all(answer.as_bytes()).unwrap();
    });
    assert_eq!(project.flowc(&["resume"]).ends(0).out, "42\n");
    answers.join().unwrap();
}

#[test]
fn another_run_of_the_flow_goes_ahead_and_says_so() {
    let project = Sandbox::program(PAY);
    project.cut_off(&["run"], "pay.log", 1);
    project.write("go", "");
    let killed = project.flowc(&["history"]).out.split_whitespace().next().unwrap().to_owned();
    project.flowc(&["run"]).ends(0).tells("nobody has said");
    project.flowc(&["resume"]).ends(2).tells(&killed);
    project.flowc(&["run"]).ends(0).tells("was cut off in `paying`").tells(&format!("flowc resume {killed}"));
    // What it would publish is older than what is there now.
    project.flowc(&["resume", &killed]).ends(2).tells("has published `paid`");
    project.flowc(&["cancel", &killed]).ends(0).tells("`paying` may have taken effect").tells("is cancelled");
    let said = project.flowc(&["run"]).ends(0);
    assert!(!said.err.contains("was cut off"), "{}", said.err);
}

#[test]
fn a_run_that_is_under_way_is_in_no_doubt_and_is_cancelled_by_its_process() {
    let project = Sandbox::program(PAY);
    let child = project.spawned(&["run"]);
    project.until("the step begins", |project| project.path("pay.log").exists());
    project.flowc(&["history"]).ends(0).gives("under way");
    project.flowc(&["resolve", "last", "pay", "--again", "--as", "ada"]).ends(2).tells("is under way in process");
    project.flowc(&["retry"]).ends(2).tells("is under way in process");
    project.flowc(&["resume"]).ends(4).tells("another run is under way");
    project.flowc(&["gc"]).ends(4).tells("another run is under way");
    let told = project.flowc(&["cancel", "last"]).ends(0);
    assert!(
        told.err.contains(&format!("asked process {}", child.id())) && told.err.contains("has ended"),
        "{}",
        told.err
    );
    said(child.wait_with_output().unwrap()).ends(130);
    project.flowc(&["history"]).ends(0).gives("cancelled");
    project.flowc(&["cancel", "last"]).ends(2).tells("it is over").tells("[R0768]");
}

#[test]
fn a_run_that_was_cut_off_is_cancelled_without_running_anything() {
    let project = Sandbox::program(PAY);
    project.cut_off(&["run"], "pay.log", 1);
    project.write("go", "");
    project.flowc(&["cancel", "last"]).ends(0).tells("nothing of it was run");
    project.flowc(&["history"]).ends(0).gives("cancelled");
    let shown = project.flowc(&["show", "last", "paying"]).ends(0);
    assert!(shown.out.contains("[R0719]"), "{}", shown.out);
    assert_eq!(project.read("pay.log"), "1\n");
    assert!(!project.path("tell.log").exists());
    // Nobody knows whether it was paid, so nobody pays again by the way.
    project.flowc(&["retry"]).ends(2).tells("while `paying` was in doubt").tells("--from paying");
    project.flowc(&["retry", "--from", "before"]).ends(2).tells("while `paying` was in doubt");
    assert_eq!(project.flowc(&["retry", "--from", "paying"]).ends(0).out, "7\n");
    assert_eq!((&*project.read("before.log"), &*project.read("pay.log")), ("x\n", "1\n1\n"));
}
