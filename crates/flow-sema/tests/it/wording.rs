//! Words of messages that are made from types.

use crate::common::check;

#[test]
fn the_absent_value_is_called_by_its_name() {
    let said = |text: &str| format!("{:?}", check(text).1.0);
    let found = said("fn f() -> Int { none }");
    assert!(found.contains("found `none`") && !found.contains("??"), "{found}");
    let found = said("step none() -> Int { sh \"echo 1\" }\nflow main() -> Int { none() }");
    assert!(found.contains("this is `none`") && found.contains("needs another name"), "{found}");
}
