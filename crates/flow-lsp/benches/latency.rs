//! What a keystroke costs in a program of 100,000 lines: from the change to the diagnostics of the file, to hover and to
//! completion, through the whole server in one process. Prints percentiles and the peak of memory.
//!
//! `cargo bench -p flow-lsp -- [FILES] [EDITS]`. The session is the same every time: statements are typed letter by letter
//! into modules, with the mistakes that half a word is.
#![allow(clippy::disallowed_methods, reason = "a bench reads the clock")]

#[path = "../../flow-compiler/benches/generate/mod.rs"]
mod generate;

use flow_compiler::{MemoryWorld, Options, World, compile};
use flow_lsp::{Connection, Host, serve};
use lsp_server::{Message, Notification, Request, RequestId};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Memory(MemoryWorld);

impl Host for Memory {
    fn world(&self, _: &Path) -> Box<dyn World> {
        Box::new(self.0.clone())
    }
    fn project(&self, _: &Path) -> Option<PathBuf> {
        Some("/w".into())
    }
    fn options(&self) -> Options {
        Options { year: Some(2026), ..Options::default() }
    }
    fn shelve(&self, path: &str, _: &str) -> Option<PathBuf> {
        Some(Path::new("/shelf").join(path))
    }
    fn shelved(&self, _: &Path) -> Option<String> {
        None
    }
}

struct Client {
    connection: Connection,
    asked: i32,
}

impl Client {
    fn tell(&self, method: &str, params: Value) {
        let notice = Notification { method: method.to_owned(), params };
        self.connection.sender.send(notice.into()).expect("the server is there");
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let id = RequestId::from(self.asked);
        let request = Request { id: id.clone(), method: method.to_owned(), params };
        self.connection.sender.send(request.into()).expect("the server is there");
        loop {
            if let Message::Response(response) = self.connection.receiver.recv().expect("the server is there")
                && response.id == id
            {
                return response.response_result.expect("an answer");
            }
        }
    }

    fn timed(&mut self, method: &str, params: Value) -> Duration {
        let start = Instant::now();
        self.ask(method, params);
        start.elapsed()
    }
}

/// What is typed, with an error after nearly every letter.
const TYPED: &str = "\nstep typed(name: String) -> String {\n  sh \"echo $name\"\n  timeout 5m\n}\n";

fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let mut number = |default| args.next().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (files, edits): (usize, usize) = (number(360), number(200));
    let project = generate::project(files, 50);
    println!("{} lines in {} files", generate::lines(&project), project.len());
    let world = MemoryWorld::new(project.iter().cloned());
    for for_editor in [false, true, true] {
        let start = Instant::now();
        let done = compile(&world, &Options { for_editor, ..Options::default() });
        println!("compile, for an editor: {for_editor}: {:.1?}, {} problems", start.elapsed(), done.problems.0.len());
    }
    let (ours, theirs) = Connection::memory();
    std::thread::spawn(move || serve(&theirs, Arc::new(Memory(world)), "bench"));
    let mut client = Client { connection: ours, asked: 0 };
    client.ask("initialize", json!({ "processId": null, "rootUri": "file:///w", "capabilities": {} }));
    client.tell("initialized", json!({}));
    session(&mut client, &project, edits);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM: unknown"));
}

fn session(client: &mut Client, project: &[(String, String)], edits: usize) {
    let mut times: [(&str, Vec<Duration>); 3] = [("diagnostics", vec![]), ("hover", vec![]), ("completion", vec![])];
    let mut version = 1;
    for round in 0..edits.div_ceil(TYPED.chars().count()).max(1) {
        let (path, text) = &project[1 + (round * 97) % (project.len() - 1)];
        let uri = format!("file:///w/{path}");
        let document = json!({ "uri": uri, "languageId": "flow", "version": version, "text": text });
        client.tell("textDocument/didOpen", json!({ "textDocument": document }));
        client.ask("textDocument/diagnostic", json!({ "textDocument": { "uri": uri } }));
        let (mut line, mut column) = (text.lines().count(), 0);
        for typed in TYPED.chars().take(edits) {
            version += 1;
            let at = json!({ "line": line, "character": column });
            let change = json!({ "range": { "start": at, "end": at }, "text": typed.to_string() });
            let start = Instant::now();
            let document = json!({ "uri": uri, "version": version });
            client.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": [change] }));
            (line, column) = if typed == '\n' { (line + 1, 0) } else { (line, column + 1) };
            let place = json!({ "textDocument": { "uri": uri }, "position": { "line": line, "character": column } });
            times[2].1.push(client.timed("textDocument/completion", place));
            let middle = json!({ "textDocument": { "uri": uri }, "position": { "line": 20, "character": 8 } });
            let pulled = json!({ "textDocument": { "uri": uri } });
            client.ask("textDocument/diagnostic", pulled);
            times[0].1.push(start.elapsed());
            times[1].1.push(client.timed("textDocument/hover", middle));
        }
        client.tell("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
    }
    for (name, mut all) in times {
        all.sort_unstable();
        let at = |percent: usize| all.get((all.len() * percent / 100).min(all.len() - 1)).copied().unwrap_or_default();
        println!("{name}: {} times, median {:.1?}, 95 % {:.1?}, worst {:.1?}", all.len(), at(50), at(95), at(100));
    }
}
