//! What a first, a second and a changed run do.

use crate::sandbox::Sandbox;

/// Labels of what ran, from the events of `--format json`.
fn ran(sandbox: &Sandbox, arguments: &[&str]) -> Vec<String> {
    let arguments = [&["run", "--format", "json"], arguments].concat();
    let said = sandbox.flowc(&arguments).ends(0);
    let mut labels = Vec::new();
    for line in said.out.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_eq!(event["format"], 1, "{line}");
        if event["type"] == "node_finished" && event["how"] == "ran" && event["kind"] != "compute" {
            labels.push(event["label"].as_str().unwrap().to_owned());
        }
    }
    labels.sort();
    labels
}

#[test]
fn a_new_project_is_checked_planned_run_and_up_to_date() {
    let project = Sandbox::new_project();
    project.flowc(&["check"]).ends(0).tells("no problems in 1 flow");
    project.flowc(&["plan", "publish"]).ends(0).gives("never ran").gives("worst case: ≤ 1m");
    assert!(!project.path(".flow").exists() && !project.path("out").exists());

    project.flowc(&["run", "publish"]).ends(0).tells("succeeded");
    assert!(project.read("out/report.md").contains("- North: 3 sales, 530.49 in all"));
    let table = project.read("out/totals.csv");
    assert_eq!(table.lines().count(), 5, "{table}");

    let again = project.flowc(&["run", "publish"]).ends(0).tells("nothing to do: ");
    assert!(again.err.contains("steps up to date"), "{}", again.err);
    project.flowc(&["plan", "publish"]).ends(0).gives("unchanged since run");
}

#[test]
fn comments_and_blanks_are_no_reason() {
    let project = Sandbox::new_project();
    assert_eq!(ran(&project, &["publish"]), ["found", "sales", "write report", "write totals"]);
    project.change("sales.flow", "step total_by_region", "// a comment\n\n   \nstep total_by_region");
    project.change("sales.flow", "/// A line of the report.", "/// One line.");
    assert_eq!(ran(&project, &["publish"]), [""; 0]);
}

#[test]
fn a_changed_query_runs_what_depends_on_it_and_says_why() {
    let project = Sandbox::new_project();
    ran(&project, &["publish"]);
    project.change("sales.flow", "sum(amount) as revenue", "sum(amount) + 1 as revenue");
    assert_eq!(ran(&project, &["publish"]), ["found", "write report", "write totals"]);
    project
        .flowc(&["why", "last", "found"])
        .ends(0)
        .gives("code changed: body")
        .gives("sum(amount) + 1")
        .gives("sales.flow:");
    project.flowc(&["why", "last", "write report"]).ends(0).gives("input changed");

    project.change("sales.flow", "in all\"", "altogether\"");
    assert_eq!(ran(&project, &["publish"]), ["write report"]);
}

#[test]
fn a_changed_file_a_setting_and_force_are_reasons() {
    let project = Sandbox::new_project();
    ran(&project, &["publish"]);
    project.change("data/sales.csv", "2,2026-01-05,South,80.00", "2,2026-01-05,South,81.00");
    assert_eq!(ran(&project, &["publish"]), ["found", "sales", "write report", "write totals"]);
    assert!(ran(&project, &["publish", "--set", "sales.minimum=100"]).contains(&"found".to_owned()));
    project.flowc(&["why", "last", "found"]).ends(0).gives("100");
    ran(&project, &["publish"]);
    assert_eq!(ran(&project, &["publish", "--force=found"]), ["found"]);
}

#[test]
fn a_broken_contract_ends_with_3_and_publishes_nothing() {
    let project = Sandbox::new_project();
    project.change("data/sales.csv", "2,2026-01-05", "1,2026-01-05");
    let said = project.flowc(&["run", "publish"]).ends(3).tells("unique(id)").tells("flowc why");
    assert!(!project.path("out/report.md").exists(), "{}", said.err);
    project.flowc(&["show", "last"]).ends(0).gives("failed").gives("unique(id)");
    project.flowc(&["history"]).ends(0).gives("failed");
}

#[test]
fn a_failing_step_ends_with_1_and_shows_what_it_wrote() {
    let project = Sandbox::program(
        "step breaks() -> Unit {\n  sh \"\"\"\n    echo hello; echo trouble >&2; exit 7\n  \"\"\"\n  effect none\n}\n\
         flow main { do breaks() }\n",
    );
    project.flowc(&["run"]).ends(1).tells("trouble").tells("breaks");
    project.flowc(&["logs", "last"]).ends(0).gives("hello").gives("trouble");
    project.flowc(&["show", "last", "breaks"]).ends(0).gives("attempt 1");
}

#[test]
fn parameters_and_results() {
    let project = Sandbox::program(
        "step greet(name: String) -> String {\n  sh \"\"\"\n    printf 'Hello, %s!' \"$name\"\n  \"\"\"\n  effect none\n}\n\
         flow hello(name: String = \"world\") -> String { return greet(name) }\n",
    );
    assert_eq!(project.flowc(&["run", "hello", "-q"]).ends(0).out, "Hello, world!\n");
    assert_eq!(project.flowc(&["run", "-q", "hello", "name=Ada"]).ends(0).out, "Hello, Ada!\n");
    let nasty = "'; drop table x; -- $(rm -rf .) `id` \"\n$name";
    let said = project.flowc(&["run", "hello", "-q", "--name", nasty]).ends(0);
    assert_eq!(said.out, format!("Hello, {nasty}!\n"));
    project.flowc(&["run", "hello", "nam=x"]).ends(2).tells("nam").tells("name");
    project.flowc(&["run", "helo"]).ends(2).tells("hello");
}

#[test]
fn two_runs_at_once_do_not_mix() {
    let project =
        Sandbox::program("step slow() -> Unit {\n  sh \"sleep 3\"\n  effect none\n}\nflow main { do slow() }\n");
    let mut first = project.command(&["run"]).spawn().unwrap();
    let started = std::time::Instant::now();
    while !project.path(".flow").exists() && started.elapsed().as_secs() < 20 {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    std::thread::sleep(std::time::Duration::from_millis(500));
    project.flowc(&["run"]).ends(4).tells("another run is under way").tells("--wait");
    project.flowc(&["run", "--wait", "60s"]).ends(0);
    assert!(first.wait().unwrap().success());
}

#[test]
fn a_range_is_one_run_for_each_value() {
    let project = Sandbox::program(
        "step note(day: Date) -> String {\n  sh \"\"\"\n    printf 'day %s' \"$day\"\n  \"\"\"\n  effect none\n}\n\
         flow daily(day: Date) -> String { return note(day) }\n",
    );
    let said =
        project.flowc(&["run", "daily", "--day", "2026-02-27..2026-03-01"]).ends(0).tells("3 of 3: day=2026-03-01");
    assert_eq!(said.out, "day 2026-02-27\nday 2026-02-28\nday 2026-03-01\n");
    assert_eq!(project.flowc(&["run", "-q", "day=2026-02-28"]).ends(0).out, "day 2026-02-28\n");
    project.flowc(&["run", "daily", "--day", "2026-03-01..2026-02-01"]).ends(2).tells("is empty");
    project.flowc(&["run", "daily", "--day", "2026-03-01..x"]).ends(2);
}
