//! What other tools are told: traces and lineage, sent to real servers while a run goes on, and exported later.

use crate::sandbox::{Said, Sandbox, said};
use flow_testing::server::{Act, Server, answer, json as answers};
use serde_json::{Value as Json, json};
use std::time::{Duration, Instant};

const KEY: &str = "sk-telemetry-5f1c9e";

const PROGRAM: &str = r#"
type Order { id: Int, amount: Decimal where it >= 0 }
type Total { total: Decimal }
secret key = env("TELEMETRY_TEST_KEY")

dataset orders: Table<Order> {
  at csv("data/orders.csv")
  arrives every day by 05:00 in "UTC"
  owner "shop"
  expect unique(id)
}
dataset totals: Table<Total> { at parquet("out/totals.parquet"), owner "finance", expect count() > 0 }
dataset said: String { at text("out/said.txt"), owner "finance" }

step clean(orders: Table<Order>) -> Table<Order> {
  sql "select id, amount from orders where amount > 0"
  owner "data"
}
step add_up(orders: Table<Order>) -> Table<Total> {
  sql "select coalesce(sum(amount), 0) as total from orders"
}
step say(token: Secret) -> String {
  sh """
    test -n "$token" && echo said
    sleep 1.2
  """
  effect none
}
flow daily {
  let cleaned = clean(orders)
  write totals = add_up(cleaned)
  write said = say(key)
}
"#;

fn project() -> Sandbox {
    let sandbox = Sandbox::program(PROGRAM);
    sandbox.write("data/orders.csv", "id,amount\n1,10\n2,5\n");
    sandbox
}

fn flowc(sandbox: &Sandbox, arguments: &[&str], env: &[(&str, &str)]) -> Said {
    let mut command = sandbox.command(arguments);
    command.env("TELEMETRY_TEST_KEY", KEY).envs(env.iter().copied());
    said(command.output().unwrap())
}

fn assert_valid(events: &[Json]) {
    let schema = include_str!("../../../flow-telemetry/tests/schemas/lineage.schema.json");
    let validator = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    for event in events {
        let errors: Vec<String> = validator.iter_errors(event).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}\n{event:#}");
    }
}

fn lines(text: &str) -> Vec<Json> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Type and job of each event.
fn outline(events: &[Json]) -> Vec<String> {
    let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
    events.iter().map(|event| format!("{} {}", text(&event["eventType"]), text(&event["job"]["name"]))).collect()
}

/// Events without their times and what a later look knows better.
fn ids(events: &[Json]) -> Vec<String> {
    let mut ids: Vec<String> =
        events.iter().map(|event| format!("{} {}", event["run"]["runId"], event["eventType"])).collect();
    ids.sort();
    ids
}

#[test]
fn lineage_goes_to_the_file_of_the_project_and_is_what_export_gives() {
    let sandbox = project();
    sandbox.write("flow.toml", "name = \"shop\"\n[telemetry]\nlineage = \"log/lineage.jsonl\"\n");
    flowc(&sandbox, &["run", "daily"], &[]).ends(0);
    let sent = lines(&sandbox.read("log/lineage.jsonl"));
    assert_valid(&sent);
    assert_eq!(outline(&sent).first().unwrap(), "START main.daily");
    assert_eq!(outline(&sent).last().unwrap(), "COMPLETE main.daily");
    assert!(outline(&sent).contains(&"COMPLETE main.daily.cleaned".to_owned()), "{:?}", outline(&sent));
    let whole = sent.last().unwrap();
    let inputs = whole["inputs"].as_array().unwrap();
    assert!(inputs[0]["name"].as_str().unwrap().ends_with("/data/orders.csv"));
    assert_eq!(inputs[0]["inputFacets"]["dataQualityAssertions"]["assertions"][0]["assertion"], "unique");
    assert_eq!(whole["outputs"].as_array().unwrap().len(), 2);
    let said = flowc(&sandbox, &["export", "last", "--as", "openlineage"], &[]).ends(0);
    let exported = lines(&said.out);
    assert_valid(&exported);
    assert_eq!(ids(&exported), ids(&sent));
    // A second run that has nothing to do is a run all the same.
    flowc(&sandbox, &["run", "daily"], &[]).ends(0);
    let more = lines(&sandbox.read("log/lineage.jsonl"));
    assert_eq!(outline(&more[sent.len()..]), ["START main.daily", "COMPLETE main.daily"]);
    flowc(&sandbox, &["export", "nosuch", "--as", "otlp"], &[]).ends(2).tells("R0726");
}

#[test]
fn beginnings_are_sent_while_the_run_goes_on() {
    let sandbox = project();
    let server = Server::sending(&answer("201 Created", "", ""));
    let url = server.url();
    let mut command = sandbox.command(&["run", "daily"]);
    command.env("TELEMETRY_TEST_KEY", KEY).env("OPENLINEAGE_URL", &url).env("OPENLINEAGE_API_KEY", "ol-key-1");
    command.env("OPENLINEAGE_NAMESPACE", "prod").stdout(std::process::Stdio::null());
    let mut child = command.stderr(std::process::Stdio::null()).spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(30);
    while server.count() == 0 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    // The last step takes longer than a second.
    assert!(child.try_wait().unwrap().is_none(), "the run goes on");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let seen = server.seen.lock().unwrap().clone();
    assert!(seen.iter().all(|request| request.line.starts_with("POST /api/v1/lineage ")));
    assert!(seen.iter().all(|request| request.header("authorization") == Some("Bearer ol-key-1")));
    let events: Vec<Json> = seen.iter().map(|request| serde_json::from_str(&request.body).unwrap()).collect();
    assert_valid(&events);
    assert_eq!((outline(&events)[0].as_str(), &events[0]["job"]["namespace"]), ("START main.daily", &json!("prod")));
    assert_eq!(outline(&events).last().unwrap(), "COMPLETE main.daily");
    let mut all = ids(&events);
    all.dedup();
    assert_eq!(all.len(), events.len(), "nothing is sent twice");
}

