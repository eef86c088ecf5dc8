//! Arguments, formats, colour, exit codes.

use crate::sandbox::{Sandbox, said};
use std::process::Stdio;

const WRONG: &str = "flow main { let x = missing }\n";

#[test]
fn help_lists_exit_codes_and_mistypings_are_understood() {
    let empty = Sandbox::empty();
    empty.flowc(&["--help"]).ends(0).gives("Exit codes:").gives("130  cancelled");
    empty.flowc(&["run", "--help"]).ends(0).gives("--dry-run");
    empty.flowc(&["--version"]).ends(0).gives("flowc ");
    empty.flowc(&["chekc"]).ends(2).tells("check");
    empty.flowc(&["check", "--formt", "json"]).ends(2).tells("--format");
    empty.flowc(&[]).ends(2).tells("Usage");
}

#[test]
fn explain_shows_pages() {
    let empty = Sandbox::empty();
    let page = empty.flowc(&["explain", "e0001"]).ends(0).gives("E0001: unexpected text").out;
    assert!(!page.contains("```") && page.contains("    type Order { id Int }"), "{page}");
    empty.flowc(&["explain"]).ends(0).gives("E0001");
    empty.flowc(&["explain", "E9999"]).ends(2).tells("there is no code `E9999`");
    empty.flowc(&["explain", "E0001", "--format", "json"]).ends(0).gives("\"code\": \"E0001\"");
}

#[test]
fn problems_in_every_format() {
    let project = Sandbox::program(WRONG);
    project.flowc(&["check"]).ends(2).tells("main.flow:1:21").tells("1 error");
    let json = project.flowc(&["check", "--format", "json"]).ends(2);
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((&json["format"], &json["errors"]), (&1.into(), &1.into()));
    assert_eq!(json["problems"][0]["labels"][0]["path"], "main.flow");
    let sarif = project.flowc(&["check", "--format", "sarif"]).ends(2);
    let sarif: serde_json::Value = serde_json::from_str(&sarif.out).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    project.flowc(&["check", "--format", "github"]).ends(2).gives("::error file=main.flow,line=1,");
    project.flowc(&["plan"]).ends(2).tells("main.flow:1:21");
    project.flowc(&["run"]).ends(2).tells("main.flow:1:21");
}

#[test]
fn a_flood_of_problems_is_cut_and_errors_come_first() {
    let unused: String = (0..150).map(|number| format!("let unused_{number} = {number}\n")).collect();
    let project = Sandbox::program(&format!("flow other {{\n{unused}}}\n{WRONG}"));
    let said = project.flowc(&["check"]).ends(2).tells("main.flow:153:21").tells("… and ").tells("--verbose shows all");
    let shown = |text: &str| text.matches("-[main.flow:").count() + text.matches("[ main.flow:").count();
    assert_eq!(shown(&said.err), 100, "{}", said.err);
    assert!(shown(&project.flowc(&["check", "--verbose"]).ends(2).err) > 150);
}

#[test]
fn colour_is_for_terminals_or_those_who_ask() {
    let project = Sandbox::program(WRONG);
    assert!(!project.flowc(&["check"]).ends(2).err.contains('\x1b'));
    assert!(project.flowc(&["check", "--color", "always"]).ends(2).err.contains("\x1b["));
    let output = project.command(&["check", "--color", "auto"]).env("NO_COLOR", "1").output().unwrap();
    assert!(!said(output).err.contains('\x1b'));
}

#[test]
fn one_file_is_a_project_of_its_own() {
    let folder = Sandbox::empty();
    folder.write("a/lonely.flow", "flow main -> Int { return 1 + 2 }\n");
    folder.write("a/broken.flow", WRONG);
    folder.flowc(&["check", "a/lonely.flow"]).ends(0);
    folder.flowc(&["check", "a/broken.flow"]).ends(2).tells("broken.flow:1:21");
    assert_eq!(folder.flowc(&["run", "--project", "a/lonely.flow", "-q"]).ends(0).out, "3\n");
    folder.flowc(&["check", "--project", "nowhere"]).ends(2).tells("there is no project at nowhere");
}

