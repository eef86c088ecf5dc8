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
fn a_line_of_15_or_50_megabytes() {
    let project = Sandbox::program(&format!("flow main {{ let x = \"{}\" }} ???", "x".repeat(15 << 20)));
    refused(&project, "main.flow:1:");
    project.write("main.flow", format!("flow main {{ let x = \"{}\" }}", "x".repeat(50 << 20)));
    let said = project.flowc(&["check"]).ends(0).tells("W0102");
    assert!(said.err.len() < 2_000, "{} bytes of messages", said.err.len());
}

#[test]
fn marks_tabs_and_line_ends_of_other_systems_are_no_matter() {
    let text = "\u{feff}step a() -> String {\r\n\tsh \"\"\"\r\n\t\tprintf 'x\ty'\r\n\t\"\"\"\r\n\teffect none\r\n}\r\n\
                flow main() -> String { return a() }\r\n";
    let project = Sandbox::program(text);
    project.flowc(&["check"]).ends(0);
    assert_eq!(project.flowc(&["run", "-q"]).ends(0).out, "x\ty\n");
    project.flowc(&["fmt"]).ends(0).tells("1 formatted");
    assert!(!project.read("main.flow").contains(['\r', '\u{feff}']));
    project.flowc(&["run"]).ends(0).tells("nothing to do");
}

#[test]
fn names_that_look_like_others() {
    let project = Sandbox::program("flow main() -> Int {\n  let p\u{430}y = 1\n  return 2\n}\n");
    let said = project.flowc(&["check"]).ends(2).tells("E0005").tells("U+0430");
    assert!(said.err.contains("main.flow:2:7"), "{}", said.err);
}

#[test]
fn one_name_twice() {
    let project = Sandbox::program("fn x() -> Int { 1 }\nfn x() -> Int { 2 }\nflow main() -> Int { return x() }\n");
    project.flowc(&["run"]).ends(2).tells("main.flow:2:4").tells("1 error");
}

#[test]
fn a_cycle_through_three_files_and_a_module_that_uses_itself() {
    let project = Sandbox::empty();
    project.write("flow.toml", "name = \"x\"\nedition = \"2026\"\n");
    project.write("a.flow", "use b.{b}\nfn a() -> Int { b() }\nflow main() -> Int { return a() }\n");
    project.write("b.flow", "use c.{c}\nfn b() -> Int { c() }\n");
    project.write("c.flow", "use a.{a}\nfn c() -> Int { a() }\n");
    let said = project.flowc(&["run"]).ends(2).tells("E0117");
    for place in ["a.flow:2:", "b.flow:2:", "c.flow:2:"] {
        assert!(said.err.contains(place), "{place} is not in\n{}", said.err);
    }
    project.write("a.flow", "use a.{x}\nflow main() -> Int { return 1 }\n");
    project.flowc(&["check"]).ends(2).tells("E0104").tells("`a` uses itself");
}

#[test]
fn files_that_may_not_be_read() {
    let project = Sandbox::program("flow main() -> Int { return 1 }\n");
    project.write("other.flow", "flow other() -> Int { return 1 }\n");
    project.forbid("other.flow");
    for command in [&["check"][..], &["run", "main"], &["fmt", "--check"]] {
        let said = project.flowc_as_nobody(command).ends(2).tells("E0150").tells("`other.flow`");
        assert!(said.err.contains("permission denied"), "{}", said.err);
    }
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
