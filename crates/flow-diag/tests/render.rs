//! What the renderers make of problems: ordinary ones, spans that fit nothing, hostile text, and many at once.

use flow_diag::{FileId, Label, Problem, Problems, Severity, Sources, Span, codes, render};

fn span(file: u32, text: &str, part: &str) -> Span {
    let start = text.find(part).expect("the text holds it");
    Span::new(FileId(file), start as u32, (start + part.len()) as u32)
}

fn render_one(problem: Problem, sources: &Sources) -> String {
    render::text(&Problems(vec![problem]), sources, false)
}

const MORNING: &str = "dataset sales: Table<Sale> {\n  fresh within 26h\n}\n";
const ORDERS: &str = "dataset orders: Table<Order> {\n  fresh   within 26h by placed_at\n}\n";

#[test]
fn labels_across_files_notes_helps_and_fixes() {
    let mut sources = Sources::default();
    sources.add("morning.flow", MORNING);
    sources.add("orders.flow", ORDERS);
    let problem = Problem::error(
        codes::E0001,
        span(0, MORNING, "26h"),
        "`sales` promises 26h, but can be 51h old",
        "promised here",
    )
    .label(span(1, ORDERS, "within 26h by placed_at"), "the input may already be 26h old")
    .note("26h + 25h = 51h")
    .help("promise more, or require fresher input")
    .fix("promise 52h", span(0, MORNING, "26h"), "52h");
    let shown = render_one(problem, &sources);
    let expected = [
        "error[E0001]: `sales` promises 26h, but can be 51h old",
        "morning.flow:2:16",
        "2 │   fresh within 26h",
        "promised here",
        "orders.flow:2:11",
        "the input may already be 26h old",
        "   = note: 26h + 25h = 51h",
        "   = help: promise more, or require fresher input",
        "   = fix: promise 52h",
        "        2 -   fresh within 26h",
        "        2 +   fresh within 52h",
    ];
    let mut rest = shown.as_str();
    for part in expected {
        let at = rest.find(part).unwrap_or_else(|| panic!("`{part}` is not (in this order) in\n{shown}"));
        rest = &rest[at + part.len()..];
    }
    assert!(!shown.contains('\x1b'));
}

#[test]
fn colour_only_when_asked() {
    let mut sources = Sources::default();
    sources.add("a.flow", MORNING);
    let problem = Problem::warning(codes::E0001, span(0, MORNING, "26h"), "t", "l");
    assert!(render::text(&Problems(vec![problem]), &sources, true).contains("\x1b[1m\x1b[33mwarning[E0001]"));
    assert!(render::ColorChoice::Auto.enabled(true, false));
    assert!(!render::ColorChoice::Auto.enabled(true, true));
    assert!(!render::ColorChoice::Auto.enabled(false, false));
    assert!(render::ColorChoice::Always.enabled(false, true));
    assert!(!render::ColorChoice::Never.enabled(true, false));
}

#[test]
fn any_span_in_any_text_is_shown_somehow() {
    let texts = [
        "",
        "\n",
        "\r\n",
        "\n\n\n",
        "ä",
        "😀\n",
        "a\tb\r\nc\rd",
        "\u{2028}\u{202E}x\u{1b}[31m\n",
        "x\n\n",
        "\u{FEFF}a",
    ];
    for text in texts {
        let mut sources = Sources::default();
        sources.add("a.flow", text);
        for start in 0..=text.len() as u32 + 2 {
            for end in start..=text.len() as u32 + 3 {
                let other = Span::new(FileId(0), end / 2, end);
                let problem = Problem::error(codes::E0001, Span::new(FileId(0), start, end), "t", "l")
                    .label(other, "other")
                    .fix("f", Span::new(FileId(0), start, end), "new\nlines");
                let problems = Problems(vec![problem]);
                let shown = render::text(&problems, &sources, false);
                assert!(shown.contains("a.flow:"), "{text:?} {start}..{end}: {shown}");
                assert!(!shown.contains(['\x1b', '\u{202E}', '\u{2028}']), "{shown:?}");
                assert!(render::json(&problems, &sources).contains("\"start\""));
                assert!(render::sarif(&problems, &sources, "0").contains("startLine"));
                assert!(render::github(&problems, &sources).starts_with("::error file=a.flow,line="));
            }
        }
    }
}

