//! Ranges of parameters: runs at once, one summary, what is missing, going on after a failure or a cancel.

use crate::sandbox::{Sandbox, said};
use std::{
    process::{Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// One partition a day; 3 January has no data until a file says so, and a step takes its time.
fn project(seconds: &str) -> Sandbox {
    let text = r#"
type Sale { day: Date, amount: Decimal }
dataset sales: Table<Sale> { partition day: Date, at csv("out/{day}.csv"), keep 90d }

step sales_of(day: Date) -> Table<Sale> {
  sh """
    date +%s.%N >> began
    sleep SECONDS
    if [ "$day" = "2026-01-03" ] && [ ! -e fixed ]; then echo "no data yet" >&2; exit 3; fi
    printf 'day,amount\n%s,1.5\n' "$day" > "$out"
  """
  effect none
  cache
}

flow daily(day: Date, note: String = "none") {
  start every day at 06:00 in "Europe/London" with day = yesterday()
  write sales[day] = sales_of(day)
}
"#;
    Sandbox::program(&text.replace("SECONDS", seconds))
}

#[test]
fn runs_at_once_are_bounded_and_have_one_summary_that_says_how_to_go_on() {
    let project = project("1");
    let range = ["daily", "--day", "2026-01-01..2026-01-06"];
    let planned = project.flowc(&[&["plan"], &range[..]].concat()).ends(0);
    planned.gives("2026-01-04  missing  write sales: never ran").gives("6 missing");
    assert!(!project.path(".flow").exists());

    let begin = Instant::now();
    let run = [&["run"], &range[..], &["--parallel", "3", "--note", "it's"]].concat();
    let said = project.flowc(&run).ends(1).tells("✗ daily, 6 runs: 5 done, 1 failed").tells("day=2026-01-03");
    let said = said.tells("→ `flowc run daily --day 2026-01-03 --note 'it'\\''s' --parallel 3` goes on");
    assert!(said.err.contains("no data yet"), "{}", said.err);
    let took = begin.elapsed();
    let began: Vec<f64> = project.read("began").lines().map(|line| line.parse().unwrap()).collect();
    // Three at once: the fourth waits for one of the first three.
    assert_eq!(began.len(), 6);
    assert!(began[2] - began[0] < 0.9, "{began:?}");
    assert!(began[3] - began[0] >= 1.0, "{began:?}, {took:?}");

    project.flowc(&[&["plan"], &range[..]].concat()).ends(0).gives("1 missing, 5 up to date");
    project.write("fixed", "");
    project
        .flowc(&["run", "daily", "--day", "2026-01-01..2026-01-02,2026-01-03"])
        .ends(0)
        .tells("1 done, 2 up to date");
    std::fs::remove_file(project.path("out/2026-01-05.csv")).unwrap();
    let planned = project.flowc(&[&["plan"], &range[..]].concat()).ends(0);
    planned.gives("2026-01-05  missing").gives("1 missing, 5 up to date").gives("flowc run daily --day 2026-01-05`");
    project.change("main.flow", "1.5", "2.5");
    project.flowc(&[&["plan"], &range[..]].concat()).ends(0).gives("stale").gives("code changed: body");
    // What one partition's run did is no news to another's.
    project.flowc(&["plan", "daily", "--day", "2026-01-07"]).ends(0).gives("never ran");
}

#[test]
fn ctrl_c_in_the_middle_ends_all_and_going_on_does_the_rest() {
    let project = project("1");
    let arguments = ["run", "daily", "--day", "2026-02-01..2026-02-09", "--parallel", "2"];
    let child = project.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begin = Instant::now();
    while !project.path("out/2026-02-02.csv").exists() {
        assert!(begin.elapsed() < Duration::from_secs(60), "no partition was written");
        sleep(Duration::from_millis(50));
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let ended = said(child.wait_with_output().unwrap()).ends(130);
    assert!(ended.err.contains("not begun") && ended.err.contains("goes on: what is done is kept"), "{}", ended.err);
    let done = std::fs::read_dir(project.path("out")).unwrap().count();
    assert!((2..9).contains(&done), "{done}");
    let again = project.flowc(&arguments).ends(0);
    assert!(again.err.contains("up to date"), "{}", again.err);
    assert_eq!(std::fs::read_dir(project.path("out")).unwrap().count(), 9);
}

#[test]
fn a_pool_holds_for_runs_at_once_together() {
    let project = project("0");
    project.change("main.flow", "  effect none\n", "  effect none\n  pool one\n");
    project.change("main.flow", "sleep 0", "mkdir busy; sleep 0.3; rmdir busy");
    project.change("main.flow", "type Sale", "pool one { slots 1 }\ntype Sale");
    // `mkdir` fails where another attempt is under way.
    let said = project.flowc(&["run", "daily", "--day", "2026-03-01..2026-03-04", "--parallel", "4"]).ends(0);
    assert!(said.err.contains("4 done"), "{}", said.err);
}

#[test]
fn results_come_in_order_and_events_name_their_run() {
    let project = Sandbox::program(
        "step slow(n: Int) -> Int {\n  sh \"sleep 0.$((4 - n)); echo $n\"\n  effect none\n}\n\
         flow main(n: Int) -> Int { return slow(n) }\n",
    );
    assert_eq!(project.flowc(&["run", "--n", "1..3", "--parallel", "3"]).ends(0).out, "1\n2\n3\n");
    let said = project.flowc(&["run", "--n", "2..3", "--parallel", "2", "--format", "json", "--force"]).ends(0);
    let events: Vec<serde_json::Value> = said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let begun = events.iter().filter(|event| event["type"] == "run_started");
    let mut given: Vec<_> = begun.map(|event| event["given"].as_str().unwrap().to_owned()).collect();
    given.sort();
    assert_eq!(given, ["n=2", "n=3"]);
    let last = events.last().unwrap();
    assert_eq!((&last["type"], last["done"].as_array().unwrap().len()), (&"backfill".into(), 2));
}

#[test]
fn runs_at_once_must_not_write_one_place() {
    let project = Sandbox::program(
        "dataset last: Int { at json(\"out/last.json\") }\n\
         flow main(n: Int) { write last = n }\n",
    );
    let said =
        project.flowc(&["run", "--n", "1..3", "--parallel", "2"]).ends(2).tells("`last`, which has no partitions");
    assert!(said.err.contains("--parallel"), "{}", said.err);
    project.flowc(&["run", "--n", "1..3"]).ends(0);
    assert_eq!(project.read("out/last.json").trim(), "3");
}

#[test]
fn what_the_start_gives_is_taken_by_hand_too() {
    let project = project("0");
    let planned = project.flowc(&["plan", "daily"]).ends(0);
    let day = planned.out.lines().find_map(|line| line.trim().strip_prefix("with day = ")).unwrap().to_owned();
    project.flowc(&["run", "daily"]).ends(0);
    assert!(project.path(&format!("out/{day}.csv")).exists(), "{day}");
}

#[test]
fn each_run_begins_a_recording_anew() {
    let server = crate::ai::Server::start(vec![crate::ai::says("rain")]);
    let project = Sandbox::program(&format!(
        "var who: String = \"openai\"\n\
         secret word_key = env(\"WORD_KEY\")\n\
         model m {{ provider who, name \"m-1\", key word_key, endpoint \"http://127.0.0.1:{}/v1\", file \"tape.jsonl\" }}\n\
         step say(topic: String) -> String {{ ai m {{ prompt \"A word on {{topic}}\", max_tokens 20 }} }}\n\
         flow daily(day: Int) -> String {{ return \"{{day}}: {{say(\"weather\")}}\" }}\n",
        server.port
    ));
    let recording = ["run", "--day", "1", "--record", "tape.jsonl"];
    said(project.command(&recording).env("WORD_KEY", "k-1").output().unwrap()).ends(0).gives("1: rain");
    let said = project.flowc(&["run", "--day", "1..3", "--set", "who=replay"]).ends(0);
    assert_eq!(said.out, "1: rain\n2: rain\n3: rain\n");
    assert_eq!(server.count(), 1);
}
