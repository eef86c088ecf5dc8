//! Mistakes: each is reported once, at its place, and the rest of the file is understood.

use flow_diag::FileId;
use flow_syntax::parse;

/// The program of the language's own description.
const WHOLE: &str = include_str!("corpus/whole.flow");

fn report(text: &str) -> Vec<String> {
    let parse = parse(FileId(0), text);
    assert_eq!(parse.tree().text().to_string(), text, "lossless");
    let line = |offset: u32| text[..offset as usize].matches('\n').count() + 1;
    parse.problems.0.iter().map(|p| format!("{} {}: {}", line(p.span().start), p.code, p.title)).collect()
}

#[test]
fn the_whole_program_has_no_mistakes() {
    assert_eq!(report(WHOLE), Vec::<String>::new());
    let parse = parse(FileId(0), WHOLE);
    assert_eq!(parse.root().decls().count(), 17);
}
