//! The grammar for editors, `editors/tree-sitter-flow`, says of every program what the parser says: those that the parser
//! accepts give a tree without mistakes, those that it refuses give one with. Its own cases give the trees that stand
//! beside them, and its queries fit it.
//!
//! The generated parser is C, so it is compiled and loaded as an editor does it: with `cc`, or what `CC` names. That is
//! the one place here that is `unsafe`, and sound as long as tree-sitter generates what its own library reads.

#![allow(clippy::disallowed_methods, reason = "tests read the repository and run the compiler")]

use flow_diag::FileId;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use tree_sitter::{Language, Node, Parser, Query};

/// What the parser refuses for a reason that no grammar for editors needs to know: the tree is the same either way.
const NO_MATTER_OF_STRUCTURE: &[(&str, &str)] = &[
    ("E0006", "an editor shows invisible characters by itself"),
    ("E0009", "how deep and large a file may be is the compiler's own bound"),
    ("E0012", "a clause that stands twice is read twice"),
];

static LANGUAGE: LazyLock<Language> = LazyLock::new(|| load(&folder()));

fn folder() -> PathBuf {
    xtask::root().join("editors/tree-sitter-flow")
}

/// Compiles the generated parser with its scanner, and loads it for the rest of the process.
#[expect(unsafe_code, reason = "a library in C is loaded, as every editor does")]
fn load(folder: &Path) -> Language {
    let built = tempfile::tempdir().expect("a folder for the library");
    let library = built.path().join("flow.so");
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let source = folder.join("src");
    let done = Command::new(compiler)
        .args(["-shared", "-fPIC", "-O1", "-w", "-I"])
        .arg(&source)
        .args([source.join("parser.c"), source.join("scanner.c")])
        .arg("-o")
        .arg(&library)
        .status();
    assert!(done.is_ok_and(|status| status.success()), "the grammar is compiled with a C compiler");
    // SAFETY: the library has no initialisers, is never unloaded, and the function is the one that tree-sitter
    // generates into every grammar, with the type that its own crates give it.
    unsafe {
        let library = Box::leak(Box::new(libloading::Library::new(library).expect("the library is loaded")));
        let function: libloading::Symbol<'_, unsafe extern "C" fn() -> *const tree_sitter::ffi::TSLanguage> =
            library.get(b"tree_sitter_flow").expect("the grammar is in the library");
        Language::from_raw(function())
    }
}

fn tree(text: &str) -> tree_sitter::Tree {
    let mut parser = Parser::new();
    parser.set_language(&LANGUAGE).expect("the library reads this version of grammars");
    parser.parse(text, None).expect("nobody stops it")
}

/// The line of the innermost mistake, if there is one. What is missing may be hidden, as the end of a text is; then it is
/// in the innermost node that is said to have a mistake.
fn mistake(node: Node<'_>) -> Option<usize> {
    if !node.has_error() {
        return None;
    }
    let inside = (0..node.child_count()).filter_map(|index| node.child(index)).find_map(mistake);
    inside.or(Some(node.start_position().row + 1))
}

/// A difference between the two; `None` if there is none.
fn difference(place: &str, text: &str) -> Option<String> {
    let problems = flow_syntax::parse(FileId(0), text).problems.0;
    let sound = |code: &str| NO_MATTER_OF_STRUCTURE.iter().any(|(known, _)| *known == code);
    let structural = problems.iter().find(|problem| !sound(problem.code.as_str()));
    if !problems.is_empty() && structural.is_none() {
        return None;
    }
    match (structural, mistake(tree(text).root_node())) {
        (None, Some(line)) => Some(format!("{place}: the grammar for editors refuses line {line}")),
        (Some(problem), None) => {
            Some(format!("{place}: only the parser refuses it: {} {}", problem.code, problem.title))
        }
        _ => None,
    }
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).expect("a folder").filter_map(|entry| Some(entry.ok()?.path())).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() && !name.starts_with('.') && !["target", "node_modules"].contains(&name) {
            walk(&path, found);
        } else if path.is_file() {
            found.push(path);
        }
    }
}

/// Files of the repository by how they end, with their texts.
fn files(ending: &str) -> Vec<(String, String)> {
    let mut found = vec![];
    walk(&xtask::root(), &mut found);
    let wanted = found.into_iter().filter(|path| path.to_string_lossy().ends_with(ending));
    wanted.filter_map(|path| Some((path.display().to_string(), fs::read_to_string(&path).ok()?))).collect()
}

/// The programs in pages: fenced with the language's name.
fn blocks() -> Vec<(String, String)> {
    let mut found = vec![];
    for (path, text) in files(".md") {
        let mut rest = text.as_str();
        while let Some(start) = rest.find("\n```flow") {
            let fenced = &rest[start + 1..];
            let Some((_, body)) = fenced.split_once('\n') else { break };
            let end = body.find("```").unwrap_or(body.len());
            let line = text.len() - body.len();
            found.push((format!("{path}, byte {line}"), body[..end].to_owned()));
            rest = body.get(end + 3..).unwrap_or_default();
        }
    }
    found
}

#[test]
fn the_files_of_the_repository_are_judged_as_the_parser_judges_them() {
    let files = files(".flow");
    assert!(files.len() > 50);
    let refused = files.iter().filter(|(_, text)| mistake(tree(text).root_node()).is_some()).count();
    assert!(refused > 3, "the corpus has mistakes of syntax");
    let said: Vec<String> = files.iter().filter_map(|(place, text)| difference(place, text)).collect();
    assert!(said.is_empty(), "\n{}", said.join("\n"));
}

#[test]
fn the_programs_in_pages_are_judged_as_the_parser_judges_them() {
    let blocks = blocks();
    assert!(blocks.len() > 200, "{}", blocks.len());
    let said: Vec<String> = blocks.iter().filter_map(|(place, text)| difference(place, text)).collect();
    assert!(said.is_empty(), "\n{}", said.join("\n"));
}

/// A tree as it is written beside a case: one blank between nodes, no names of fields.
fn plain(tree: &str) -> String {
    let words: Vec<&str> = tree.split_whitespace().filter(|word| !word.ends_with(':')).collect();
    words.join(" ").replace(" )", ")")
}

#[test]
fn cases_give_the_trees_that_stand_beside_them() {
    let mut cases = 0;
    for (place, text) in files(".txt").into_iter().filter(|(place, _)| place.contains("/test/corpus/")) {
        let rule = format!("{}\n", "=".repeat(18));
        let parts: Vec<&str> = text.split(rule.as_str()).skip(1).collect();
        for case in parts.chunks(2) {
            let [title, body] = case else { panic!("{place}: a title and a program") };
            let (program, expected) = body.split_once("\n---\n").expect("a tree after the program");
            let found = tree(program);
            if title.contains(":error") {
                assert!(found.root_node().has_error(), "{place}: {title}");
            } else {
                assert_eq!(plain(&found.root_node().to_sexp()), plain(expected), "{place}: {title}");
            }
            cases += 1;
        }
    }
    assert!(cases > 10, "{cases}");
}

#[test]
fn queries_fit_the_grammar() {
    let queries: Vec<(String, String)> =
        files(".scm").into_iter().filter(|(place, _)| place.contains("/editors/")).collect();
    assert!(queries.len() > 4, "{}", queries.len());
    for (place, text) in queries {
        let query = Query::new(&LANGUAGE, &text).unwrap_or_else(|error| panic!("{place}: {error}"));
        assert!(query.pattern_count() > 0, "{place}");
    }
}
