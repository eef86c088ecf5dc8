//! Labels against the evaluator: marked values go into generated expressions, and where they come out is looked at.
//!
//! Labelled texts consist of the letter `q`, and nothing else in a program does. So an output with a `q` in it that the
//! analysis calls clean is a hole. The other way round, how often something is called labelled and no mark comes out is
//! measured and bounded: a checker that refuses everything proves nothing.

use crate::repository::{compile_text, shown};
use flow_compiler::{Compilation, MemoryWorld, Options, compile, labels};
use flow_expr::{Context, MapKey, Name, Record, Value, VarId, codec::encode, evaluate};
use proptest::prelude::*;
use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

/// What every generated expression sees.
const PARAMS: &str =
    "customer: Customer, others: List<Customer>, secret: Private, by: Map<String, Private>, tag: String, number: Int";
const ARGS: &str = "customer, others, secret, by, tag, number";

const HEAD: &str = r#"
label pii "Identifies a person."
type Private = String @pii
type Kind = Old | New
type Customer { id: Int, name: String @pii, email: String? @pii, city: String, kind: Kind }
type Pair { left: String, right: String }
fn wrap(text: String) -> String { "<{text}>" }
fn name_of(customer: Customer) -> String { customer.name.trim() }
fn city_of(customer: Customer) -> String { "{customer.city}!" }
fn paired(left: String, right: String) -> Pair { Pair(left: left, right: wrap(right)) }
fn left_of(pair: Pair) -> String { pair.left }
fn twice(text: String, with: fn(String) -> String) -> String { with(with(text)) }
fn each<T>(items: List<T>, with: fn(T) -> String) -> List<String> { items.map(item => with(item)) }
fn either<T>(first: Bool, one: T, other: T) -> T { if first { one } else { other } }
"#;

/// Writes expressions of a type, from a seed.
struct Writer {
    random: u64,
    /// Variables bound by lambdas, by type.
    texts: Vec<String>,
    customers: Vec<String>,
    next: usize,
}

impl Writer {
    fn new(seed: u64) -> Self {
        Self { random: seed, texts: vec![], customers: vec![], next: 0 }
    }

