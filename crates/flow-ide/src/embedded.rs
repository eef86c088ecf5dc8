//! Code of other languages in quotes: which language it is, and its words as far as colours need them.
//!
//! Scanners, not parsers: comments, quotes, numbers, keywords. What a query or script means is not known here.

use crate::TokenKind;
use flow_syntax::{SyntaxKind, SyntaxToken};

/// A language that stands in quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// SQL.
    Sql,
    /// A POSIX shell.
    Shell,
    /// Python.
    Python,
}

/// The language of a text, if it is code.
pub(crate) fn language(token: &SyntaxToken) -> Option<Language> {
    let text = token.parent()?;
    let body = text.parent()?;
    match body.kind() {
        SyntaxKind::SQL_BODY => Some(Language::Sql),
        SyntaxKind::PYTHON_BODY => Some(Language::Python),
        SyntaxKind::SH_BODY | SyntaxKind::SSH_BODY | SyntaxKind::CONTAINER_BODY => {
            // The image of a container is no script.
            let texts = body.children().filter(|child| child.kind() == SyntaxKind::STRING);
            (texts.last().as_ref() == Some(&text)).then_some(Language::Shell)
        }
        _ => None,
    }
}

pub(crate) const SQL: &[&str] = &[
    "all",
    "and",
    "any",
    "as",
    "asc",
    "between",
    "by",
    "case",
    "cast",
    "cross",
    "delete",
    "desc",
    "distinct",
    "else",
    "end",
    "except",
    "exists",
    "filter",
    "first",
    "following",
    "from",
    "full",
    "group",
    "having",
    "in",
    "inner",
    "insert",
    "intersect",
    "into",
    "is",
    "join",
    "last",
    "lateral",
    "left",
    "like",
    "limit",
    "not",
    "null",
    "nulls",
    "offset",
    "on",
    "or",
    "order",
    "outer",
    "over",
    "partition",
    "preceding",
    "range",
    "recursive",
    "returning",
    "right",
    "rows",
    "select",
    "set",
    "then",
    "true",
    "false",
    "unbounded",
    "union",
    "update",
    "using",
    "values",
    "when",
    "where",
    "with",
];
const SHELL: &[&str] = &[
    "case", "do", "done", "elif", "else", "esac", "exit", "export", "fi", "for", "function", "if", "in", "local",
    "readonly", "return", "set", "shift", "then", "trap", "unset", "until", "while",
];
const PYTHON: &[&str] = &[
    "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else", "except",
    "False", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "None", "nonlocal", "not", "or",
    "pass", "raise", "return", "True", "try", "while", "with", "yield",
];

/// The words of a piece of code: from, to, and what it is.
pub(crate) fn tokens(language: Language, text: &str) -> impl Iterator<Item = (u32, u32, TokenKind)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let (length, kind) = word(language, rest, text[..at].chars().next_back());
            let start = at;
            at += length.max(1);
            while !text.is_char_boundary(at) {
                at += 1;
            }
            if let Some(kind) = kind {
                let place = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
                return Some((place(start), place(at), kind));
            }
        }
        None
    })
}

fn word(language: Language, rest: &str, before: Option<char>) -> (usize, Option<TokenKind>) {
    let first = rest.chars().next().unwrap_or(' ');
    let line = || rest.find('\n').unwrap_or(rest.len());
    let comment = match language {
        Language::Sql if rest.starts_with("--") => Some(line()),
        Language::Sql if rest.starts_with("/*") => Some(rest.find("*/").map_or(rest.len(), |at| at + 2)),
        Language::Python if first == '#' => Some(line()),
        Language::Shell if first == '#' && before.is_none_or(char::is_whitespace) => Some(line()),
        _ => None,
    };
    if let Some(length) = comment {
        return (length, Some(TokenKind::Comment));
    }
    if first == '\'' || (first == '"' && language != Language::Sql) {
        return (quoted(rest, first, language != Language::Sql), Some(TokenKind::String));
    }
    if first == '$' && language == Language::Shell {
        let name = rest[1..].trim_start_matches('{');
        let skip = rest.len() - name.len();
        let length = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
        return if length == 0 { (1, None) } else { (skip + length, Some(TokenKind::Variable)) };
    }
    if first.is_ascii_digit() && before.is_none_or(|c| !c.is_alphanumeric() && c != '_') {
        let length = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        return (length, Some(TokenKind::Number));
    }
    if !first.is_alphabetic() && first != '_' {
        return (first.len_utf8(), None);
    }
    let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    let (word, after) = rest.split_at(length);
    let (is_keyword, is_name) = match language {
        Language::Sql => (SQL.contains(&word.to_ascii_lowercase().as_str()), true),
        Language::Shell => (SHELL.contains(&word), false),
        Language::Python => (PYTHON.contains(&word), true),
    };
    let kind = match (is_keyword, after.starts_with('(')) {
        (true, _) => Some(TokenKind::Keyword),
        (false, true) if is_name => Some(TokenKind::Function),
        _ => is_name.then_some(TokenKind::Variable),
    };
    (length, kind)
}

/// Up to and with the closing quote, or to the end.
fn quoted(rest: &str, quote: char, backslash: bool) -> usize {
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        if c == quote {
            return at + 1;
        }
        if backslash && c == '\\' {
            chars.next();
        }
    }
    rest.len()
}
