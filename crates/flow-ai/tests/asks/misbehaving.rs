//! Servers that stall, lie, break off and never end. Whatever they do, the answer is a failure of the right class, soon.

use crate::{
    server::{Act, END, STREAM, Server, answer, piece, said},
    support::{KEY, ask, model, never},
};
use flow_ai::{AskFailed, Client, Message, Stop, Usage};
use flow_plan::{ErrorClass, Provider};
use serde_json::json;
use std::time::{Duration, Instant};

/// What becomes of an ask where the server always acts like this.
async fn failed(act: impl Fn() -> Act + Send + Sync + 'static) -> AskFailed {
    let server = Server::always(act);
    let model = model(&server.url());
    let failed = Client::new().ask(&ask(&model, "hi"), never()).await.unwrap_err();
    assert!(!format!("{failed:?} {failed}").contains(KEY));
    failed
}

fn check(failed: &AskFailed, class: ErrorClass, code: &str, words: &str) {
    let found = format!("{:?}", failed.failure);
    assert_eq!((failed.failure.class, &*failed.failure.code), (class, code), "{found}");
    assert!(found.contains(words), "{found}");
}

#[tokio::test]
async fn a_good_answer_in_single_bytes() {
    let server = Server::always(|| Act::Bytes(said("Grüße 😀").into_bytes()));
    let model = model(&server.url());
    let answer = Client::new().ask(&ask(&model, "hi"), never()).await.unwrap();
    assert_eq!((answer.text.as_str(), &answer.stop), ("Grüße 😀", &Stop::Done));
    assert_eq!((answer.usage.input_tokens, answer.usage.output_tokens, answer.usage.estimated), (7, 2, false));
    assert_eq!(answer.served, "small-1-dated");
    let seen = server.last();
    assert!(seen.line.starts_with("POST /v1/chat/completions "), "{}", seen.line);
    assert_eq!(seen.header("authorization"), Some(&*format!("Bearer {KEY}")));
    assert!(!seen.body.contains(KEY));
}

