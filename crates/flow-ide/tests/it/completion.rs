//! What is offered where, with what is written; signatures; texts that the analysis has not seen.

use crate::fixture::Fixture;
use flow_ide::{Analysis, Completions};

fn offered(fixture: &Fixture) -> Completions {
    flow_ide::complete(&fixture.analysis, fixture.at.file, fixture.analysis.text(fixture.at.file), fixture.at.start)
}

fn labels(text: &str) -> Vec<String> {
    offered(&Fixture::new(text)).items.into_iter().map(|item| item.label).collect()
}

#[track_caller]
fn assert_offers(text: &str, wanted: &[&str], unwanted: &[&str]) {
    let labels = labels(text);
    for label in wanted {
        assert!(labels.iter().any(|offered| offered == label), "{label} is not in {labels:?}");
    }
    for label in unwanted {
        assert!(!labels.iter().any(|offered| offered == label), "{label} is in {labels:?}");
    }
}

const ORDER: &str = "type Order { id: Int, amount: Decimal }\ntype Region = North | South\n";

#[test]
fn members_behind_a_dot() {
    assert_offers(&format!("{ORDER}fn f(o: Order) -> Int {{ o.$0 }}\n"), &["id", "amount"], &["length", "o"]);
    assert_offers(&format!("{ORDER}fn f(o: Order) -> Decimal {{ o.am$0 }}\n"), &["amount"], &["id"]);
    assert_offers("fn f(s: String) -> Int { s.$0 }\n", &["length"], &["timeout"]);
    assert_offers(&format!("{ORDER}fn f() -> Region {{ Region.$0 }}\n"), &["North", "South"], &["length"]);
    let table = format!("{ORDER}fn f(rows: Table<Order>) -> Decimal {{ rows.sum(r => r.$0) }}\n");
    assert_offers(&table, &["amount"], &[]);
}

#[test]
fn clauses_that_are_valid_here_and_not_there_yet() {
    assert_offers(
        "step s() -> Unit {\n  sh \"x\"\n  timeout 5m\n  $0\n}\n",
        &["retry", "guard"],
        &["timeout", "python", "fresh"],
    );
    assert_offers("step s() -> Unit {\n  $0\n}\n", &["sh", "sql", "timeout"], &["write"]);
    assert_offers("dataset d: String {\n  at text(\"x\")\n  $0\n}\n", &["fresh", "owner"], &["at", "timeout"]);
    assert_offers("flow f {\n  $0\n}\n", &["let", "write", "start"], &["timeout"]);
    assert_offers("retry p {\n  $0\n}\n", &["up to", "backoff"], &["timeout"]);
    assert_offers("$0\n", &["step", "flow", "dataset"], &["timeout", "let"]);
    assert_offers("test \"t\" {\n  $0\n}\n", &["given", "expect"], &["start"]);
}

#[test]
fn every_clause_that_is_offered_parses() {
    let cases = [
        ("step s() -> Unit {\n  sh \"x\"\n  @\n}\n", flow_ide::words::STEP),
        ("dataset d: String {\n  at text(\"x\")\n  @\n}\n", flow_ide::words::DATASET),
        ("retry p {\n  @\n}\n", flow_ide::words::RETRY),
        ("flow f {\n  @\n}\n", flow_ide::words::FLOW),
        ("test \"t\" {\n  @\n}\n", flow_ide::words::TEST),
        ("@\n", flow_ide::words::DECLARATIONS),
    ];
    let bodies = ["sql", "sh", "python", "http", "ai", "ask", "container", "ssh", "outside", "at"];
    for (around, words) in cases {
        for word in words.iter().filter(|word| !bodies.contains(&word.word)) {
            // The places filled with what stands in them; empty ones with a value.
            let text = filled(word.snippet);
            let parse = flow_syntax::parse(flow_diag::FileId(0), &around.replace('@', &text));
            assert!(parse.problems.is_empty(), "{text}: {:?}", parse.problems.0[0].title);
        }
    }
}

fn filled(snippet: &str) -> String {
    let (mut text, mut rest) = (String::new(), snippet.replace("\\$", "€").replace("$0", "1"));
    while let Some(at) = rest.find("${") {
        let end = at + rest[at..].find('}').expect("it is closed");
        text.push_str(&rest[..at]);
        text.push_str(rest[at + 2..end].split_once(':').map_or("1", |(_, inner)| inner));
        rest = rest[end + 1..].to_owned();
    }
    (text + &rest).replace('€', "$").replace("$1", "1")
}

#[test]
fn names_that_are_bound_here() {
    let text = format!("{ORDER}fn f(order: Order) -> Int {{\n  let twice = order.id * 2\n  $0\n}}\n");
    assert_offers(&text, &["order", "twice", "f", "Order", "length"], &["start"]);
    assert_offers("fn f(xs: List<Int>) -> List<Int> { xs.map(item => ite$0) }\n", &["item"], &["xs"]);
    assert_offers(&format!("{ORDER}fn f() -> Order {{ Order($0) }}\n"), &["id:", "amount:"], &[]);
}

