//! Labelled data shows up nowhere but in the data itself: not in journal, logs, or what commands say.

use crate::sandbox::{Said, Sandbox, said};
use flow_testing::server::{Server, json as answers};
use serde_json::{Value as Json, json};
use std::fs;

/// What must be seen nowhere: in a table, alone, and as a parameter.
const EMAIL: &str = "ada.lovelace@analytical.example";
const OTHER: &str = "charles.babbage@analytical.example";
const PHONE: &str = "+44-20-7946-0857";

const PROGRAM: &str = r#"
label pii "Identifies a person."
type Person { id: Int, email: String @pii where it.contains("@"), phone: String @pii, age: Int where it >= 0 }
type Answer { greeting: String, to: String @pii }

model writer {
  provider openai
  name "writer-1"
  endpoint "http://127.0.0.1:PORT/v1"
  accepts @pii
}
dataset people: Table<Person> {
  at csv("data/people.csv")
  arrives every day by 05:00 in "UTC"
  expect email.length() < 5 else warn
  expect unique(phone) else warn
  accepts @pii
}
dataset person: Person {
  at json("data/person.json")
  arrives every day by 05:00 in "UTC"
  accepts @pii
}
dataset letter: Answer { at json("out/letter.json"), owner "us", accepts @pii }

step tell(person: Person, phone: String @pii) -> String {
  sh """
    echo "calling $phone" >&2
    echo "$person" >&2
    exit 3
  """
  effect none
}
step find(email: String @pii, phone: String @pii) -> Person {
  sh """
    printf '{"id": 1, "email": "%s", "phone": "%s", "age": 3}' "$email" "$phone"
  """
  effect none
}
step broken(id: Int) -> Person {
  sh """
    printf '{"id": 1, "email": "no-at-%s", "phone": "1-%s", "age": -3}' "$(head -c 12 data/person.json | tail -c 3)" "$id"
  """
  effect none
}
step shout(text: String) -> String {
  sh """
    printf %s "$text" | tr a-z A-Z | tr A-Z a-z
  """
  effect none
}
step look_up(email: String @pii) -> String {
  sh """
    echo "known as $email"
  """
  effect read
}
step write_letter(people: Table<Person>, person: Person, count: Int) -> Answer {
  ai writer {
    system "You write to {person.email}."
    prompt """
      All of them, {count}:
      {people as csv}
      To {person.email} or {person.phone}.
    """
    max_tokens 100
    tools [look_up]
    turns 4
  }
  guard it.greeting.length() > 3 else retry "Write more to {it.to}."
  budget 4 asks
}

flow main {
  let found = find(person.email, person.phone)
  let told = tell(person, found.phone) else "nobody"
  let bad = broken(1) else found
  let shouted = shout(person.email)
  write letter = write_letter(people, person, people.count())
}
"#;

fn project(port: &str) -> Sandbox {
    let program = PROGRAM.replace("PORT", port);
    let sandbox = Sandbox::program(&program);
    sandbox.write("data/people.csv", format!("id,email,phone,age\n1,{EMAIL},{PHONE},36\n2,{OTHER},{PHONE},40\n"));
    let person = json!({ "id": 1, "email": EMAIL, "phone": PHONE, "age": 36 });
    sandbox.write("data/person.json", person.to_string());
    sandbox
}

/// A server that calls a step, then answers too short, then well; each time with what it should not repeat.
fn model() -> Server {
    let says = |message: Json, finish: &str| {
        let choice = json!({ "index": 0, "message": message, "finish_reason": finish });
        let usage = json!({ "prompt_tokens": 100, "completion_tokens": 20 });
        answers(&json!({ "id": "1", "model": "writer-1", "choices": [choice], "usage": usage }).to_string())
    };
    let count = std::sync::atomic::AtomicUsize::new(0);
    Server::start(move |_| {
        let answer = |greeting: &str| json!({ "greeting": greeting, "to": EMAIL }).to_string();
        let text = |content: String| json!({ "role": "assistant", "content": content });
        let act = match count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            0 => {
                let arguments = json!({ "email": EMAIL }).to_string();
                let call = json!({ "id": "c1", "type": "function",
                    "function": { "name": "look_up", "arguments": arguments } });
                says(json!({ "role": "assistant", "content": null, "tool_calls": [call] }), "tool_calls")
            }
            1 => says(text(format!("I cannot, {EMAIL}")), "stop"),
            2 => says(text(answer("Hi")), "stop"),
            _ => says(text(answer("Good morning")), "stop"),
        };
        flow_testing::server::Act::Send(act)
    })
}