#[tokio::test]
async fn silence_in_mid_answer_is_a_timeout_and_is_paid_for() {
    let start = Instant::now();
    let failed = failed(|| Act::Hang(format!("{STREAM}{}", piece("one")))).await;
    check(&failed, ErrorClass::Timeout, "R0802", "nothing came for 0.3 s");
    assert!(failed.usage.is_some_and(|usage| usage.estimated && usage.output_tokens > 0));
    assert!(start.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn an_answer_that_never_begins_is_a_timeout() {
    let server = Server::always(|| Act::Hang(String::new()));
    let model = model(&server.url());
    let question = flow_ai::Ask { timeout: Duration::from_millis(400), ..ask(&model, "hi") };
    let failed = Client::new().ask(&question, never()).await.unwrap_err();
    check(&failed, ErrorClass::Timeout, "R0802", "within 0.4 s");
    assert!(failed.usage.is_some(), "what was sent may be charged");
}

#[tokio::test]
async fn answers_that_are_none() {
    let cases = [
        (answer("200 OK", "", "<!doctype html><p>busy"), "HTML"),
        (answer("200 OK", "", "{\"error\":{\"message\":\"oh no\"}}"), "oh no"),
        (answer("200 OK", "", ""), "empty"),
        (answer("200 OK", "", "\0\0\0"), "not a model's"),
        (format!("{STREAM}{}", piece("half")), "cut off"),
        (format!("{STREAM}data: {{\"choices\""), "no JSON"),
    ];
    for (text, words) in cases {
        let failed = failed(move || Act::Send(text.clone())).await;
        check(&failed, ErrorClass::Malformed, "R0809", words);
    }
    let half =
        [format!("{STREAM}data: {{\"choices\":[{{\"delta\":{{\"content\":\"").as_bytes(), b"\xf0\x9f\n\n"].concat();
    check(&failed(move || Act::Bytes(half.clone())).await, ErrorClass::Malformed, "R0809", "UTF-8");
}

#[tokio::test]
async fn answers_without_end_are_ended() {
    let long = piece(&"x".repeat(100_000));
    check(
        &failed(move || Act::Endless(STREAM.to_owned(), long.clone())).await,
        ErrorClass::Malformed,
        "R0810",
        "far longer than the 50 tokens",
    );
    let start = Instant::now();
    let comments = failed(|| Act::Endless(STREAM.to_owned(), ": still here\n\n".repeat(10_000))).await;
    assert!([ErrorClass::Malformed, ErrorClass::Timeout].contains(&comments.failure.class), "{comments:?}");
    assert!(start.elapsed() < Duration::from_secs(30));
    let ten = format!("{STREAM}{}{END}", piece(&"x".repeat(9 << 20)));
    let server = Server::always(move || Act::Send(ten.clone()));
    let model = model(&server.url());
    let question = flow_ai::Ask { timeout: Duration::from_secs(60), max_tokens: 1 << 20, ..ask(&model, "hi") };
    assert_eq!(Client::new().ask(&question, never()).await.unwrap().text.len(), 9 << 20);
}

#[tokio::test]
async fn broken_connections() {
    let reset = failed(|| Act::Reset).await;
    check(&reset, ErrorClass::Connection, "R0801", "no complete answer");
    assert_eq!(reset.usage, None, "it may have been answered");
    let short = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\ndata: {".to_owned();
    check(&failed(move || Act::Send(short.clone())).await, ErrorClass::Connection, "R0801", "no complete answer");
    let model = model("http://127.0.0.1:1");
    let failed = Client::new().ask(&ask(&model, "hi"), never()).await.unwrap_err();
    check(&failed, ErrorClass::Connection, "R0801", "no connection to 127.0.0.1:1");
    assert_eq!(failed.usage, Some(Usage::default()), "nobody was reached");
    for endpoint in ["ftp://host", "not a url", ""] {
        let model = crate::support::model(endpoint);
        let failed = Client::new().ask(&ask(&model, "hi"), never()).await.unwrap_err();
        check(&failed, ErrorClass::ClientError, "R0805", "no http or https URL");
        assert_eq!(failed.usage, Some(Usage::default()));
    }
}

#[tokio::test]
async fn statuses() {
    let cases = [
        ("500 Oops", "", "", ErrorClass::ServerError, "R0804"),
        ("404 Not Found", "", "{\"error\":{\"message\":\"no such model\"}}", ErrorClass::ClientError, "R0805"),
        (
            "400 Bad",
            "",
            "{\"error\":{\"code\":\"context_length_exceeded\",\"message\":\"x\"}}",
            ErrorClass::ClientError,
            "R0806",
        ),
        ("302 Found", "location: http://127.0.0.1:1/\r\n", "", ErrorClass::ClientError, "R0805"),
        ("429 Slow", "retry-after: 7\r\n", "", ErrorClass::RateLimited, "R0803"),
    ];
    for (status, headers, body, class, code) in cases {
        let text = answer(status, &format!("x-request-id: req-1\r\n{headers}"), body);
        let failed = failed(move || Act::Send(text.clone())).await;
        check(&failed, class, code, "req-1");
        // Who turns an ask down has done nothing; of a server that broke nobody knows.
        assert_eq!(failed.usage, (status != "500 Oops").then(Usage::default));
        assert_eq!(failed.failure.retry_after, (status == "429 Slow").then(|| Duration::from_secs(7)));
    }
}

#[tokio::test]
async fn a_key_that_is_sent_back_is_masked_and_a_wrong_one_not_tried_again() {
    let body = format!("{{\"error\":{{\"message\":\"Incorrect API key provided: {KEY}\"}}}}");
    let server = Server::always(move || Act::Send(answer("401 No", "", &body)));
    let (client, model) = (Client::new(), model(&server.url()));
    let question = ask(&model, "hi");
    let failed = client.ask(&question, never()).await.unwrap_err();
    check(&failed, ErrorClass::Auth, "R0807", "[redacted]");
    assert!(!format!("{failed:?}{question:?}").contains(KEY));
    check(&client.ask(&question, never()).await.unwrap_err(), ErrorClass::Auth, "R0807", "not tried again");
    assert_eq!(server.count(), 1);
    let other = flow_ai::Ask { key: Some("sk-other"), ..question.clone() };
    client.ask(&other, never()).await.unwrap_err();
    client.begin_run();
    client.ask(&question, never()).await.unwrap_err();
    assert_eq!(server.count(), 3);
    let none = flow_ai::Ask { key: None, ..question };
    check(&client.ask(&none, never()).await.unwrap_err(), ErrorClass::Auth, "R0807", "the secret `key`");
    let odd = flow_ai::Ask { key: Some("sk\nodd-key"), ..none };
    let failed = client.ask(&odd, never()).await.unwrap_err();
    check(&failed, ErrorClass::Auth, "R0807", "no header can");
    assert!(!format!("{failed:?}").contains("odd-key"));
    assert_eq!(server.count(), 3);
}

#[tokio::test]
async fn a_key_in_an_answer_is_masked() {
    let server = Server::always(|| Act::Send(said(&format!("Your key is {KEY}!"))));
    let model = model(&server.url());
    let answer = Client::new().ask(&ask(&model, "hi"), never()).await.unwrap();
    assert_eq!(answer.text, "Your key is [redacted]!");
}

#[tokio::test]
async fn a_server_that_knows_less_is_asked_for_less_and_remembered() {
    let complain = |what: &str| {
        Act::Send(answer("400 Bad", "", &format!("{{\"error\":{{\"message\":\"unknown field: {what}\"}}}}")))
    };
    let server = Server::start(move |seen| {
        if seen.body.contains("\"response_format\"") {
            complain("response_format")
        } else if seen.body.contains("stream_options") {
            complain("stream_options")
        } else {
            Act::Send(answer(
                "200 OK",
                "",
                "{\"choices\":[{\"message\":{\"content\":\"{}\"},\"finish_reason\":\"stop\"}]}",
            ))
        }
    });
    let (client, model) = (Client::new(), model(&server.url()));
    let schema = Some(("note".into(), json!({"type": "object"})));
    let question = flow_ai::Ask { schema, ..ask(&model, "hi") };
    let first = client.ask(&question, never()).await.unwrap();
    assert_eq!((first.text.as_str(), first.usage.estimated, first.served.as_str()), ("{}", true, "small-1"));
    assert_eq!(server.count(), 3);
    client.ask(&question, never()).await.unwrap();
    assert_eq!(server.count(), 4);
    assert!(server.last().body.contains("JSON Schema"));
}

#[tokio::test]
async fn a_cancel_ends_it_at_once() {
    let server = Server::always(|| Act::Hang(format!("{STREAM}{}", piece("one"))));
    let model = model(&server.url());
    let question =
        flow_ai::Ask { silence: Duration::from_secs(60), timeout: Duration::from_secs(60), ..ask(&model, "hi") };
    let start = Instant::now();
    let failed = Client::new().ask(&question, tokio::time::sleep(Duration::from_millis(200))).await.unwrap_err();
    check(&failed, ErrorClass::Internal, "R0104", "cancelled");
    assert!(failed.usage.is_some() && start.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn other_providers_take_the_same_path() {
    let ollama = "{\"model\":\"o\",\"message\":{\"content\":\"hi\"},\"done\":true}\n";
    let anthropic = "{\"model\":\"a\",\"content\":[{\"type\":\"text\",\"text\":\"hi\"}],\"stop_reason\":\"end_turn\"}";
    for (provider, body, path) in
        [(Provider::Ollama, ollama, "/api/chat"), (Provider::Anthropic, anthropic, "/v1/messages")]
    {
        let server = Server::always(move || Act::Send(answer("200 OK", "", body)));
        let model = flow_plan::Model { provider, ..model(&server.url()) };
        let answer = Client::new().ask(&ask(&model, "hi"), never()).await.unwrap();
        assert_eq!((answer.text.as_str(), &answer.stop), ("hi", &Stop::Done));
        assert!(server.last().line.starts_with(&format!("POST {path} ")), "{}", server.last().line);
    }
    let scripted = flow_plan::Model { provider: Provider::Scripted, ..model("") };
    let question = flow_ai::Ask { messages: vec![Message::User("x".into())], ..ask(&scripted, "") };
    check(&Client::new().ask(&question, never()).await.unwrap_err(), ErrorClass::ClientError, "R0814", "only a test");
}
