//! Where a program's lines are written, and what its standard error says of them.
//!
//! The plan has the program's text, not its place in the file, and the file may have changed since: it is
//! believed only where it still holds the same lines.

use crate::attempt::Attempt;

/// What a program is called in messages, and how many lines stand before it there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) name: String,
    pub(super) lines_before: usize,
}

/// The place of a step's program.
pub(super) async fn place(attempt: &Attempt<'_>, source: &str, file: Option<&str>) -> Place {
    let step = &attempt.call.step;
    if let Some(file) = file {
        return Place { name: file.to_owned(), lines_before: 0 };
    }
    let unknown = Place { name: format!("<step {}>", step.name.short()), lines_before: 0 };
    let body = step.place_of("body");
    let Some(path) = attempt.call.program.files.get(body.file.0 as usize) else { return unknown };
    let Ok(text) = tokio::fs::read_to_string(attempt.root.join(&**path)).await else { return unknown };
    match lines_before(&text, body.start as usize, source) {
        Some(lines_before) => Place { name: path.to_string(), lines_before },
        None => unknown,
    }
}

/// How many lines of the text stand before the source, which begins at or after `start` and may be indented.
fn lines_before(text: &str, start: usize, source: &str) -> Option<usize> {
    let first_line = text.get(..start)?.matches('\n').count();
    let lines: Vec<&str> = text.lines().skip(first_line).map(str::trim).collect();
    let wanted: Vec<&str> = source.lines().map(str::trim).collect();
    if wanted.iter().all(|line| line.is_empty()) {
        return None;
    }
    lines.windows(wanted.len()).position(|window| window == wanted).map(|skipped| first_line + skipped)
}

/// What stopped a program.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Exception {
    /// `ValueError: invalid literal …`.
    pub(super) text: String,
    /// `report.flow:12`, the innermost place.
    pub(super) at: Option<String>,
}

/// The exception that the end of standard error shows, if it does.
pub(super) fn exception(stderr: &str) -> Option<Exception> {
    let frame = stderr.lines().rfind(|line| line.starts_with("  File \""))?;
    let after = stderr.rsplit_once(frame)?.1;
    let text = after.lines().skip(1).find(|line| line.starts_with(|first: char| !first.is_whitespace()))?;
    let (file, rest) = frame.trim_start().strip_prefix("File \"")?.split_once("\", line ")?;
    let line: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Some(Exception { text: text.to_owned(), at: (!line.is_empty()).then(|| format!("{file}:{line}")) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_where_it_is_written() {
        let text = "step a() -> Unit {\n  python \"\"\"\n    x = 1\n\n    y = x\n  \"\"\"\n}\n";
        let start = text.find("python").unwrap();
        assert_eq!(lines_before(text, start, "x = 1\n\ny = x"), Some(2));
        assert_eq!(lines_before(text, start, "x = 2"), None);
        assert_eq!(lines_before(text, 10_000, "x = 1"), None);
        assert_eq!(lines_before(text, start, ""), None);
    }

    #[test]
    fn the_exception_and_its_place_are_read() {
        let stderr = "noise\nTraceback (most recent call last):\n  File \"a.flow\", line 3, in <module>\n    f()\n  \
                      File \"a.flow\", line 9, in f\n    1/0\n    ~^~\nZeroDivisionError: division by zero";
        let exception = exception(stderr).unwrap();
        assert_eq!(exception.text, "ZeroDivisionError: division by zero");
        assert_eq!(exception.at.as_deref(), Some("a.flow:9"));
        assert_eq!(super::exception("something else"), None);
    }
}
