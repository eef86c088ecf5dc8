//! Text to tokens. Total: every byte belongs to exactly one token, whatever the text is.
//!
//! Texts with holes nest, so a stack of modes decides who scans next: logos in code, [`text`] inside quotes.
//! Texts that are code or data are raw: the lexer knows them by the words before them (`sql on c """`),
//! since no name can stand directly before a text anywhere else. An unclosed text or hole ends with its line;
//! empty closing tokens are put there, so the parser always sees pairs.
//!
//! Knows nothing of the grammar beyond that. Tested here and by the parser's property tests.

mod number;
mod text;
mod token;

pub(crate) use token::Token;

use crate::problem::{SyntaxProblem, What};
use logos::Logos;
use text::{Quotes, Stop};

/// How deep texts and holes may nest: the same bound as for the tree.
const MAX_MODES: usize = 64;
/// How many holes in a file are closed where their text probably ends. Each costs a second look at a line's rest,
/// so that a hostile file of one endless line could otherwise take quadratic time.
const MAX_RETURNS: u32 = 100;

/// A token with its place. Its end is the next one's start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lexeme {
    /// First byte.
    pub(crate) start: u32,
    /// What it is.
    pub(crate) token: Token,
}

/// A token that is not blank or comment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Real {
    /// Its place among all tokens.
    pub(crate) index: u32,
    /// What it is.
    pub(crate) token: Token,
    /// Whether a line ends between the real token before it and this one.
    pub(crate) on_new_line: bool,
}

/// All tokens of a text.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    /// Everything, in order; the last is an empty `End`.
    pub(crate) all: Vec<Lexeme>,
    /// What the grammar speaks of, in order; the last is `End`.
    pub(crate) real: Vec<Real>,
}

/// Splits a text into tokens. `None` when there are more than `max_tokens`.
pub(crate) fn lex(source: &str, max_tokens: usize, problems: &mut Vec<SyntaxProblem>) -> Option<Tokens> {
    let mut tokens = Tokens::default();
    tokens.all.reserve(source.len() / 4);
    tokens.real.reserve(source.len() / 8);
    let mut lexer = Lexer {
        source,
        logos: Token::lexer(source),
        tokens,
        problems,
        modes: vec![],
        new_line: true,
        before: Before::Other,
        returns: MAX_RETURNS,
    };
    if source.starts_with('\u{feff}') {
        lexer.logos.bump('\u{feff}'.len_utf8());
        lexer.tokens.all.push(Lexeme { start: 0, token: Token::Whitespace });
    }
    while lexer.step() {
        if lexer.tokens.all.len() > max_tokens {
            return None;
        }
    }
    Some(lexer.tokens)
}

/// Who scans next.
#[derive(Clone, Copy, Debug)]
enum Mode {
    /// Inside quotes, which opened at this offset.
    Text { quotes: Quotes, start: usize },
    /// Inside a hole.
    Hole {
        /// Where it opened.
        start: usize,
        /// Braces opened inside and not yet closed.
        braces: u32,
        /// Whether the text around must not cross a line's end.
        one_line: bool,
    },
}

/// What stands before, as far as it makes the next text raw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// Nothing of the kind.
    Other,
    /// `provider`: what follows names a kind of connection, as in `provider ssh`.
    Provider,
    /// `sql`: a text is code; `on` may follow.
    Sql,
    /// `sh`, `python`, `csv`, …, or a complete `sql on c`: a text is code or data.
    Code,
    /// `ssh`, `sql on`, or a dot of the name after them: a name must follow.
    NeedsName,
    /// `container`: a text that is no code, then code.
    Container,
    /// `container "image"`
    Image,
}

struct Lexer<'text, 'problems> {
    source: &'text str,
    logos: logos::Lexer<'text, Token>,
    tokens: Tokens,
    problems: &'problems mut Vec<SyntaxProblem>,
    modes: Vec<Mode>,
    new_line: bool,
    before: Before,
    /// How often it may still go back to a quote that was misunderstood.
    returns: u32,
}