#[test]
fn an_unknown_file_still_gives_the_message() {
    let problem = Problem::error(codes::E0001, Span::new(FileId(9), 0, 4), "the title", "here");
    assert_eq!(render_one(problem, &Sources::default()), "error[E0001]: the title\n\n");
}

#[test]
fn of_a_file_without_text_the_name_is_shown() {
    let mut sources = Sources::default();
    sources.add("a.flow", "");
    let problem =
        Problem::error(codes::E0001, Span::new(FileId(0), 0, 0), "cannot read it", "needed here").help("mend it");
    let shown = "error[E0001]: cannot read it\n   ╰─[ a.flow:1:1 ] needed here\n   = help: mend it\n\n";
    assert_eq!(render_one(problem, &sources), shown);
}

#[test]
fn the_first_excerpt_is_where_the_problem_is() {
    let text = format!("type Word\n{}fallback Word\n", "//\n".repeat(100));
    let mut sources = Sources::default();
    sources.add("far.flow", text.as_str());
    let problem = Problem::error(codes::E0001, span(0, &text, "fallback"), "a type, no value", "expected a value");
    let shown = render_one(problem.label(span(0, &text, "Word"), "declared here"), &sources);
    let heads: Vec<&str> = shown.lines().filter(|line| line.contains("far.flow:")).map(str::trim).collect();
    assert_eq!(heads, ["╭─[ far.flow:102:1 ]", "├─[ far.flow:1:6 ]"], "{shown}");
}

#[test]
fn a_very_long_line_is_shown_by_a_window() {
    let text = format!("{}needle{}", "x".repeat(2_000_000), "y".repeat(2_000_000));
    let mut sources = Sources::default();
    sources.add("a.flow", text.clone());
    let shown = render_one(Problem::error(codes::E0001, span(0, &text, "needle"), "t", "found"), &sources);
    assert!(shown.len() < 1000, "{} bytes", shown.len());
    assert!(shown.contains("…xxx") && shown.contains("xneedley") && shown.contains("^^^^^^ found"), "{shown}");
    assert!(shown.contains("a.flow:1:2000001"), "{shown}");
}

#[test]
fn hundreds_of_reports_on_megabytes_stay_fast() {
    let line = "step aggregate(orders: Table<Order>) -> Table<Revenue> { sql \"select ä\" }\n";
    let text = line.repeat(40_000);
    let mut sources = Sources::default();
    sources.add("a.flow", text.clone());
    sources.add("b.flow", text.clone());
    let problems = (0..400_u32).map(|number| {
        let start = number * 99 * line.len() as u32 + 5;
        Problem::error(codes::E0001, Span::new(FileId(0), start, start + 9), "t", "l")
            .label(Span::new(FileId(0), text.len() as u32 - start, text.len() as u32 - start + 3), "far away")
            .label(Span::new(FileId(1), start, start + 9), "elsewhere")
            .fix("f", Span::new(FileId(0), start, start + 9), "x")
    });
    let problems = Problems(problems.collect());
    #[expect(clippy::disallowed_methods, reason = "a test that measures")]
    let begin = std::time::Instant::now();
    let shown = render::text(&problems, &sources, false);
    let took = begin.elapsed();
    eprintln!("400 reports over {} MB: {took:?}, {} bytes", 2 * text.len() / 1_000_000, shown.len());
    assert!(shown.matches("error[E0001]").count() == 400);
    // Generous: the dev profile on a busy machine. What it guards against is work per report that grows with the text.
    assert!(took.as_secs() < 20, "{took:?}");
}

