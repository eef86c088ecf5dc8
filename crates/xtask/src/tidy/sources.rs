//! Small rooms with a header, nothing left half done, and nothing about anybody's machine.

use super::{Project, TextFile};

/// More lines than this are too many for one file.
const MOST_LINES: usize = 800;

/// What must not stay in Rust sources, in pieces so that this file does not hold it.
const UNFINISHED: [[&str; 2]; 6] =
    [["todo", "!("], ["unimplemented", "!("], ["dbg", "!("], ["FIX", "ME"], ["TO", "DO:"], ["//! Place", "holder"]];

/// Folders of particular machines.
const MACHINES: [[&str; 2]; 2] = [["/wo", "rk/"], ["/ro", "ot/"]];

/// Complaints about single files.
pub(super) fn check(project: &Project) -> Vec<String> {
    let complain = |file: &TextFile| {
        let path = file.path.clone();
        file_complaints(file).into_iter().map(move |complaint| format!("{path}: {complaint}"))
    };
    project.files.iter().flat_map(complain).collect()
}

fn file_complaints(file: &TextFile) -> Vec<String> {
    let mut complaints = Vec::new();
    if let Some(machine) = MACHINES.iter().map(|parts| parts.concat()).find(|path| file.text.contains(path)) {
        complaints.push(format!("`{machine}` is somebody's machine"));
    }
    if !file.path.ends_with(".rs") {
        return complaints;
    }
    let lines = file.text.lines().count();
    if lines > MOST_LINES {
        complaints.push(format!("{lines} lines; at most {MOST_LINES}: split it"));
    }
    if !file.text.starts_with("//! ") {
        complaints.push("no `//!` header: what it is, what it does not know, how to test it".to_owned());
    }
    for word in UNFINISHED.iter().map(|parts| parts.concat()) {
        if let Some(line) = file.text.lines().position(|line| line.contains(&word)) {
            complaints.push(format!("`{word}` in line {}", line + 1));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(path: &str, text: &str) -> Vec<String> {
        file_complaints(&TextFile { path: path.into(), text: text.into() })
    }

    #[test]
    fn a_tidy_file_is_left_alone() {
        assert_eq!(complaints("a.rs", "//! What it is.\nfn f() {}\n"), [""; 0]);
        assert_eq!(complaints("a.md", "no header needed\n"), [""; 0]);
    }

    #[test]
    fn headers_sizes_and_leftovers_are_named() {
        assert!(complaints("a.rs", "fn f() {}\n")[0].contains("header"));
        assert!(complaints("a.rs", &("//! H.\n".to_owned() + &"\n".repeat(800)))[0].contains("801 lines"));
        for word in UNFINISHED {
            let text = format!("//! H.\n{}\n", word.concat());
            assert!(complaints("a.rs", &text)[0].contains("line 2"), "{word:?}");
        }
        assert!(complaints("a.md", &format!("see {}x\n", MACHINES[0].concat()))[0].contains("machine"));
    }
}
