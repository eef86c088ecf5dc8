//! Formatting twice is formatting once; tokens, comments and decoded texts stay what they were.

#[path = "support/meaning.rs"]
mod meaning;
#[path = "../../flow-syntax/tests/support/mod.rs"]
mod support;

use flow_diag::FileId;
use flow_format::format;
use flow_syntax::parse;
use meaning::meaning;
use proptest::prelude::*;

fn holds(text: &str) {
    let before = parse(FileId(0), text);
    let Some(once) = format(&before) else { return };
    let after = parse(FileId(0), &once);
    assert!(after.problems.is_empty(), "{:?}\nbefore:\n{text}\nafter:\n{once}", after.problems);
    assert!(meaning(&before) == meaning(&after), "before:\n{text}\nafter:\n{once}");
    let twice = format(&after).expect("no problems");
    assert_eq!(once, twice, "first:\n{once}\nsecond:\n{twice}\nbefore:\n{text}");
    for line in once.lines() {
        let in_text = once.contains("\"\"\"") || line.contains("//");
        assert!(in_text || line.trim_end() == line, "a blank at the end of {line:?}");
    }
}

proptest! {
    #[test]
    fn generated_programs(choices in prop::collection::vec(any::<u16>(), 0..300)) {
        holds(&support::generate::program(choices));
    }
}

#[test]
fn nothing_and_comments_only() {
    for text in ["", "\n\n", "// one\n", "\n\n// one\n\n\n// two\n\n", "//! docs\n\n/// of\nconst a = 1 // x\n// end"] {
        holds(text);
    }
}
