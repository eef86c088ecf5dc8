//! The protocol around the features: unknown requests, garbage, cancelling, panics, files outside of projects.

use crate::client::{Client, uri};
use lsp_server::ErrorCode;
use serde_json::json;

/// One problem.
const WRONG: &str = "fn one() -> Int { \"\" }\n";

#[test]
fn what_is_not_known_is_refused_and_garbage_ends_nothing() {
    let mut client = Client::new(&[("a.flow", WRONG)]);
    let id = client.begin("textDocument/nonsense", json!({}));
    let error = client.answer_to(&id).response_result.expect_err("it is refused");
    assert_eq!(error.code, ErrorCode::MethodNotFound as i32);
    client.tell("textDocument/didChange", json!({ "nonsense": true }));
    client.tell("textDocument/didOpen", json!([1, 2, 3]));
    let id = client.begin("textDocument/formatting", json!({ "textDocument": 1 }));
    let error = client.answer_to(&id).response_result.expect_err("it is refused");
    assert_eq!(error.code, ErrorCode::InvalidParams as i32);
    assert_eq!(client.diagnostics("a.flow").len(), 1);
}

#[test]
fn a_request_is_answered_once_whether_cancelled_or_not() {
    let mut client = Client::new(&[("a.flow", WRONG)]);
    client.open("a.flow", WRONG);
    for _ in 0..20 {
        let id = client.begin("textDocument/diagnostic", json!({ "textDocument": { "uri": uri("a.flow") } }));
        client.tell("$/cancelRequest", json!({ "id": id }));
        if let Err(error) = client.answer_to(&id).response_result {
            assert_eq!(error.code, ErrorCode::RequestCanceled as i32);
        }
    }
    assert_eq!(client.diagnostics("a.flow").len(), 1);
}

#[test]
fn a_check_that_panics_is_told_and_the_server_goes_on() {
    let mut client = Client::new(&[("a.flow", "fn one() -> Int { 1 }\n"), ("panics", "")]);
    let told = client.told("window/logMessage");
    assert!(told["message"].as_str().expect("a text").contains("asked to"), "{told}");
    let options = json!({ "tabSize": 2, "insertSpaces": true });
    client.open("a.flow", "fn one()->Int { 1 }\n");
    let params = json!({ "textDocument": { "uri": uri("a.flow") }, "options": options });
    assert_eq!(client.ask("textDocument/formatting", params).as_array().map(Vec::len), Some(1));
}

#[test]
fn a_file_outside_of_every_project_is_one_of_its_own() {
    let mut client = Client::new(&[("a.flow", "fn one() -> Int { 1 }\n")]);
    for address in ["untitled:Untitled-1", "file:///elsewhere/x.flow"] {
        let document = json!({ "uri": address, "languageId": "flow", "version": 1, "text": "const x: Int = \"\"\n" });
        client.tell("textDocument/didOpen", json!({ "textDocument": document }));
        let report = client.ask("textDocument/diagnostic", json!({ "textDocument": { "uri": address } }));
        assert_eq!(report["items"][0]["code"], "E0201", "{address}: {report}");
        client.tell("textDocument/didClose", json!({ "textDocument": { "uri": address } }));
    }
}
