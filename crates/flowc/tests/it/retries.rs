//! `flowc retry`: what succeeded is not done again, whatever its effect.

use crate::sandbox::Sandbox;

const SHOP: &str = r#"
type Row { n: Int }

dataset rows: Table<Row> { at csv("rows.csv") }
dataset total: Int { at json("out/total.json") }

step load() -> Table<Row> {
  sh """
    echo load >> log.txt
    { echo n; seq 3; } > $out
  """
}

step charge(n: Int) -> Int {
  sh """
    echo "charge $n" >> log.txt
    test -e "ok$n" || exit 3
    echo $n
  """
}

step report(sum: Int) {
  sh "echo report $sum >> log.txt"
}

step alarm() {
  sh "echo alarm >> log.txt"
}

flow each(n: Int) -> Int {
  let charged = charge(n)
  return charged
}

flow main(limit: Int = 9) -> Int {
  let loaded = load()
  write rows = loaded
  let all = for n in [1, 2, 3] limit 9 { each(n) }
  let sum = all.sum(n => n)
  write total = sum
  do report(sum)
  on failure { do alarm() }
  return sum + limit
}
"#;

impl Sandbox {
    fn log(&self) -> Vec<String> {
        let lines = self.read("log.txt").lines().map(ToOwned::to_owned).collect();
        std::fs::remove_file(self.path("log.txt")).unwrap();
        lines
    }
}

#[test]
fn only_what_failed_or_did_not_run_is_done_with_the_same_plan_and_parameters() {
    let project = Sandbox::program(SHOP);
    project.write("ok1", "");
    project.flowc(&["retry"]).ends(2).tells("there is no run");
    project.flowc(&["run", "main", "limit=100", "--jobs", "1"]).ends(1);
    let mut done = project.log();
    done.sort();
    assert_eq!(done, ["alarm", "charge 1", "charge 2", "charge 3", "load"]);
    // The program is another one now; the run keeps the plan that it began with.
    project.change("main.flow", "return sum + limit", "return sum - limit");
    project.write("ok2", "");
    let first = project.flowc(&["history"]).out.split_whitespace().next().unwrap().to_owned();
    project.flowc(&["retry", "--jobs", "1"]).ends(1).tells("[R0101]");
    assert_eq!(project.log(), ["charge 2", "charge 3", "alarm"], "a handler reacts to what happens now");
    project.flowc(&["history"]).ends(0).gives(&format!("retry of {first}"));
    project.write("ok3", "");
    assert_eq!(project.flowc(&["retry"]).ends(0).out, "106\n");
    assert_eq!(project.log(), ["charge 3", "report 6"]);
    let shown = project.flowc(&["show"]).ends(0).gives("retry of").gives("done in run");
    assert!(shown.out.contains("report"), "{}", shown.out);
    project.flowc(&["show", "--format", "json"]).ends(0).gives("\"retry\": {");
    assert_eq!(project.read("rows.csv"), "n\n1\n2\n3\n");

    project.flowc(&["retry"]).ends(2).tells("it succeeded").tells("[R0767]");
    project.flowc(&["retry", "--from", "nothing"]).ends(2).tells("has no step `nothing`");
    assert_eq!(project.flowc(&["retry", "--from", "charged[1]"]).ends(0).out, "106\n");
    assert_eq!(project.log(), ["charge 2", "report 6"], "it, and what follows from it");
    project.flowc(&["retry", "--from", "charge", "--jobs", "1"]).ends(0);
    assert_eq!(project.log(), ["charge 1", "charge 2", "charge 3", "report 6"]);
    project.flowc(&["retry", "--from", "report"]).ends(0);
    assert_eq!(project.log(), ["report 6"]);
}

#[test]
fn a_run_that_was_cut_off_is_ended_by_its_retry() {
    let project = Sandbox::program(
        "step one() -> Int {\n  sh \"echo one >> log.txt; echo 1\"\n}\n\
         step slow(n: Int) -> Int {\n  sh \"echo slow >> log.txt; test -e go || sleep 1000; echo $n\"\n  effect read\n}\n\
         flow main() -> Int { slow(one()) }\n",
    );
    project.cut_off(&["run"], "log.txt", 2);
    project.write("go", "");
    assert_eq!(project.flowc(&["retry"]).ends(0).out, "1\n");
    assert_eq!(project.log(), ["one", "slow", "slow"]);
    let history = project.flowc(&["history"]).ends(0).gives("retry of").gives("cancelled");
    let killed = history.out.lines().nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    project.flowc(&["resume", &killed]).ends(2).tells("it is over");
}

#[test]
fn in_doubt_it_is_resolved_first_and_what_is_gone_is_told() {
    let project = Sandbox::program(crate::doubts::PAY);
    project.cut_off(&["run"], "pay.log", 1);
    project.flowc(&["retry"]).ends(5).tells("[R0765]");
    assert_eq!(project.read("pay.log"), "1\n");

    let project = Sandbox::program(SHOP);
    project.flowc(&["run", "main"]).ends(1);
    let _ = project.log();
    std::fs::remove_dir_all(project.path(".flow/artifacts")).unwrap();
    project.flowc(&["retry"]).ends(2).tells("is no longer kept").tells("--from");
    for n in 1..4 {
        project.write(&format!("ok{n}"), "");
    }
    project.flowc(&["retry", "--from", "load"]).ends(0);
    assert!(project.log().contains(&"load".to_owned()));
}

#[test]
fn an_answer_that_was_given_is_kept() {
    let project = Sandbox::program(
        "step ok() -> Approval { ask \"finance\" \"May we?\" }\n\
         step pay(by: String) {\n  sh \"echo $by >> log.txt; test -e go\"\n}\n\
         flow main() { let yes = ok() do pay(yes.by) }\n",
    );
    let child = project.spawned(&["run"]);
    project.until("somebody is asked", |project| project.flowc(&["approve", "last", "ok", "--as", "ada"]).code == 0);
    crate::sandbox::said(child.wait_with_output().unwrap()).ends(1);
    project.write("go", "");
    project.flowc(&["retry"]).ends(0);
    assert_eq!(project.log(), ["ada", "ada"]);
}

#[test]
fn what_is_labelled_is_in_no_journal_of_a_retry() {
    let project = Sandbox::program(
        "label pii \"Identifies a person.\"\n\
         type Person { name: String @pii, pin: Int @pii }\n\
         step load() -> Person {\n  sh \"\"\"\n    echo load >> log.txt\n    \
         printf '{\"name\":\"%s%s\",\"pin\":%s%s}' Love lace 4711 0815\n  \"\"\"\n}\n\
         step greet(person: Person) {\n  sh \"echo greet >> log.txt; test -e go\"\n}\n\
         flow main() {\n  let loaded = load()\n  for person in [loaded] limit 3 { do greet(person) }\n}\n",
    );
    project.flowc(&["run"]).ends(1);
    project.flowc(&["retry"]).ends(1);
    project.write("go", "");
    project.flowc(&["retry"]).ends(0);
    assert_eq!(project.log(), ["load", "greet", "greet", "greet"]);
    for file in ["runs.db", "runs.db-wal"] {
        let content = std::fs::read(project.path(".flow").join(file)).unwrap_or_default();
        let content = String::from_utf8_lossy(&content);
        assert!(!content.contains("Lovelace") && !content.contains("47110815"), "{file}");
    }
}