impl Lexer<'_, '_> {
    /// Adds the next token or tokens; false at the end.
    fn step(&mut self) -> bool {
        if let Some(&Mode::Text { quotes, start }) = self.modes.last() {
            self.text(quotes, start);
            return true;
        }
        let Some(found) = self.logos.next() else {
            self.finish();
            return false;
        };
        let start = self.logos.span().start;
        match found {
            Ok(Token::Whitespace) => self.whitespace(start),
            Ok(token @ (Token::Comment | Token::DocComment | Token::ModuleDoc)) => self.trivia(start, token),
            Ok(Token::Number) => {
                let (token, length) = number::scan(&self.source[start..]);
                self.logos.bump(start + length - self.logos.span().end);
                self.real(start, token);
            }
            Ok(Token::Quotes) => self.open(start, start),
            Ok(Token::RawQuotes) => self.open(start, start + 1),
            Ok(Token::LBrace) => {
                if let Some(Mode::Hole { braces, .. }) = self.modes.last_mut() {
                    *braces += 1;
                }
                self.real(start, Token::LBrace);
            }
            Ok(Token::RBrace) => self.closing_brace(start),
            Ok(token) => self.real(start, token),
            Err(()) => self.unknown(start),
        }
        true
    }

    fn real(&mut self, start: usize, token: Token) {
        self.before = match (self.before, token) {
            (_, Token::Sql) => Before::Sql,
            (_, Token::Sh | Token::Python | Token::Csv | Token::Json | Token::Jsonl) => Before::Code,
            (Before::Provider, _) => Before::Other,
            (_, Token::Ident) if self.logos.slice() == "provider" => Before::Provider,
            (_, Token::Ssh) | (Before::Sql, Token::On) => Before::NeedsName,
            (Before::NeedsName, token) if token.is_word() => Before::Code,
            (Before::Code, Token::Dot) => Before::NeedsName,
            (_, Token::Container) => Before::Container,
            (Before::Container, Token::StringOpen | Token::RawOpen | Token::StringText) => Before::Container,
            (Before::Container, Token::StringClose) => Before::Image,
            _ => Before::Other,
        };
        let index = offset(self.tokens.all.len());
        self.tokens.all.push(Lexeme { start: offset(start), token });
        self.tokens.real.push(Real { index, token, on_new_line: self.new_line });
        self.new_line = false;
    }

    fn whitespace(&mut self, start: usize) {
        if self.logos.slice().as_bytes().contains(&b'\n') {
            self.new_line = true;
            self.cut_holes(start);
        }
        self.tokens.all.push(Lexeme { start: offset(start), token: Token::Whitespace });
    }

    fn trivia(&mut self, start: usize, token: Token) {
        self.cut_holes(start);
        // A carriage return belongs to the line's end, not to the comment.
        let slice = self.logos.slice();
        self.tokens.all.push(Lexeme { start: offset(start), token });
        if slice.ends_with('\r') {
            self.tokens.all.push(Lexeme { start: offset(start + slice.len() - 1), token: Token::Whitespace });
        }
    }

    /// Ends the holes that must not cross a line's end, with the texts around them.
    fn cut_holes(&mut self, at: usize) {
        while let Some(&Mode::Hole { one_line: true, .. }) = self.modes.last() {
            self.modes.pop();
            self.real(at, Token::HoleClose);
            if let Some(Mode::Text { start, .. }) = self.modes.pop() {
                self.unclosed(start, at);
                self.real(at, Token::StringClose);
            }
        }
    }

    /// One report for all texts that the same line's end cuts: the outermost.
    fn unclosed(&mut self, start: usize, end: usize) {
        let inside = |problem: &SyntaxProblem| problem.what == What::UnclosedText && problem.start >= offset(start);
        while self.problems.last().is_some_and(inside) {
            self.problems.pop();
        }
        self.problems.push(SyntaxProblem::new(What::UnclosedText, start, end));
    }

    fn open(&mut self, start: usize, quotes_start: usize) {
        let found = self.logos.span().end - quotes_start;
        let raw = quotes_start > start || matches!(self.before, Before::Sql | Before::Code | Before::Image);
        let token = if raw { Token::RawOpen } else { Token::StringOpen };
        if found == 2 || self.modes.len() >= MAX_MODES {
            if found != 2 {
                self.problems.push(SyntaxProblem::new(What::TooDeep, start, start + found));
            }
            // An empty text: both quotes at once would be one token, so they are two.
            self.real(start, token);
            self.real(quotes_start + 1, Token::StringClose);
            return;
        }
        self.real(start, token);
        self.modes.push(Mode::Text { quotes: Quotes { count: found, raw }, start });
    }

