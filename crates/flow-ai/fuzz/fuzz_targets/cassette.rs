//! Any text as a cassette: exchanges, or the line that is wrong.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    flow_ai::fuzzing::cassette(&String::from_utf8_lossy(bytes));
});
