//! Results of tests: a line each, failures with their places, and documents for other programs.

use super::{Ran, models::Mode, usage::Usage};
use crate::ui::{Style, Ui, paint};
use flow_diag::{Encoding, LineIndex, Problem, Problems, Sources, Span, render};
use serde_json::json;
use std::{fmt::Write as _, time::Duration};

/// The line of a test; its file's name before the first one of it.
pub(crate) fn line(ran: &Ran, before: Option<&Ran>, ui: &Ui) -> String {
    let mut text = String::new();
    if before.is_none_or(|before| before.path != ran.path) {
        let _ = writeln!(text, "{}", paint(ui.color_out, Style::Bold, &ran.path));
    }
    if let Some(why) = &ran.skipped {
        let _ = writeln!(text, "  {} {}  skipped: {why}", paint(ui.color_out, Style::Warn, "–"), ran.title);
        return text;
    }
    let mark =
        if ran.passed() { paint(ui.color_out, Style::Good, "✓") } else { paint(ui.color_out, Style::Bad, "✗") };
    let took = paint(ui.color_out, Style::Dim, &milliseconds(ran.took));
    let _ = writeln!(text, "  {mark} {}  {took}", ran.title);
    text
}

/// What failed, with its place and what happened, how many there are, and what asking models has used.
pub(crate) fn summary(ran: &[Ran], mode: &Mode, sources: &Sources, ui: &Ui) -> String {
    let mut text = String::new();
    for failed in ran.iter().filter(|ran| ran.failed()) {
        let title = format!("── {} ", failed.title);
        let _ = writeln!(text, "\n{}", paint(ui.color_out, Style::Bold, &title));
        text.push_str(&render::text(&Problems(failed.report.problems.clone()), sources, ui.color_out));
        for line in &failed.report.timeline {
            let _ = writeln!(text, "  {}", paint(ui.color_out, Style::Dim, line));
        }
    }
    if ran.is_empty() {
        return "there are no tests: `test \"…\" { … }` stands beside what it tests\n".to_owned();
    }
    let (failed, skipped) = (count(ran, Ran::failed), count(ran, |ran| ran.skipped.is_some()));
    let passed = ran.len() - failed - skipped;
    let all: Duration = ran.iter().map(|ran| ran.took).sum();
    let mut counts = match failed {
        0 => paint(ui.color_out, Style::Good, &format!("{passed} passed")),
        _ => format!("{}, {passed} passed", paint(ui.color_out, Style::Bad, &format!("{failed} failed"))),
    };
    if skipped > 0 {
        counts.push_str(&format!(", {skipped} skipped"));
    }
    let _ = writeln!(text, "\n{counts} in {}", milliseconds(all));
    if *mode != Mode::Offline {
        let _ = writeln!(text, "{}", usage(ran).words());
    }
    text
}

fn count(ran: &[Ran], of: impl Fn(&Ran) -> bool) -> usize {
    ran.iter().filter(|ran| of(ran)).count()
}

/// What all tests used.
fn usage(ran: &[Ran]) -> Usage {
    ran.iter().fold(Usage::default(), |sum, ran| sum.and(&ran.usage))
}

fn mode_word(mode: &Mode) -> &'static str {
    match mode {
        Mode::Offline => "offline",
        Mode::Live { .. } => "live",
    }
}

fn milliseconds(took: Duration) -> String {
    match took.as_millis() {
        0 => "<1 ms".to_owned(),
        ms => format!("{ms} ms"),
    }
}

/// The results as one document.
pub(crate) fn json(ran: &[Ran], mode: &Mode, sources: &Sources) -> String {
    let tests: Vec<_> = ran
        .iter()
        .map(|ran| {
            let problems: Vec<_> = ran
                .report
                .problems
                .iter()
                .map(|problem| {
                    let (path, line, column) = place(problem.span(), sources);
                    let labels: Vec<_> = problem.labels.iter().map(|label| label.text.as_str()).collect();
                    json!({
                        "code": problem.code.as_str(), "message": problem.title, "labels": labels,
                        "file": path, "line": line, "column": column,
                    })
                })
                .collect();
            let mut test = json!({
                "title": ran.title, "file": ran.path, "passed": ran.passed(),
                "expectations": ran.report.expectations, "milliseconds": ran.took.as_secs_f64() * 1000.0,
                "problems": problems, "timeline": if ran.failed() { ran.report.timeline.clone() } else { vec![] },
            });
            if let Some(why) = &ran.skipped {
                test["skipped"] = why.as_str().into();
            }
            if *mode != Mode::Offline {
                test["usage"] = ran.usage.json();
            }
            test
        })
        .collect();
    let (passed, failed) = (count(ran, Ran::passed), count(ran, Ran::failed));
    let skipped = ran.len() - passed - failed;
    let mut document = json!({
        "mode": mode_word(mode), "passed": passed, "failed": failed, "skipped": skipped, "tests": tests,
    });
    if *mode != Mode::Offline {
        document["usage"] = usage(ran).json();
    }
    format!("{document:#}\n")
}

