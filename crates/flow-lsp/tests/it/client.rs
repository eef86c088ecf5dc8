//! A client for tests: sends, waits for answers, keeps what the server tells meanwhile.

use flow_compiler::{MemoryWorld, Options, World};
use flow_lsp::{Connection, Host, serve};
use lsp_server::{Message, Notification, Request, RequestId, Response};
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::Arc,
    thread::JoinHandle,
};

/// Where the project of tests is.
pub(crate) const ROOT: &str = "/w";

/// Files in memory, all of one project.
struct Memory(MemoryWorld);

impl Host for Memory {
    fn world(&self, _: &Path) -> Box<dyn World> {
        Box::new(self.0.clone())
    }

    fn project(&self, path: &Path) -> Option<PathBuf> {
        path.starts_with(ROOT).then(|| ROOT.into())
    }

    fn options(&self) -> Options {
        assert!(self.0.read("panics").is_err(), "asked to");
        Options { year: Some(2026), ..Options::default() }
    }

    fn shelve(&self, path: &str, _: &str) -> Option<PathBuf> {
        Some(Path::new("/shelf").join(path))
    }

    fn shelved(&self, file: &Path) -> Option<String> {
        Some(file.strip_prefix("/shelf").ok()?.to_string_lossy().into_owned())
    }
}

/// A machine with these files.
pub(crate) fn memory(files: &[(&str, &str)]) -> Arc<dyn Host> {
    Arc::new(Memory(MemoryWorld::new(files.iter().copied())))
}

/// A client with its server.
pub(crate) struct Client {
    connection: Connection,
    server: Option<JoinHandle<Result<bool, String>>>,
    asked: i32,
    told: VecDeque<Message>,
    /// What the server said that it can do.
    pub(crate) capabilities: Value,
}

impl Client {
    /// With a project of these files, all capabilities left out.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        Self::with(files, json!({}))
    }

    /// With these capabilities.
    pub(crate) fn with(files: &[(&str, &str)], capabilities: Value) -> Self {
        let (ours, theirs) = Connection::memory();
        let host = memory(files);
        let server = std::thread::spawn(move || serve(&theirs, host, "test"));
        let mut client =
            Self { connection: ours, server: Some(server), asked: 0, told: VecDeque::new(), capabilities: Value::Null };
        let root = format!("file://{ROOT}");
        let hello = json!({ "processId": null, "rootUri": root, "capabilities": capabilities });
        client.capabilities = client.ask("initialize", hello)["capabilities"].clone();
        client.tell("initialized", json!({}));
        client
    }

    pub(crate) fn send(&self, message: impl Into<Message>) {
        self.connection.sender.send(message.into()).expect("the server is there");
    }

    fn receive(&self) -> Message {
        self.connection.receiver.recv().expect("the server is there")
    }

    pub(crate) fn tell(&self, method: &str, params: Value) {
        self.send(Notification { method: method.to_owned(), params });
    }

    /// Sends a request without waiting; its number.
    pub(crate) fn begin(&mut self, method: &str, params: Value) -> RequestId {
        self.asked += 1;
        let id = RequestId::from(self.asked);
        self.send(Request { id: id.clone(), method: method.to_owned(), params });
        id
    }

    pub(crate) fn answer_to(&mut self, id: &RequestId) -> Response {
        loop {
            match self.receive() {
                Message::Response(response) if response.id == *id => return response,
                message => self.told.push_back(message),
            }
        }
    }

    /// The answer to a request, which must not be an error.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.begin(method, params);
        self.answer_to(&id).response_result.unwrap_or_else(|error| panic!("{method}: {}", error.message))
    }

    /// The next notification or request of that name.
    pub(crate) fn told(&mut self, method: &str) -> Value {
        let is_it = |message: &Message| match message {
            Message::Notification(notice) => notice.method == method,
            Message::Request(request) => request.method == method,
            Message::Response(_) => false,
        };
        loop {
            let found = self.told.iter().position(is_it).and_then(|position| self.told.remove(position));
            match found {
                Some(Message::Notification(notice)) => return notice.params,
                Some(Message::Request(request)) => return request.params,
                _ => {
                    let message = self.receive();
                    self.told.push_back(message);
                }
            }
        }
    }

    pub(crate) fn open(&self, path: &str, text: &str) {
        let document = json!({ "uri": uri(path), "languageId": "flow", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
    }

    /// Replaces a range, given as lines and columns.
    pub(crate) fn change(&self, path: &str, version: i32, range: [u32; 4], text: &str) {
        let change = json!({ "range": range_of(range), "text": text });
        let document = json!({ "uri": uri(path), "version": version });
        self.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": [change] }));
    }

    /// The diagnostics of a file as they are now, as (code, line, from, to).
    pub(crate) fn diagnostics(&mut self, path: &str) -> Vec<(String, u64, u64, u64)> {
        let report = self.ask("textDocument/diagnostic", json!({ "textDocument": { "uri": uri(path) } }));
        report["items"].as_array().expect("a list").iter().map(short).collect()
    }
}

/// A diagnostic as (code, line, from, to).
pub(crate) fn short(found: &Value) -> (String, u64, u64, u64) {
    let number = |path: &str| found.pointer(path).and_then(Value::as_u64).expect("a number");
    let code = found["code"].as_str().expect("a code").to_owned();
    (code, number("/range/start/line"), number("/range/start/character"), number("/range/end/character"))
}

pub(crate) fn uri(path: &str) -> String {
    format!("file://{ROOT}/{path}")
}

pub(crate) fn range_of([line, from, end_line, to]: [u32; 4]) -> Value {
    json!({ "start": { "line": line, "character": from }, "end": { "line": end_line, "character": to } })
}

impl Drop for Client {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        self.ask("shutdown", Value::Null);
        self.tell("exit", Value::Null);
        let served = self.server.take().expect("once").join().expect("the server does not panic");
        assert_eq!(served, Ok(true));
    }
}