/// Fails if a text holds labelled data.
fn assert_clear_of_labels(place: &str, bytes: &[u8]) {
    for value in [EMAIL, OTHER, PHONE, "ada.lovelace"] {
        let at = bytes.windows(value.len()).position(|part| part == value.as_bytes());
        if let Some(at) = at {
            let around = &bytes[at.saturating_sub(200)..(at + 200).min(bytes.len())];
            panic!("{place} holds {value}:\n{}", String::from_utf8_lossy(around));
        }
    }
}

fn assert_clear_in_files(sandbox: &Sandbox) {
    let mut open = vec![sandbox.path(".flow")];
    let mut seen = 0;
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            // Artifacts are the data itself.
            if path.ends_with("artifacts") {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else {
                seen += 1;
                assert_clear_of_labels(&path.display().to_string(), &fs::read(&path).unwrap());
            }
        }
    }
    assert!(seen > 2, "journal and logs are there");
}

fn clear(sandbox: &Sandbox, arguments: &[&str]) -> Said {
    let said = said(sandbox.command(arguments).output().unwrap());
    assert_clear_of_labels(&arguments.join(" "), said.out.as_bytes());
    assert_clear_of_labels(&arguments.join(" "), said.err.as_bytes());
    said
}

#[test]
fn labelled_data_is_seen_nowhere_but_in_the_data() {
    let server = model();
    let sandbox = project(&server.address.port().to_string());
    let collector = Server::sending(&answers("{}"));
    let toml = format!(
        "name = \"test\"\n[telemetry]\notlp = \"{}\"\nlineage = \"lineage.jsonl\"\ncontent = true\n",
        collector.url()
    );
    sandbox.write("flow.toml", toml);
    clear(&sandbox, &["run", "main", "--format", "json"]).ends(0);
    // The model gets the clear text, and so does the data.
    let prompt = server.seen.lock().unwrap()[0].body.clone();
    assert!(prompt.contains(EMAIL) && prompt.contains(OTHER) && prompt.contains(PHONE), "{prompt}");
    assert!(sandbox.read("out/letter.json").contains(EMAIL));
    assert!(server.last().body.contains("Write more to"), "the guard's words reach the model");
    assert!(server.last().body.contains(EMAIL));
    assert_clear_in_files(&sandbox);
    for arguments in [
        &["show"][..],
        &["show", "--verbose"],
        &["show", "--format", "json"],
        &["show", "last", "letter"],
        &["history"],
        &["history", "--format", "json"],
        &["why", "last", "told"],
        &["why", "last", "found"],
        &["plan", "--verbose"],
        &["plan", "--format", "json"],
        &["export", "--as", "otlp", "--content"],
        &["export", "--as", "openlineage"],
    ] {
        clear(&sandbox, arguments);
    }
    let logs = clear(&sandbox, &["logs"]).ends(0);
    assert!(logs.out.contains("‹@pii›") && logs.out.contains("calling ‹@pii›"), "{}", logs.out);
    assert!(logs.out.contains("You write to") && logs.out.contains("All of them, 2"), "{}", logs.out);
    for request in collector.seen.lock().unwrap().iter() {
        assert_clear_of_labels("a trace", request.body.as_bytes());
        assert!(request.body.contains("gen_ai"), "{}", request.body);
    }
    assert_clear_of_labels("lineage", sandbox.read("lineage.jsonl").as_bytes());
}

#[test]
fn what_was_sealed_is_used_again_as_it_was() {
    let program = r#"
label pii
type Person { id: Int, email: String @pii }
dataset out: Person { at json("out/person.json"), owner "us", accepts @pii }
dataset copy: Person { at json("out/copy.json"), owner "us", accepts @pii }
step find(id: Int) -> Person {
  sh """
    printf '{"id": 1, "email": "%s"}' "$(cat email.txt)"
  """
  effect none
  cache
}
step again(person: Person) -> Person {
  sh """
    printf %s "$person"
  """
  effect none
  cache
}
flow main {
  let found = find(1)
  write out = found
  write copy = again(found)
}
"#;
    let sandbox = Sandbox::program(program);
    sandbox.write("email.txt", EMAIL);
    clear(&sandbox, &["run"]).ends(0);
    assert_clear_in_files(&sandbox);
    let first = sandbox.read("out/copy.json");
    assert!(first.contains(EMAIL), "{first}");
    // The step's result is taken from the journal, and is what it was: a new one would be another.
    sandbox.write("email.txt", OTHER);
    sandbox.change("main.flow", "printf %s", "printf '%s '");
    clear(&sandbox, &["run"]).ends(0);
    assert_eq!(sandbox.read("out/copy.json"), first);
    assert_clear_in_files(&sandbox);
    // One whose artifact is gone is made again.
    fs::remove_dir_all(sandbox.path(".flow/artifacts")).unwrap();
    clear(&sandbox, &["run"]).ends(0);
    assert!(sandbox.read("out/copy.json").contains(OTHER), "{}", sandbox.read("out/copy.json"));
    assert_clear_in_files(&sandbox);
}

