//! `flowc test --live` and `--record`: the tests of a program with its models really asked, here a server on loopback.

use crate::{
    ai::{Answer, Server, says},
    sandbox::{Said, Sandbox, said},
};
use serde_json::{Value as Json, json};
use std::fs;

/// The program of the tests of `flowc test`.
const MORNING: &str = include_str!("morning.flow");

/// A key that must turn up nowhere but in the request.
const KEY: &str = "sk-live-5c0ffee4a11d";

const ORDER: &str = "  given orders = csv \"\"\"\n    id,customer,region,amount,placed_at\n    1,ada,North,10.00,2026-01-01T09:00:00Z\n  \"\"\"\n";

/// The program without its own test, its model at that port, with these tests.
fn morning(port: u16, tests: &[(&str, &str)]) -> Sandbox {
    let program = MORNING.split_once("\ntest \"").unwrap().0;
    let endpoint =
        format!("  endpoint \"http://127.0.0.1:{port}/v1\"\n  key      writer_key\n  file \"cassette.jsonl\"");
    let program = program
        .replace("  key      writer_key", &endpoint)
        .replace("provider openai", "provider who")
        .replace("retry    patient", "retry { up to 2 times, on server_error, rate_limited, backoff 10ms..20ms }");
    let mut text = format!("{program}\nvar who: String = \"openai\"\n");
    for (title, body) in tests {
        text.push_str(&format!("test \"{title}\" {{\n{ORDER}{body}\n}}\n"));
    }
    let sandbox = Sandbox::program(&text);
    sandbox.write("flow.toml", "name = \"test\"\nedition = \"2026\"\n[profiles.replay.vars]\nwho = \"replay\"\n");
    sandbox
}

fn note(body: &str, total: &str) -> Answer {
    says(&json!({ "headline": "h", "body": body, "total": total }).to_string())
}

/// A wrong total, then the right one.
fn corrected() -> Server {
    Server::start(vec![note("North", "7"), note("North", "10")])
}

fn flowc(sandbox: &Sandbox, arguments: &[&str]) -> Said {
    said(sandbox.command(arguments).env("WRITER_API_KEY", KEY).output().unwrap())
}

/// The test says that the first answer is right.
const ASKED: &str = "  given write_note = Note(headline: \"h\", body: \"North\", total: 10)\n  let r = run morning_revenue\n  \
                     expect r.succeeded and r.write_note.asks == 2 and board_note.total == 10";

#[test]
fn a_live_test_asks_the_model_and_tells_what_that_used() {
    let server = corrected();
    let sandbox = morning(server.port, &[("asked", ASKED)]);
    flowc(&sandbox, &["test"]).ends(1).gives("is `1`");
    assert_eq!(server.count(), 0, "nobody is asked without --live");
    flowc(&sandbox, &["test", "--live"])
        .ends(0)
        .gives("✓ asked")
        .gives("asked: 2 asks, 200 tokens in, 40 out, $0.00013");
    assert_eq!(server.count(), 2);
    let (head, body) = server.request(1);
    assert!(head.contains(KEY) && body.to_string().contains("The total must equal 10"), "{body}");
    let mut left: Vec<String> = fs::read_dir(sandbox.path("."))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["flow.toml", "main.flow"], "nothing of the project is written");
}

#[test]
fn budgets_and_fallbacks_are_the_drivers_own() {
    let server = Server::start(vec![note("North", "7")]);
    let test = "  let r = run morning_revenue\n  expect r.write_note.asks == 3 and r.write_note.recovered\n  \
                expect r.write_note.failure == \"guard_failed\" and board_note.headline == \"Revenue 10\"";
    morning_live(&server, test).ends(0).gives("asked: 3 asks");
    assert_eq!(server.count(), 3);
}

fn morning_live(server: &Server, test: &str) -> Said {
    flowc(&morning(server.port, &[("this", test)]), &["test", "--live"])
}

#[test]
fn a_failed_ask_is_sent_again_after_a_pause() {
    let failed = (503, json!({ "error": { "message": "busy" } }));
    let server = Server::start(vec![failed, note("North", "10")]);
    let test = "  let r = run morning_revenue\n  expect r.write_note.asks == 2 and not r.write_note.recovered\n  \
                expect r.took >= 10ms and r.took < 1m";
    morning_live(&server, test).ends(0);
    assert_eq!(server.count(), 2);
}

