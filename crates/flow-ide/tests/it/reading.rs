//! Hover, hints, folds, selections, links, colours.

use crate::fixture::Fixture;
use flow_ide::TokenKind;

fn hover(text: &str) -> String {
    let fixture = Fixture::new(text);
    flow_ide::hover(&fixture.analysis, fixture.at).map_or("nothing".to_owned(), |hover| hover.text)
}

const STEP: &str = "/// Says hello.\nstep hello(who: String) -> String {\n  sh \"echo $who\"\n  timeout 5m\n  retry { up to 2 times, on timeout, backoff 1s..2s }\n}\n";

#[test]
fn a_step_is_shown_with_its_docs_and_its_worst_case_as_a_sum() {
    let shown = hover(&format!("{STEP}flow f {{ do he$0llo(\"x\") }}\n"));
    assert!(shown.starts_with("```flow\nstep hello(who: String) -> String\n```"), "{shown}");
    assert!(shown.contains("Says hello."), "{shown}");
    assert!(shown.contains("takes ≤ ") && shown.contains("(declared) = 3 × 5m"), "{shown}");
}

#[test]
fn fields_locals_keywords_and_expressions() {
    let record = "type T {\n  /// How much.\n  amount: Decimal where it >= 0\n}\n";
    let shown = hover(&format!("{record}fn f(t: T) -> Decimal {{ t.am$0ount }}\n"));
    assert!(shown.contains("amount: Decimal where it >= 0") && shown.contains("How much."), "{shown}");
    let shown = hover("fn f(x: Int) -> Int { let why = x * 2\n wh$0y }\n");
    assert_eq!(shown, "```flow\nlet why: Int\n```");
    assert!(hover(&STEP.replace("timeout 5m", "time$0out 5m")).contains("longest that one attempt may take"));
    assert_eq!(hover("// noth$0ing\n"), "nothing");
}

#[test]
fn types_that_are_not_written_and_worst_cases_are_hinted() {
    let fixture = Fixture::new(&format!("{STEP}flow f {{\n  let x = hello(\"x\")\n  do hello(x)\n}}\n$0"));
    let all = flow_diag::Span { start: 0, ..fixture.at };
    let hints: Vec<String> = flow_ide::hints(&fixture.analysis, all).into_iter().map(|hint| hint.text).collect();
    assert_eq!(hints.len(), 3, "{hints:?}");
    assert!(hints[0].starts_with("≤ 15m") && hints[1].starts_with("≤ 30m") && hints[2] == ": String", "{hints:?}");
}

#[test]
fn folds_and_selections_follow_the_tree() {
    let fixture = Fixture::new(&STEP.replace("$who", "$w$0ho"));
    let parse = &fixture.analysis.compilation.trees[&fixture.at.file];
    let text = fixture.analysis.text(fixture.at.file);
    let folds = flow_ide::folds(parse);
    assert_eq!(folds.len(), 1);
    assert!(text[usize::from(folds[0].range.start())..].starts_with("{\n  sh"));
    let grown = flow_ide::selections(parse, fixture.at.start);
    let shown: Vec<&str> =
        grown.iter().map(|range| &text[usize::from(range.start())..usize::from(range.end())]).collect();
    assert_eq!(shown[..3], ["echo $who", "\"echo $who\"", "sh \"echo $who\""]);
    assert_eq!(shown.last().map(|all| all.trim_end()), Some(text.trim_end()));
    assert!(shown.windows(2).all(|pair| pair[1].contains(pair[0])), "{shown:?}");
}

#[test]
fn links_lead_to_data_code_and_modules() {
    let text = "//- a.flow\nuse b.{T}\ndataset d: Table<T> {\n  at csv(\"data/d.csv\")\n  arrives by hand\n}\nstep s(d: Table<T>) -> Unit { sh \"cat $d\" }\nflow f { do s(d) }\n$0\n//- b.flow\ntype T { x: Int }\n";
    let fixture = Fixture::new(text);
    let links = flow_ide::links(&fixture.analysis, fixture.at.file);
    let shown: Vec<String> = links.iter().map(|link| fixture.show(link.at)).collect();
    assert_eq!(shown, ["a.flow:1 b", "a.flow:3 data/d.csv"]);
}

#[test]
fn words_of_code_and_names_have_their_kinds() {
    let text = "/// Docs.\nstep s(n: Int) -> String {\n  sql \"select 'x' -- why\\n where n = :n\"\n}\n$0"
        .replace("\\n", "\n");
    let fixture = Fixture::new(&text.replace("\"select", "\"\"\"select").replace(":n\"", ":n\"\"\""));
    let tokens = flow_ide::tokens(&fixture.analysis, fixture.at.file, None);
    let kind = |wanted: &str| {
        let found = tokens.iter().rev().find(|token| fixture.analysis.text_of(token.at) == wanted);
        found.map(|token| token.kind)
    };
    assert_eq!(kind("select"), Some(TokenKind::Keyword));
    assert_eq!(kind("'x'"), Some(TokenKind::String));
    assert_eq!(kind("-- why"), Some(TokenKind::Comment));
    assert_eq!(kind("s"), Some(TokenKind::Method));
    assert_eq!(kind("n"), Some(TokenKind::Parameter));
    assert_eq!(kind("Int"), Some(TokenKind::Type));
    assert!(tokens.windows(2).all(|pair| pair[0].at.end <= pair[1].at.start), "none overlap");
}
