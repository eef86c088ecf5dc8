//! `http` steps: what is sent, and what becomes of every kind of answer, good and bad.

use crate::support::{Bench, string};
use flow_diag::Span;
use flow_exec::api::CancelSource;
use flow_expr::{Expr, ExprKind, Name, Part, Type, Value, VarId};
use flow_plan::{Body, Connection, ConnectionKind, ErrorClass, HttpValue, SecretSource};
use flow_testing::server::{Act, Server, answer, json};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

fn constant(value: Value) -> Expr {
    Expr::new(ExprKind::Const(value), Span::default())
}

fn var(number: u32) -> Expr {
    Expr::new(ExprKind::Var(VarId(number)), Span::default())
}

/// `METHOD base/path` with a body or none.
fn request(method: &str, url: &str, body: Option<Expr>) -> Body {
    let url = vec![Part::Text(url.into())];
    Body::Http { method: method.into(), url, connection: None, headers: vec![], query: vec![], body }
}

fn get(server: &Server, returns: Type) -> Bench {
    Bench::new(request("GET", &format!("{}/path", server.url()), None), returns)
}

/// A step whose URL is `base/items/{p0}?q={p0}` with one parameter.
fn with_hole(base: &str, value: &str) -> Bench {
    let parts = vec![
        Part::Text(format!("{base}/items/").into()),
        Part::Hole(var(0), None),
        Part::Text("?q=".into()),
        Part::Hole(var(0), None),
    ];
    let mut bench = Bench::new(request("GET", "", None), Type::Json).text("value", value);
    if let Body::Http { url, .. } = &mut bench.step.body {
        *url = parts;
    }
    bench
}

#[tokio::test]
async fn holes_stay_in_their_place() {
    let server = Server::sending(&json("{}"));
    for (value, expected) in [
        ("a b/c?d=1#e&f", "/items/a%20b%2Fc%3Fd%3D1%23e%26f?q=a%20b%2Fc%3Fd%3D1%23e%26f"),
        ("'; drop table x; --", "/items/%27%3B%20drop%20table%20x%3B%20--?q=%27%3B%20drop%20table%20x%3B%20--"),
        ("\r\nHost: evil", "/items/%0D%0AHost%3A%20evil?q=%0D%0AHost%3A%20evil"),
        ("ü", "/items/%C3%BC?q=%C3%BC"),
        ("...", "/items/...?q=..."),
    ] {
        with_hole(&server.url(), value).value().await;
        assert_eq!(server.last().line, format!("GET {expected} HTTP/1.1"));
    }
    let before = server.seen.lock().unwrap().len();
    for value in [".", ".."] {
        let failure = with_hole(&server.url(), value).failure().await;
        assert_eq!((failure.class, &*failure.code), (ErrorClass::ClientError, "R0125"));
    }
    assert_eq!(server.seen.lock().unwrap().len(), before);
}

#[tokio::test]
async fn a_hole_at_the_beginning_is_the_address() {
    let server = Server::sending(&json("{}"));
    let mut bench =
        Bench::new(request("POST", "", None), Type::Unit).text("url", &format!("{}/hook?a=1", server.url()));
    if let Body::Http { url, .. } = &mut bench.step.body {
        *url = vec![Part::Hole(var(0), None), Part::Text("&b=".into()), Part::Hole(constant(string("c d")), None)];
    }
    bench.value().await;
    assert_eq!(server.last().line, "POST /hook?a=1&b=c%20d HTTP/1.1");
    bench.args[0].1 = string("file:///etc/passwd");
    assert_eq!(&*bench.failure().await.code, "R0125");
}

