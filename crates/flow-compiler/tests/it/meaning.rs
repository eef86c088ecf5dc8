//! Formatting, comments and the order of declarations never change what a program means; plans say so.

use crate::repository::{compile_text, files, root, shown};
use flow_compiler::{Compilation, flow_meant, plan};
use flow_diag::{FileId, Problems};
use flow_plan::meaning_hash;
use jiff::Timestamp;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn meaning(compilation: &Compilation) -> String {
    meaning_hash(&compilation.program).to_string()
}

/// One-file programs of the tutorial and of the cases that have no errors.
fn programs() -> Vec<(String, String)> {
    let all = files(&root().join("examples")).into_iter().chain(files(&root().join("tests/check")));
    let texts = all.filter(|(path, _)| path.ends_with(".flow"));
    let texts = texts.map(|(path, content)| (path, String::from_utf8(content).expect("it is text")));
    texts.filter(|(_, text)| !compile_text(text).problems.has_errors()).collect()
}

#[test]
fn formatting_never_changes_meaning() {
    let programs = programs();
    assert!(programs.len() >= 4, "only {} programs", programs.len());
    for (path, text) in programs {
        let formatted = flow_format::format(&flow_syntax::parse(FileId(0), &text)).expect("it has no errors");
        assert_eq!(meaning(&compile_text(&text)), meaning(&compile_text(&formatted)), "{path}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn comments_and_blanks_never_change_meaning(seed in any::<u64>()) {
        let programs = programs();
        let (path, text) = &programs[(seed % programs.len() as u64) as usize];
        let mut random = seed;
        let mut changed = String::new();
        for line in text.lines() {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            changed.push_str(line);
            // Text blocks are meaning: only lines outside of them are followed by something new.
            let in_block = changed.matches("\"\"\"").count() % 2 == 1;
            match (random >> 33) % 4 {
                0 if !in_block => changed.push_str("\n// a note\n\n"),
                _ => changed.push('\n'),
            }
        }
        prop_assert_eq!(meaning(&compile_text(text)), meaning(&compile_text(&changed)), "{}", path);
    }
}

/// The sealed plan of a flow.
fn planned(
    compilation: &Compilation,
    flow: Option<&str>,
    params: &BTreeMap<String, String>,
) -> Result<flow_plan::Plan, Problems> {
    let flow = flow_meant(&compilation.program, flow)?;
    let part = compilation.program.part(&flow);
    assert_eq!(part, compilation.program.clone().into_part(&flow), "copied or not, it is the same part");
    let mut plan = plan(part, &flow, params, Timestamp::UNIX_EPOCH)?;
    plan.seal();
    Ok(plan)
}

#[test]
fn a_plan_has_what_the_flow_reaches_and_its_parameters() {
    let text = r#"
type Kind = Small | Large
step greet(name: String, times: Int) -> String { sh "echo $name $times" timeout 10s }
step other() -> Unit { sh "true" }
step talk(text: String) -> String { outside "elsewhere" "job" }
flow hello(name: String = "world", times: Int, kind: Kind = Small) -> String { greet("{name} {kind}", times) }
flow rest { do other() }
flow asks { let _answer = talk("x") }
"#;
    let compilation = compile_text(text);
    assert!(!compilation.problems.has_errors(), "{}", shown(&compilation));
    let plan = |flow: &str, params: &[(&str, &str)]| {
        let params: BTreeMap<String, String> =
            params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        planned(&compilation, Some(flow).filter(|flow| !flow.is_empty()), &params)
    };
    let made = plan("hello", &[("times", "3"), ("kind", "Large")]).expect("it is right");
    assert_eq!(made.program.steps.len(), 1);
    assert_eq!(made.bounds.flow.as_ref().map(|bound| bound.worst_ms), Some(10_000));
    assert_eq!(made.params.len(), 3);
    let again = plan("main.hello", &[("times", "3"), ("kind", "Large")]).expect("it is right");
    assert_eq!(made.hash, again.hash);
    assert_ne!(made.hash, plan("hello", &[("times", "4")]).expect("it is right").hash);
    let code = |flow, params: &[(&str, &str)]| plan(flow, params).expect_err("it is wrong").0[0].code.as_str();
    assert_eq!(code("helo", &[]), "E0180");
    assert_eq!(code("", &[]), "E0180");
    assert_eq!(code("hello", &[]), "E0181");
    assert_eq!(code("hello", &[("times", "many")]), "E0181");
    assert_eq!(code("hello", &[("times", "1"), ("tmes", "1")]), "E0181");
    assert_eq!(code("asks", &[]), "E0182");
}

#[test]
fn whom_a_step_asks_what_and_how_long_is_what_it_means() {
    let text = r#"
step may(sum: Int) -> Approval { ask "finance" "Pay {sum}?" timeout 4h }
step word(text: String) -> String {
  sh "echo $text"
  guard it.length() < 3 else ask "editor" "Print {it}?" within 2h
}
flow both -> String { let ok = may(3) return word(ok.by) }
"#;
    let hash = |text: &str| {
        let compilation = compile_text(text);
        assert!(!compilation.problems.has_errors(), "{}", shown(&compilation));
        let made = planned(&compilation, Some("both"), &BTreeMap::new()).expect("it is right");
        assert!(
            made.program.types.get(&flow_expr::Name::new(flow_plan::APPROVAL)).is_some(),
            "its type is in the plan"
        );
        let again = flow_plan::Plan::from_json(&made.to_json(), flow_compiler::VERSION).expect("it is a plan");
        assert_eq!((&again.hash, &again.program), (&made.hash, &made.program));
        (made.hash.clone(), made.bounds.flow.map(|bound| bound.worst_ms))
    };
    let (before, worst) = hash(text);
    assert_eq!(worst, Some((4 + 2) * 3_600_000 + 600_000), "people are waited for, and a shell script");
    assert_eq!(hash(&text.replace("  ", "    ").replace("step may", "// Money.\nstep may")).0, before);
    for (old, new) in
        [("finance", "sales"), ("Pay ", "Give "), ("4h", "5h"), ("editor", "owner"), ("Print", "Keep"), ("2h", "3h")]
    {
        assert_ne!(hash(&text.replacen(old, new, 1)).0, before, "{old} → {new}");
    }
}
