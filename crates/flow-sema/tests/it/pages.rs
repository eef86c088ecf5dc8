//! The pages of names, types, declarations and flows: each failing example raises exactly its code, each
//! mended one nothing.
//!
//! Examples that need an analysis of the whole program are run by `flow-compiler`'s test over all pages.

use crate::common::check;
use flow_diag::Code;

/// The blocks of a page: (fails, text).
fn examples(page: &str) -> Vec<(bool, String)> {
    let mut found = vec![];
    let mut open: Option<(bool, String)> = None;
    for line in page.lines() {
        match (&mut open, line) {
            (None, "```flow") => open = Some((false, String::new())),
            (None, "```flow fails") => open = Some((true, String::new())),
            (Some(_), "```") => found.extend(open.take()),
            (Some((_, text)), line) => {
                text.push_str(line);
                text.push('\n');
            }
            _ => {}
        }
    }
    found
}

#[test]
fn examples_raise_what_they_say() {
    let mut wrong = vec![];
    let mut run = 0;
    for (code, page) in Code::all() {
        let number = code.as_str();
        let ours = ("E0101"..="E0179").contains(&number)
            || ("E0201"..="E0299").contains(&number)
            || ("W0101"..="W0149").contains(&number)
            || ("W0304"..="W0349").contains(&number);
        if !ours {
            continue;
        }
        for (fails, text) in examples(page) {
            run += 1;
            let found: Vec<String> = check(&text).1.0.iter().map(|problem| problem.code.to_string()).collect();
            let expected: Vec<String> = if fails { vec![number.to_owned()] } else { vec![] };
            if found != expected {
                wrong.push(format!("{number}: expected {expected:?}, found {found:?} in\n{text}"));
            }
        }
    }
    assert!(run > 80, "only {run} examples were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