    fn pick(&mut self, among: u64) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % among
    }

    fn name(&mut self) -> String {
        self.next += 1;
        format!("x{}", self.next)
    }

    fn of_text(&mut self, depth: u32) -> String {
        let name = self.name();
        self.texts.push(name.clone());
        let body = self.text(depth);
        self.texts.pop();
        format!("{name} => {body}")
    }

    fn of_customer(&mut self, body: fn(&mut Self, u32) -> String, depth: u32) -> String {
        let name = self.name();
        self.customers.push(name.clone());
        let body = body(self, depth);
        self.customers.pop();
        format!("{name} => {body}")
    }

    fn text(&mut self, depth: u32) -> String {
        if depth == 0 {
            return match self.pick(6) {
                0 => "tag".into(),
                1 => "secret".into(),
                2 => format!("\"{}\"", ["a", "b c", "x,y"][self.pick(3) as usize]),
                3 if !self.texts.is_empty() => self.texts[self.texts.len() - 1].clone(),
                4 => format!("{}.city", self.customer(0)),
                _ => format!("{}.name", self.customer(0)),
            };
        }
        let d = depth - 1;
        match self.pick(24) {
            0 => format!("{}.upper()", self.text(d)),
            1 => format!("({} + {})", self.text(d), self.text(d)),
            2 => format!("\"{{{}}} and {{{}}}\"", self.hole(d), self.hole(d)),
            3 => format!("(if {} {{ {} }} else {{ {} }})", self.condition(d), self.text(d), self.text(d)),
            4 => format!("{}.join(\"|\")", self.list(d)),
            5 => format!("({}.first() ?? {})", self.list(d), self.text(d)),
            6 => format!("wrap({})", self.text(d)),
            7 => format!("name_of({})", self.customer(d)),
            8 => format!("city_of({})", self.customer(d)),
            9 => format!("left_of(paired({}, {}))", self.text(d), self.text(d)),
            10 => format!("paired({}, {}).right", self.text(d), self.text(d)),
            11 => format!("twice({}, {})", self.text(d), self.of_text(d)),
            12 => format!("({}.email ?? {})", self.customer(d), self.text(d)),
            13 => format!("(match {}.email {{ none => {}, some => some }})", self.customer(d), self.text(d)),
            14 => format!("hash({})", self.text(d)),
            15 => format!("redact({})", self.text(d)),
            16 => format!("{}.text()", self.number(d)),
            17 => format!("{}.city", self.customer(d)),
            18 => format!("{}.name", self.customer(d)),
            19 => format!("text({})", self.customer(d)),
            20 => format!("(by.get({}) ?? {})", self.text(d), self.text(d)),
            21 => format!("{}.group_by({}).keys().join()", self.many(d), self.of_customer(Self::text, d)),
            22 => format!(
                "{}.index_by({}).values().map({}).join()",
                self.many(d),
                self.of_customer(Self::text, 0),
                self.of_customer(Self::text, d)
            ),
            _ => format!("either({}, {}, {})", self.condition(d), self.text(d), self.text(d)),
        }
    }

    /// What may stand in a hole of a text: a name or something in parentheses.
    fn hole(&mut self, depth: u32) -> String {
        match self.pick(3) {
            0 => self.customer(0),
            _ => format!("({})", self.text(depth)),
        }
    }

    fn list(&mut self, depth: u32) -> String {
        let d = depth.saturating_sub(1);
        match self.pick(10) {
            0 => format!("[{}, {}]", self.text(d), self.text(d)),
            1 => format!("{}.split(\",\")", self.text(d)),
            2 => format!("{}.map({})", self.many(d), self.of_customer(Self::text, d)),
            3 => format!("each({}, {})", self.many(d), self.of_customer(Self::text, d)),
            4 if depth > 0 => format!("{}.distinct()", self.list(d)),
            5 if depth > 0 => format!("{}.sort().reverse()", self.list(d)),
            6 if depth > 0 => format!("({} + {})", self.list(d), self.list(d)),
            7 if depth > 0 => {
                let name = self.name();
                self.texts.push(name.clone());
                let test = self.condition(d);
                self.texts.pop();
                format!("{}.filter({name} => {test})", self.list(d))
            }
            8 if depth > 0 => format!("{}.map({})", self.list(d), self.of_text(d)),
            _ => format!("[{}]", self.text(d)),
        }
    }

    fn customer(&mut self, depth: u32) -> String {
        let d = depth.saturating_sub(1);
        match self.pick(6) {
            0 if depth > 0 => format!("Customer(..{}, city: {})", self.customer(d), self.text(d)),
            1 if depth > 0 => format!("({}.first() ?? {})", self.many(d), self.customer(d)),
            2 if depth > 0 => {
                format!("either({}, {}, {})", self.condition(d), self.customer(d), self.customer(d))
            }
            3 if depth > 0 => format!("Customer(..{}, name: {}, email: none)", self.customer(d), self.text(d)),
            4 if !self.customers.is_empty() => self.customers[self.customers.len() - 1].clone(),
            _ => "customer".into(),
        }
    }

    fn many(&mut self, depth: u32) -> String {
        let d = depth.saturating_sub(1);
        match self.pick(6) {
            0 if depth > 0 => format!("{}.filter({})", self.many(d), self.of_customer(Self::condition, d)),
            1 if depth > 0 => format!("{}.sort_by({}).take(2)", self.many(d), self.of_customer(Self::text, d)),
            2 if depth > 0 => format!("[{}, {}]", self.customer(d), self.customer(d)),
            3 if depth > 0 => format!("{}.map({})", self.many(d), self.of_customer(Self::customer, d)),
            _ => "others".into(),
        }
    }

    fn number(&mut self, depth: u32) -> String {
        let d = depth.saturating_sub(1);
        match self.pick(5) {
            0 => format!("{}.length()", self.text(d)),
            1 => format!("{}.count()", self.many(d)),
            2 => format!("others.sum({})", self.of_customer(Self::number, d.min(1))),
            3 => format!("{}.id", self.customer(d)),
            _ => "number".into(),
        }
    }

    fn condition(&mut self, depth: u32) -> String {
        let d = depth.saturating_sub(1);
        match self.pick(7) {
            0 => format!("({} == {})", self.text(d), self.text(d)),
            1 => format!("{}.contains(\"a\")", self.text(d)),
            2 => format!("{}.email.is_present()", self.customer(d)),
            3 => format!("({}.kind == Old)", self.customer(d)),
            4 if depth > 0 => format!("(not {})", self.condition(d)),
            5 if depth > 0 => format!("{}.any({})", self.many(d), self.of_customer(Self::condition, d)),
            _ => "(number > 2)".into(),
        }
    }
}