#[test]
fn machine_formats() {
    let mut sources = Sources::default();
    sources.add("my flows/a.flow", "let ä = 1\n");
    let mut problem = Problem::error(codes::E0001, Span::new(FileId(0), 4, 6), "100% wrong: a, b", "here");
    problem.labels.push(Label { span: Span::new(FileId(0), 9, 10), text: "there".into(), primary: false });
    problem.severity = Severity::Warning;
    let problem = problem.help("do\nthat").fix("drop it", Span::new(FileId(0), 4, 6), "");
    let problems = Problems(vec![problem]);

    let json: serde_json::Value = serde_json::from_str(&render::json(&problems, &sources)).unwrap();
    assert_eq!(json["format"], 1);
    assert_eq!(json["warnings"], 1);
    assert_eq!(json["problems"][0]["labels"][0]["start"], serde_json::json!({"offset": 4, "line": 1, "column": 5}));
    assert_eq!(json["problems"][0]["labels"][1]["start"]["column"], 9);
    assert_eq!(json["problems"][0]["fixes"][0]["edits"][0]["text"], "");

    let sarif: serde_json::Value = serde_json::from_str(&render::sarif(&problems, &sources, "0.1.0")).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "E0001");
    assert_eq!(result["level"], "warning");
    assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "my%20flows/a.flow");
    assert_eq!(result["relatedLocations"][0]["message"]["text"], "there");
    assert_eq!(sarif["runs"][0]["tool"]["driver"]["rules"][0]["id"], "E0001");

    assert_eq!(
        render::github(&problems, &sources),
        "::warning file=my flows/a.flow,line=1,endLine=1,col=5,endColumn=6,title=E0001%3A 100%25 wrong%3A a%2C b::here%0Ahelp: do%0Athat\n"
    );
    assert_eq!(render::Counts::of(&problems).to_string(), "1 warning");
    assert_eq!(render::Counts { errors: 3, warnings: 1 }.to_string(), "3 errors, 1 warning");
    assert_eq!(render::Counts::default().to_string(), "no problems");
}

/// What the schema of SARIF 2.1.0 asks of the parts that are used here.
#[test]
fn sarif_is_as_its_standard_wants_it() {
    let text = "one two\nthrée four\n";
    let mut sources = Sources::default();
    sources.add("my flows/a.flow", text);
    let problems = Problems(vec![
        Problem::error(codes::E0001, span(0, text, "one"), "a", "here").label(span(0, text, "four"), "there").fix(
            "mend it",
            span(0, text, "two"),
            "2",
        ),
        Problem::warning(codes::E0002, span(0, text, "thrée"), "b", ""),
        Problem::error(codes::E0002, Span::new(FileId(9), 0, 4), "of no file", "x"),
    ]);
    let sarif: serde_json::Value = serde_json::from_str(&render::sarif(&problems, &sources, "0.1.0")).unwrap();
    let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert!(sarif["version"] == "2.1.0" && sarif["$schema"].as_str().unwrap().ends_with("sarif-schema-2.1.0.json"));
    let run = &sarif["runs"][0];
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let ids: std::collections::BTreeSet<&str> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), rules.len(), "each rule once");
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(["error", "warning"].contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let related = result["relatedLocations"].as_array().into_iter().flatten();
        for location in result["locations"].as_array().unwrap().iter().chain(related) {
            assert!(keys(location).iter().all(|key| ["id", "message", "physicalLocation"].contains(&key.as_str())));
            let place = &location["physicalLocation"];
            assert_eq!(place["artifactLocation"]["uri"], "my%20flows/a.flow");
            let number = |key: &str| place["region"][key].as_u64().unwrap();
            let (start, end) = ((number("startLine"), number("startColumn")), (number("endLine"), number("endColumn")));
            assert!(start >= (1, 1) && end >= start, "{start:?} {end:?}");
        }
    }
    let change = &results[0]["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!((&change["deletedRegion"]["startColumn"], &change["insertedContent"]["text"]), (&5.into(), &"2".into()));
    assert_eq!(results[1]["locations"][0]["physicalLocation"]["region"]["endColumn"], 6, "columns are characters");
    assert_eq!(results[2]["locations"], serde_json::json!([]));
}
