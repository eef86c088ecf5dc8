//! Bad input: each a clear message, nothing lost, no panic.

use crate::sandbox::Sandbox;

fn refused(project: &Sandbox, text: &str) {
    let said = project.flowc(&["check"]).ends(2);
    assert!(said.err.contains(text), "{text:?} is not in\n{}", said.err);
    assert!(!said.err.contains("panicked"), "{}", said.err);
    assert!(said.err.len() < 200_000, "{} bytes of messages", said.err.len());
}

#[test]
fn files_that_are_no_program() {
    Sandbox::program("").flowc(&["check"]).ends(0);
    let project = Sandbox::empty();
    project.write("flow.toml", "name = \"x\"\nedition = \"2026\"\n");
    project.write("main.flow", [0x00, 0xff, 0xfe, 0x80, b'\n']);
    refused(&project, "main.flow");
    std::fs::remove_file(project.path("main.flow")).unwrap();
    std::fs::create_dir(project.path("main.flow")).unwrap();
    project.flowc(&["check", "main.flow"]).ends(2).tells("main.flow is a folder");
    project.flowc(&["check", "missing.flow"]).ends(2).tells("missing.flow");
}

#[test]
fn a_line_of_15_megabytes() {
    let project = Sandbox::program(&format!("flow main {{ let x = \"{}\" }} ???", "x".repeat(15 << 20)));
    refused(&project, "main.flow:1:");
}

#[test]
fn control_characters_do_not_reach_the_terminal() {
    let project = Sandbox::program("flow main { let x = \u{1b}[31m \u{202E}evil }\n");
    let said = project.flowc(&["check"]).ends(2);
    assert!(!said.err.contains(['\x1b', '\u{202E}']), "{:?}", said.err);
}

#[test]
fn deep_nesting_is_refused() {
    let deep = format!("flow main {{ let x = {}1{} }}\n", "(".repeat(100_000), ")".repeat(100_000));
    refused(&Sandbox::program(&deep), "main.flow:1:");
}

#[test]
fn a_broken_manifest() {
    let project = Sandbox::program("flow main { let x = 1 }\n");
    project.write("flow.toml", "name = [\n");
    refused(&project, "flow.toml");
}

#[test]
fn a_store_that_is_none() {
    let project = Sandbox::new_project();
    project.write(".flow", "a file");
    project.flowc(&["check"]).ends(0);
    let said = project.flowc(&["run", "publish"]).ends(4);
    assert!(!said.err.contains("panicked") && said.err.contains(".flow"), "{}", said.err);
}
