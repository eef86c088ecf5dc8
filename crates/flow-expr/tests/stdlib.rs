//! The standard library declares exactly the built-ins, with their docs.

use flow_expr::builtins::builtins;
use std::collections::{BTreeMap, BTreeSet};

const MODULES: [(&str, &str); 10] = [
    ("std.guard", include_str!("../../../stdlib/guard.flow")),
    ("std.json", include_str!("../../../stdlib/json.flow")),
    ("std.list", include_str!("../../../stdlib/list.flow")),
    ("std.map", include_str!("../../../stdlib/map.flow")),
    ("std.number", include_str!("../../../stdlib/number.flow")),
    ("std.option", include_str!("../../../stdlib/option.flow")),
    ("std.stats", include_str!("../../../stdlib/stats.flow")),
    ("std.table", include_str!("../../../stdlib/table.flow")),
    ("std.text", include_str!("../../../stdlib/text.flow")),
    ("std.time", include_str!("../../../stdlib/time.flow")),
];

/// Declarations without a body, with their docs, each in one line.
fn declared(text: &str) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    let (mut docs, mut code) = (vec![], String::new());
    for line in text.lines().map(str::trim).chain([""]) {
        if let Some(doc) = line.strip_prefix("///") {
            docs.push(doc.trim());
        } else if line.is_empty() {
            let code = std::mem::take(&mut code);
            let docs = std::mem::take(&mut docs).join(" ");
            if code.starts_with("fn ") && !code.contains('{') {
                found.insert((code.replace("( ", "(").replace(", )", ")").replace(" )", ")"), docs));
            }
        } else if !line.starts_with("//") {
            code = format!("{code} {line}").trim().to_owned();
        }
    }
    found
}

#[test]
fn every_built_in_is_declared_with_its_docs() {
    let mut expected: BTreeMap<&str, BTreeSet<(String, String)>> = BTreeMap::new();
    for builtin in builtins() {
        expected.entry(builtin.module).or_default().insert((builtin.declaration(), builtin.docs.to_owned()));
    }
    let found: BTreeMap<&str, BTreeSet<_>> = MODULES.into_iter().map(|(name, text)| (name, declared(text))).collect();
    assert_eq!(expected.keys().collect::<Vec<_>>(), found.keys().collect::<Vec<_>>());
    for (module, expected) in expected {
        let missing: Vec<_> = expected.difference(&found[module]).collect();
        let surplus: Vec<_> = found[module].difference(&expected).collect();
        assert!(missing.is_empty() && surplus.is_empty(), "{module}\nmissing: {missing:#?}\nsurplus: {surplus:#?}");
    }
}
