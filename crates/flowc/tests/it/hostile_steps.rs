//! Steps that flood, hang, fork and die, and servers that answer badly: each ends, with a message and a way on.

use crate::sandbox::{Said, Sandbox};
use flow_testing::server::{Act, Server, answer};
use std::time::{Duration, Instant};

fn script(script: &str, result: &str, clauses: &str) -> Sandbox {
    Sandbox::program(&format!(
        "step tried() -> {result} {{\n  sh \"\"\"\n    {script}\n  \"\"\"\n  effect none\n  {clauses}\n}}\n\
         flow main() -> {result} {{ return tried() }}\n"
    ))
}

/// What a run says, and that it ends within so many seconds.
fn run(project: &Sandbox, seconds: u64, code: i32) -> Said {
    let start = Instant::now();
    let said = project.flowc(&["run"]).ends(code);
    assert!(start.elapsed() < Duration::from_secs(seconds), "{:?}", start.elapsed());
    assert!(!said.err.contains("panicked"), "{}", said.err);
    said
}

#[test]
fn a_flood_of_output_fills_neither_screen_nor_disk() {
    let project = script("echo first; yes 'a line of some length' | head -c 50000000; echo; echo last", "Unit", "");
    let said = run(&project, 60, 0);
    assert!(said.err.len() < 10_000, "{} bytes", said.err.len());
    let logs = project.flowc(&["logs", "last"]).ends(0).gives("first").gives("last").gives("lines left out");
    assert!(logs.out.len() < 4 << 20, "{} bytes", logs.out.len());
    let large = script("yes 'a line of some length' | head -c 100000000", "String", "");
    run(&large, 60, 1).tells("longer than 64 MiB [R0105]").tells("`$out`");
}

#[test]
fn what_never_ends_or_ignores_the_request_is_ended() {
    run(&script("sleep 1000", "Unit", "timeout 1s"), 20, 1).tells("it did not end within 1s [R0103]");
    let deaf = script("trap '' TERM INT; while :; do sleep 0.2; done", "Unit", "timeout 1s");
    run(&deaf, 20, 1).tells("it did not end within 1s [R0103]");
}

#[test]
fn a_grandchild_does_not_outlive_its_step() {
    let project = script("setsid sleep 1000 & echo $! > pid; echo done", "String", "");
    assert_eq!(run(&project, 20, 0).out, "done\n");
    let pid = project.read("pid");
    let is_alive = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        !stat.is_empty() && !stat.contains(") Z ")
    };
    let start = Instant::now();
    while is_alive() {
        assert!(start.elapsed() < Duration::from_secs(2), "{pid} is alive");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_step_that_is_killed_says_by_what() {
    run(&script("kill -9 $$", "Unit", ""), 20, 1).tells("SIGKILL [R0102]").tells("out of memory");
    run(&script("kill -SEGV $$", "Unit", ""), 20, 1).tells("SIGSEGV");
}

#[test]
fn an_exception_is_shown_with_its_whole_last_frame() {
    let project = Sandbox::program(
        "step tried(n: Int) -> Int {\n  python \"\"\"\n    def inner(x):\n        return (x + 1) / (x * 0)\n\n\
         \x20   def outer(x):\n        return inner(x)\n\n    print(outer(n))\n  \"\"\"\n  effect none\n}\n\
         flow main() -> Int { return tried(3) }\n",
    );
    let said = run(&project, 30, 1).tells("ZeroDivisionError").tells("raised at main.flow:4");
    let shown: Vec<&str> = said.err.lines().filter_map(|line| line.trim_start().strip_prefix("│ ")).collect();
    assert!(shown[0].starts_with("  File \"main.flow\", line "), "{shown:#?}");
    assert!(shown.contains(&"    return (x + 1) / (x * 0)"), "{shown:#?}");
    // Where Python marks a part of a line, the marks stand below it, in the last line of the program too.
    let logs = project.flowc(&["logs", "last"]).ends(0).out;
    let lines: Vec<&str> = logs.lines().collect();
    let at = lines.iter().position(|line| line.contains("print(outer(n))")).unwrap();
    if let Some(marks) = lines.get(at + 1).filter(|line| line.contains('^')) {
        assert_eq!(marks.find('^'), lines[at].find("outer(n)"), "{logs}");
    }
}

#[test]
fn servers_that_answer_badly() {
    let server = Server::start(|seen| match seen.line.split(' ').nth(1).unwrap_or_default() {
        "/hang" => Act::Hang(String::new()),
        "/reset" => Act::Reset,
        "/broken" => Act::Send(answer("500 Internal Server Error", "", "oops")),
        "/page" => Act::Send(answer("200 OK", "content-type: text/html\r\n", "<title>Log in</title>")),
        "/cut" => Act::Send(answer("200 OK", "content-type: application/json\r\n", "{\"n\": 1")),
        _ => Act::Send(answer("302 Found", "location: /loop\r\n", "")),
    });
    let cases = [
        ("hang", "it did not end within 1s [R0103]"),
        ("reset", "no complete answer from 127.0.0.1"),
        ("broken", "the server answered 500 Internal Server Error [R0122]"),
        ("page", "the answer is a page of HTML or XML [R0123]"),
        ("cut", "expected JSON, but the answer is not: EOF"),
        ("loop", "redirected more than 10 times"),
    ];
    let mut program = String::from("type Answer { n: Int }\n");
    for (path, _) in cases {
        program.push_str(&format!(
            "step ask_{path}() -> Answer {{\n  http GET \"{}/{path}\"\n  timeout 1s\n}}\n\
             flow {path}() -> Answer {{ return ask_{path}() }}\n",
            server.url()
        ));
    }
    let project = Sandbox::program(&program);
    for (path, expected) in cases {
        let said = project.flowc(&["run", path]).ends(1).tells(expected).tells("flowc show");
        assert!(!said.err.contains("panicked"), "{}", said.err);
    }
    project.flowc(&["run", "broken"]).ends(1).tells("its answer is of no named type, 4 bytes: oops");
}