#[test]
fn a_test_of_misbehaviour_is_skipped_and_asks_nobody() {
    let server = corrected();
    let slow = "  given write_note = [rate_limited, Note(headline: \"h\", body: \"North\", total: 10)]\n  let r = run \
                morning_revenue\n  expect r.write_note.asks == 2";
    // Where another step is the one that misbehaves, the model is asked.
    let data =
        "  given aggregate = [client_error, timeout]\n  let r = run morning_revenue\n  expect r.failed and r.asks == 0";
    let sandbox = morning(server.port, &[("slow", slow), ("no figures", data)]);
    flowc(&sandbox, &["test"]).ends(0).gives("2 passed");
    let said = flowc(&sandbox, &["test", "--live"]).ends(0).gives("✓ no figures").gives("1 passed, 1 skipped");
    said.gives("– slow  skipped: it lets `write_note` answer with `rate_limited`, which no model does on demand");
    assert_eq!(server.count(), 0);
    let said = flowc(&sandbox, &["test", "--live", "--format", "json"]).ends(0);
    let document: Json = serde_json::from_str(&said.out).unwrap();
    assert_eq!(
        (&document["mode"], &document["skipped"], &document["usage"]["asks"]),
        (&json!("live"), &json!(1), &json!(0))
    );
    flowc(&sandbox, &["test", "--live", "--format", "junit"])
        .ends(0)
        .gives("<skipped message=")
        .gives("value=\"live\"");
}

#[test]
fn without_a_key_one_error_names_the_secret_and_nobody_is_asked() {
    let server = corrected();
    let sandbox = morning(server.port, &[("asked", ASKED), ("again", ASKED)]);
    let mut command = sandbox.command(&["test", "--live"]);
    let said = said(command.env_remove("WRITER_API_KEY").output().unwrap()).ends(4);
    assert_eq!(said.err.matches("error:").count(), 1, "{}", said.err);
    said.tells("the model `writer` cannot be asked: the secret `writer_key` is not available")
        .tells("[R0743]")
        .tells("set WRITER_API_KEY where flowc is started");
    // A test that asks no model needs no key.
    let sums = "  let r = run aggregate(orders)\n  expect r.result.count() == 1";
    let sandbox = morning(server.port, &[("sums", sums)]);
    sandbox.flowc(&["test", "--live"]).ends(0);
    assert_eq!(server.count(), 0);
}

#[test]
fn what_is_recorded_is_replayed_by_tests_and_runs() {
    let server = corrected();
    let not_given = "  let r = run morning_revenue\n  expect r.write_note.asks == 2 and board_note.total == 10";
    let sandbox = morning(server.port, &[("asked", ASKED), ("not given", not_given)]);
    flowc(&sandbox, &["test", "--record"])
        .ends(0)
        .tells("recorded 2 answers in")
        .gives("asked: 2 asks, 200 tokens in, 40 out, $0.00013; 2 answers from a recording");
    assert_eq!(server.count(), 2, "the second test asks the same, so it is given the same");
    let cassette = sandbox.read("cassette.jsonl");
    assert!(cassette.lines().count() == 3 && !cassette.contains(KEY), "{cassette}");
    // Each test alone, and both, without a key.
    for arguments in [
        &["test", "--live", "--profile", "replay"][..],
        &["test", "asked", "--live", "--profile", "replay"],
        &["test", "not given", "--profile", "replay"],
    ] {
        sandbox.flowc(arguments).ends(0).gives(" passed");
    }
    sandbox.flowc(&["test", "not given"]).ends(1).gives("R0741");
    sandbox.write("data/orders.csv", "id,customer,region,amount,placed_at\n1,ada,North,10.00,2026-01-01T09:00:00Z\n");
    sandbox.change("main.flow", "require orders fresh within 2h else wait up to 10m", "");
    sandbox.flowc(&["run", "--profile", "replay"]).ends(0).tells("The total must equal 10");
    assert!(sandbox.read("out/note.json").contains("North"));
    assert_eq!(server.count(), 2);
}

