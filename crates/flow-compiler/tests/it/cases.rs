//! `tests/check`: every file is a case; a folder is a case of several modules, perhaps with a `flow.toml`.
//!
//! A file without marks must be clean.

use crate::{
    marks::{Mark, difference, expected, found},
    repository::{files, root, shown, without_unused},
};
use flow_compiler::{MemoryWorld, Options, compile};
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn cases_find_what_they_say() {
    let mut cases: BTreeMap<String, Vec<(String, Vec<u8>)>> = BTreeMap::new();
    for (path, content) in files(&root().join("tests/check")) {
        let (case, inside) = match path.split_once('/') {
            Some((folder, inside)) => (folder.to_owned(), inside.to_owned()),
            None => (path.clone(), path),
        };
        cases.entry(case).or_default().push((inside, content));
    }
    assert!(cases.len() > 10, "only {} cases were found", cases.len());
    let mut wrong = String::new();
    for (case, files) in &cases {
        let world = MemoryWorld::new(files.iter().cloned());
        let mut compilation = compile(&world, &Options::default());
        let mut wanted = BTreeSet::new();
        for (path, content) in files.iter().filter(|(path, _)| path.ends_with(".flow")) {
            if let Ok(text) = std::str::from_utf8(content) {
                wanted.extend(expected(path, text));
            }
        }
        let is_about_use = |(.., code): &Mark| code.starts_with("W030") && code.as_str() <= "W0303";
        if !wanted.iter().any(is_about_use) {
            without_unused(&mut compilation);
        }
        let marks = compilation.problems.0.iter().map(|problem| found(&compilation.sources, problem));
        let differs = difference(&wanted, &marks.collect());
        if !differs.is_empty() {
            wrong.push_str(&format!("{case}: {differs}{}\n\n", shown(&compilation)));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
