//! Every page of every code, and every block of the language reference, executed.
//!
//! A block ```` ```flow fails ```` of a page raises exactly the page's code; a block ```` ```flow ```` raises
//! nothing. Pages of run-time codes, and of what is wrong with files or the command line, have no blocks.

use crate::repository::{compile_text, files, root, shown, without_unused};
use flow_diag::Code;

/// Pages that cannot be shown in one block: files that cannot be read, the manifest, the command line, policies from
/// outside.
const WITHOUT_BLOCKS: &[&str] = &[
    "E0010", "E0103", "E0104", "E0105", "E0109", "E0110", "E0111", "E0112", "E0113", "E0114", "E0150", "E0151",
    "E0152", "E0153", "E0180", "E0181", "E0182", "E0186", "E1003",
];

/// The blocks of a page: (what follows the fence, text).
fn blocks(page: &str) -> Vec<(String, String)> {
    let mut found = vec![];
    let mut open: Option<(String, String)> = None;
    for line in page.lines() {
        match (&mut open, line) {
            (None, line) if line.starts_with("```") => open = Some((line[3..].trim().to_owned(), String::new())),
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
fn pages_raise_what_they_say() {
    let mut wrong = vec![];
    let mut run = 0;
    for (code, page) in Code::all() {
        let code = code.as_str();
        let blocks = blocks(page);
        let (mut fails, mut mended) = (0, 0);
        for (kind, text) in &blocks {
            let expected: &[&str] = match kind.as_str() {
                "flow fails" => &[code],
                "flow" => &[],
                _ => continue,
            };
            run += 1;
            fails += expected.len();
            mended += 1 - expected.len();
            let mut compilation = compile_text(text);
            if !matches!(code, "W0301" | "W0302" | "W0303") {
                without_unused(&mut compilation);
            }
            let found: Vec<&str> = compilation.problems.0.iter().map(|problem| problem.code.as_str()).collect();
            if found != expected {
                wrong.push(format!("{code}: expected {expected:?}, found\n{}\nin\n{text}", shown(&compilation)));
            }
        }
        let needs_blocks = !code.starts_with('R') && !WITHOUT_BLOCKS.contains(&code);
        if needs_blocks && (fails == 0 || mended == 0) {
            wrong.push(format!("{code}: its page has no failing or no mended example"));
        }
    }
    assert!(run > 100, "only {run} examples were found");
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_reference_is_right() {
    let mut wrong = vec![];
    for (path, content) in files(&root().join("grammar")) {
        if !path.ends_with(".md") {
            continue;
        }
        let page = String::from_utf8(content).expect("it is text");
        for (kind, text) in blocks(&page) {
            let clean = match kind.as_str() {
                "flow" => true,
                "flow fails" => false,
                _ => continue,
            };
            let compilation = compile_text(&text);
            // Examples show one thing, which nothing else needs to use.
            let unused = |code: &str| matches!(code, "W0301" | "W0302" | "W0303");
            let right = compilation.problems.0.iter().all(|problem| unused(problem.code.as_str()));
            if right != clean {
                wrong.push(format!(
                    "{path}: expected {}:\n{}\nin\n{text}",
                    if clean { "nothing" } else { "a problem" },
                    shown(&compilation)
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