#[test]
fn the_result_that_a_run_prints_is_marked() {
    let program = format!(
        r#"
label pii
type Person {{ id: Int, email: String @pii, born: Int @pii }}
dataset person: Person {{ at json("person.json"), arrives every day by 05:00 in "UTC", accepts @pii }}
step find(person: Person) -> Person {{
  sh """
    printf %s "$person"
  """
  effect none
}}
flow whole() -> Person {{ return find(person) }}
flow text() -> String {{ return "write to {{person.email}}, born {{person.born}}" }}
dataset people: Table<Person> {{ at csv("people.csv"), arrives every day by 05:00 in "UTC", accepts @pii }}
flow rows() -> List<String> {{
  let found = people.map(p => "of {{p.email}}")
  let born = people.map(p => p.born)
  return ["{{found.join("; ")}}", "{{people.count()}} people", "{{born.first() ?? 0}} or so"]
}}
flow born() -> List<Int> {{ return people.map(p => p.born) }}
flow count() -> Int {{ return people.count() }}
flow many(email: String @pii = "{OTHER}") -> List<String> {{
  return [person.email, "of {{email}}", "free"]
}}
"#
    );
    let sandbox = Sandbox::program(&program);
    sandbox.write("person.json", json!({ "id": 7, "email": EMAIL, "born": 18151210 }).to_string());
    let whole = clear(&sandbox, &["run", "whole"]).ends(0);
    assert!(whole.out.contains("\"id\": 7") && whole.out.contains("‹@pii›"), "{}", whole.out);
    let text = clear(&sandbox, &["run", "text"]).ends(0);
    // A name of three letters would be seen if only what is known were taken out.
    assert_eq!(text.out, "‹@pii›\n");
    sandbox.write("people.csv", format!("id,email,born\n1,{EMAIL},18151210\n2,{OTHER},17911226\n"));
    let rows = clear(&sandbox, &["run", "rows"]).ends(0);
    assert!(rows.out.contains("‹@pii›") && !rows.out.contains("1815"), "{}", rows.out);
    let born = clear(&sandbox, &["run", "born"]).ends(0);
    assert!(born.out.contains("‹@pii›") && !born.out.contains("1791"), "{}", born.out);
    assert_eq!(clear(&sandbox, &["run", "count"]).ends(0).out, "2\n");
    assert_clear_in_files(&sandbox);
    let many = clear(&sandbox, &["run", "many"]).ends(0);
    // One of them has the label, so all of them do.
    assert_eq!(serde_json::from_str::<Json>(&many.out).unwrap(), json!(["‹@pii›", "‹@pii›", "‹@pii›"]));
    for flow in ["whole", "text", "many", "rows"] {
        clear(&sandbox, &["run", flow, "--force", "--format", "json"]).ends(0);
    }
}

