//! `flowc fmt`.

use crate::sandbox::{Sandbox, said};
use std::{io::Write as _, process::Stdio};

const UGLY: &str = "flow   main{\nlet x=1+2\n// kept\n   let y = x }\n";

fn stream(project: &Sandbox, arguments: &[&str], text: &str) -> crate::sandbox::Said {
    let mut child =
        project.command(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    said(child.wait_with_output().unwrap())
}

#[test]
fn files_are_formatted_once() {
    let project = Sandbox::program(UGLY);
    project.flowc(&["fmt", "--check"]).ends(2).gives("main.flow");
    assert_eq!(project.read("main.flow"), UGLY);
    project.flowc(&["fmt"]).ends(0).tells("1 formatted");
    let once = project.read("main.flow");
    assert!(once.contains("// kept") && once != UGLY, "{once}");
    project.flowc(&["fmt", "--check"]).ends(0);
    project.flowc(&["fmt", "main.flow"]).ends(0);
    assert_eq!(project.read("main.flow"), once);
}

#[test]
fn standard_input_goes_to_standard_output() {
    let project = Sandbox::program(UGLY);
    let once = stream(&project, &["fmt", "-"], UGLY).ends(0).out;
    assert_eq!(stream(&project, &["fmt", "-"], &once).ends(0).out, once);
    stream(&project, &["fmt", "-", "--check"], UGLY).ends(2);
    assert_eq!(project.read("main.flow"), UGLY);
}

#[test]
fn mistakes_are_shown_and_nothing_is_lost() {
    let project = Sandbox::program("flow main { let = }\n");
    project.write("good.flow", "flow   other { let x = 1 }\n");
    project.flowc(&["fmt"]).ends(2).tells("main.flow:1:").tells("left alone");
    assert_eq!(project.read("main.flow"), "flow main { let = }\n");
    assert!(!project.read("good.flow").contains("flow   other"));
    let said = stream(&project, &["fmt", "-"], "flow {").ends(2);
    assert_eq!(said.out, "");
}

#[test]
fn the_template_is_formatted() {
    Sandbox::new_project().flowc(&["fmt", "--check"]).ends(0);
}

#[test]
fn what_is_not_there_is_said_plainly() {
    let project = Sandbox::new_project();
    project.flowc(&["fmt", "nothing.flow"]).ends(2).tells("error: there is no file nothing.flow");
}