#[test]
fn in_a_project_files_say_what_is_looked_at() {
    let project = Sandbox::program(WRONG);
    project.write("fine.flow", "flow other { let x = 1 }\n");
    project.flowc(&["check", "fine.flow"]).ends(0);
    project.flowc(&["check", "main.flow"]).ends(2);
    project.write("deep/er/x.txt", "");
    let output = project.command(&["check"]).current_dir(project.path("deep/er")).output().unwrap();
    said(output).ends(2).tells("main.flow:1:21");
}

#[test]
fn fixes_are_applied() {
    let project = Sandbox::new_project();
    project.change("sales.flow", "where amount >=", "where amont >=");
    project.flowc(&["check"]).ends(2).tells("amont");
    project.flowc(&["check", "--fix"]).ends(0).tells("applied 1 change");
    assert!(project.read("sales.flow").contains("where amount >="));
}

#[test]
fn what_a_mistyped_name_meant_is_not_renamed_as_unused() {
    let sandbox = Sandbox::program("flow main -> Int {\n  let summed = 1\n  let unused = 2\n  return sumed\n}\n");
    sandbox.flowc(&["check", "--fix"]).ends(0).tells("applied 1 change");
    let text = sandbox.read("main.flow");
    assert!(text.contains("let summed = 1") && text.contains("return summed") && text.contains("let unused"), "{text}");
    sandbox.flowc(&["check", "--fix"]).ends(0);
    assert!(sandbox.read("main.flow").contains("let _unused = 2"));
}

#[test]
fn readers_may_go() {
    let folder = Sandbox::empty();
    let mut child =
        folder.command(&["completions", "bash"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ended = said(child.wait_with_output().unwrap());
    assert_eq!(ended.err, "");
    assert!([0, 141].contains(&ended.code), "{}", ended.code);
}

#[test]
fn completions_and_man_pages() {
    let folder = Sandbox::empty();
    for shell in ["bash", "zsh", "fish"] {
        folder.flowc(&["completions", shell]).ends(0).gives("flowc");
    }
    folder.flowc(&["man"]).ends(0).gives(".TH");
    folder.flowc(&["man", "rnu"]).ends(2).tells("did you mean `run`?");
    std::fs::create_dir(folder.path("pages")).unwrap();
    folder.flowc(&["man", "--out", "pages"]).ends(0);
    assert!(folder.path("pages/flowc-run.1").exists());
}

#[test]
fn new_overwrites_nothing() {
    let folder = Sandbox::empty();
    folder.write("shop/sales.flow", "mine");
    folder.flowc(&["new", "shop"]).ends(2).tells("already has sales.flow");
    assert_eq!(folder.read("shop/sales.flow"), "mine");
    assert!(!folder.path("shop/flow.toml").exists());
    folder.flowc(&["new", "other"]).ends(0);
    assert!(folder.read("other/flow.toml").contains("name = \"other\""));
    // What is said can be typed.
    folder.flowc(&["new", "my shop"]).ends(0).tells("next: cd 'my shop' && flowc run publish");
    let said = folder.flowc(&["new", "."]).ends(0).tells("next: flowc run publish");
    assert!(!said.err.contains("/.\n"), "{}", said.err);
}

#[test]
fn questions_without_runs() {
    let project = Sandbox::new_project();
    project.flowc(&["history"]).ends(0).tells("no runs yet");
    for command in [&["show", "last"][..], &["logs", "last"], &["why", "last", "x"]] {
        project.flowc(command).ends(2).tells("there is no run");
    }
    project.flowc(&["why", "found"]).ends(0).gives("found of publish has not run; the plan: run, never ran");
    project.flowc(&["why", "fuond"]).ends(2).tells("no flow has a step `fuond`");
    assert!(!project.path(".flow").exists());
    project.flowc(&["run", "publish"]).ends(0);
    project.flowc(&["why", "last", "fuond"]).ends(2).tells("found");
    project.flowc(&["show", "2019"]).ends(2).tells("there is no run `2019`");
}
