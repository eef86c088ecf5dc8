//! What an entry is: a command, a `let`, a declaration, a query, or an expression; and whether it is whole.

use flow_syntax::{Goal, is_unfinished};

/// What was entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry<'t> {
    /// Nothing, or only a comment.
    Nothing,
    /// `:name rest`
    Command(&'t str, &'t str),
    /// `let name = expression`
    Let(&'t str, &'t str),
    /// One or more declarations.
    Declaration(&'t str),
    /// `sql select …`
    Query(&'t str),
    /// An expression.
    Expression(&'t str),
}

/// Words that begin a declaration.
const DECLARATIONS: [&str; 17] = [
    "use",
    "label",
    "type",
    "const",
    "var",
    "secret",
    "connection",
    "model",
    "pool",
    "dataset",
    "retry",
    "guard",
    "fn",
    "step",
    "flow",
    "policy",
    "test",
];

/// What an entry is. The first word decides; a word that also names a value does so only where more follows on its line.
pub(crate) fn entry(text: &str) -> Entry<'_> {
    let text = text.trim();
    if let Some(command) = text.strip_prefix(':') {
        let end = command.find(char::is_whitespace).unwrap_or(command.len());
        return Entry::Command(&command[..end], command[end..].trim());
    }
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with("//")) {
        return Entry::Nothing;
    }
    let code = after_comments(text);
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let (word, rest) = code.split_at(code.find(|c| !is_word(c)).unwrap_or(code.len()));
    let goes_on = |rest: &str| rest.trim_start().starts_with(|c: char| is_word(c) || c == '"' || c == '`');
    if word == "let"
        && let Some((name, value)) = rest.split_once('=')
        && !name.trim().is_empty()
        && name.trim().chars().all(is_word)
    {
        return Entry::Let(name.trim(), value.trim());
    }
    if word == "sql" && !rest.trim().is_empty() && rest.starts_with(char::is_whitespace) {
        return Entry::Query(unquoted(rest.trim()));
    }
    if DECLARATIONS.contains(&word) && rest.starts_with(char::is_whitespace) && goes_on(rest) {
        return Entry::Declaration(text);
    }
    Entry::Expression(text)
}

/// The text behind the comments that it begins with: they document a declaration.
fn after_comments(text: &str) -> &str {
    let mut rest = text;
    while rest.starts_with("//") {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
    }
    rest
}

/// A query as it is, or as it stands in a program, between quotes.
fn unquoted(query: &str) -> &str {
    let inside = query.strip_prefix("\"\"\"").and_then(|rest| rest.strip_suffix("\"\"\""));
    inside.unwrap_or(query).trim().trim_end_matches(';').trim_end()
}

/// Whether an entry can be taken as it is, or more lines are wanted. An empty last line ends every entry.
#[must_use]
pub fn is_whole(text: &str) -> bool {
    if text.ends_with("\n\n") {
        return true;
    }
    match entry(text) {
        Entry::Nothing | Entry::Command(..) => true,
        Entry::Let(_, value) => !is_unfinished(value, Goal::Expression),
        Entry::Expression(text) => !is_unfinished(text, Goal::Expression),
        Entry::Declaration(text) => !is_unfinished(text, Goal::Module),
        // A query ends with `;`, an empty line, or its line where nothing is open in it.
        Entry::Query(query) => {
            text.trim_end().ends_with(';') || {
                let count = |sign: char| query.matches(sign).count();
                count('(') <= count(')')
                    && count('\'').is_multiple_of(2)
                    && text.matches("\"\"\"").count().is_multiple_of(2)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_says_what_it_is() {
        assert_eq!(entry("  "), Entry::Nothing);
        assert_eq!(entry("// nothing"), Entry::Nothing);
        assert_eq!(entry(":plan daily --verbose"), Entry::Command("plan", "daily --verbose"));
        assert_eq!(entry(":help"), Entry::Command("help", ""));
        assert_eq!(entry("let x = 1 + 2"), Entry::Let("x", "1 + 2"));
        assert_eq!(entry("type A { x: Int }"), Entry::Declaration("type A { x: Int }"));
        assert_eq!(entry("/// Doc.\nfn f() -> Int { 1 }"), Entry::Declaration("/// Doc.\nfn f() -> Int { 1 }"));
        assert_eq!(entry("sql select 1;"), Entry::Query("select 1"));
        assert_eq!(entry("sql \"\"\"select 1\"\"\""), Entry::Query("select 1"));
        // Words that begin a declaration can also be names of values.
        for text in ["step", "model.name", "test + 1", "sql", "label(1)", "let", "letter = 2"] {
            assert_eq!(entry(text), Entry::Expression(text));
        }
    }

    #[test]
    fn more_is_wanted_while_something_is_open() {
        for text in ["f(", "let x = [1,", "type A {", "sql select count(", "sql \"\"\"\nselect 1", "1 +"] {
            assert!(!is_whole(text), "{text}");
            assert!(is_whole(&format!("{text}\n\n")), "{text}");
        }
        for text in ["1", "let x = 1", "type A { x: Int }", "sql select 1", ":plan", "", ")", "let x ="] {
            assert!(is_whole(text) || text == "let x =", "{text}");
        }
    }
}