#[test]
fn a_trace_arrives_and_no_secret_with_it() {
    let sandbox = project();
    // A step that fails with what it should not say.
    sandbox.change("main.flow", "sleep 1.2", "echo \"$token\" >&2; exit 3");
    let server = Server::sending(&answers("{}"));
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    let env = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*server.url()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=h-1"),
        ("OTEL_SERVICE_NAME", "nightly"),
        ("OTEL_RESOURCE_ATTRIBUTES", "team=data"),
        ("TRACEPARENT", &parent),
    ];
    flowc(&sandbox, &["run", "daily"], &env).ends(1);
    let seen = server.seen.lock().unwrap().clone();
    assert!(!seen.is_empty());
    let mut spans = vec![];
    for request in &seen {
        assert!(request.line.starts_with("POST /v1/traces ") && request.header("api-key") == Some("h-1"));
        assert!(!request.body.contains(KEY));
        let body: Json = serde_json::from_str(&request.body).unwrap();
        let resource = body["resourceSpans"][0]["resource"].to_string();
        assert!(resource.contains("nightly") && resource.contains("team"), "{resource}");
        spans.extend(body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap().clone());
    }
    let named = |name: &str| spans.iter().find(|span| span["name"] == name).unwrap_or_else(|| panic!("no {name}"));
    let root = named("flow daily");
    assert_eq!((&root["traceId"], &root["parentSpanId"]), (&json!(trace), &json!("00f067aa0ba902b7")));
    assert_eq!(root["status"]["code"], 2);
    assert_eq!(named("step cleaned")["parentSpanId"], root["spanId"]);
    let failed = named("attempt say");
    assert!(failed["attributes"].to_string().contains("exit(3)"), "{failed}");
    let said = flowc(&sandbox, &["export", "--as", "otlp"], &[]).ends(0);
    assert!(!said.out.contains(KEY));
    let exported: Json = serde_json::from_str(&said.out).unwrap();
    let exported = exported["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap().clone();
    assert_eq!(exported.len(), spans.len());
    // Sent again to a place of one's choice.
    let other = Server::sending(&answers("{}"));
    flowc(&sandbox, &["export", "--as", "otlp", "-o", &other.url()], &[]).ends(0).tells("sent");
    assert_eq!(other.count(), 1);
    assert!(other.last().header("api-key").is_none(), "headers are for their own place");
}

#[test]
fn a_dead_or_hanging_endpoint_is_one_warning_and_no_delay() {
    let hanging = Server::always(|| Act::Hang(String::new()));
    for url in ["http://127.0.0.1:1".to_owned(), hanging.url()] {
        let sandbox = project();
        sandbox.change("main.flow", "sleep 1.2", "true");
        sandbox.write("flow.toml", format!("name = \"shop\"\n[telemetry]\notlp = \"{url}\"\n"));
        let began = Instant::now();
        let said = flowc(&sandbox, &["run", "daily"], &[]).ends(0).tells("R0951");
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
        assert_eq!(said.err.matches("R0951").count(), 1, "{}", said.err);
        assert!(sandbox.path("out/totals.parquet").exists());
        let failed = flowc(&sandbox, &["export", "--as", "openlineage", "-o", "http://127.0.0.1:1"], &[]);
        failed.ends(4).tells("R0951");
    }
}

#[test]
fn settings_that_cannot_be_used_are_said_and_profiles_come_first() {
    let sandbox = project();
    sandbox.change("main.flow", "sleep 1.2", "true");
    flowc(&sandbox, &["run"], &[("OTEL_EXPORTER_OTLP_ENDPOINT", "collector")]).ends(0).tells("R0952");
    sandbox.write("flow.toml", "name = \"shop\"\n[telemetry]\notlp = \"collector:4318\"\n");
    flowc(&sandbox, &["check"], &[]).ends(2).tells("E0111");
    let text =
        "name = \"shop\"\n[telemetry]\nlineage = \"a.jsonl\"\n[profiles.prod.telemetry]\nlineage = \"b.jsonl\"\n";
    sandbox.write("flow.toml", text);
    flowc(&sandbox, &["run", "--profile", "prod"], &[]).ends(0);
    assert!(sandbox.path("b.jsonl").exists() && !sandbox.path("a.jsonl").exists());
    flowc(&sandbox, &["run"], &[("OPENLINEAGE_DISABLED", "true")]).ends(0);
    assert!(!sandbox.path("a.jsonl").exists());
}

#[test]
fn each_run_of_a_range_is_told() {
    let program = r#"
step hello(day: Date) -> String { sh "echo $day" effect none }
flow daily(day: Date) -> String { return hello(day) }
"#;
    let sandbox = Sandbox::program(program);
    sandbox.write("flow.toml", "name = \"shop\"\n[telemetry]\nlineage = \"lineage.jsonl\"\n");
    flowc(&sandbox, &["run", "daily", "--day", "2026-01-01..2026-01-03", "--parallel", "2"], &[]).ends(0);
    let sent = lines(&sandbox.read("lineage.jsonl"));
    assert_valid(&sent);
    let ends = outline(&sent).iter().filter(|line| *line == "COMPLETE main.daily").count();
    assert_eq!((ends, sent.len()), (3, 12), "{:?}", outline(&sent));
}
