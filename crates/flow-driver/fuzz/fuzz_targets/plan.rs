//! Any text as a plan: a plan that is written and read again as it was, or a reason why it is none.

#![no_main]

use flow_plan::Plan;
use libfuzzer_sys::fuzz_target;

const COMPILER: &str = "fuzz";

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Plan::from_json(text, COMPILER) {
        Ok(plan) => {
            let again = plan.to_json();
            assert_eq!(Plan::from_json(&again, COMPILER).expect("and read again").hash, plan.hash);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
