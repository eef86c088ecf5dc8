//! `flowc repl`, through a pipe and on a terminal.

use crate::{
    sandbox::{FLOWC, Said, Sandbox, said},
    screen,
};
use std::{
    io::{Read as _, Write as _},
    process::{ChildStdout, Stdio},
};

const PROGRAM: &str = r#"
label pii "Identifies a person."
type Order { id: Int, amount: Decimal, customer: String @pii }
type Total { amount: Decimal }
dataset orders: Table<Order> { at csv("data/orders.csv"), arrives by hand, fresh within 10000d, owner "shop" }
dataset totals: Table<Total> { at csv("out/totals.csv"), owner "finance" }
/// The sum of all orders.
step add(orders: Table<Order>) -> Table<Total> { sql "select coalesce(sum(amount), 0) as amount from orders", timeout 5m }
step greet(name: String) -> String { sh "echo hello $name", effect none }
step pay(amount: Int) -> Int { sh "touch paid; echo $amount", effect write }
flow daily { start every day at 06:00 in "UTC" finish within 20m  write totals = add(orders) }
"#;

const ORDERS: &str = "id,amount,customer\n1,5.50,ada\n2,20.00,bob\n3,30.25,cyd\n";

fn project() -> Sandbox {
    let sandbox = Sandbox::program(PROGRAM);
    sandbox.write("data/orders.csv", ORDERS);
    sandbox
}

