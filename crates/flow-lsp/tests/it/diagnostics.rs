//! Problems as they are published and pulled, through changes, and their fixes.

use crate::client::{Client, range_of, short, uri};
use serde_json::{Value, json};

const TYPES: &str = "type Order { id: Int }\n";
const BAD: &str = "use types.{Order}\n\nfn first(order: Order) -> Int {\n  /* ä😀 */ order.idd\n}\n";

fn bad() -> String {
    BAD.replace("/* ä😀 */ order", "\"ä😀\".length() + order")
}

#[test]
fn the_whole_project_is_checked_before_anything_is_open() {
    let mut client = Client::new(&[("types.flow", TYPES), ("a.flow", &bad())]);
    let told = client.told("textDocument/publishDiagnostics");
    assert_eq!(told["uri"], uri("a.flow"));
    let found = &told["diagnostics"][0];
    // Columns count UTF-16: the text in quotes has four characters, one of them of two units.
    assert_eq!(short(found), ("E0203".to_owned(), 3, 25, 28), "{found:#}");
    assert_eq!(found["codeDescription"]["href"], "file:///shelf/pages/E0203.md");
    let related = &found["relatedInformation"][0]["location"]["uri"];
    assert_eq!(*related, uri("types.flow"), "{found:#}");
}

#[test]
fn columns_are_bytes_for_a_client_that_counts_so() {
    let capabilities = json!({ "general": { "positionEncodings": ["utf-16", "utf-8"] } });
    let mut client = Client::with(&[("types.flow", TYPES), ("a.flow", &bad())], capabilities);
    assert_eq!(client.capabilities["positionEncoding"], "utf-8");
    assert_eq!(client.diagnostics("a.flow")[0].2, 28);
}

#[test]
fn a_change_mends_and_breaks_again_in_files_that_use_it() {
    let mut client = Client::new(&[("types.flow", TYPES), ("a.flow", &bad())]);
    client.open("types.flow", TYPES);
    client.change("types.flow", 2, [0, 13, 0, 15], "idd");
    assert_eq!(client.diagnostics("a.flow"), []);
    client.change("types.flow", 3, [0, 13, 0, 16], "id");
    assert_eq!(client.diagnostics("a.flow").len(), 1);
    client.change("types.flow", 4, [0, 0, 0, 0], "type {\n");
    assert_ne!(client.diagnostics("types.flow"), []);
    client.tell("textDocument/didClose", json!({ "textDocument": { "uri": uri("types.flow") } }));
    assert_eq!(client.diagnostics("types.flow"), [], "what is on disk counts again");
}

#[test]
fn who_pulls_is_told_of_closed_files_only() {
    let capabilities = json!({
        "textDocument": { "diagnostic": {} },
        "workspace": { "diagnostics": { "refreshSupport": true } },
    });
    let mut client = Client::with(&[("types.flow", TYPES), ("a.flow", &bad())], capabilities);
    assert_eq!(client.told("textDocument/publishDiagnostics")["diagnostics"].as_array().map(Vec::len), Some(1));
    client.open("a.flow", &bad());
    assert_eq!(client.told("textDocument/publishDiagnostics")["diagnostics"], json!([]));
    assert_eq!(client.diagnostics("a.flow").len(), 1);
    client.change("a.flow", 2, [3, 27, 3, 28], "");
    assert_eq!(client.diagnostics("a.flow"), []);
    client.told("workspace/diagnostic/refresh");
    let all = client.ask("workspace/diagnostic", json!({ "previousResultIds": [] }));
    assert_eq!(all["items"].as_array().map(Vec::len), Some(0), "{all}");
}

#[test]
fn what_nothing_uses_is_faded_and_has_a_fix() {
    let text = "use types.{Order}\n\nfn one() -> Int { 1 }\n";
    let mut client = Client::new(&[("types.flow", TYPES), ("a.flow", text)]);
    client.open("a.flow", text);
    let told = loop {
        let told = client.told("textDocument/publishDiagnostics");
        if told["uri"] == uri("a.flow") {
            break told;
        }
    };
    let found = told["diagnostics"].as_array().expect("a list");
    let unused = found.iter().find(|found| found["code"] == "W0101").expect("the use is unused");
    assert_eq!(unused["tags"], json!([1]));
    let context = json!({ "diagnostics": [unused] });
    let params = json!({ "textDocument": { "uri": uri("a.flow") }, "range": unused["range"], "context": context });
    let actions = client.ask("textDocument/codeAction", params);
    let action = &actions[0];
    assert_eq!(action["diagnostics"][0]["code"], "W0101", "{actions:#}");
    let edits = action["edit"]["changes"][uri("a.flow")].as_array().expect("edits").clone();
    for edit in edits.iter().rev() {
        let change = json!({ "range": edit["range"], "text": edit["newText"] });
        let document = json!({ "uri": uri("a.flow"), "version": 2 });
        client.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": [change] }));
    }
    let left = client.diagnostics("a.flow");
    assert!(left.iter().all(|(code, ..)| code != "W0101"), "{left:?}");
}

#[test]
fn formatting_is_small_edits_and_leaves_broken_text_alone() {
    let text = "fn one()->Int { 1 }\n\nfn two() -> Int { 2 }\n\nfn three()->Int{3}\n";
    let mut client = Client::new(&[("a.flow", text)]);
    client.open("a.flow", text);
    let options = json!({ "tabSize": 2, "insertSpaces": true });
    let document = json!({ "uri": uri("a.flow") });
    let whole = client.ask("textDocument/formatting", json!({ "textDocument": document, "options": options }));
    let lines: Vec<_> =
        whole.as_array().expect("edits").iter().map(|edit| edit["range"]["start"]["line"].clone()).collect();
    assert_eq!(lines, [0, 4]);
    let range = range_of([0, 0, 1, 0]);
    let part = json!({ "textDocument": document, "options": options, "range": range });
    assert_eq!(client.ask("textDocument/rangeFormatting", part).as_array().map(Vec::len), Some(1));
    let at = json!({ "line": 4, "character": 19 });
    let key = json!({ "textDocument": document, "options": options, "position": at, "ch": "}" });
    assert_eq!(client.ask("textDocument/onTypeFormatting", key).as_array().map(Vec::len), Some(1));
    client.change("a.flow", 2, [0, 0, 0, 2], "fun");
    let broken = client.ask("textDocument/formatting", json!({ "textDocument": document, "options": options }));
    assert_eq!(broken, Value::Null);
}
