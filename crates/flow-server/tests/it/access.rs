//! Nobody gets in without a token that is good for what is asked: every route, with every kind of wrong token, and by
//! every path that leads around.

use crate::service::{Served, request};
use flow_server::api::document;

/// Every route that takes a token: method, path with made-up names, and the role it takes.
fn routes() -> Vec<(String, String, String)> {
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    let mut all = vec![];
    for (path, methods) in paths.iter().filter(|(path, _)| path.starts_with("/api/")) {
        for (method, operation) in methods.as_object().unwrap() {
            let parts = path.split('/').map(|part| {
                if part == "{project}" {
                    "demo"
                } else if part.starts_with('{') {
                    "x"
                } else {
                    part
                }
            });
            let path = parts.collect::<Vec<_>>().join("/");
            all.push((method.to_uppercase(), path, operation["x-role"].as_str().unwrap().to_owned()));
        }
    }
    assert!(all.len() > 12, "{all:?}");
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn no_route_answers_without_a_token_that_is_good_for_it() {
    let served = Served::new().await;
    for (method, path, role) in routes() {
        for token in [None, Some("wrong"), Some(""), Some("expired")] {
            let (status, body) = served.ask(&method, &path, token, b"").await;
            assert_eq!(status, 401, "{method} {path} with {token:?}: {body}");
            assert!(body.contains("\"code\""), "{body}");
        }
        let (status, body) = served.ask(&method, &path, Some("reader"), b"").await;
        if role == "read" {
            assert!(status != 401 && status != 403, "{method} {path}: {status} {body}");
        } else {
            assert_eq!(status, 403, "{method} {path}: {body}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_that_lead_around_lead_nowhere() {
    let served = Served::new().await;
    let around = [
        "/api/v1/projects/../projects",
        "/api/v1//projects",
        "/API/v1/projects",
        "/api/v1/projects/%2e%2e/%2e%2e/etc/passwd",
        "/api/v1/projects/demo/runs/..%2f..%2f..%2fetc%2fpasswd",
        "/hooks/../api/v1/projects",
        "/health/../api/v1/projects",
        "/api/v1/projects/",
        "/api/v1/projects;/",
        "/api/v1/projects%00",
        "/.flow/server.json",
        "/",
        "//",
        "*",
    ];
    for path in around {
        let (status, body) = served.ask("GET", path, None, b"").await;
        assert!((400..500).contains(&status), "{path}: {status} {body}");
        assert!(!body.contains("root:") && !body.contains("\"projects\""), "{path}: {body}");
        // A token does not make them lead to files either.
        let (status, body) = served.ask("GET", path, Some("admin"), b"").await;
        assert!((400..500).contains(&status) && !body.contains("root:"), "{path}: {status} {body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_or_sent_by_a_page_is_refused() {
    let served = Served::new().await;
    let large = vec![b' '; (1 << 20) + 1];
    let (status, _) = served.ask("POST", "/api/v1/projects/demo/flows/x/runs", Some("admin"), &large).await;
    assert_eq!(status, 413);
    // A gigabyte is announced, and not waited for.
    let head = "POST /hooks/x HTTP/1.1\r\nhost: x\r\ncontent-length: 1073741824\r\nwebhook-id: a\r\n\r\n";
    let (status, _) = request(served.address, head.as_bytes()).await;
    assert_eq!(status, 413);
    let head = "GET /health HTTP/1.1\r\nhost: x\r\norigin: https://example.com\r\nconnection: close\r\n\r\n";
    assert_eq!(request(served.address, head.as_bytes()).await.0, 403);
    let head = "GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    assert_eq!(request(served.address, head.as_bytes()).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_answered_with_too_many_and_others_are_not_held_up() {
    let served = std::sync::Arc::new(Served::new().await);
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let served = served.clone();
        asking.spawn(async move {
            let mut refused = 0;
            for _ in 0..40 {
                let (status, _) = served.ask("GET", "/api/v1/openapi.json", Some("reader"), b"").await;
                refused += u32::from(status == 429);
            }
            refused
        });
    }
    let refused: u32 = asking.join_all().await.into_iter().sum();
    assert!(refused > 0, "nothing held it up");
    assert_eq!(served.ask("GET", "/api/v1/openapi.json", Some("admin"), b"").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_is_answered() {
    let served = Served::new().await;
    let (status, body) = served.ask("GET", "/api/v1/projects/demo/flows", Some("reader"), b"").await;
    assert_eq!((status, body.contains("m.daily")), (200, true), "{body}");
    let (status, body) = served.ask("GET", "/api/v1/projects/demo/status", Some("reader"), b"").await;
    assert_eq!((status, body.contains("\"next\"")), (200, true), "{body}");
    let start = "/api/v1/projects/demo/flows/daily/runs";
    let (status, body) = served.ask("POST", start, Some("admin"), b"{\"parms\": {}}").await;
    assert_eq!((status, body.contains("parms")), (422, true), "{body}");
    let (status, body) = served.ask("POST", "/api/v1/projects/demo/flows/nothing/runs", Some("admin"), b"").await;
    assert_eq!((status, body.contains("no flow `nothing`")), (404, true), "{body}");
    let (status, body) = served.ask("POST", start, Some("admin"), b"").await;
    assert_eq!((status, body.contains("\"ruling\":\"run\"")), (202, true), "{body}");
    // Labelled data is not written down in clear.
    let (status, body) = served.ask("POST", start, Some("admin"), b"{\"params\": {\"who\": \"ada\"}}").await;
    assert_eq!((status, body.contains("labelled")), (422, true), "{body}");
    let (_, body) = served.ask("GET", "/api/v1/projects/demo/starts?limit=5", Some("reader"), b"").await;
    assert!(body.contains("\"hand\":\"admin\"") && !body.contains("ada"), "{body}");
}
