//! Texts that people and tools really produce: line ends, marks, invisible and look-alike characters, files
//! that are no programs.

use flow_diag::FileId;
use flow_syntax::{MAX_BYTES, parse};

fn codes(text: &str) -> Vec<&'static str> {
    let parse = parse(FileId(0), text);
    assert_eq!(parse.tree().text().to_string(), text, "lossless");
    parse.problems.0.iter().map(|problem| problem.code.as_str()).collect()
}

#[test]
fn fine_texts() {
    let program = "type Order {\n  id: Int // one\n}\n\nconst text = \"\"\"\n  a\n  b\n\"\"\"\n";
    for text in [
        String::new(),
        "\n\n  \t\n".to_owned(),
        program.to_owned(),
        format!("\u{feff}{program}"),
        program.replace('\n', "\r\n"),
        program.replace("  ", "\t"),
        program.trim_end().to_owned(),
        "const greeting = \"größe 数 😀\" // Ωmega\n".to_owned(),
    ] {
        assert_eq!(codes(&text), Vec::<&str>::new(), "{text:?}");
    }
}

#[test]
fn characters_that_cannot_be_seen() {
    for (text, count) in [
        ("const a = 1 // \u{202e}x\n", 1),
        ("const a = \"\u{2066}\"\n", 1),
        ("const a = \"x\u{200b}\"\n", 1),
        ("const a = 1 // \u{1b}[2J\n", 1),
        ("const a = 1\rconst b = 2\n", 1),
        ("\u{feff}const a = \"\u{feff}\"\n", 1),
        ("const a = \"\u{e0041}\u{e0042}\"\n", 2),
    ] {
        assert_eq!(codes(text), vec!["E0006"; count], "{text:?}");
    }
}

#[test]
fn look_alikes_are_one_report_each() {
    // The first letter of the second name is Cyrillic.
    assert_eq!(codes("const amount = 1\nconst \u{430}mount = 2\n"), ["E0005"]);
    assert_eq!(codes("const naïve = 1\n"), ["E0005"]);
    assert_eq!(codes("const a = 1 \u{2013} 2\n"), ["E0001"]);
    assert_eq!(codes("const a = \u{201c}x\u{201d}\n"), ["E0001"]);
}

#[test]
fn files_that_are_no_programs() {
    assert_eq!(codes("\u{7f}ELF\0\0\0"), ["E0010"]);
    assert_eq!(codes("<html><body>hello</body></html>"), ["E0001"]);
    assert_eq!(codes("{\"a\": [1, 2]}"), ["E0001"]);
    assert_eq!(codes(&"x ".repeat(MAX_BYTES / 2 + 1)), ["E0009"]);
    assert_eq!(codes(&"(".repeat(5_000_000)), ["E0009"]);
}

#[test]
fn signs_of_other_languages_are_one_report_each() {
    for text in [
        "const a = 1;\n",
        "fn f() -> Bool { a && b }\n",
        "fn f() -> Bool { !a }\n",
        "# a comment\n",
        "/* a comment */\n",
        "const a = 'x'\n",
        "import a.b\n",
        "const a = b::c\n",
        "def f(x): return 1\n",
    ] {
        assert_eq!(codes(text).len(), 1, "{text:?}: {:?}", codes(text));
    }
}
