//! What the tests share: a program of one or more files, checked without a compiler around it.

use flow_diag::{FileId, Problems, Span};
use flow_expr::Name;
use flow_sema::{
    Checked, Input, ParsedModule,
    manifest::{Manifest, ProfileVar},
};

/// The standard library.
const STANDARD: &[(&str, &str)] = &[
    ("std.guard", include_str!("../../../../stdlib/guard.flow")),
    ("std.json", include_str!("../../../../stdlib/json.flow")),
    ("std.list", include_str!("../../../../stdlib/list.flow")),
    ("std.map", include_str!("../../../../stdlib/map.flow")),
    ("std.number", include_str!("../../../../stdlib/number.flow")),
    ("std.option", include_str!("../../../../stdlib/option.flow")),
    ("std.retry", include_str!("../../../../stdlib/retry.flow")),
    ("std.stats", include_str!("../../../../stdlib/stats.flow")),
    ("std.table", include_str!("../../../../stdlib/table.flow")),
    ("std.text", include_str!("../../../../stdlib/text.flow")),
    ("std.time", include_str!("../../../../stdlib/time.flow")),
];

/// Checks one file as the module `main`; the problems of the parser come first.
#[must_use]
pub(crate) fn check(text: &str) -> (Checked, Problems) {
    check_modules(&[("main", text)])
}

/// Checks several files.
#[must_use]
pub(crate) fn check_modules(modules: &[(&str, &str)]) -> (Checked, Problems) {
    let mut problems = Problems::default();
    let mut parsed = vec![];
    for (number, (name, text)) in modules.iter().chain(STANDARD).enumerate() {
        let file = FileId(u32::try_from(number).expect("few files"));
        let parse = flow_syntax::parse(file, text);
        problems.extend(parse.problems.clone());
        parsed.push(ParsedModule { name: Name::new(*name), file, module: parse.root() });
    }
    let manifest = Manifest::default();
    let (checked, found) = run(&parsed, &manifest, None, &[]);
    problems.extend(found);
    (checked, problems)
}

/// Checks what is parsed.
pub(crate) fn run(
    modules: &[ParsedModule],
    manifest: &Manifest,
    profile: Option<(&str, Span)>,
    overrides: &[ProfileVar],
) -> (Checked, Problems) {
    let read_file = &|_, _: &str| Err("there are no files".into());
    flow_sema::check(Input { modules, manifest, profile, overrides, read_file, for_editor: true, question: None })
}
