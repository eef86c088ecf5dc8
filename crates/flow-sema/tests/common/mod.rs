//! What the tests share: a program of one or more files, checked without a compiler around it.

use flow_diag::{FileId, Problems};
use flow_expr::Name;
use flow_sema::{Checked, Input, ParsedModule, manifest::Manifest};

/// Enough of the standard library for `use`.
const STANDARD: &str = "fn upper(text: String) -> String\nfn lower(text: String) -> String\n";

/// Checks one file as the module `main`; the problems of the parser come first.
#[must_use]
pub fn check(text: &str) -> (Checked, Problems) {
    check_modules(&[("main", text)])
}

/// Checks several files.
#[must_use]
pub fn check_modules(modules: &[(&str, &str)]) -> (Checked, Problems) {
    let mut problems = Problems::default();
    let mut parsed = vec![];
    for (number, (name, text)) in modules.iter().chain(&[("std.text", STANDARD)]).enumerate() {
        let file = FileId(u32::try_from(number).expect("few files"));
        let parse = flow_syntax::parse(file, text);
        problems.extend(parse.problems.clone());
        parsed.push(ParsedModule { name: Name::new(*name), file, module: parse.root() });
    }
    let manifest = Manifest::default();
    let input = Input { modules: &parsed, manifest: &manifest, profile: None, overrides: &[] };
    let (checked, found) = flow_sema::check(input);
    problems.extend(found);
    (checked, problems)
}
