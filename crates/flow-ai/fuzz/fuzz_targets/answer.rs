//! Any bytes from a server: an answer or a failure, the same however they are split. The first two bytes choose the
//! protocol and the place of the split.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let [protocol, split, body @ ..] = bytes else { return };
    flow_ai::fuzzing::answer(*protocol, body, usize::from(*split));
});
