//! What parses is formatted to a text that parses, means the same, and is formatted to itself.

#![no_main]

#[path = "../../../flow-format/tests/support/meaning.rs"]
mod meaning;

use flow_diag::FileId;
use flow_syntax::parse;
use libfuzzer_sys::fuzz_target;
use meaning::meaning;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let before = parse(FileId(0), text);
    let Some(once) = flow_format::format(&before) else { return };
    let after = parse(FileId(0), &once);
    assert!(after.problems.is_empty(), "formatting makes no mistakes:\n{text}\n{once}");
    assert!(meaning(&before) == meaning(&after), "the same meaning:\n{text}\n{once}");
    assert_eq!(flow_format::format(&after).as_ref(), Some(&once), "once is enough:\n{text}");
});
