//! Any bytes: the parser neither panics nor hangs, its tree is the text, and problems point into it.

#![no_main]

use flow_diag::FileId;
use flow_syntax::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let parse = parse(FileId(0), &text);
    assert_eq!(parse.tree().text().to_string(), text, "lossless");
    for label in parse.problems.0.iter().flat_map(|problem| &problem.labels) {
        let (start, end) = (label.span.start as usize, label.span.end as usize);
        assert!(start <= end && text.get(start..end).is_some(), "a place in the text");
    }
    for edit in parse.problems.0.iter().flat_map(|problem| &problem.fixes).flat_map(|fix| &fix.edits) {
        assert!(text.get(edit.span.start as usize..edit.span.end as usize).is_some(), "a fix of the text");
    }
});