fn record(id: i64, name: &str, email: Option<&str>, city: &str, kind: &str) -> Value {
    let text = |text: &str| Value::String(text.into());
    let variant = flow_expr::VariantValue { ty: Name::new("main.Kind"), variant: kind.into(), fields: vec![] };
    let fields = vec![
        ("id".into(), Value::Int(id)),
        ("name".into(), text(name)),
        ("email".into(), email.map_or(Value::Absent, text)),
        ("city".into(), text(city)),
        ("kind".into(), Value::Variant(Arc::new(variant))),
    ];
    Value::Record(Arc::new(Record { ty: Name::new("main.Customer"), fields }))
}

/// Values for the parameters: labelled ones are marked.
fn inputs(turn: i64) -> Vec<Value> {
    let email = (turn % 2 == 0).then_some("qq,qq");
    let others = vec![
        record(2, "qqq", None, "Aachen", "New"),
        record(3, "qqqq", Some("q"), "Bonn", if turn % 2 == 0 { "Old" } else { "New" }),
    ];
    let by =
        [("a", "qqqqq"), ("x,y", "qq")].map(|(key, value)| (MapKey::String(key.into()), Value::String(value.into())));
    vec![
        record(1, "qqqqqq", email, "Ulm", if turn > 1 { "Old" } else { "New" }),
        Value::List(others.into()),
        Value::String("qqqqqqq".into()),
        Value::Map(Arc::new(BTreeMap::from(by))),
        Value::String(if turn == 0 { "a".into() } else { "x,y".into() }),
        Value::Int(turn + 1),
    ]
}

/// How often was what called labelled.
#[derive(Debug, Default)]
struct Score {
    labelled: u32,
    without_mark: u32,
    clean: u32,
}

/// A program with many expressions, each written by itself and through a function.
fn program(exprs: &[String]) -> String {
    let mut text = HEAD.to_owned();
    let mut flow = format!("flow all({PARAMS}) {{\n");
    for (index, expr) in exprs.iter().enumerate() {
        let _ = writeln!(text, "fn e{index}({PARAMS}) -> String {{ {expr} }}");
        for kind in ["in", "out"] {
            let _ = writeln!(text, "dataset {kind}{index}: String {{ at text(\"{kind}{index}.txt\") }}");
        }
        let _ = writeln!(flow, "  write in{index} = {expr}\n  write out{index} = e{index}({ARGS})");
    }
    format!("{text}{flow}}}\n")
}

