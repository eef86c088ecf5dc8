//! Answers of a server that streams, for the one that does to a client whatever a test wants.

pub(crate) use flow_testing::server::{Act, Server, answer};

/// The head of a stream.
pub(crate) const STREAM: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

/// One piece of a streamed answer.
pub(crate) fn piece(text: &str) -> String {
    let json = serde_json::json!({"model": "small-1-dated", "choices": [{"delta": {"content": text}}]});
    format!("data: {json}\n\n")
}

/// The end of one.
pub(crate) const END: &str = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
     data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n";

/// A whole streamed answer.
pub(crate) fn said(text: &str) -> String {
    format!("{STREAM}{}{END}", piece(text))
}
