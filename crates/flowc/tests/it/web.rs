//! Datasets at URLs: read by HTTP, taken again only when the server says that they changed, never written.

use crate::sandbox::Sandbox;
use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
};

/// What the server answers with, and what it was asked.
#[derive(Default)]
struct State {
    body: String,
    headers: String,
    asked: Vec<String>,
}

fn serve() -> (String, Arc<Mutex<State>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let state: Arc<Mutex<State>> = Arc::default();
    let shared = state.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let Some(Ok(request)) = lines.next() else { continue };
            lines.by_ref().map_while(Result::ok).find(String::is_empty);
            let mut state = shared.lock().unwrap();
            let (body, headers) = (state.body.clone(), state.headers.clone());
            let line = request.trim_end_matches(" HTTP/1.1").to_owned();
            let is_head = line.starts_with("HEAD");
            let gone = line.contains("gone");
            state.asked.push(line);
            drop(state);
            let status = if gone { "404 Not Found" } else { "200 OK" };
            let head =
                format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n", body.len());
            let _ = stream.write_all(head.as_bytes());
            if !is_head {
                let _ = stream.write_all(body.as_bytes());
            }
        }
    });
    (address, state)
}

fn program(address: &str) -> String {
    format!(
        "type Price {{ sku: String, price: Decimal }}\n\
         dataset prices: Table<Price> {{\n  at csv(\"{address}/prices.csv\")\n  arrives by hand\n  expect unique(sku)\n}}\n\
         dataset copy: Table<Price> {{ at csv(\"out/copy.csv\") }}\n\
         flow take {{ write copy = prices }}\n"
    )
}

fn asked(state: &Mutex<State>) -> Vec<String> {
    std::mem::take(&mut state.lock().unwrap().asked)
}

#[test]
fn a_url_is_read_and_taken_again_when_its_tag_changed() {
    let (address, state) = serve();
    let project = Sandbox::program(&program(&address));
    state.lock().unwrap().body = "sku,price\na,1.5\nb,2\n".into();
    state.lock().unwrap().headers = "etag: \"one\"\r\nlast-modified: Sun, 22 Nov 2026 06:00:00 GMT\r\n".into();

    // A plan connects to nothing, and says so.
    project.flowc(&["plan", "take"]).ends(0).gives("never ran");
    assert_eq!(asked(&state), [""; 0]);
    project.flowc(&["run", "take"]).ends(0);
    assert_eq!(project.read("out/copy.csv").lines().count(), 3);
    assert_eq!(asked(&state), ["HEAD /prices.csv", "GET /prices.csv"]);

    // The same tag: nothing is taken.
    project.flowc(&["run", "take"]).ends(0).tells("nothing to do");
    assert_eq!(asked(&state), ["HEAD /prices.csv"]);
    project.flowc(&["plan", "take"]).ends(0).gives("maybe").gives("a plan connects to nothing");
    assert_eq!(asked(&state), [""; 0]);
    project.flowc(&["run", "take", "--dry-run"]).ends(0).gives("nothing to do");

    state.lock().unwrap().headers = "etag: \"two\"\r\n".into();
    state.lock().unwrap().body = "sku,price\na,1.5\n".into();
    project.flowc(&["run", "take"]).ends(0);
    assert_eq!(project.read("out/copy.csv").lines().count(), 2);
}

#[test]
fn without_a_tag_the_content_itself_tells() {
    let (address, state) = serve();
    let project = Sandbox::program(&program(&address));
    state.lock().unwrap().body = "sku,price\na,1.5\n".into();
    project.flowc(&["run", "take"]).ends(0);
    project.flowc(&["run", "take"]).ends(0).tells("nothing to do");
    state.lock().unwrap().body = "sku,price\na,1.6\n".into();
    project.flowc(&["run", "take"]).ends(0);
    assert!(project.read("out/copy.csv").contains("1.6"));
    // What does not fit is told by the address and line, and nothing is published.
    state.lock().unwrap().body = "sku,price\na,cheap\n".into();
    let said = project.flowc(&["run", "take"]).ends(3);
    assert!(said.err.contains(&format!("{address}/prices.csv:2")), "{}", said.err);
    assert!(project.read("out/copy.csv").contains("1.6"));
}

#[test]
fn what_is_not_there_is_said_and_what_is_at_a_url_is_not_written() {
    let (address, _state) = serve();
    let project = Sandbox::program(&program(&format!("{address}/gone")));
    project.flowc(&["run", "take"]).ends(1).tells("nothing is at http://").tells("R0301");
    let down = Sandbox::program(&program("http://127.0.0.1:1"));
    down.flowc(&["run", "take"]).ends(1).tells("no connection to 127.0.0.1:1");
    let text =
        program(&address).replace("write copy = prices", "write prices = copy").replace("  arrives by hand\n", "");
    let writes = Sandbox::program(&text.replace("out/copy.csv\")", "out/copy.csv\"), arrives by hand"));
    writes.flowc(&["check"]).ends(2).tells("E0310");
}