#[tokio::test]
async fn headers_query_and_bodies_are_encoded() {
    let server = Server::sending(&json("{}"));
    let list = Value::List(Arc::from([string("a&b"), string("c")]));
    let body = Value::Json(Arc::new(serde_json::json!({"note": "it's \"quoted\""})));
    let mut bench = Bench::new(request("POST", &format!("{}/x?a=1", server.url()), Some(constant(body))), Type::Json);
    if let Body::Http { headers, query, .. } = &mut bench.step.body {
        headers.push(("X-Day".into(), HttpValue::Expr(constant(Value::Date("2026-11-22".parse().unwrap())))));
        headers.push(("X-None".into(), HttpValue::Expr(constant(Value::Absent))));
        query.push(("tag".into(), constant(list)));
        query.push(("none".into(), constant(Value::Absent)));
    }
    bench.key = Some("order-7".into());
    bench.value().await;
    let seen = server.last();
    assert_eq!(seen.line, "POST /x?a=1&tag=a%26b&tag=c HTTP/1.1");
    assert_eq!(seen.body, r#"{"note":"it's \"quoted\""}"#);
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(seen.header("x-day"), Some("2026-11-22"));
    assert_eq!(seen.header("x-none"), None);
    assert_eq!(seen.header("idempotency-key"), Some("order-7"));
    assert!(seen.header("user-agent").unwrap().starts_with("flowc/"));

    let text = Bench::new(request("PUT", &server.url(), Some(constant(string("plain")))), Type::Unit);
    assert_eq!(text.value().await, Value::Unit);
    assert_eq!(
        (server.last().body.as_str(), server.last().header("content-type").unwrap()),
        ("plain", "text/plain; charset=utf-8")
    );
}

#[tokio::test]
async fn a_value_cannot_add_headers() {
    let server = Server::sending(&json("{}"));
    let mut bench = get(&server, Type::Json);
    if let Body::Http { headers, .. } = &mut bench.step.body {
        headers.push(("X-Note".into(), HttpValue::Expr(constant(string("a\r\nX-Evil: 1")))));
    }
    let failure = bench.failure().await;
    assert_eq!(&*failure.code, "R0125");
    assert!(server.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn answers_become_values() {
    let server = Server::sending(&json(r#"[1, 2]"#));
    let list = get(&server, Type::List(Arc::new(Type::Int))).value().await;
    assert_eq!(list, Value::List(Arc::from([Value::Int(1), Value::Int(2)])));
    assert_eq!(get(&server, Type::String).value().await, string("[1, 2]"));
    assert_eq!(get(&server, Type::Unit).value().await, Value::Unit);
    let Value::File(file) = get(&server, Type::File).value().await else { panic!("no file") };
    assert_eq!((&*file.hash, &*file.name), ("[1, 2]", "path"));
    let failure = get(&server, Type::List(Arc::new(Type::Bool))).failure().await;
    assert_eq!(failure.class, ErrorClass::Malformed);
    assert!(failure.details[0].contains("tried[0]"), "{failure:?}");

    let nothing = Server::sending("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
    assert_eq!(get(&nothing, Type::Int.optional()).value().await, Value::Absent);
    assert!(get(&nothing, Type::Int).failure().await.message.contains("empty"));
}

#[tokio::test]
async fn tables_come_in_the_format_that_the_answer_names() {
    let row = Type::Table(Arc::new(Type::Named(Name::new("main.Row"))));
    for (kind, body, expected) in [
        ("text/csv; charset=utf-8", "x\n1\n", "Csv: x\n1\n"),
        ("application/x-ndjson", "{\"x\":1}\n", "Jsonl: {\"x\":1}\n"),
        ("application/json", "[{\"x\": 1},\n {\"x\": 2}]", "Jsonl: {\"x\":1}\n{\"x\":2}\n"),
    ] {
        let server = Server::sending(&answer("200 OK", &format!("content-type: {kind}\r\n"), body));
        let Value::Table(table) = get(&server, row.clone()).value().await else { panic!("no table") };
        assert_eq!(&*table.hash, expected);
    }
    let page = Server::sending(&answer("200 OK", "content-type: text/html\r\n", "<p>"));
    assert!(get(&page, row).failure().await.message.contains("text/html"));
}

#[tokio::test]
async fn statuses_have_classes() {
    for (status, class) in [
        ("500 Internal Server Error", ErrorClass::ServerError),
        ("503 Service Unavailable", ErrorClass::ServerError),
        ("429 Too Many Requests", ErrorClass::RateLimited),
        ("401 Unauthorized", ErrorClass::Auth),
        ("403 Forbidden", ErrorClass::Auth),
        ("404 Not Found", ErrorClass::ClientError),
        ("408 Request Timeout", ErrorClass::Timeout),
        ("304 Not Modified", ErrorClass::ClientError),
    ] {
        let server = Server::sending(&answer(status, "retry-after: 7\r\n", "so it is"));
        let failure = get(&server, Type::Json).failure().await;
        assert_eq!((failure.class, &*failure.code), (class, "R0122"), "{status}");
        assert_eq!(failure.retry_after, Some(Duration::from_secs(7)));
        assert!(failure.message.contains(&status[..3]), "{failure:?}");
    }
    let server = Server::sending(&answer("500 Oops", "content-type: text/plain\r\n", "the disk is full"));
    let failure = get(&server, Type::Json).failure().await;
    assert!(failure.details[0].contains("the disk is full") && failure.retry_after.is_none(), "{failure:?}");
}

#[tokio::test]
async fn a_page_in_place_of_json_is_named() {
    let page = "<!doctype html>\n<html><title>Sign in</title>";
    let server = Server::sending(&answer("200 OK", "content-type: text/html\r\n", page));
    let failure = get(&server, Type::Json).failure().await;
    assert_eq!((failure.class, &*failure.code), (ErrorClass::Malformed, "R0123"));
    assert!(failure.message.contains("HTML") && failure.details[0].contains("Sign in"), "{failure:?}");
    let cut = Server::sending(&json("{\"a\": "));
    assert!(get(&cut, Type::Json).failure().await.message.contains("not:"));
    let packed = Server::sending(&answer("200 OK", "content-encoding: gzip\r\n", "\u{1f}"));
    assert!(get(&packed, Type::Json).failure().await.message.contains("gzip"));
}

#[tokio::test]
async fn silence_and_broken_connections_have_classes() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{".to_owned();
    for hang in [String::new(), "HTTP/1.1 20".to_owned(), head.clone()] {
        let server = Server::start(move |_| Act::Hang(hang.clone()));
        let start = Instant::now();
        let failure = get(&server, Type::Json).timeout(Duration::from_millis(300)).failure().await;
        assert_eq!((failure.class, &*failure.code), (ErrorClass::Timeout, "R0103"));
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    }
    let drip = Server::start(|_| Act::Drip);
    let failure = get(&drip, Type::Json).timeout(Duration::from_millis(300)).failure().await;
    assert_eq!(failure.class, ErrorClass::Timeout);
    let reset = Server::start(|_| Act::Reset);
    let cut = Server::sending(&head);
    for server in [reset, cut, Server::sending(""), Server::sending("garbage\r\n\r\n")] {
        let failure = get(&server, Type::Json).failure().await;
        assert_eq!((failure.class, &*failure.code), (ErrorClass::Connection, "R0121"), "{failure:?}");
        assert!(failure.message.contains(&server.address.to_string()), "{failure:?}");
    }
    let nobody = Bench::new(request("GET", "http://127.0.0.1:1/", None), Type::Json).failure().await;
    assert_eq!(nobody.class, ErrorClass::Connection);
    assert!(nobody.message.to_lowercase().contains("refused"), "{nobody:?}");
}

#[tokio::test]
async fn large_answers_are_bounded() {
    for says_length in [true, false] {
        let server = Server::start(move |_| Act::Flood(100 << 20, says_length));
        let failure = get(&server, Type::Json).failure().await;
        assert_eq!((failure.class, &*failure.code), (ErrorClass::Malformed, "R0105"));
        assert!(failure.message.contains("64 MiB"), "{failure:?}");
    }
    let server = Server::start(|_| Act::Flood(100 << 20, true));
    let outcome = get(&server, Type::File).run().await.unwrap();
    assert_eq!(outcome.bytes, Some(100 << 20));
}

/// A step on a connection with a token from a file.
fn with_token(base: &str) -> Bench {
    let mut bench = Bench::new(request("GET", "/path", None), Type::Json);
    std::fs::write(bench.root().join("key.txt"), "tops3cret-token\n").unwrap();
    let name = Name::new("main.api");
    let secret = Name::new("main.token");
    let kind = ConnectionKind::Http { url: base.into(), token: Some(secret.clone()) };
    let connection = Connection { name: name.clone(), kind, accepts: vec![], at: Span::default() };
    bench.program.connections.insert(name.clone(), connection);
    bench.program.secrets.insert(secret.clone(), SecretSource::File("key.txt".into()));
    if let Body::Http { connection, headers, .. } = &mut bench.step.body {
        *connection = Some(name);
        headers.push(("X-Key".into(), HttpValue::Secret { prefix: "k=".into(), secret, suffix: "".into() }));
    }
    bench
}

#[tokio::test]
async fn credentials_go_to_the_named_host_alone() {
    let other = Server::sending(&json("{}"));
    let target = format!("{}/elsewhere", other.url());
    let server = Server::start(move |seen| match &seen.line {
        line if line.contains("/path") => Act::Send(answer("302 Found", "location: /same\r\n", "")),
        _ => Act::Send(answer("307 Temporary Redirect", &format!("location: {target}\r\n"), "")),
    });
    with_token(&server.url()).value().await;
    let seen = server.seen.lock().unwrap().clone();
    assert_eq!(seen.len(), 2);
    for request in &seen {
        assert_eq!(request.header("authorization"), Some("Bearer tops3cret-token"));
        assert_eq!(request.header("x-key"), Some("k=tops3cret-token"));
    }
    assert_eq!(other.last().line, "GET /elsewhere HTTP/1.1");
    assert_eq!((other.last().header("authorization"), other.last().header("x-key")), (None, None));
}

#[tokio::test]
async fn redirects_end() {
    let server = Server::start(|_| Act::Send(answer("302 Found", "location: /again\r\n", "")));
    let failure = get(&server, Type::Json).failure().await;
    assert_eq!(&*failure.code, "R0124");
    assert!(failure.message.contains("10 times"), "{failure:?}");
    assert_eq!(server.seen.lock().unwrap().len(), 11);
    for location in ["file:///etc/passwd", "ftp://example.com/"] {
        let head = format!("location: {location}\r\n");
        let server = Server::start(move |_| Act::Send(answer("302 Found", &head, "")));
        assert_eq!(&*get(&server, Type::Json).failure().await.code, "R0124");
    }
}

#[tokio::test]
async fn a_post_is_sent_again_only_where_that_is_meant() {
    for (status, expected) in [("302 Found", "GET"), ("303 See Other", "GET"), ("307 Temporary Redirect", "POST")] {
        let server = Server::start(move |seen| {
            let first = seen.line.contains("/first");
            Act::Send(if first { answer(status, "location: /second\r\n", "") } else { json("{}") })
        });
        let body = Some(constant(string("once")));
        Bench::new(request("POST", &format!("{}/first", server.url()), body), Type::Json).value().await;
        assert_eq!(server.last().line, format!("{expected} /second HTTP/1.1"));
        assert_eq!(server.last().body, if expected == "POST" { "once" } else { "" });
    }
}

#[tokio::test]
async fn secrets_stay_out_of_logs_and_failures() {
    let server = Server::start(|seen| {
        Act::Send(answer("500 Oops", "content-type: text/plain\r\n", &format!("{:?}", seen.headers)))
    });
    let bench = with_token(&server.url());
    let failure = bench.failure().await;
    assert!(format!("{failure:?}").contains("Bearer ***"), "{failure:?}");
    assert!(!format!("{failure:?} {}", bench.logged()).contains("tops3cret"), "{failure:?}");
    let echo = Server::start(|seen| Act::Send(json(&format!("{:?}", seen.header("authorization").unwrap()))));
    let failure = with_token(&echo.url()).failure().await;
    assert_eq!(&*failure.code, "R0132");
    let mut bench = with_token("http://127.0.0.1:1");
    bench.program.secrets.insert(Name::new("main.token"), SecretSource::File("gone".into()));
    assert_eq!((bench.failure().await.class, &*bench.failure().await.code), (ErrorClass::Auth, "R0131"));
}

#[tokio::test]
async fn a_cancel_drops_the_request() {
    let server = Server::start(|_| Act::Hang(String::new()));
    let (source, cancel) = CancelSource::new();
    let bench = get(&server, Type::Json);
    let later = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        source.cancel();
    };
    let start = Instant::now();
    let (result, ()) = tokio::join!(bench.run_until(&cancel), later);
    assert_eq!(&*result.unwrap_err().code, "R0104");
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn what_is_no_url_is_named() {
    for url in ["not a url", "ftp://example.com/", "file:///etc/passwd", "http://"] {
        let failure = Bench::new(request("GET", url, None), Type::Json).failure().await;
        assert_eq!(&*failure.code, "R0125", "{url}: {failure:?}");
    }
}

#[tokio::test]
async fn requests_are_noted() {
    let server = Server::sending(&json("{}"));
    let bench = get(&server, Type::Json);
    bench.value().await;
    assert!(bench.logged().starts_with(&format!("Note: GET {}/path: 200 OK in ", server.url())), "{}", bench.logged());
}
