//! What `examples/README.md` and the root's `README.md` tell, done: every command, and what it answers.

use crate::sandbox::{Said, Sandbox, said};
use std::{
    fs,
    io::Read as _,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A copy of the examples, without what runs left in them.
fn examples() -> Sandbox {
    let sandbox = Sandbox::empty();
    copy(&repository().join("examples"), &sandbox.path("."));
    sandbox
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() {
            if name != ".flow" && name != "out" {
                copy(&path, &to.join(name));
            }
        } else {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

/// A console block's command and the lines that it shows.
struct Shown {
    command: String,
    answers: Vec<String>,
    /// Whether the program is refused, which the block's first line says.
    refused: bool,
}

fn shown(text: &str) -> Vec<Shown> {
    let mut found: Vec<Shown> = vec![];
    let (mut inside, mut refused) = (false, false);
    for line in text.lines() {
        match line.strip_prefix("```") {
            Some(kind) => (inside, refused) = (kind.starts_with("console"), kind == "console refused"),
            None if !inside => {}
            None => match line.strip_prefix("$ ") {
                Some(command) => found.push(Shown { command: command.to_owned(), answers: vec![], refused }),
                None => found.last_mut().unwrap().answers.push(line.to_owned()),
            },
        }
    }
    found
}

#[test]
fn every_command_of_the_tutorial_answers_as_it_says() {
    let sandbox = examples();
    let commands = shown(&sandbox.read("README.md"));
    assert!(commands.len() >= 6, "the tutorial has its commands in console blocks");
    for Shown { command, answers, refused } in commands {
        let arguments: Vec<&str> = command.split(' ').skip(1).collect();
        let Said { out, err, .. } = sandbox.flowc(&arguments).ends(if refused { 2 } else { 0 });
        for answer in answers {
            let there = out.contains(&answer) || err.contains(&answer);
            assert!(there, "`{command}` does not answer {answer:?}\n--- out\n{out}\n--- err\n{err}");
        }
    }
    assert!(sandbox.read("02-weather/out/report.md").contains("- 2012: 222 days of rain, 1226 mm, -3.3 to 34.4 °C"));
    assert!(sandbox.read("06-morning-revenue/out/note.json").contains("\"total\": 147472.88"));
    assert_eq!(
        sandbox.read("05-modules/out/revenue.csv"),
        "region,orders,revenue\nEast,1,120\nNorth,1,10\nSouth,1,25.5\n"
    );
}

#[test]
fn the_program_of_the_readme_is_refused_as_it_shows() {
    let text = fs::read_to_string(repository().join("README.md")).unwrap();
    let block = |open: &str| text.split_once(open).unwrap().1.split_once("\n```").unwrap().0.to_owned();
    let sandbox = Sandbox::empty();
    sandbox.write("sales.flow", block("```flow fails\n") + "\n");
    let said = sandbox.flowc(&["check", "sales.flow"]).ends(2);
    assert_eq!(said.err.trim_end(), block("```text\n"));
}

/// Ends the server when the test ends, however it ends.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn the_flaky_api_is_asked_until_it_answers() {
    let sandbox = examples();
    let port = free_port().to_string();
    let server = sandbox.path("04-flaky-api/server.py");
    let mut child = Command::new("python3").arg(server).arg(&port).stderr(Stdio::piped()).spawn().unwrap();
    let mut waited = 0;
    while TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
        waited += 1;
        if waited > 300 || child.try_wait().unwrap().is_some() {
            let mut said = String::new();
            let _ = child.kill();
            child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            panic!("the server does not start: {said}");
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let _server = Server(child);
    let set = format!("rates.port={port}");
    let said = sandbox.flowc(&["--project", "04-flaky-api", "--set", &set, "run"]).ends(0);
    let said = said.tells("503 Service Unavailable").tells("429 Too Many Requests").tells("recovered");
    assert!(said.err.contains("attempt 3 of 5"), "{}", said.err);
    let quotes: serde_json::Value = serde_json::from_str(&sandbox.read("04-flaky-api/out/quotes.json")).unwrap();
    let live: Vec<_> = quotes.as_array().unwrap().iter().map(|quote| quote["live"].as_bool().unwrap()).collect();
    assert_eq!(live, [true, true, true, false], "{quotes}");
    assert_eq!(quotes[2]["rate"].to_string(), "0.0064");
}

#[test]
fn flights_keep_one_promise_and_break_the_other() {
    if !repository().join("examples/03-flights/data/flights.csv").exists() {
        return flow_testing::skip("the flights of 2013", "examples/03-flights/fetch.sh");
    }
    let sandbox = examples();
    let flowc = |arguments: &[&str]| sandbox.flowc(&[&["--project", "03-flights"], arguments].concat());
    flowc(&["run", "delays_2013"]).ends(0).tells("336776 rows");
    assert!(sandbox.read("03-flights/out/delay_by_hour.svg").contains("</svg>"));
    flowc(&["run", "delays_2013"]).ends(0).tells("nothing to do");
    flowc(&["run", "strict_seats"]).ends(3).tells("52606 of 336776 rows break it");
    assert!(!sandbox.path("03-flights/out/all_seats.parquet").exists(), "nothing is published");
}

#[test]
fn a_program_without_python_on_the_path_is_told_so() {
    let sandbox = Sandbox::program(
        "step one() -> Int {\n  python \"print(1)\"\n  effect none\n  timeout 10s\n}\n\nflow main() -> Int {\n  return one()\n}\n",
    );
    let mut command = sandbox.command(&["run", "main"]);
    command.env("PATH", sandbox.path("nothing"));
    said(command.output().unwrap()).ends(1).tells("python3");
}