#[test]
fn a_recording_is_whole_or_the_old_one_is_left() {
    let server = corrected();
    let sandbox = morning(server.port, &[("asked", ASKED)]);
    fs::create_dir(sandbox.path("folder")).unwrap();
    for place in ["--record=nowhere/tape.jsonl", "--record=folder"] {
        flowc(&sandbox, &["test", place]).ends(4).tells("R0812");
    }
    assert_eq!(server.count(), 0, "it is found out before anybody is asked");
    sandbox.write("tape.jsonl", "an old one");
    // A test that fails has been paid for all the same.
    sandbox.change("main.flow", "r.write_note.asks == 2", "r.write_note.asks == 9");
    flowc(&sandbox, &["test", "--record=tape.jsonl"])
        .ends(1)
        .tells("recorded 2 answers in")
        .gives("$0.000065, it said: {")
        .gives("\"total\":\"7\"");
    assert!(sandbox.read("tape.jsonl").starts_with("{\"flowc_cassette\":1}\n"));
    let left = fs::read_dir(sandbox.path(".")).unwrap().count();
    assert_eq!(left, 4, "flow.toml, main.flow, folder and tape.jsonl");
}

const LETTERS: &str = r#"
label pii
type Person { name: String @pii, city: String }
type Letter { text: String, to: String LABEL }
model writer { provider openai, name "w-1", endpoint "http://127.0.0.1:PORT/v1", accepts @pii }
step write(person: Person) -> Letter {
  ai writer { prompt "A letter to {person.name} of {person.city}", max_tokens 50 }
  guard it.text.length() > 3 else retry "Write more to {person.name}."
  budget 3 asks
}
flow main(name: String @pii = "Ada Lovelace") -> Letter { return write(Person(name: name, city: "London")) }
test "a letter" {
  let r = run main("Ada Lovelace")
  expect r.write.asks == 2 and r.write.result.text.length() > 3
}
"#;

fn letters(server: &Server, label: &str) -> Sandbox {
    Sandbox::program(&LETTERS.replace("PORT", &server.port.to_string()).replace("LABEL", label))
}

fn letter(text: &str) -> Answer {
    says(&json!({ "text": text, "to": "you" }).to_string())
}

#[test]
fn labelled_answers_are_not_recorded_and_labelled_prompts_are_marked() {
    let server = Server::start(vec![letter("Hi"), letter("Dear reader"), letter("Hi"), letter("Dear reader")]);
    let labelled = letters(&server, "@pii");
    for arguments in [&["test", "--record"][..], &["run", "--record", "cassette.jsonl"]] {
        flowc(&labelled, arguments)
            .ends(2)
            .tells("what models answer for `write` is not recorded: it holds data labelled @pii [R0815]");
    }
    assert!(server.count() == 0 && !labelled.path("cassette.jsonl").exists());
    let marked = letters(&server, "");
    flowc(&marked, &["test", "--record=test.jsonl"]).ends(0);
    flowc(&marked, &["run", "--record", "run.jsonl"]).ends(0);
    assert_eq!(server.count(), 4);
    assert!(server.request(1).1.to_string().contains("Write more to Ada Lovelace"), "the model sees it in clear");
    for file in ["test.jsonl", "run.jsonl"] {
        let cassette = marked.read(file);
        assert!(!cassette.contains("Lovelace") && cassette.contains("‹@pii›"), "{cassette}");
    }
}

/// Whatever a real model says: what it used is told, and what it answered is given again.
#[test]
fn a_real_model_is_asked_recorded_and_replayed() {
    let Some(url) = flow_testing::model() else { return };
    let sandbox = Sandbox::program(&format!(
        r#"
var who: String = "openai"
model small {{
  provider who
  file "cassette.jsonl"
  name "smollm2-135m-instruct"
  endpoint "{url}"
  price input $1, output $1 per 1M tokens
}}
type Verdict {{ open: Bool }}
step say(topic: String) -> Verdict {{
  ai small {{ prompt "Is {{topic}} open?", max_tokens 20, temperature 0 }}
  timeout 5m
  budget 1 asks
}}
test "a verdict" {{
  given say = say => Verdict(open: true)
  let r = run say("a market in spring")
  expect r.succeeded and r.asks == 1
}}
"#
    ));
    sandbox.flowc(&["test", "--record"]).ends(0).gives("asked: 1 ask, ").tells("recorded 1 answer in");
    sandbox
        .flowc(&["test", "--live", "--set", "who=replay"])
        .ends(0)
        .gives("asked: 0 asks")
        .gives("1 answer from a recording");
}