/// What a session says to these entries.
fn talk(sandbox: &Sandbox, arguments: &[&str], entries: &str) -> Said {
    let arguments: Vec<&str> = ["repl"].iter().chain(arguments).copied().collect();
    let mut command = sandbox.command(&arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(entries.as_bytes()).unwrap();
    said(child.wait_with_output().unwrap())
}

#[test]
fn what_is_piped_in_is_answered_as_plain_text() {
    let sandbox = project();
    let entries = "let big = orders.filter(o =>\n  o.amount > 10.0)\nbig.count()\n:type it + 1\nsql select id from big\n:quit\n1 / 0\n";
    let said = talk(&sandbox, &[], entries).ends(0);
    assert!(said.out.contains("‹@pii›") && !said.out.contains("bob"), "{}", said.out);
    assert!(said.out.contains("\n2: Int\nInt\n"), "{}", said.out);
    assert!(said.out.ends_with("2 rows\n") && !said.out.contains('\u{1b}') && said.err.is_empty(), "{}", said.out);
    assert!(
        !sandbox.path("out/totals.csv").exists() && !sandbox.path(".flow").exists(),
        "a prompt leaves nothing behind"
    );
}

#[test]
fn what_is_wrong_is_said_at_its_place_and_in_the_exit_code() {
    let said = talk(&project(), &[], "orders.nothing()\n1 + 1\n").ends(2);
    assert!(said.err.contains("E01") && said.err.contains("orders.nothing()"), "{}", said.err);
    assert_eq!(said.out, "2: Int\n", "what is right is answered all the same");
    talk(&project(), &[], "1 +\n").ends(2).tells("error");
    talk(&project(), &[], "let x = [1,\n").ends(2).tells("error");
    talk(&project(), &[], "").ends(0);
    talk(&project(), &[], "\u{0}\u{7}'\"{{\n:\n::::\nlet\n").ends(2);
}

#[test]
fn steps_run_for_real_and_nothing_is_published_unless_said() {
    let sandbox = project();
    talk(&sandbox, &[], ":run greet(\"ada\")\n").ends(0).gives("\"hello ada\": String\n");
    talk(&sandbox, &[], ":run pay(3)\n").ends(2).tells("`:run ! pay(3)`");
    assert!(!sandbox.path("paid").exists());
    talk(&sandbox, &[], ":run ! pay(3)\n").ends(0).gives("3: Int\n");
    assert!(sandbox.path("paid").exists());
    talk(&sandbox, &[], ":run add\nit.count()\n").ends(0).gives("55.75").gives("1: Int\n");
    assert!(!sandbox.path("out/totals.csv").exists());
    let said = talk(&sandbox, &[], ":start daily\ntotals\n").ends(0);
    assert!(said.out.contains("dataset totals") && said.out.contains("written   by `daily`"), "{}", said.out);
    assert!(said.out.contains("55.75") && sandbox.path("out/totals.csv").exists(), "{}", said.out);
}

#[test]
fn questions_about_the_system_are_answered_under_what_is_assumed() {
    let sandbox = project();
    let entries = ":assume add takes 5x\n:bounds daily\n:forecast --from 2026-03-02T00:00:00Z\n:clear\n:bounds daily\n";
    let said = talk(&sandbox, &[], entries).ends(2);
    let (assumed, cleared) = said.out.split_once("nothing is assumed any more").unwrap();
    assert!(assumed.contains("E0701") && assumed.contains("1 promise cannot be kept"), "{assumed}");
    assert!(assumed.contains("≤ 25m (declared)") && assumed.contains("06:25 UTC  daily"), "{assumed}");
    assert!(cleared.contains("≤ 5m (declared)"), "{cleared}");
    talk(&sandbox, &[], ":feeds orders\n:path orders totals\n:doc add\n").ends(0).gives("The sum of all orders.");
    talk(&sandbox, &[], ":assume totals late 1h\n").ends(2).tells("late when `daily` is");
    talk(&sandbox, &[], ":plan daily\n:graph\n:check\n").ends(0).gives("never ran");
}

#[test]
fn files_are_loaded_and_those_that_load_themselves_end() {
    let sandbox = project();
    sandbox.write("session.txt", "let limit = 10.0\norders.filter(o => o.amount > limit).count()\n");
    sandbox.write("again.txt", ":load again.txt\n");
    talk(&sandbox, &[], ":load session.txt\nlimit\n").ends(0).gives("2: Int\n10.0: Decimal\n");
    talk(&sandbox, &[], ":load again.txt\n").ends(2).tells("files that load one another");
    talk(&sandbox, &[], ":load nothing.txt\n").ends(2).tells("nothing.txt");
}

#[test]
fn what_is_labelled_is_never_shown_whatever_is_made_of_it() {
    let sandbox = project();
    sandbox.change("main.flow", "step greet", "step ids(orders: Table<Order>) -> List<String> {\n  python \"import sys; print(orders, file=sys.stderr); return [str(row['customer']) for row in orders]\"\n  effect none\n}\nstep loud(orders: Table<Order>) -> Int { sh \"cat $orders >&2; exit 3\", effect none }\nstep greet");
    let hidden = [
        "orders",
        "orders.map(o => o.customer)",
        "orders.map(o => o.customer).first()",
        "orders.filter(o => o.id == 2).first()",
        "let who = orders.map(o => \"Dear {o.customer}\")",
        "let all = orders.map(o => o.customer)\nall\nlet same = all\nsame.first()\n\"{same}\"",
        "sql select * from orders",
        "sql select upper(customer) as who from orders",
        "sql select customer from orders\nit.first()\nit",
        "let big = orders.filter(o => o.amount > 10.0)\nsql select customer as c from big\nsql select c from it",
        "sql select cast(customer as bigint) as n from orders",
        "sql select case when id = 1 then customer else 'x' end as c from orders",
        "sql select max(o.customer) over (order by o.id) as c from orders o",
        "orders.map(o => parse_int(o.customer)!)",
        ":run ids",
        ":run ids\nit.first()",
        ":run loud",
        ":try orders.first()!.customer == \"zed\"",
        "fn who(o: Order) -> String { o.customer }\norders.map(o => who(o))",
    ];
    for entries in hidden {
        let said = talk(&sandbox, &[], &format!("{entries}\n"));
        for name in ["ada", "bob", "cyd"] {
            let shown = format!("{}{}", said.out, said.err).to_lowercase();
            assert!(!shown.contains(name), "{entries}: {shown}");
        }
    }
    // What says nothing of one of them is shown.
    talk(&sandbox, &[], "orders.map(o => o.customer).count()\n").ends(0).gives("3: Int");
    talk(&sandbox, &[], "sql select id, count(customer) as n from orders group by id\n").ends(0).gives("3 rows");
    // A project with a mistake in it hides no less.
    sandbox.write("broken.flow", "fn wrong() -> Int { \"text\" }");
    let said = talk(&sandbox, &[], "orders.map(o => o.customer)\nsql select customer from orders\n").ends(0);
    assert!(said.out.matches("‹@pii›").count() >= 2 && !said.out.contains("ada"), "{}", said.out);
}

#[test]
fn what_was_entered_is_written_timed_and_edited() {
    let sandbox = project();
    let entries = "fn double(n: Int) -> Int {\n  n * 2\n}\nlet four = double(2)\nfour + 1\n:save mine.txt\n";
    talk(&sandbox, &[], entries).ends(0).tells("wrote mine.txt");
    assert_eq!(sandbox.read("mine.txt"), "fn double(n: Int) -> Int {\n  n * 2\n}\n\nlet four = double(2)\n");
    talk(&sandbox, &[], ":load mine.txt\nfour\n").ends(0).gives("4: Int\n");
    talk(&sandbox, &[], ":save nowhere/mine.txt\n").ends(2).tells("nowhere");
    talk(&sandbox, &[], ":time orders.count()\n").ends(0).gives("3: Int\n").tells("took ");
    sandbox.write("editor.sh", "#!/bin/sh\nsed -i s/1/41/ \"$2\"\n");
    let mut command = sandbox.command(&["repl"]);
    command.env_remove("VISUAL").env("EDITOR", "sh editor.sh --wait");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"1 + 1\n:edit\n").unwrap();
    said(child.wait_with_output().unwrap()).ends(0).gives("2: Int\n42: Int\n").tells("41 + 1");
}

