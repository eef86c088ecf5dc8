//! The repository's own files as worlds.

use flow_compiler::{Compilation, MemoryWorld, Options, compile};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All files under a folder, by path from it, with `/` between parts, sorted.
pub(crate) fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = vec![];
    let mut pending = vec![folder.to_owned()];
    while let Some(folder_now) = pending.pop() {
        for entry in fs::read_dir(&folder_now).expect("the folder exists").flatten() {
            let path = entry.path();
            if path.is_dir() {
                pending.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("it is inside").to_string_lossy().replace('\\', "/");
                found.push((name, fs::read(&path).expect("it can be read")));
            }
        }
    }
    found.sort();
    found
}

/// Compiles one text as a program of its own.
pub(crate) fn compile_text(text: &str) -> Compilation {
    compile(&MemoryWorld::new([("main.flow", text)]), &Options::default())
}

/// The problems in words, for assertions.
pub(crate) fn shown(compilation: &Compilation) -> String {
    let lines = compilation.problems.0.iter().map(|problem| {
        let path = compilation.sources.get(problem.span().file).map_or("?", |source| &source.path);
        format!(
            "{path}:{} {} {} {:?} {:?}",
            problem.span().start,
            problem.code,
            problem.title,
            problem.notes,
            problem.helps
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A text without the warnings of what is not used: an example or case shows a thing, and uses it nowhere.
pub(crate) fn without_unused(compilation: &mut Compilation) {
    compilation.problems.0.retain(|problem| !matches!(problem.code.as_str(), "W0301" | "W0302" | "W0303"));
}