fn check(exprs: &[String], score: &mut Score) -> Result<(), TestCaseError> {
    let text = program(exprs);
    let compilation = compile_text(&text);
    let other: Vec<_> = compilation
        .problems
        .0
        .iter()
        .filter(|found| found.code.as_str().starts_with('E') && found.code.as_str() != "E0603")
        .collect();
    prop_assert!(other.is_empty(), "the generator writes what is right: {:?}\n{text}", other.first());
    let refused = |dataset: &str| {
        let title = format!("written to `{dataset}`");
        compilation.problems.0.iter().any(|found| found.title.contains(&title))
    };
    let program = &compilation.program;
    let context = Context::new(&program.functions, &program.types, jiff::Timestamp::UNIX_EPOCH);
    for (index, expr) in exprs.iter().enumerate() {
        let function = &program.functions[&Name::new(format!("main.e{index}"))];
        let (mut marked, mut has_value) = (false, false);
        for turn in 0..4 {
            let scope: BTreeMap<VarId, Value> = function.params.iter().copied().zip(inputs(turn)).collect();
            // What has no value, such as a key that is not there, shows nothing.
            if let Ok(value) = evaluate(&function.body, &scope, &context) {
                has_value = true;
                marked |= encode(&value).to_string().to_lowercase().contains('q');
            }
        }
        let verdicts = (refused(&format!("in{index}")), refused(&format!("out{index}")));
        prop_assert!(!marked || (verdicts.0 && verdicts.1), "called clean ({verdicts:?}), but is not: {expr}");
        prop_assert_eq!(verdicts.0, verdicts.1, "a function makes no difference: {}", expr);
        let shown = if has_value { u32::from(verdicts.0) } else { 0 };
        score.labelled += shown;
        score.without_mark += if marked { 0 } else { shown };
        score.clean += u32::from(has_value && !verdicts.0);
    }
    Ok(())
}