#[test]
fn a_project_that_is_broken_or_not_there_can_be_asked_for_what_is_whole() {
    let sandbox = project();
    sandbox.write("broken.flow", "flow broken {");
    talk(&sandbox, &[], "orders.count()\n").ends(0).gives("3: Int\n");
    let empty = Sandbox::empty();
    talk(&empty, &[], "1 + 1\n").ends(0).gives("2: Int\n");
    talk(&empty, &["nowhere"], "1 + 1\n").ends(2).tells("nowhere");
}

/// Reads what the terminal shows until it holds a text.
fn read_until(output: &mut ChildStdout, seen: &mut String, text: &str) {
    let mut bytes = [0; 4096];
    while !seen.contains(text) {
        let count = output.read(&mut bytes).unwrap();
        assert!(count > 0, "the terminal ended without {text:?}:\n{seen}");
        seen.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
    let end = seen.find(text).unwrap() + text.len();
    seen.drain(..end);
}

#[test]
fn on_a_terminal_lines_are_completed_dropped_and_remembered() {
    let sandbox = project();
    let command = format!("env XDG_STATE_HOME={} {FLOWC} repl", sandbox.path("state").display());
    let Some(mut child) = screen::on_terminal_command(&sandbox, &command) else { return };
    let (mut keys, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut seen = String::new();
    let press = |keys: &mut std::process::ChildStdin, text: &str| keys.write_all(text.as_bytes()).unwrap();
    read_until(&mut output, &mut seen, "flow> ");
    // One name begins so; what follows is entered behind it.
    press(&mut keys, "orde\t.count()\r");
    read_until(&mut output, &mut seen, "3: Int");
    read_until(&mut output, &mut seen, "flow> ");
    // Ctrl-C drops the entry, not the session.
    press(&mut keys, "let x = [1,\r\u{3}");
    read_until(&mut output, &mut seen, "flow> ");
    press(&mut keys, "it + 39\r");
    read_until(&mut output, &mut seen, "42: Int");
    read_until(&mut output, &mut seen, "flow> ");
    // The last entry once more.
    press(&mut keys, "\u{1b}[A\r");
    read_until(&mut output, &mut seen, "81: Int");
    read_until(&mut output, &mut seen, "flow> ");
    press(&mut keys, "\u{4}");
    drop(keys);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let history = sandbox.read("state/flowc/prompt_history");
    assert!(history.contains("orders.count()") && history.contains("it + 39"), "{history}");
}
