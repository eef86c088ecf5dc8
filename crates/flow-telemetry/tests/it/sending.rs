//! Sending to servers that take it, refuse it, hang, or are not there.

use crate::traces::config;
use flow_telemetry::{LineageTarget, Outlet, Scrub, TracesTarget};
use flow_testing::server::{Act, Server, answer, json as answers};
use serde_json::{Value as Json, json};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

const WITHIN: Duration = Duration::from_secs(2);

fn plain() -> Scrub {
    Arc::new(|text: &str| text.to_owned())
}

fn target(url: String) -> TracesTarget {
    TracesTarget { url, headers: vec![("x-team".into(), "a".into())], timeout: Duration::from_secs(1) }
}

fn spans(count: usize) -> Vec<Json> {
    (0..count).map(|number| json!({ "spanId": number.to_string(), "name": "the s3cr3t-key" })).collect()
}

#[tokio::test]
async fn spans_arrive_in_parcels_without_secrets() {
    let server = Server::sending(&answers("{}"));
    let scrub: Scrub = Arc::new(|text: &str| text.replace("s3cr3t-key", "***"));
    let outlet = Outlet::traces(target(format!("{}/v1/traces", server.url())), &config(), scrub);
    outlet.push(spans(300));
    assert_eq!(outlet.finish(WITHIN).await, None);
    let seen = server.seen.lock().unwrap().clone();
    assert_eq!(seen.len(), 3, "128 to a request");
    assert!(seen[0].line.starts_with("POST /v1/traces ") && seen[0].header("x-team") == Some("a"));
    let count: usize = seen
        .iter()
        .map(|request| {
            assert!(!request.body.contains("s3cr3t") && request.body.contains("the ***"));
            let body: Json = serde_json::from_str(&request.body).unwrap();
            body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap().len()
        })
        .sum();
    assert_eq!(count, 300);
}

#[tokio::test]
async fn what_a_place_does_not_take_is_counted_and_holds_nothing_up() {
    let refusing = Server::sending(&answer("403 Forbidden", "", "no"));
    let hanging = Server::always(|| Act::Hang(String::new()));
    let rejecting = Server::sending(&answers(r#"{"partialSuccess":{"rejectedSpans":"1"}}"#));
    let cases = [
        (refusing.url(), "2 of 2 traces", "403"),
        (hanging.url(), "2 of 2 traces", ""),
        ("http://127.0.0.1:1".to_owned(), "2 of 2 traces", "refused"),
        (rejecting.url(), "1 of 2 traces", "1 were rejected"),
    ];
    for (url, count, why) in cases {
        let outlet = Outlet::traces(target(format!("http://u:pw@{}/v1?key=k", &url[7..])), &config(), plain());
        let began = Instant::now();
        outlet.push(spans(2));
        assert!(began.elapsed() < Duration::from_millis(200), "{url}: pushing waits for nothing");
        let warning = outlet.finish(WITHIN).await.unwrap();
        assert!(began.elapsed() < WITHIN + Duration::from_secs(1), "{url}");
        let message = warning.message.to_lowercase();
        assert!(message.starts_with(count) && message.contains(why), "{message}");
        assert!(!message.contains("pw") && !message.contains("key="), "{message}");
        assert_eq!(warning.code, "R0951");
    }
}

#[tokio::test]
async fn a_busy_place_is_asked_again() {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::start(move |_| match count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
        0 => Act::Send(answer("503 Service Unavailable", "", "")),
        _ => Act::Send(answer("201 Created", "", "")),
    });
    let url = format!("{}/api/v1/lineage", server.url());
    let outlet = Outlet::lineage(LineageTarget::Http { url, key: Some("k-1".into()) }, plain());
    outlet.push(vec![json!({ "eventType": "START" }), json!({ "eventType": "COMPLETE" })]);
    assert_eq!(outlet.finish(WITHIN).await, None);
    let seen = server.seen.lock().unwrap().clone();
    assert_eq!(seen.len(), 3, "the first was sent twice");
    assert!(seen.iter().all(|request| request.header("authorization") == Some("Bearer k-1")));
    assert!(seen[2].body.contains("COMPLETE"), "in their order");
}

#[tokio::test]
async fn a_full_queue_drops_and_a_file_gets_whole_lines() {
    let hanging = Server::always(|| Act::Hang(String::new()));
    let outlet = Outlet::traces(target(hanging.url()), &config(), plain());
    let began = Instant::now();
    outlet.push(spans(100_000));
    assert!(began.elapsed() < Duration::from_secs(3));
    let warning = outlet.finish(Duration::from_millis(300)).await.unwrap();
    assert!(warning.message.starts_with("100000 of 100000"), "{}", warning.message);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out/lineage.jsonl");
    for _ in 0..2 {
        let outlet = Outlet::lineage(LineageTarget::File(path.clone()), plain());
        outlet.push(vec![json!({ "a": "two\nlines" }), json!({ "b": 2 })]);
        assert_eq!(outlet.finish(WITHIN).await, None);
    }
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().filter(|line| serde_json::from_str::<Json>(line).is_ok()).count(), 4);
    let outlet = Outlet::lineage(LineageTarget::File(folder.path().to_owned()), plain());
    outlet.push(vec![json!({})]);
    assert!(outlet.finish(WITHIN).await.unwrap().message.contains("lineage"));
}
