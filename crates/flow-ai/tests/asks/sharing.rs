//! What the asks of one model share: its rate, the pauses that its server asks for, its breaker.

use crate::{
    server::{Act, Server, answer, said},
    support::{ask, model, never},
};
use flow_ai::{Client, Usage};
use flow_plan::{ErrorClass, Model, RateLimit};
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

#[tokio::test]
async fn asks_of_one_model_keep_its_rate_and_say_how_long_they_waited() {
    let server = Server::always(|| Act::Send(said("hi")));
    let limit = Some(RateLimit { count: 2, per_ms: 500 });
    let (client, model) = (Client::new(), Model { limit, ..model(&server.url()) });
    // Impatient: the wait for the rate must not count.
    let question = flow_ai::Ask { timeout: Duration::from_secs(2), ..ask(&model, "hi") };
    let start = Instant::now();
    let four = tokio::join!(
        client.ask(&question, never()),
        client.ask(&question, never()),
        client.ask(&question, never()),
        client.ask(&question, never()),
    );
    let mut waited: Vec<Duration> = [four.0, four.1, four.2, four.3].map(|answer| answer.unwrap().waited).into();
    waited.sort();
    assert!(waited[1] < Duration::from_millis(400), "{waited:?}");
    assert!(waited[2] >= Duration::from_millis(400), "{waited:?}");
    assert!(start.elapsed() >= Duration::from_millis(500));
}

#[tokio::test]
async fn a_server_that_asks_to_wait_is_waited_for_by_all() {
    let count = AtomicUsize::new(0);
    let server = Server::always(move || match count.fetch_add(1, Ordering::SeqCst) {
        0 => Act::Send(answer("429 Slow", "retry-after-ms: 600\r\n", "")),
        _ => Act::Send(said("hi")),
    });
    let (client, model) = (Client::new(), model(&server.url()));
    let question = ask(&model, "hi");
    let failed = client.ask(&question, never()).await.unwrap_err();
    assert_eq!(failed.failure.retry_after, Some(Duration::from_millis(600)));
    let (one, two) = tokio::join!(client.ask(&question, never()), client.ask(&question, never()));
    for answer in [one.unwrap(), two.unwrap()] {
        assert!(answer.waited >= Duration::from_millis(400), "{:?}", answer.waited);
    }
    let start = Instant::now();
    assert!(client.ask(&question, never()).await.unwrap().waited < Duration::from_millis(100));
    assert!(start.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn a_wait_can_be_cancelled() {
    let server = Server::always(|| Act::Send(said("hi")));
    let limit = Some(RateLimit { count: 1, per_ms: 3_600_000 });
    let (client, model) = (Client::new(), Model { limit, ..model(&server.url()) });
    let question = ask(&model, "hi");
    client.ask(&question, never()).await.unwrap();
    let failed = client.ask(&question, tokio::time::sleep(Duration::from_millis(100))).await.unwrap_err();
    assert_eq!((&*failed.failure.code, failed.usage), ("R0104", Some(Usage::default())), "nothing was sent");
    assert!(failed.waited >= Duration::from_millis(90));
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_model_that_fails_five_times_is_not_asked_for_a_while() {
    let server = Server::always(|| Act::Send(answer("503 Busy", "", "")));
    let (client, model) = (Client::new(), model(&server.url()));
    let question = ask(&model, "hi");
    for _ in 0..5 {
        assert_eq!(client.ask(&question, never()).await.unwrap_err().failure.class, ErrorClass::ServerError);
    }
    let failed = client.ask(&question, never()).await.unwrap_err();
    assert_eq!((failed.failure.class, &*failed.failure.code), (ErrorClass::Connection, "R0811"));
    assert_eq!(server.count(), 5);
    // Another model of the same client is asked.
    let other = Model { name: flow_expr::Name::new("m.other"), ..model.clone() };
    assert_eq!(client.ask(&ask(&other, "hi"), never()).await.unwrap_err().failure.class, ErrorClass::ServerError);
}