#[test]
fn types_labels_durations_classes_and_declarations_of_a_kind() {
    assert_offers(&format!("{ORDER}fn f(x: $0) -> Int {{ 1 }}\n"), &["Int", "Order", "Table"], &["f", "true"]);
    assert_offers("label pii \"x\"\ntype T { x: Int @$0 }\n", &["pii"], &["T", "Int"]);
    assert_offers("step s() -> Unit {\n  sh \"x\"\n  timeout $0\n}\n", &["5m", "1h"], &["s"]);
    assert_offers("step s() -> Unit {\n  sh \"x\"\n  timeout 5$0\n}\n", &["5m", "5h"], &["1h"]);
    let step = "step s() -> Unit {\n  sh \"x\"\n  retry { up to 2 times, on $0 }\n}\n";
    assert_offers(step, &["timeout", "exit"], &["rate_limited", "refused"]);
    let step = "retry calm { up to 2 times }\nstep s() -> Unit {\n  sh \"x\"\n  retry $0\n}\n";
    assert_offers(step, &["calm"], &["s"]);
    let flow = "dataset d: String {\n  at text(\"x\")\n}\nflow f {\n  write $0 = \"x\"\n}\n";
    assert_offers(flow, &["d"], &["f"]);
}

#[test]
fn parameters_and_columns_inside_code() {
    let sql = |query: &str| {
        format!(
            "{ORDER}step s(orders: Table<Order>, least: Decimal) -> Int {{\n  sql \"\"\"\n    {query}\n  \"\"\"\n}}\n"
        )
    };
    assert_offers(&sql("select am$0 from orders"), &["amount"], &["id"]);
    assert_offers(&sql("select o.$0 from orders o"), &["amount", "id"], &["orders", "select"]);
    assert_offers(&sql("select 1 from orders where amount > :$0"), &["least"], &["orders"]);
    assert_offers("step s(name: String) -> Unit {\n  sh \"echo $$0\"\n}\n", &["name"], &["s"]);
    assert_offers("step s(name: String) -> Unit {\n  sh \"ec$0\"\n}\n", &[], &["name"]);
    assert_offers("step s(name: String) -> Unit {\n  sh \"x\"\n  doc \"te$0xt\"\n}\n", &[], &["name", "text"]);
}

#[test]
fn a_name_of_another_module_brings_its_use() {
    let text = |uses: &str| {
        format!(
            "//- a.flow\n{uses}fn f() -> Int {{ dou$0 }}\n//- b.flow\nfn double(x: Int) -> Int {{ x * 2 }}\nfn half(x: Int) -> Int {{ x / 2 }}\n"
        )
    };
    let cases = [
        ("", "use b.{double}\n\nfn f"),
        ("use b.{half}\n\n", "use b.{half, double}\n\nfn f"),
        ("use std.retry.{patient}\n\n", "use std.retry.{patient}\nuse b.{double}\n\nfn f"),
    ];
    for (uses, wanted) in cases {
        let fixture = Fixture::new(&text(uses));
        let found = offered(&fixture);
        let item = found.items.iter().find(|item| item.label == "double").expect("it is offered");
        let import = item.import.clone().expect("it needs a `use`");
        let done = fixture.edited(fixture.at.file, &[import]);
        assert!(done.starts_with(wanted), "{done}");
        let docs = flow_ide::resolve(&fixture.analysis, item.declaration.as_ref().expect("it is one"));
        assert!(docs.expect("it is known").contains("fn double(x: Int) -> Int"));
    }
    assert_offers("use std.re$0\n", &["retry"], &["std"]);
    assert_offers("use std.retry.{$0}\n", &["patient"], &["retry"]);
}

#[test]
fn a_text_that_was_not_analysed_yet_is_completed_by_what_is_known() {
    let fixture = Fixture::new(&format!("{ORDER}fn f(o: Order) -> Int {{\n  let x = o.id\n  x\n}}\n$0"));
    let text = fixture.analysis.text(fixture.at.file).replace("  x\n", "  let newer = 1\n  o.\n");
    let offset = u32::try_from(text.find("o.\n").expect("it is there") + 2).expect("it is small");
    let complete = |analysis: &Analysis, offset| flow_ide::complete(analysis, fixture.at.file, &text, offset);
    let labels: Vec<String> = complete(&fixture.analysis, offset).items.into_iter().map(|item| item.label).collect();
    assert!(labels.contains(&"amount".to_owned()), "{labels:?}");
    let names = complete(&fixture.analysis, offset - 2).items;
    assert!(names.iter().any(|item| item.label == "newer") && names.iter().any(|item| item.label == "x"));
}

#[test]
fn what_a_call_takes() {
    let shown = |text: &str| {
        let fixture = Fixture::new(text);
        let text = fixture.analysis.text(fixture.at.file);
        let found = flow_ide::signatures(&fixture.analysis, fixture.at.file, text, fixture.at.start)?;
        Some((found.all[0].label.clone(), found.active?))
    };
    let step = "step s(a: Int, b: String) -> Unit { sh \"$a $b\" }\n";
    assert_eq!(shown(&format!("{step}flow f {{ do s($0) }}\n")), Some(("s(a: Int, b: String) -> Unit".into(), 0)));
    assert_eq!(shown(&format!("{step}flow f {{ do s(1, $0) }}\n")).expect("a call").1, 1);
    assert_eq!(shown(&format!("{step}flow f {{ do s(b: $0) }}\n")).expect("a call").1, 1);
    assert_eq!(shown("fn f(s: String) -> Bool { s.contains($0) }\n").expect("a call").1, 1);
    assert_eq!(
        shown(&format!("{ORDER}fn f() -> Order {{ Order(1, $0) }}\n")),
        Some(("Order(id: Int, amount: Decimal) -> Order".into(), 1))
    );
    assert_eq!(shown("fn f() -> Int { $0 }\n"), None);
}
