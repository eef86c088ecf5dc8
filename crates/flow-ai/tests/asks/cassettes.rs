//! Recording and replaying: the same answers for the same questions, and clear words where there are none.

use crate::{
    server::{Act, Server, said},
    support::{KEY, ask, model, never},
};
use flow_ai::{Ask, Client};
use flow_plan::{ErrorClass, Model, Provider};
use std::{
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

fn replaying(of: &Model) -> Model {
    Model { provider: Provider::Replay { file: "tape.jsonl".into() }, endpoint: None, key: None, ..of.clone() }
}

/// A client's answer, or its code and words.
async fn asked(client: &Client, question: &Ask<'_>) -> Result<String, (String, String)> {
    let words = |failed: flow_ai::AskFailed| {
        let failure = failed.failure;
        (failure.code.to_string(), format!("{} {}", failure.message, failure.details.join("; ")))
    };
    client.ask(question, never()).await.map(|answer| answer.text).map_err(words)
}

#[tokio::test]
async fn what_one_run_was_answered_another_is_given_and_the_file_is_replaced_whole() {
    let count = AtomicUsize::new(0);
    let server = Server::always(move || Act::Send(said(&format!("{KEY} {}", count.fetch_add(1, Ordering::SeqCst)))));
    let folder = tempfile::tempdir().unwrap();
    let live = model(&server.url());
    let tape = folder.path().join("tape.jsonl");
    std::fs::write(&tape, "old").unwrap();
    let client = Client::new().with_root(folder.path()).collect(Path::new("tape.jsonl")).unwrap();
    let question = |text: &str| ask(&live, text);
    let mut runs = vec![];
    for asks in [&["one", "one"][..], &["one", "two"], &["one", "one", "one"]] {
        client.begin_run();
        let mut answers = vec![];
        for text in asks {
            answers.push(asked(&client, &question(text)).await.unwrap());
        }
        runs.push(answers);
    }
    let said = |number: usize| format!("[redacted] {number}");
    assert_eq!(runs, [vec![said(0), said(1)], vec![said(0), said(2)], vec![said(0), said(1), said(3)]]);
    assert_eq!(client.sent(), 4);
    assert_eq!(std::fs::read_to_string(&tape).unwrap(), "old", "nothing is written before the end");
    assert_eq!(client.finish_recording().unwrap(), 4);
    let text = std::fs::read_to_string(&tape).unwrap();
    assert!(!text.contains(KEY) && text.lines().count() == 5, "{text}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);

    let (client, model) = (Client::new().with_root(folder.path()), replaying(&live));
    for text in ["one", "two"] {
        let question = Ask { key: None, ..ask(&model, text) };
        assert!(asked(&client, &question).await.is_ok());
    }
    assert_eq!(client.sent(), 0, "a cassette sends nothing");
}

#[tokio::test]
async fn a_cassette_for_no_place_is_refused_before_anything_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    for place in ["nowhere/tape.jsonl", "."] {
        let refused = Client::new().with_root(folder.path()).collect(Path::new(place)).map(|_| ()).unwrap_err();
        assert_eq!(&*refused.code, "R0812", "{place}");
    }
}

#[tokio::test]
async fn what_was_recorded_is_replayed_in_order_and_holds_no_key() {
    let count = AtomicUsize::new(0);
    let server =
        Server::always(move || Act::Send(said(&format!("{KEY} answer {}", count.fetch_add(1, Ordering::SeqCst)))));
    let folder = tempfile::tempdir().unwrap();
    let live = model(&server.url());
    let client = Client::new().with_root(folder.path()).record(Path::new("tape.jsonl")).unwrap();
    for text in ["one", "two", "one"] {
        client.ask(&ask(&live, text), never()).await.unwrap();
    }
    drop(client);
    // Recording goes on where it ended.
    let client = Client::new().with_root(folder.path()).record(Path::new("tape.jsonl")).unwrap();
    client.ask(&ask(&live, "three"), never()).await.unwrap();
    let tape = std::fs::read_to_string(folder.path().join("tape.jsonl")).unwrap();
    assert!(!tape.contains(KEY) && tape.lines().count() == 5, "{tape}");
    assert!(tape.starts_with("{\"flowc_cassette\":1}\n"));

    let (client, model) = (Client::new().with_root(folder.path()), replaying(&live));
    let question = |text: &str| Ask { key: None, ..ask(&model, text) };
    assert_eq!(asked(&client, &question("one")).await, Ok("[redacted] answer 0".into()));
    assert_eq!(asked(&client, &question("two")).await, Ok("[redacted] answer 1".into()));
    assert_eq!(asked(&client, &question("one")).await, Ok("[redacted] answer 2".into()));
    let (code, words) = asked(&client, &question("one")).await.unwrap_err();
    assert!(code == "R0813" && words.contains("2 answers") && words.contains("given already"), "{words}");
    client.begin_run();
    assert_eq!(asked(&client, &question("one")).await, Ok("[redacted] answer 0".into()));

    let (code, words) = asked(&client, &question("thre")).await.unwrap_err();
    assert!(
        code == "R0813" && words.contains("tape.jsonl") && words.contains("nearest that is recorded: three"),
        "{words}"
    );
    let warmer = Ask { temperature: Some("0.5".parse().unwrap()), ..question("three") };
    assert!(asked(&client, &warmer).await.unwrap_err().1.contains("temperature or seed differ"));
    let other = Model { model: "big-1".into(), ..model.clone() };
    let words = asked(&client, &Ask { model: &other, ..question("three") }).await.unwrap_err().1;
    assert!(words.contains("another model, `small-1`"), "{words}");
    // Patience is no part of what a question means.
    let patient = Ask { timeout: std::time::Duration::from_secs(99), ..question("three") };
    assert_eq!(asked(&client, &patient).await, Ok("[redacted] answer 3".into()));
}

#[tokio::test]
async fn a_damaged_cassette_is_refused_with_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tape.jsonl");
    let model = replaying(&model(""));
    let good = r#"{"key":"k","model":"m","prompt":"p","answer":{"text":"t","usage":{"input_tokens":1,"output_tokens":1},"served":"m","stop":"done"}}"#;
    let cases = [
        (String::new(), "line 1 is missing"),
        ("hello\n".into(), "line 1 is no header"),
        ("{\"flowc_cassette\":2}\n".into(), "format 2"),
        (format!("{{\"flowc_cassette\":1}}\n{good}\n{{\"key\":\n{good}\n"), "line 3 is damaged"),
        (format!("{{\"flowc_cassette\":1}}\n{good}"), "line 2 is damaged: it has no end"),
        (format!("{{\"flowc_cassette\":1}}\n{good}\n\n"), "line 3 is damaged"),
    ];
    for (text, expected) in cases {
        std::fs::write(&path, text).unwrap();
        let question = Ask { key: None, ..ask(&model, "x") };
        let client = Client::new().with_root(folder.path());
        let failed = client.ask(&question, never()).await.unwrap_err();
        assert_eq!((failed.failure.class, &*failed.failure.code), (ErrorClass::Internal, "R0812"));
        assert!(failed.failure.message.contains(expected), "{}", failed.failure.message);
        assert!(Client::new().record(&path).is_err_and(|failure| failure.message.contains(expected)));
    }
    std::fs::remove_file(&path).unwrap();
    let client = Client::new().with_root(folder.path());
    assert_eq!(asked(&client, &Ask { key: None, ..ask(&model, "x") }).await.unwrap_err().0, "R0812");
    std::fs::write(&path, "{\"flowc_cassette\":1}\n").unwrap();
    let client = Client::new().with_root(folder.path());
    assert!(
        asked(&client, &Ask { key: None, ..ask(&model, "x") }).await.unwrap_err().1.contains("nothing is recorded")
    );
}
