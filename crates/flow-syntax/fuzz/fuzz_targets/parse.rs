//! Any bytes: the parser neither panics nor hangs, its tree is the text, and what can be formatted is
//! formatted once and for all.

#![no_main]

use flow_diag::FileId;
use flow_syntax::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let before = parse(FileId(0), &text);
    assert_eq!(before.tree().text().to_string(), text, "lossless");
    if let Some(once) = flow_format::format(&before) {
        let after = parse(FileId(0), &once);
        assert!(after.problems.is_empty(), "formatting makes no mistakes");
        assert_eq!(flow_format::format(&after).as_ref(), Some(&once), "once is enough");
    }
});
