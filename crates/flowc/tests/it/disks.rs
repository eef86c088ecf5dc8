//! Full disks and places that may not be written to: a message with the place, and nothing lost.
//!
//! The full disk is a small tmpfs in a mount namespace of its own; where a machine allows none, a limit on
//! the size of files stands in for it, and the test says so.

use crate::sandbox::{FLOWC, Said, Sandbox, said};
use std::process::{Command, Stdio};

const PROGRAM: &str = "type Row { n: Int, text: String }\n\
    dataset rows: Table<Row> { at csv(\"disk/rows.csv\") }\n\
    step made(k: Int) -> Table<Row> {\n  sh \"\"\"\n    { echo n,text; seq $k | sed 's/$/,some text/'; } > $out\n  \
    \"\"\"\n  effect none\n}\n\
    flow main(k: Int = 10) { write rows = made(k) }\n";

/// Runs a script in which `disk/` is a file system of its own; none if the machine allows no such thing.
fn with_disk(project: &Sandbox, options: &str, script: &str) -> Option<Said> {
    std::fs::create_dir_all(project.path("disk")).unwrap();
    let script = format!(
        "mount -t tmpfs -o {options} tmpfs disk 2>/dev/null || exit 77\nflowc() {{ {FLOWC} \"$@\"; }}\n{script}"
    );
    for namespace in [&["--mount"][..], &["--mount", "--map-root-user"]] {
        let mut command = Command::new("unshare");
        command.args(namespace).args(["sh", "-c", &script]).current_dir(project.path(".")).stdin(Stdio::null());
        let Ok(output) = command.output() else { continue };
        let said = said(output);
        if said.code != 77 && !said.err.starts_with("unshare:") {
            return Some(said);
        }
    }
    None
}

#[test]
fn a_full_disk_leaves_what_was_published() {
    let project = Sandbox::program(PROGRAM);
    let script = "flowc run || exit 1\n\
        flowc run k=20000; echo \"code $?\"; wc -l < disk/rows.csv; ls -A disk\n\
        mount -o remount,size=4m disk && flowc run k=20000; echo \"code $?\"; wc -l < disk/rows.csv\n";
    if let Some(said) = with_disk(&project, "size=64k", script) {
        let said = said.ends(0).tells("cannot write ").tells("the disk is full; what was there is unchanged [R0306]");
        assert_eq!(said.out, "code 1\n11\nrows.csv\ncode 0\n20001\n", "{}", said.err);
        return;
    }
    eprintln!("no mount namespace here: a limit on the size of files stands in for a full disk");
    project.flowc(&["run"]).ends(0);
    let limited = format!("trap '' XFSZ; ulimit -f 200; exec {FLOWC} run k=20000");
    let mut limited_run = Command::new("sh");
    let failed = said(limited_run.args(["-c", &limited]).current_dir(project.path(".")).output().unwrap());
    assert!(failed.code == 1 || failed.code == 4, "{}", failed.err);
    assert_eq!(project.read("disk/rows.csv").lines().count(), 11);
    project.flowc(&["run", "k=20000"]).ends(0);
    assert_eq!(project.read("disk/rows.csv").lines().count(), 20_001);
}

#[test]
fn a_full_disk_under_the_store_is_told_and_the_next_run_goes_on() {
    let project = Sandbox::program(&PROGRAM.replace("disk/", "out/"));
    let script = "cp flow.toml main.flow disk && cd disk\n\
        flowc run k=5 || exit 1\n\
        head -c 9m /dev/zero > fill 2>/dev/null\n\
        flowc run k=6; echo \"code $?\"; wc -l < out/rows.csv; flowc history | wc -l; flowc plan k=5 | tail -n 2 | head -n 1\n\
        rm fill; flowc run k=6; echo \"code $?\"; wc -l < out/rows.csv\n";
    let Some(said) = with_disk(&project, "size=2m", script) else {
        flow_testing::skip("mount namespaces", "sysctl -w kernel.unprivileged_userns_clone=1");
        return;
    };
    let said = said.ends(0).tells("the disk is full: `").tells("free some space and run again: what is done is kept");
    assert!(said.out.starts_with("code 4\n6\n"), "{}\n{}", said.out, said.err);
    assert!(said.out.ends_with("code 0\n7\n"), "{}\n{}", said.out, said.err);
    assert!(said.out.contains("nothing to do: 2 steps up to date"), "{}", said.out);
}

#[test]
fn a_read_only_disk_is_told() {
    let project = Sandbox::program(PROGRAM);
    let script = "flowc run || exit 1\nmount -o remount,ro disk\n\
        flowc run k=20; echo \"code $?\"; wc -l < disk/rows.csv\n";
    let Some(said) = with_disk(&project, "size=64k", script) else {
        flow_testing::skip("mount namespaces", "sysctl -w kernel.unprivileged_userns_clone=1");
        return;
    };
    let said = said.ends(0).tells("the file system is read-only; what was there is unchanged [R0306]");
    assert_eq!(said.out, "code 1\n11\n");
}

#[test]
fn a_project_that_may_not_be_written_to_can_still_be_asked() {
    let project = Sandbox::program(&PROGRAM.replace("disk/", "out/"));
    project.flowc_as_nobody(&["check"]).ends(0);
    project.flowc_as_nobody(&["plan"]).ends(0).gives("never ran");
    if !project.is_root() {
        project.close();
    }
    let told = project.flowc_as_nobody(&["run"]).ends(4).tells("cannot be written to").tells("[R0722]");
    assert!(told.err.contains(".flow"), "{}", told.err);
    project.change("main.flow", "flow main(k: Int = 10) {", "flow main(k: Int =   10) {");
    project.flowc_as_nobody(&["fmt"]).ends(4).tells("writing ").tells("main.flow: Permission denied");
    assert!(!project.path("out").exists());

    // What others have run can be read by those who may not run.
    project.reopen();
    project.flowc(&["run"]).ends(0);
    project.flowc_as_nobody(&["history"]).ends(0).gives("succeeded");
    project.flowc_as_nobody(&["plan"]).ends(0).gives("nothing to do");
    project.flowc_as_nobody(&["show", "last"]).ends(0).gives("write rows");
    let denied = project.is_root().then(|| project.flowc_as_nobody(&["run", "--force"]).ends(4));
    assert!(denied.is_none_or(|denied| denied.err.contains("cannot be written to")));
}