#[test]
fn what_is_made_of_labelled_data_is_marked_where_no_type_says_so() {
    let program = r#"
label pii
type Order { id: Int, customer: String @pii }
dataset kept: String { at json("out/kept.json"), owner "us", accepts @pii }
step turned(name: String) -> String {
  sh """
    printf %s "$name" | rev
  """
  effect none
}
step shouted(name: String @pii) -> String {
  sh """
    printf %s "$name" | tr a-z A-Z
  """
  effect none
  guard it.length() > 100 else warn "{it.lower()} of {name.upper()} in {name.length()} letters"
}
fn loud(order: Order) -> String { order.customer.upper() }
flow main(order: Order) -> String {
  let up = loud(order)
  let a = turned(up)
  let b = shouted(order.customer)
  require up.length() < 3 else warn "Of order {order.id}: {up}, {a}, {b.lower()}"
  write kept = b
  "{a} {b}"
}
flow fails(order: Order) {
  require loud(order).length() < 3 else fail "{loud(order)}"
}
"#;
    let sandbox = Sandbox::program(program);
    let order = r#"order={"id": 4711, "customer": "lovelace"}"#;
    let clear_of_all = |arguments: &[&str], code: i32| {
        let said = said(sandbox.command(arguments).output().unwrap()).ends(code);
        for word in ["lovelace", "LOVELACE", "ecalevol", "ECALEVOL"] {
            assert!(!said.out.contains(word) && !said.err.contains(word), "{arguments:?}\n{}{}", said.out, said.err);
        }
        said
    };
    let ran = clear_of_all(&["run", "main", order], 0);
    assert_eq!(ran.out, "‹@pii›\n");
    ran.tells("Of order 4711: ‹@pii›, ‹@pii›, ‹@pii›").tells("‹@pii› of ‹@pii› in ‹@pii› letters").tells("it = ‹pii›");
    assert_eq!(sandbox.read("out/kept.json").trim(), "\"LOVELACE\"", "what accepts it has it");
    let again = clear_of_all(&["run", "main", r#"order={"id": 4711, "customer": "lovelaces"}"#, "-v"], 0);
    again.tells("name");
    clear_of_all(&["run", "fails", order], 3).tells("‹@pii›");
    clear_of_all(&["run", "main", order], 0);
    for arguments in [&["show", "--verbose"][..], &["why", "last", "a"], &["why", "last", "b"], &["logs"]] {
        clear_of_all(arguments, 0);
    }
    let journal = fs::read(sandbox.path(".flow/runs.db")).unwrap();
    let journal = [journal, fs::read(sandbox.path(".flow/runs.db-wal")).unwrap_or_default()].concat();
    for word in ["LOVELACE", "ecalevol", "ECALEVOL"] {
        let at = journal.windows(word.len()).position(|part| part == word.as_bytes());
        let around = at.map(|at| String::from_utf8_lossy(&journal[at.saturating_sub(200)..at + 50]).into_owned());
        assert_eq!(around, None, "{word}");
    }
}

#[test]
fn what_rows_addresses_and_keys_hold_is_marked_too() {
    let answering = Server::sending(&answers("1"));
    let program = r#"
label pii
type Row { id: Int, name: String @pii }
dataset people: Table<Row> { at csv("people.csv"), arrives by hand, owner "us" }
connection crm { provider http, url "URL", accepts @pii }
step look_up(name: String @pii) -> Int {
  http GET "/of/{name}" { on crm, query ["who": name] }
}
step counted(people: Table<Row>) -> Map<String, Int> {
  sh """
    tail -n 1 "$people" | cut -d, -f 2 | sed 's/.*/{"&": 1}/'
  """
  effect none
}
flow main {
  for person in people.to_list() limit 10 { do look_up(person.name) }
}
flow fails -> Int { people.map(row => row.name.to_int()).sum() }
flow by_name -> Map<String, Int> { people.group_by(row => row.name).map_values(rows => rows.count()) }
flow by_step -> Map<String, Int> { counted(people) }
"#;
    let sandbox = Sandbox::program(&program.replace("URL", &answering.url()));
    sandbox.write("people.csv", format!("id,name\n1,\"{EMAIL} & co\"\n"));
    clear(&sandbox, &["run", "main"]).ends(0);
    assert!(answering.last().line.contains("ada.lovelace"), "{}", answering.last().line);
    assert!(clear(&sandbox, &["logs"]).ends(0).out.contains("/of/‹@pii›: 200"));
    clear(&sandbox, &["run", "fails"]).ends(1).tells("‹@pii› cannot be read as Int (row 1)");
    assert_eq!(clear(&sandbox, &["run", "by_name"]).ends(0).out, "‹@pii›\n");
    assert_eq!(clear(&sandbox, &["run", "by_step"]).ends(0).out, "‹@pii›\n");
    clear(&sandbox, &["show", "--verbose"]);
    assert_clear_in_files(&sandbox);
}

#[test]
fn a_flow_without_labels_of_its_own_hides_what_a_dataset_holds() {
    let program = r#"
label pii
dataset kept: String { at text("kept.txt"), accepts @pii, owner "us" }
flow keeps(name: String @pii) { write kept = name }
flow looks -> String { previous(kept) ?? "" }
"#;
    let sandbox = Sandbox::program(program);
    let name = format!("name={EMAIL}");
    clear(&sandbox, &["run", "keeps", &name]).ends(0);
    assert_eq!(clear(&sandbox, &["run", "looks"]).ends(0).out, "‹@pii›\n");
    let plan = clear(&sandbox, &["plan", "keeps", &name]).ends(0);
    assert!(plan.out.contains("with name = ") && plan.out.contains("‹@pii›"), "{}", plan.out);
}

#[test]
fn what_the_library_sends_leaves_the_house() {
    let program = r#"
use std.notify.{slack}
label pii
type Row { id: Int, name: String @pii }
secret hook = env("HOOK")
flow tells(row: Row) { do slack(hook, "New: {row.id}") }
"#;
    let sandbox = Sandbox::program(program);
    sandbox.flowc(&["check"]).ends(0);
    sandbox.change("main.flow", "row.id", "row.name");
    sandbox.flowc(&["check"]).ends(2).tells("E0602").tells("sent by `slack`");
}

#[test]
fn borders_and_rules_name_the_field_and_not_the_value() {
    let program = r#"
label pii
type Person { id: Int, email: String @pii where it.contains("@") }
dataset people: Table<Person> { at csv("people.csv"), arrives every day by 05:00 in "UTC", accepts @pii }
step count(people: Table<Person>) -> Int {
  sh """
    wc -l < "$people"
  """
  effect none
}
flow main -> Int { return count(people) }
"#;
    let sandbox = Sandbox::program(&program.replace("flow main ->", "flow main() ->"));
    sandbox.write("people.csv", "id,email\n1,ada.lovelace\n");
    let said = clear(&sandbox, &["run"]).ends(3);
    assert!(said.err.contains("people.csv:2: email"), "{}", said.err);
    clear(&sandbox, &["show"]);
    assert_clear_in_files(&sandbox);
}

const AUDITED: &str = r#"
label pii "Identifies a person."
type Person { id: Int, name: String @pii, paid: Decimal }
dataset people: Table<Person> { at csv("people.csv"), arrives by hand }
dataset author: String { at text("out/author.txt") }
dataset ids: List<Int> { at json("out/ids.json") }
flow publish {
  write author = declassify(people.to_list().at(0).name, because: "authors sign")
  write ids = people.filter(row => row.name != "").map(row => row.id)
}
"#;

#[test]
fn an_audit_tells_what_comes_off_and_a_strict_check_what_is_chosen() {
    let sandbox = Sandbox::program(AUDITED);
    sandbox.flowc(&["check"]).ends(0);
    let strict = sandbox.flowc(&["check", "--strict"]).ends(2);
    assert!(strict.err.contains("E0603") && strict.err.contains("written to `ids`"), "{}", strict.err);
    sandbox
        .flowc(&["audit", "labels"])
        .ends(0)
        .gives("@pii  declassify  declassify(people.to_list().at(0).name, because: \"authors si…  authors sign")
        .gives("@pii  dataset people  others bring it");
    let json: Json =
        serde_json::from_str(&sandbox.flowc(&["audit", "labels", "--format", "json"]).ends(0).out).unwrap();
    assert_eq!(
        (&json["removals"][0]["because"], &json["removals"][0]["at"]["line"]),
        (&json!("authors sign"), &json!(8))
    );
    assert_eq!((&json["accepts"][0]["name"], &json["accepts"].as_array().unwrap().len()), (&json!("main.people"), &1));
    let broken = Sandbox::program("flow f { let x = nothing }");
    broken.flowc(&["audit", "labels"]).ends(2);
    let none = Sandbox::program("flow f -> Int { 1 }");
    none.flowc(&["audit", "labels"]).ends(0);
}

#[test]
fn what_an_engine_says_of_labelled_data_when_a_query_fails_is_not_shown() {
    let sandbox = Sandbox::program(
        r#"
label pii "Identifies a person."
type Order { id: Int, customer: String @pii, amount: String }
type N { n: Int @pii }
type Plain { n: Int }
dataset orders: Table<Order> { at csv("orders.csv"), arrives by hand, accepts @pii }
dataset out: Table<N> { at csv("out.csv"), accepts @pii }
step as_numbers(orders: Table<Order>) -> Table<N> {
  sql "select coalesce(cast(customer as bigint), 0) as n from orders"
}
flow main { write out = as_numbers(orders) }
"#,
    );
    sandbox.write("orders.csv", format!("id,customer,amount\n1,{EMAIL},5\n"));
    let said =
        sandbox.flowc(&["run", "main"]).ends(1).tells("a value cannot be converted; what is said of ‹@pii› data");
    assert!(!said.err.contains(EMAIL), "{}", said.err);
    for command in [&["why", "as_numbers"][..], &["show", "last"], &["logs", "last"]] {
        let said = sandbox.flowc(command);
        assert!(!said.out.contains(EMAIL) && !said.err.contains(EMAIL), "{}{}", said.out, said.err);
    }
    // Of data without labels all is told.
    let plain = sandbox.read("main.flow").replace(", accepts @pii", "").replace(" @pii", "");
    sandbox.write("main.flow", plain);
    sandbox.flowc(&["run", "main"]).ends(1).tells(EMAIL);
}