    /// A stretch of text and what ends it.
    fn text(&mut self, quotes: Quotes, opened: usize) {
        let start = self.logos.span().end;
        let (length, stop) = quotes.scan(self.logos.remainder());
        self.logos.bump(length);
        let end = start + length;
        if length > 0 {
            self.real(start, Token::StringText);
        }
        match stop {
            Stop::Close => {
                self.logos.bump(quotes.count);
                self.modes.pop();
                self.real(end, Token::StringClose);
            }
            Stop::Hole => {
                self.logos.bump(1);
                self.modes.push(Mode::Hole { start: end, braces: 0, one_line: quotes.one_line() });
                self.real(end, Token::HoleOpen);
            }
            Stop::Cut => {
                self.modes.pop();
                if !self.close_at_inner_quote(opened, quotes) {
                    self.unclosed(opened, end);
                    self.real(end, Token::StringClose);
                }
            }
        }
    }

    /// In `"Say {x" }` the second quote opens a text inside the hole, which the line's end cuts: much more likely
    /// the hole's brace was forgotten, and this quote closes the text around, unless a word follows it
    /// directly. Goes back to there.
    fn close_at_inner_quote(&mut self, opened: usize, quotes: Quotes) -> bool {
        let around =
            self.modes.len().checked_sub(2).and_then(|outer| Some((self.modes.get(outer)?, self.modes.last()?)));
        let Some((&Mode::Text { quotes: outer, .. }, &Mode::Hole { start: hole, one_line: true, .. })) = around else {
            return false;
        };
        let after = self.source.as_bytes().get(opened + quotes.count);
        let begins_text = after.is_some_and(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii());
        if outer.count != quotes.count || begins_text || self.returns == 0 {
            return false;
        }
        self.returns -= 1;
        let inner = |place: u32| place >= offset(opened);
        self.tokens.all.truncate(self.tokens.all.partition_point(|lexeme| !inner(lexeme.start)));
        let kept = offset(self.tokens.all.len());
        self.tokens.real.truncate(self.tokens.real.partition_point(|real| real.index < kept));
        while self.problems.last().is_some_and(|problem| inner(problem.start)) {
            self.problems.pop();
        }
        self.modes.truncate(self.modes.len() - 2);
        self.logos = Token::lexer(self.source);
        self.logos.bump(opened + quotes.count);
        self.problems.push(SyntaxProblem::new(What::UnclosedHole, hole, opened));
        self.new_line = false;
        self.real(opened, Token::HoleClose);
        self.real(opened, Token::StringClose);
        true
    }

    fn closing_brace(&mut self, start: usize) {
        match self.modes.last_mut() {
            Some(Mode::Hole { braces: 0, .. }) => {
                self.modes.pop();
                self.real(start, Token::HoleClose);
            }
            Some(Mode::Hole { braces, .. }) => {
                *braces -= 1;
                self.real(start, Token::RBrace);
            }
            _ => self.real(start, Token::RBrace),
        }
    }

    /// A character that begins no token. One with letters that look like ours becomes part of a name, so
    /// that one report says all.
    fn unknown(&mut self, start: usize) {
        let rest = &self.source[start..];
        let first = rest.chars().next().unwrap_or(' ');
        // logos may have looked further, for the second backtick of a quoted name.
        let mut end = self.logos.span().end.max(start + first.len_utf8());
        let is_name = first.is_alphanumeric();
        if is_name {
            let tail = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            end = end.max(start + tail);
        }
        self.logos.bump(end - self.logos.span().end);
        let previous = self.tokens.all.last().copied();
        match previous {
            Some(word)
                if is_name
                    && word.token.is_word()
                    && self.source[word.start as usize..start].ends_with(is_ascii_word) =>
            {
                self.retake(word.start, end);
            }
            _ if is_name => {
                self.real(start, Token::Ident);
                self.problems.push(SyntaxProblem::new(What::ForeignLetters, start, end));
            }
            _ => self.real(start, Token::Unknown),
        }
    }

