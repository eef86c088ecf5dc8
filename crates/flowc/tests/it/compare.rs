//! `diff` and `graph`: plans, runs, git revisions and the files as they are.

use crate::sandbox::Sandbox;
use std::process::Command;

fn git(project: &Sandbox, arguments: &[&str]) {
    let identity = ["-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false"];
    let status = Command::new("git").args(identity).args(arguments).current_dir(project.path(".")).output().unwrap();
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
}

#[test]
fn plans_runs_and_files_are_compared_by_meaning() {
    let project = Sandbox::new_project();
    project.flowc(&["plan", "publish", "-o", "plan.json"]).ends(0);
    project.flowc(&["run", "publish"]).ends(0);
    project.change("sales.flow", "step total_by_region", "// moved\n\nstep total_by_region");
    for old in ["plan.json", "last"] {
        project.flowc(&["diff", old]).ends(0).tells("no difference in meaning");
    }
    project.change("sales.flow", "group by region", "group by region having count(*) > 1");
    project.change("sales.flow", "amount < 10_000", "amount < 20_000");
    for old in ["plan.json", "last"] {
        let said = project.flowc(&["diff", old]).ends(0);
        for text in [
            "~ step sales.total_by_region",
            "body",
            "having count(*) > 1",
            "contract expect",
            "touches",
            "dataset sales.report",
        ] {
            assert!(said.out.contains(text), "{text} is not in\n{}", said.out);
        }
    }
    project.flowc(&["diff", "last", "--exit-code"]).ends(1);
    let json = project.flowc(&["diff", "last", "--format", "json"]).ends(0);
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json["format"], 1);
}

#[test]
fn git_revisions() {
    let project = Sandbox::new_project();
    git(&project, &["init", "-q"]);
    git(&project, &["add", "-A"]);
    git(&project, &["commit", "-qm", "first"]);
    project.change("sales.flow", "timeout 1m", "timeout 2m");
    git(&project, &["commit", "-qam", "second"]);
    project.flowc(&["diff", "HEAD~1", "HEAD"]).ends(0).gives("timeout").gives("- 1m").gives("+ 2m");
    project.flowc(&["diff", "HEAD"]).ends(0).tells("no difference");
    project.flowc(&["diff", "no-such-thing"]).ends(2).tells("no plan file, run or git revision");
    project.flowc(&["diff", "--output=x"]).ends(2);
    project.flowc(&["graph", "--of", "HEAD~1", "--format", "dot"]).ends(0).gives("digraph");
}

#[test]
fn graphs() {
    let project = Sandbox::new_project();
    let svg = project.flowc(&["graph"]).ends(0).gives("<svg").out;
    assert!(svg.contains("total_by_region") && !svg.contains("webhook"), "{svg}");
    project.flowc(&["graph", "+totals", "--format", "mermaid"]).ends(0).gives("flowchart LR").gives("\"totals\"");
    project.flowc(&["graph", "-o", "graph.svg"]).ends(0);
    assert!(project.read("graph.svg").starts_with("<svg"));
    project.flowc(&["graph", "totls"]).ends(2).tells("did you mean `totals`?");
    let json = project.flowc(&["graph", "--format", "json"]).ends(0);
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json["edges"].as_array().unwrap().len(), 3);
}
