//! What each stretch of an entry is, for colours, while it is written. No colour is decided here.

use crate::entry::{Entry, entry};
use flow_diag::FileId;
use flow_syntax::{NodeOrToken, SyntaxKind};

/// What a stretch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// A word of the language, or a command.
    Keyword,
    /// Text between quotes.
    Text,
    /// A number, a time, an amount.
    Number,
    /// A comment.
    Comment,
    /// Names, signs, blanks.
    Plain,
}

/// The stretches of an entry, in order; together they are the entry.
#[must_use]
pub fn stretches(text: &str) -> Vec<(Paint, String)> {
    let part = match entry(text) {
        Entry::Command(_, rest) | Entry::Let(_, rest) | Entry::Query(rest) => rest,
        Entry::Declaration(_) => return of_tree(&flow_syntax::parse(FileId(0), text)),
        Entry::Nothing | Entry::Expression(_) => return of_tree(&flow_syntax::parse_expression(FileId(0), text)),
    };
    // What follows the first words is the end of the entry, but for blanks and what closes a query.
    let start = text.rfind(part).filter(|_| !part.is_empty()).unwrap_or(text.len());
    let (head, tail) = text.split_at(start);
    let word = head.find(|c: char| !c.is_whitespace()).unwrap_or(head.len());
    let end = head[word..].find(char::is_whitespace).map_or(head.len(), |found| word + found);
    let mut found = vec![
        (Paint::Plain, head[..word].to_owned()),
        (Paint::Keyword, head[word..end].to_owned()),
        (Paint::Plain, head[end..].to_owned()),
    ];
    match entry(text) {
        Entry::Let(..) => found.extend(of_tree(&flow_syntax::parse_expression(FileId(0), tail))),
        _ => found.push((Paint::Plain, tail.to_owned())),
    }
    found.retain(|(_, text)| !text.is_empty());
    found
}

fn of_tree(parse: &flow_syntax::Parse) -> Vec<(Paint, String)> {
    let tokens = parse.tree().descendants_with_tokens().filter_map(NodeOrToken::into_token);
    tokens.map(|token| (paint(token.kind()), token.text().to_owned())).collect()
}

fn paint(kind: SyntaxKind) -> Paint {
    match kind {
        SyntaxKind::KEYWORD => Paint::Keyword,
        SyntaxKind::STRING_OPEN | SyntaxKind::RAW_OPEN | SyntaxKind::STRING_TEXT | SyntaxKind::STRING_CLOSE => {
            Paint::Text
        }
        SyntaxKind::INT
        | SyntaxKind::FRACTION
        | SyntaxKind::PERCENT
        | SyntaxKind::MONEY
        | SyntaxKind::DURATION
        | SyntaxKind::SIZE
        | SyntaxKind::TIME
        | SyntaxKind::DATE
        | SyntaxKind::TIMESTAMP => Paint::Number,
        SyntaxKind::COMMENT | SyntaxKind::DOC_COMMENT | SyntaxKind::MODULE_DOC => Paint::Comment,
        _ => Paint::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_are_the_entry_whatever_it_is() {
        for text in [
            "",
            "  ",
            "let x = 1 + \"a{b}c\"",
            "  :plan daily --verbose ",
            ":",
            "sql select 1 as a;",
            "sql \"\"\"\nselect 1\n\"\"\" ",
            "type A {\n  a: Int // why\n}",
            "fn ( \"unclosed",
            "let let = let",
            "1 é ☃ \u{0} ' \"",
        ] {
            let joined: String = stretches(text).into_iter().map(|(_, text)| text).collect();
            assert_eq!(joined, text);
        }
    }

    #[test]
    fn words_texts_and_numbers_are_told_apart() {
        let of = |text: &str, wanted: Paint| -> Vec<String> {
            stretches(text).into_iter().filter(|(paint, _)| *paint == wanted).map(|(_, text)| text).collect()
        };
        assert_eq!(of("let x = if a { 1 } else { 2h }", Paint::Keyword), ["let", "if", "else"]);
        assert_eq!(of("let x = if a { 1 } else { 2h }", Paint::Number), ["1", "2h"]);
        assert_eq!(of(":plan daily", Paint::Keyword), [":plan"]);
        assert_eq!(of("sql select 1", Paint::Keyword), ["sql"]);
        assert_eq!(of("f(\"a b\")", Paint::Text).concat(), "\"a b\"");
    }
}
