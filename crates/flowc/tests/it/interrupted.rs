//! flowc killed in the middle of a run: nothing is left running, and the next run goes on from what is durable.

use crate::sandbox::Sandbox;
use std::{
    process::Stdio,
    thread::sleep,
    time::{Duration, Instant},
};

fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what} did not happen");
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_killed_run_is_known_and_the_next_one_goes_on() {
    let project = Sandbox::program(
        "dataset first: Int { at json(\"out/first.json\") }\n\
         step one() -> Int {\n  sh \"echo x >> one.log; echo 1\"\n  effect none\n}\n\
         step two(n: Int) -> Int {\n  sh \"\"\"\n    echo x >> two.log; echo $$ > pid\n    \
         test -e go || sleep 1000\n    echo 2\n  \"\"\"\n  effect none\n}\n\
         flow main() -> Int {\n  let a = one()\n  write first = a\n  return two(a)\n}\n",
    );
    let mut child = project.command(&["run"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for("the second step", || project.path("pid").exists() && project.path("out/first.json").exists());
    // The journal is written in groups.
    sleep(Duration::from_millis(300));
    child.kill().unwrap();
    child.wait().unwrap();
    let pid = project.read("pid");
    assert_eq!(project.read("out/first.json").trim(), "1", "what was published is whole");
    project.flowc(&["history"]).ends(0).gives("cut off");
    project.flowc(&["show", "last"]).ends(0).gives("cut off").gives("one");
    project.flowc(&["plan"]).ends(0).gives("unchanged since run");

    project.write("go", "");
    let said = project.flowc(&["run"]).ends(0);
    assert_eq!(said.out, "2\n");
    assert_eq!((&*project.read("one.log"), &*project.read("two.log")), ("x\n", "x\nx\n"), "{}", said.err);
    let is_alive = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        !stat.is_empty() && !stat.contains(") Z ")
    };
    wait_for("the end of what the killed run had started", || !is_alive());
    project.flowc(&["run"]).ends(0).tells("nothing to do");
}

#[test]
fn what_is_idempotent_is_gone_on_with_under_the_same_key() {
    let project = Sandbox::program(
        "dataset paid: Int { at json(\"out/paid.json\") }\n\
         step before() -> Int {\n  sh \"echo x >> before.log; echo 1\"\n  effect none\n}\n\
         step pay(n: Int) -> Int {\n  sh \"\"\"\n    echo \"$FLOW_IDEMPOTENCY_KEY\" >> keys.log\n    \
         test -e go || sleep 1000\n    echo 7\n  \"\"\"\n  idempotent by \"order-{n}\"\n}\n\
         flow main() -> Int {\n  let paying = pay(before())\n  write paid = paying\n  return paying\n}\n",
    );
    let mut child = project.command(&["run"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for("the payment", || project.path("keys.log").exists());
    sleep(Duration::from_millis(300));
    child.kill().unwrap();
    child.wait().unwrap();
    project.write("go", "");
    assert_eq!(project.flowc(&["resume", "last"]).ends(0).out, "7\n");
    assert_eq!(project.read("before.log"), "x\n", "what was done stays done");
    assert_eq!(project.read("keys.log").lines().collect::<Vec<_>>(), ["order-1", "order-1"]);
    assert_eq!(project.read("out/paid.json").trim(), "7");
    project.flowc(&["resume", "last"]).ends(2).tells("it is over");
}

#[test]
fn what_was_sealed_is_opened_when_a_run_goes_on() {
    let project = Sandbox::program(
        "label pii\n\
         dataset kept: String { at json(\"out/kept.json\"), accepts @pii }\n\
         type Person { id: Int, name: String @pii }\n\
         step find() -> Person {\n  sh \"\"\"\n    echo '{\"id\": 1, \"name\": \"lovelace\"}'\n  \"\"\"\n  \
         effect none\n}\n\
         step wait_for(person: Person) -> String {\n  sh \"\"\"\n    echo $$ > pid; test -e go || sleep 1000\n    \
         printf '%s' \"$person\" | tr a-z A-Z\n  \"\"\"\n  effect none\n}\n\
         flow main() {\n  let found = find()\n  let waited = wait_for(found)\n  \
         write kept = \"{found.name} {waited}\"\n}\n",
    );
    let mut child = project.command(&["run"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for("the second step", || project.path("pid").exists());
    sleep(Duration::from_millis(300));
    child.kill().unwrap();
    child.wait().unwrap();
    project.write("go", "");
    project.flowc(&["resume", "last"]).ends(0);
    let kept = project.read("out/kept.json");
    assert!(kept.contains("lovelace {") && kept.contains("LOVELACE"), "{kept}");
}

#[test]
fn killed_at_any_moment_readers_see_the_old_or_the_new() {
    let project = Sandbox::program(
        "type Row { n: Int, text: String }\n\
         dataset rows: Table<Row> { at csv(\"rows.csv\") }\n\
         step made(k: Int) -> Table<Row> {\n  sh \"\"\"\n    { echo n,text; seq $k | sed 's/$/,some text/'; } > $out\n  \
         \"\"\"\n  effect none\n}\n\
         flow main(k: Int) { write rows = made(k) }\n",
    );
    project.flowc(&["run", "k=10"]).ends(0);
    for moment in 0..8 {
        let count = 20_000 + moment;
        let run = ["run".to_owned(), format!("k={count}")];
        let mut child = project.command(&run.each_ref().map(String::as_str));
        let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        sleep(Duration::from_millis(60 + 45 * moment));
        child.kill().unwrap();
        child.wait().unwrap();
        let lines = project.read("rows.csv").lines().count() as u64 - 1;
        assert!(lines == 10 || (20_000..=count).contains(&lines), "{lines} rows after {moment}");
    }
    project.flowc(&["run", "k=30"]).ends(0);
    assert_eq!(project.read("rows.csv").lines().count(), 31);
}
