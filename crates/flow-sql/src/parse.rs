//! Text → one statement, and places in it: the parser counts lines and characters, we count bytes.

use crate::problems::SqlProblem;
use datafusion::sql::sqlparser::{
    ast::{Spanned, Statement},
    dialect::Dialect,
    parser::{Parser, ParserError},
    tokenizer::{Location, Span, Token, Tokenizer},
};
use std::ops::Range;

/// Nesting that is refused; trees are walked recursively.
const MAX_DEPTH: usize = 128;

/// The beginnings of the lines of a text.
pub(crate) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    /// The byte at which a character of a line begins.
    fn offset(&self, place: Location) -> Option<usize> {
        let line = usize::try_from(place.line).ok()?.checked_sub(1)?;
        let column = usize::try_from(place.column).ok()?.checked_sub(1)?;
        let start = *self.starts.get(line)?;
        let rest = &self.text[start..];
        Some(start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at))
    }

    /// The bytes of a span; the whole text without surrounding blanks if it has no place.
    pub(crate) fn range(&self, span: Span) -> Range<usize> {
        match (self.offset(span.start), self.offset(span.end)) {
            (Some(start), Some(end)) if span != Span::empty() => self.closed(start..end.max(start)),
            _ => self.whole(),
        }
    }

    /// The bytes of a place in a plan.
    pub(crate) fn planned(&self, span: datafusion::common::Span) -> Range<usize> {
        let location = |at: datafusion::common::Location| Location { line: at.line, column: at.column };
        self.range(Span { start: location(span.start), end: location(span.end) })
    }

    /// What stands there.
    pub(crate) fn text(&self, range: Range<usize>) -> &'a str {
        self.text.get(range).unwrap_or_default()
    }

    /// With the parentheses that it opens: the parser leaves out the last one of a call.
    fn closed(&self, range: Range<usize>) -> Range<usize> {
        let mut open = 0_i32;
        for sign in self.text[range.clone()].chars() {
            open += i32::from(sign == '(') - i32::from(sign == ')');
        }
        let rest = self.text[range.end..].char_indices();
        let close = rest.take_while(|(_, sign)| sign.is_whitespace() || *sign == ')').filter(|(_, sign)| *sign == ')');
        match usize::try_from(open - 1).ok().and_then(|last| close.into_iter().nth(last)) {
            Some((at, _)) => range.start..range.end + at + 1,
            None => range,
        }
    }

    /// The text without surrounding blanks.
    pub(crate) fn whole(&self) -> Range<usize> {
        let start = self.text.len() - self.text.trim_start().len();
        start..self.text.trim_end().len().max(start)
    }

    /// The word or sign that begins at a line and column.
    pub(crate) fn word_at(&self, line: u64, column: u64) -> Range<usize> {
        let Some(start) = self.offset(Location { line, column }) else { return self.whole() };
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let rest = &self.text[start..];
        let length = match rest.chars().next() {
            Some(first) if word(first) => rest.find(|c| !word(c)).unwrap_or(rest.len()),
            Some(first) => first.len_utf8(),
            None => 0,
        };
        if length == 0 { self.last_word() } else { start..start + length }
    }

    /// Where a parameter's sign is, given a place in or before its name.
    pub(crate) fn placeholder_start(&self, near: usize, placeholder: &str) -> usize {
        let from = self.text[..near].rfind(|c: char| c.is_whitespace() || c == '(').map_or(0, |at| at);
        self.text[from..].find(placeholder).map_or(near, |at| from + at)
    }

    /// The word that the text begins with.
    pub(crate) fn first_word(&self) -> Range<usize> {
        let whole = self.whole();
        let end =
            self.text[whole.clone()].find(|c: char| !c.is_alphanumeric()).map_or(whole.end, |at| whole.start + at);
        whole.start..end
    }

    /// The first place of a whole word; the whole text if it is not there.
    pub(crate) fn find_word(&self, word: &str) -> Range<usize> {
        let part = |c: char| c.is_alphanumeric() || c == '_';
        let found = self
            .text
            .match_indices(word)
            .find(|(at, _)| !self.text[..*at].ends_with(part) && !self.text[at + word.len()..].starts_with(part));
        found.map_or_else(|| self.whole(), |(at, _)| at..at + word.len())
    }

    fn last_word(&self) -> Range<usize> {
        let whole = self.whole();
        let start = self.text[whole.clone()].rfind(char::is_whitespace).map_or(whole.start, |at| whole.start + at + 1);
        start..whole.end
    }
}

/// The only statement of the text.
pub(crate) fn one_statement(text: &str, dialect: &dyn Dialect, lines: &Lines<'_>) -> Result<Statement, SqlProblem> {
    let parsed = Parser::new(dialect)
        .with_recursion_limit(MAX_DEPTH)
        .try_with_sql(text)
        .and_then(|mut parser| parser.parse_statements());
    let mut statements = parsed.map_err(|error| syntax(&error, lines))?;
    if let Some(second) = statements.get(1) {
        let place = after_semicolon(text, dialect, lines).unwrap_or_else(|| lines.range(second.span()));
        return Err(SqlProblem::many_statements(place, statements.len()));
    }
    statements.pop().ok_or_else(|| SqlProblem::syntax(lines.whole(), "a query, but there is no text".into()))
}

/// From the second statement to the end.
fn after_semicolon(text: &str, dialect: &dyn Dialect, lines: &Lines<'_>) -> Option<Range<usize>> {
    let tokens = Tokenizer::new(dialect, text).tokenize_with_location().ok()?;
    let mut rest = tokens.iter().skip_while(|token| token.token != Token::SemiColon);
    let second = rest.find(|token| !matches!(token.token, Token::SemiColon | Token::Whitespace(_)))?;
    Some(lines.range(second.span).start..lines.whole().end)
}

fn syntax(error: &ParserError, lines: &Lines<'_>) -> SqlProblem {
    let message = match error {
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => message.as_str(),
        ParserError::RecursionLimitExceeded => {
            return SqlProblem::syntax(lines.whole(), "the query is nested too deeply".into());
        }
    };
    let (words, place) = message.split_once(" at Line: ").unwrap_or((message, ""));
    let mut numbers = place.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok());
    let range = match (numbers.next(), numbers.next()) {
        (Some(line), Some(column)) => lines.word_at(line, column),
        _ => lines.last_word(),
    };
    SqlProblem::syntax(
        range,
        words.trim_start_matches("Expected: ").replace(", found: ", " expected, found ").replace("EOF", "the end"),
    )
}
