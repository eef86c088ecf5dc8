//! Ctrl-C: everything that was started ends, and the next run goes on.

use crate::sandbox::{Sandbox, said};
use std::{
    process::{Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

#[test]
fn ctrl_c_ends_the_whole_process_group_and_says_how_to_go_on() {
    let project = Sandbox::program(
        "step first() -> Int {\n  sh \"echo 1\"\n  effect none\n}\n\
         step slow(n: Int) -> Int {\n  sh \"\"\"\n    sleep 300 &\n    echo $! > \"$mark\"\n    echo started; sleep 300\n  \"\"\"\n  effect none\n  timeout 10m\n}\n\
         flow main(n: Int) { do slow(first() + n) }\n"
            .replace("\"$mark\"", "/dev/null")
            .as_str(),
    );
    let child = project
        .command(&["run", "--verbose", "--n", "2"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let marker = format!("{}", project.path(".").display());
    // The step's processes have the project's folder as theirs; they are found by it.
    let running = || processes_in(&marker).len();
    let begin = Instant::now();
    while running() < 3 {
        assert!(begin.elapsed() < Duration::from_secs(60), "the step did not start");
        sleep(Duration::from_millis(100));
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let begin = Instant::now();
    let ended = said(child.wait_with_output().unwrap()).ends(130);
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
    assert!(ended.err.contains("cancel") && ended.err.contains("`flowc run main --n 2` goes on"), "{}", ended.err);
    assert_eq!(running(), 0, "{:?}", processes_in(&marker));
    project.flowc(&["history"]).ends(0).gives("cancelled");
}

/// Processes whose environment or working folder lies in a folder, but not this test.
fn processes_in(folder: &str) -> Vec<String> {
    let folder = folder.trim_end_matches("/.");
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        let here = std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
        if here && pid != std::process::id() {
            found.push(std::fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default().replace('\0', " "));
        }
    }
    found
}