#[test]
fn no_mark_comes_out_of_what_is_called_clean() {
    let mut runner = proptest::test_runner::TestRunner::new_with_rng(
        ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() },
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let score = std::cell::RefCell::new(Score::default());
    let result = runner.run(&any::<u64>(), |seed| {
        let mut writer = Writer::new(seed);
        let exprs: Vec<String> = (0..40).map(|index| writer.text(1 + index % 4)).collect();
        check(&exprs, &mut score.borrow_mut())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    let score = score.into_inner();
    println!("{score:?}");
    assert!(score.clean > 60 && score.labelled > 60, "both are seen: {score:?}");
    assert!(score.without_mark * 3 < score.labelled, "too much is called labelled: {score:?}");
}

fn compiled(text: &str, strict: bool) -> Compilation {
    compile(&MemoryWorld::new([("main.flow", text)]), &Options { strict, ..Options::default() })
}

fn codes(compilation: &Compilation) -> Vec<&str> {
    compilation.problems.0.iter().map(|found| found.code.as_str()).filter(|code| code.starts_with("E06")).collect()
}

const DECIDES: &str = r#"
label pii "Identifies a person."
type Person { id: Int, name: String @pii, paid: Decimal }
type Line { id: Int, paid: Decimal }
dataset people: Table<Person> { at csv("p.csv"), arrives by hand }
dataset lines: Table<Line> { at csv("l.csv") }
dataset ids: List<Int> { at json("i.json") }
dataset word: String { at text("w.txt") }
step chosen(people: Table<Person>) -> Table<Line> {
  sql "select id, paid from people where name like 'A%'"
}
flow daily {
  write lines = chosen(people)
  write ids = people.filter(row => row.name != "").map(row => row.id)
  write word = if people.to_list().at(0).name == "x" { "a" } else { "b" }
}
"#;

#[test]
fn what_decides_is_followed_where_that_is_asked_for() {
    let usual = compiled(DECIDES, false);
    assert!(codes(&usual).is_empty(), "{}", shown(&usual));
    let strict = compiled(DECIDES, true);
    assert_eq!(codes(&strict), ["E0603"; 3], "{}", shown(&strict));
}

#[test]
fn a_report_shows_the_whole_way() {
    let text = r#"
label pii "Identifies a person."
type Person { id: Int, name: String @pii }
type Line { text: String }
model writer { provider openai, name "gpt-5-mini-2025-08-07" }
dataset people: Table<Person> { at csv("p.csv"), arrives by hand }
step loud(people: Table<Person>) -> Table<Line> {
  sql "with x as (select upper(name) as big from people) select big || '!' as text from x"
}
step tell(lines: Table<Line>) -> String {
  ai writer { prompt "Tell of {lines as csv}" }
  guard not it.is_blank() else fail
}
fn shout(text: String) -> String { text.upper() }
flow inner(rows: Table<Line>) -> String { tell(rows) }
flow daily -> String {
  let lines = loud(people)
  inner(lines)
}
"#;
    let compilation = compile_text(text);
    let found = compilation.problems.0.iter().find(|found| found.code.as_str() == "E0601").expect("it is found");
    let said: Vec<(&str, &str)> = found
        .labels
        .iter()
        .map(|label| (&text[label.span.start as usize..label.span.end as usize], label.text.as_str()))
        .collect();
    let expected = [
        ("lines", "@pii data leaves here"),
        ("name", "`name` is @pii"),
        ("people", "`people` is read"),
        ("name", "the column `text` is made of it"),
        ("loud(people)", "what `loud` gives is made of it"),
        ("lines", "it is given to `inner`"),
        ("rows", "it is given to `tell`"),
        ("writer", "`writer` does not say `accepts @pii`"),
    ];
    for (at, says) in expected {
        assert!(said.iter().any(|(text, said)| text.contains(at) && *said == says), "{at}: {says}\nin {said:#?}");
    }
}

#[test]
fn the_audit_lists_what_comes_off_and_who_accepts() {
    let text = r#"
label pii "Identifies a person."
type Person { id: Int, name: String @pii, paid: Decimal @pii }
model writer { provider ollama, name "llama4:8b", accepts @pii }
dataset people: Table<Person> { at csv("p.csv"), arrives by hand }
dataset total: Decimal { at json("t.json") }
dataset word: String { at text("w.txt") }
step tell(person: Person) -> String {
  ai writer { prompt "Tell of {person.name}" }
  guard it != "" else fail
}
fn public(name: String) -> String { declassify(name, because: "authors sign") }
flow daily(person: Person) {
  require people.count(row => public(row.name) != "") > 0 else warn
  write total = people.sum(row => row.paid)
  write word = public(person.name) + hash(tell(person)) + redact("x")
}
"#;
    let compilation = compile_text(text);
    assert!(codes(&compilation).is_empty(), "{}", shown(&compilation));
    let mut audit = labels::audit::audit(&compilation.program, &compilation.queries, &compilation.places.annotations);
    let is_own =
        |at: flow_diag::Span| compilation.sources.get(at.file).is_some_and(|source| source.path == "main.flow");
    audit.removals.retain(|removal| is_own(removal.at));
    let removals: Vec<(&str, usize)> =
        audit.removals.iter().map(|removal| (removal.how.word(), removal.labels.len())).collect();
    assert_eq!(removals, [("declassify", 1), ("aggregate", 1), ("hash", 1), ("redact", 0)]);
    assert!(matches!(&audit.removals[0].how, labels::audit::How::Declassify(why) if why == "authors sign"));
    let accepts: Vec<(&str, &str, usize)> =
        audit.accepts.iter().map(|one| (one.kind.word(), one.name.short(), one.arrives.len())).collect();
    assert_eq!(accepts, [("model", "writer", 1), ("dataset", "people", 0)]);
}

#[test]
fn the_last_of_many_places_is_not_forgotten() {
    let mut text = String::from("label pii \"Identifies a person.\"\ndataset last: String { at text(\"last.txt\") }\n");
    let mut body = String::new();
    for number in 0..400 {
        let _ = writeln!(text, "dataset d{number}: String {{ at text(\"d{number}.txt\"), accepts @pii }}");
        let _ = writeln!(body, "  write d{number} = name");
    }
    let _ = write!(text, "flow all(name: String) {{\n{body}  write last = name\n}}\n");
    text.push_str("flow begins(name: String @pii) { do all(name) }\n");
    let compilation = compile_text(&text);
    let found: Vec<_> = compilation.problems.0.iter().map(|problem| problem.title.as_str()).collect();
    assert_eq!(found, ["@pii data is written to `last`, which does not accept it"]);
}