/// The results as continuous integration reads them: a suite a file.
pub(crate) fn junit(ran: &[Ran], mode: &Mode, sources: &Sources) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let failures = |ran: &[&Ran]| ran.iter().filter(|ran| ran.failed()).count();
    let all: Vec<&Ran> = ran.iter().collect();
    let _ = writeln!(text, "<testsuites tests=\"{}\" failures=\"{}\">", all.len(), failures(&all));
    let mut paths: Vec<&str> = ran.iter().map(|ran| ran.path.as_str()).collect();
    paths.dedup();
    for path in paths {
        let suite: Vec<&Ran> = ran.iter().filter(|ran| ran.path == path).collect();
        let (name, tests, failed) = (escaped(path), suite.len(), failures(&suite));
        let skipped = match suite.iter().filter(|ran| ran.skipped.is_some()).count() {
            0 => String::new(),
            skipped => format!(" skipped=\"{skipped}\""),
        };
        let _ = writeln!(text, "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failed}\"{skipped}>");
        text.push_str(&properties(&suite, mode));
        for ran in suite {
            let (title, seconds) = (escaped(&ran.title), ran.took.as_secs_f64());
            let _ = write!(text, "    <testcase classname=\"{name}\" name=\"{title}\" time=\"{seconds:.3}\"");
            if let Some(why) = &ran.skipped {
                let _ = writeln!(text, "><skipped message=\"{}\"/></testcase>", escaped(why));
                continue;
            }
            if ran.passed() {
                text.push_str("/>\n");
                continue;
            }
            text.push_str(">\n");
            for problem in &ran.report.problems {
                let message = escaped(&problem.title);
                let _ = writeln!(
                    text,
                    "      <failure message=\"{message}\">{}</failure>",
                    escaped(&details(problem, ran, sources))
                );
            }
            text.push_str("    </testcase>\n");
        }
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    text
}

/// How the tests of a suite were run, and what that used.
fn properties(suite: &[&Ran], mode: &Mode) -> String {
    if *mode == Mode::Offline {
        return String::new();
    }
    let used = suite.iter().fold(Usage::default(), |sum, ran| sum.and(&ran.usage)).together();
    let mut text = String::from("    <properties>\n");
    let values = [
        ("mode", mode_word(mode).to_owned()),
        ("asks", used.asks.to_string()),
        ("input_tokens", used.input_tokens.to_string()),
        ("output_tokens", used.output_tokens.to_string()),
        ("micro_dollars", used.micro_dollars.to_string()),
    ];
    for (name, value) in values {
        let _ = writeln!(text, "      <property name=\"{name}\" value=\"{value}\"/>");
    }
    text.push_str("    </properties>\n");
    text
}

fn details(problem: &Problem, ran: &Ran, sources: &Sources) -> String {
    let shown = render::text(&Problems(vec![problem.clone()]), sources, false);
    format!("{shown}{}", ran.report.timeline.join("\n"))
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for sign in text.chars() {
        match sign {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML has no way to say these.
            sign if sign.is_control() && !matches!(sign, '\n' | '\t') => out.push('\u{fffd}'),
            sign => out.push(sign),
        }
    }
    out
}

/// The file, line and column of a place, from 1.
pub(crate) fn place(at: Span, sources: &Sources) -> (String, u32, u32) {
    let Some(source) = sources.get(at.file) else { return (String::new(), 0, 0) };
    let position = LineIndex::new(&source.text).position(&source.text, at.start, Encoding::Characters);
    (source.path.clone(), position.line, position.column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flow_diag::codes;
    use flow_sim::TestReport;

    fn ran(title: &str, problems: Vec<Problem>) -> Ran {
        let report = TestReport { problems, timeline: vec![], expectations: 1, coverage: Default::default() };
        let (skipped, usage) = (None, Usage::default());
        Ran { title: title.into(), path: "a.flow".into(), report, took: Duration::from_millis(3), skipped, usage }
    }

    #[test]
    fn documents_count_what_failed_and_escape_what_was_said() {
        let wrong = Problem::error(codes::R0740, Span::default(), "`a < b` does not hold", "is `2`");
        let all = [ran("one & two", vec![]), ran("three", vec![wrong])];
        let xml = junit(&all, &Mode::Offline, &Sources::default());
        assert!(xml.contains("<testsuite name=\"a.flow\" tests=\"2\" failures=\"1\">"), "{xml}");
        assert!(xml.contains("name=\"one &amp; two\"") && xml.contains("`a &lt; b` does not hold"), "{xml}");
        let document: serde_json::Value =
            serde_json::from_str(&json(&all, &Mode::Offline, &Sources::default())).unwrap();
        assert_eq!((&document["passed"], &document["failed"]), (&json!(1), &json!(1)));
        assert_eq!(document["tests"][1]["problems"][0]["labels"][0], "is `2`");
    }
    #[test]
    fn live_documents_tell_what_was_used_and_what_was_skipped() {
        let live = Mode::Live { record: None };
        let skipped = Ran { skipped: Some("it says so & so".into()), ..ran("one", vec![]) };
        let all = [skipped, ran("two", vec![])];
        let xml = junit(&all, &live, &Sources::default());
        assert!(xml.contains("tests=\"2\" failures=\"0\" skipped=\"1\">"), "{xml}");
        assert!(xml.contains("<skipped message=\"it says so &amp; so\"/>"), "{xml}");
        assert!(xml.contains("<property name=\"mode\" value=\"live\"/>"), "{xml}");
        let document: serde_json::Value = serde_json::from_str(&json(&all, &live, &Sources::default())).unwrap();
        assert_eq!((&document["mode"], &document["passed"]), (&json!("live"), &json!(1)));
        assert_eq!((&document["skipped"], &document["usage"]["asks"]), (&json!(1), &json!(0)));
        assert_eq!(document["tests"][0]["skipped"], "it says so & so");
    }
}
