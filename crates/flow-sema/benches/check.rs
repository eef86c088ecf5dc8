//! How long 100,000 lines take: 500 files with 25,000 steps, from text to tables; and one flow of as many `let`s,
//! a tenth and all of them, whose time per `let` is the same if nothing is searched for.
//!
//! `cargo bench -p flow-sema` prints both the parse alone and parse with check; the target is one second for
//! the whole on one core.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests stop at what they did not expect")]

use flow_diag::FileId;
use flow_expr::Name;
use flow_sema::{Checked, Input, ParsedModule, manifest::Manifest};
use std::fmt::Write as _;

const FILES: usize = 500;
const STEPS: usize = 50;

fn main() {
    divan::main();
}

/// One file of about 200 lines.
fn file(number: usize) -> String {
    let mut text = String::new();
    let before = number.saturating_sub(1);
    if number > 0 {
        let _ = writeln!(text, "use part{before}.{{Order{before}, total{before}}}");
    }
    let _ = writeln!(
        text,
        "type Order{number} {{\n  id: Int\n  amount: Decimal where it >= 0\n  region: Region{number}\n  note: String?\n}}\n\
         type Region{number} = North{number} | South{number}\n\
         const limit{number}: Decimal = 10 * {number}\n\
         fn total{number}(orders: Table<Order{number}>) -> Decimal {{ orders.sum(o => o.amount * 2) + limit{number} }}"
    );
    if number > 0 {
        let _ = writeln!(
            text,
            "fn above{number}(orders: Table<Order{before}>) -> Bool {{ total{before}(orders) > limit{number} }}"
        );
    }
    for step in 0..STEPS {
        let _ = writeln!(
            text,
            "/// Step {step}.\nstep work{number}_{step}(count: Int, name: String = \"x\") -> Int {{\n  sh \"echo $count\"\n  timeout 5m\n}}"
        );
    }
    let _ = writeln!(text, "flow run{number} -> Int {{\n  let x0 = work{number}_0(1)");
    for step in 1..STEPS {
        let _ = writeln!(text, "  let x{step} = work{number}_{step}(x{} + 1, \"n {{x0}}\")", step - 1);
    }
    let _ = writeln!(text, "  return x{}\n}}", STEPS - 1);
    text
}

fn files() -> Vec<String> {
    (0..FILES).map(file).collect()
}

fn parse(texts: &[String]) -> Vec<ParsedModule> {
    let parsed = texts.iter().enumerate().map(|(number, text)| {
        let file = FileId(u32::try_from(number).expect("few files"));
        let parse = flow_syntax::parse(file, text);
        assert!(parse.problems.is_empty(), "{:?}", parse.problems);
        ParsedModule { name: Name::new(format!("part{number}")), file, module: parse.root() }
    });
    parsed.collect()
}

#[divan::bench(sample_count = 5)]
fn parsing(bencher: divan::Bencher<'_, '_>) {
    let texts = files();
    let lines: usize = texts.iter().map(|text| text.lines().count()).sum();
    bencher.counter(divan::counter::ItemsCount::new(lines)).bench(|| parse(&texts));
}

/// Checks a program that is right, as `flowc check` does.
fn checked(modules: &[ParsedModule], manifest: &Manifest) -> Checked {
    let read_file = &|_, _: &str| Err("there are no files".into());
    let input =
        Input { modules, manifest, profile: None, overrides: &[], read_file, for_editor: false, question: None };
    let (checked, problems) = flow_sema::check(input);
    assert!(!problems.has_errors(), "{:?}", problems.0.first());
    checked
}

#[divan::bench(sample_count = 5)]
fn parsing_and_checking(bencher: divan::Bencher<'_, '_>) {
    let texts = files();
    let lines: usize = texts.iter().map(|text| text.lines().count()).sum();
    let manifest = Manifest::default();
    bencher.counter(divan::counter::ItemsCount::new(lines)).bench(|| {
        let modules = parse(&texts);
        checked(&modules, &manifest)
    });
}

/// One flow, each `let` of which mentions three of those before it; every fifth one may fail and is recovered.
fn one_flow(lets: usize) -> String {
    let mut text = String::from(
        "step work(a: String, b: String, c: String) -> String {\n  sh \"echo $a $b $c\"\n  timeout 5m\n}\n",
    );
    text.push_str("flow all -> String {\n  let x0 = \"start\"\n");
    for number in 1..lets {
        let [a, b, c] = [number / 2, number / 3, number - 1];
        let recovery = if number % 5 == 0 { " else x0" } else { "" };
        let _ = writeln!(text, "  let x{number} = work(x{a}, x{b}, x{c}){recovery}");
    }
    let _ = writeln!(text, "  return x{}\n}}", lets - 1);
    text
}

#[divan::bench(args = [10_000, 100_000], sample_count = 5, sample_size = 1)]
fn one_flow_of_lets(bencher: divan::Bencher<'_, '_>, lets: usize) {
    let modules = parse(&[one_flow(lets)]);
    let manifest = Manifest::default();
    bencher.counter(divan::counter::ItemsCount::new(lets)).bench_local(|| checked(&modules, &manifest));
}
