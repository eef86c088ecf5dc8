//! Frames as a hurried or hostile client sends them, over real pipes.

use crate::client::memory;
use flow_lsp::{connect, serve};
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader, PipeReader, PipeWriter, Read as _, Write as _},
    thread::JoinHandle,
};

/// A client that writes bytes, with its server.
struct Raw {
    input: PipeWriter,
    output: BufReader<PipeReader>,
    server: JoinHandle<Result<bool, String>>,
}

impl Raw {
    fn new() -> Self {
        let (theirs, input) = std::io::pipe().expect("a pipe");
        let (output, ours) = std::io::pipe().expect("a pipe");
        let server = std::thread::spawn(move || {
            let (connection, threads) = connect(BufReader::new(theirs), ours).expect("threads");
            let served = serve(&connection, memory(&[("a.flow", "fn one() -> Int { \"\" }\n")]), "test");
            drop(connection);
            threads.join().expect("the client is there");
            served
        });
        let mut raw = Self { input, output: BufReader::new(output), server };
        let hello = json!({ "processId": null, "rootUri": "file:///w", "capabilities": {} });
        raw.message(&json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello }));
        assert_eq!(raw.answer_to(&json!(1))["result"]["serverInfo"]["name"], "flowc");
        raw.message(&json!({ "jsonrpc": "2.0", "method": "initialized", "params": {} }));
        raw
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.input.write_all(bytes).expect("the server is there");
    }

    fn message(&mut self, message: &Value) {
        let text = message.to_string();
        self.bytes(format!("Content-Length: {}\r\n\r\n{text}", text.len()).as_bytes());
    }

    fn receive(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).expect("the server is there") > 0, "the server has ended");
            if line == "\r\n" {
                break;
            }
            if let Some(value) = line.strip_prefix("Content-Length: ") {
                length = value.trim().parse().expect("a number");
            }
        }
        let mut body = vec![0; length];
        self.output.read_exact(&mut body).expect("a whole message");
        serde_json::from_slice(&body).expect("JSON")
    }

    /// The answer to a request; `null` for a complaint about what is none.
    fn answer_to(&mut self, id: &Value) -> Value {
        loop {
            let message = self.receive();
            if message.get("id") == Some(id) && message.get("method").is_none() {
                return message;
            }
        }
    }

    fn lives(&mut self, id: i32) {
        let document = json!({ "textDocument": { "uri": "file:///w/a.flow" } });
        self.message(&json!({ "jsonrpc": "2.0", "id": id, "method": "textDocument/diagnostic", "params": document }));
        let answer = self.answer_to(&json!(id));
        assert_eq!(answer["result"]["items"].as_array().map(Vec::len), Some(1), "{answer}");
    }
}

#[test]
fn what_is_no_message_is_refused_and_the_next_one_is_read() {
    let mut raw = Raw::new();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let frames: [Vec<u8>; 9] = [
        b"Content-Length: 1\r\n\r\n{".to_vec(),
        b"Content-Length: 4\r\n\r\nnull".to_vec(),
        b"Content-Length: 2\n\n[]".to_vec(),
        b"Content-Length: 3\r\n\r\n\xff\xfe\xfd".to_vec(),
        b"Content-Type: text/plain\r\n\r\n".to_vec(),
        b"Content-Length: many\r\n\r\n".to_vec(),
        b"nothing of a header\r\n\r\n".to_vec(),
        format!("Content-Length: {}\r\n\r\n{deep}", deep.len()).into_bytes(),
        format!("{}: {}\r\n\r\n", "x".repeat(20_000), "y".repeat(20_000)).into_bytes(),
    ];
    for (number, frame) in (10..).zip(frames) {
        raw.bytes(&frame);
        let refused = raw.answer_to(&Value::Null);
        assert_eq!(refused["error"]["code"], -32_700, "{refused}");
        raw.lives(number);
    }
    // Names in any case, and other fields.
    let text = json!({ "jsonrpc": "2.0", "id": 30, "method": "shutdown" }).to_string();
    raw.bytes(format!("content-length:{}\r\nContent-Type: x; charset=utf-8\r\n\r\n{text}", text.len()).as_bytes());
    assert_eq!(raw.answer_to(&json!(30))["result"], Value::Null);
    raw.message(&json!({ "jsonrpc": "2.0", "method": "exit" }));
    assert_eq!(raw.server.join().expect("no panic"), Ok(true));
}

#[test]
fn a_client_that_goes_away_in_the_middle_ends_the_server() {
    for rest in
        ["", "Content-Le", "Content-Length: 100\r\n\r\n{\"jsonrpc\"", "Content-Length: 18446744073709551615\r\n\r\n{"]
    {
        let mut raw = Raw::new();
        raw.bytes(rest.as_bytes());
        let Raw { input, output, server } = raw;
        drop(input);
        assert_eq!(server.join().expect("no panic"), Ok(false), "{rest}");
        drop(output);
    }
}