    /// Makes the word before a foreign letter, and all up to `end`, one name.
    fn retake(&mut self, start: u32, end: usize) {
        if let Some(last) = self.tokens.all.last_mut() {
            last.token = Token::Ident;
        }
        if let Some(last) = self.tokens.real.last_mut() {
            last.token = Token::Ident;
        }
        self.problems.push(SyntaxProblem::new(What::ForeignLetters, start as usize, end));
    }

    fn finish(&mut self) {
        let end = self.source.len();
        let mut first_open = None;
        while let Some(mode) = self.modes.pop() {
            match mode {
                Mode::Hole { .. } => self.real(end, Token::HoleClose),
                Mode::Text { start, .. } => {
                    first_open = Some(start);
                    self.real(end, Token::StringClose);
                }
            }
        }
        if let Some(start) = first_open {
            self.unclosed(start, end);
        }
        self.new_line = true;
        self.real(end, Token::End);
    }
}

fn is_ascii_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn offset(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(source: &str) -> Vec<String> {
        let mut problems = vec![];
        let tokens = lex(source, usize::MAX, &mut problems).expect("no limit");
        let ends = tokens.all.iter().skip(1).map(|next| next.start as usize);
        let texts = tokens.all.iter().zip(ends).map(|(lexeme, end)| (lexeme, &source[lexeme.start as usize..end]));
        let mut out: Vec<String> = texts
            .filter(|(lexeme, _)| lexeme.token != Token::Whitespace)
            .map(|(lexeme, text)| format!("{:?} {text}", lexeme.token))
            .collect();
        out.extend(problems.iter().map(|problem| format!("! {:?} {}..{}", problem.what, problem.start, problem.end)));
        out
    }

    #[test]
    fn holes_nest() {
        assert_eq!(
            words(r#""a {f("b {c}")} {1}""#),
            [
                "StringOpen \"",
                "StringText a ",
                "HoleOpen {",
                "Ident f",
                "LParen (",
                "StringOpen \"",
                "StringText b ",
                "HoleOpen {",
                "Ident c",
                "HoleClose }",
                "StringClose \"",
                "RParen )",
                "HoleClose }",
                "StringText  {1}",
                "StringClose \""
            ]
        );
    }

    #[test]
    fn code_is_raw() {
        assert_eq!(words(r#"sh "echo ${x}""#), ["Sh sh", "RawOpen \"", "StringText echo ${x}", "StringClose \""]);
        assert_eq!(words(r#"sql on a.b "{x}""#)[5], "RawOpen \"");
        assert_eq!(words(r#"container "i" "{x}""#)[4], "RawOpen \"");
        assert_eq!(words(r#"container r"i" "{x}""#)[4], "RawOpen \"");
        assert_eq!(words(r#"prompt "{x}""#)[1], "StringOpen \"");
    }

    #[test]
    fn a_cut_text_is_one_report_and_ends_with_its_line() {
        assert_eq!(
            words("\"a {f(\"b\nx"),
            [
                "StringOpen \"",
                "StringText a ",
                "HoleOpen {",
                "Ident f",
                "LParen (",
                "StringOpen \"",
                "StringText b",
                "StringClose ",
                "HoleClose ",
                "StringClose ",
                "Ident x",
                "! UnclosedText 0..8"
            ]
        );
    }

    #[test]
    fn a_forgotten_brace_of_a_hole_does_not_swallow_the_line() {
        assert_eq!(
            words("f(\"a {x\") {\n"),
            [
                "Ident f",
                "LParen (",
                "StringOpen \"",
                "StringText a ",
                "HoleOpen {",
                "Ident x",
                "HoleClose ",
                "StringClose \"",
                "RParen )",
                "LBrace {",
                "! UnclosedHole 5..7"
            ]
        );
    }

    #[test]
    fn the_hole_that_is_not_closed_is_named_and_not_one_inside() {
        let said = words("\"a {f(\"b {c}\") + x\" }\n");
        assert_eq!(said.last().map(String::as_str), Some("! UnclosedHole 3..18"), "{said:?}");
    }

    #[test]
    fn longer_quotes_hold_shorter_ones() {
        assert_eq!(words("\"\"\"\"a \"\"\" b\"\"\"\"")[1], "StringText a \"\"\" b");
    }

    #[test]
    fn letters_of_other_alphabets_are_one_name() {
        assert_eq!(words("naïve x"), ["Ident naïve", "Ident x", "! ForeignLetters 0..6"]);
    }
}
