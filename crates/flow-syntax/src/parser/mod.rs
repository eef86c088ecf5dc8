//! Tokens to tree, by recursive descent, in one pass and without backtracking.
//!
//! - [`core`](self): looking at tokens, consuming them, opening and closing nodes; this file.
//! - [`recover`]: what happens after a mistake.
//! - one file per part of the language: [`decl`], [`types`], [`clause`], [`counts`], [`dataset`], [`step`], [`body`],
//!   [`schedule`], [`flow`], [`expr`], [`primary`], [`pattern`], [`string`].
//!
//! Invariants: every token is put into the tree exactly once, in order; every loop consumes a token or ends;
//! nodes nest at most [`MAX_DEPTH`] deep, whatever the text; at most one report per token. The parser is total:
//! where something is missing, it reports and goes on without it.
//!
//! A word is a name unless the parser takes it as a keyword at its place ([`Parser::keyword`]).

mod body;
mod clause;
mod counts;
mod dataset;
mod decl;
mod expr;
mod flow;
mod pattern;
mod primary;
mod recover;
mod schedule;
mod step;
mod string;
mod types;

use crate::kind::SyntaxKind;
use crate::lexer::{Lexeme, Real, Token, Tokens};
use crate::problem::{Case, SyntaxProblem, What, nearest};
use crate::tree::{Checkpoint, TreeBuilder};
use rowan::GreenNode;
use std::collections::HashSet;

/// How deep blocks, expressions, types and patterns may nest.
pub(crate) const MAX_DEPTH: u32 = 256;
/// How high the tree of a chain such as `a + b + c` may grow.
pub(crate) const MAX_HEIGHT: u32 = 512;

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// A file: declarations.
    Module,
    /// One expression alone.
    Expression,
}

/// Parses all tokens of a text.
pub(crate) fn parse(source: &str, goal: Goal, tokens: &mut Tokens, problems: &mut Vec<SyntaxProblem>) -> GreenNode {
    let mut parser = Parser {
        source,
        all: &tokens.all,
        real: &mut tokens.real,
        position: 0,
        flushed: 0,
        tree: TreeBuilder::new(),
        problems,
        depth: 0,
        too_deep: false,
        last_report: usize::MAX,
        miscased: HashSet::new(),
        in_fields: false,
    };
    match goal {
        Goal::Module => parser.module(),
        Goal::Expression => parser.lone_expression(),
    }
    parser.tree.done()
}

struct Parser<'text> {
    source: &'text str,
    all: &'text [Lexeme],
    /// Mutable because a misspelt word, once reported, is read as what was meant.
    real: &'text mut [Real],
    /// The next real token.
    position: usize,
    /// How many of `all` are in the tree.
    flushed: usize,
    tree: TreeBuilder<'text>,
    problems: &'text mut Vec<SyntaxProblem>,
    depth: u32,
    /// Whether the depth was exceeded: reported once, then what is too deep is skipped.
    too_deep: bool,
    /// The real token at which the last report was made.
    last_report: usize,
    /// Names in the wrong style that have been reported.
    miscased: HashSet<&'text str>,
    /// Whether fields are being read: there `name:` at the start of a line begins the next one.
    in_fields: bool,
}

impl<'text> Parser<'text> {
    fn nth(&self, distance: usize) -> Token {
        self.real.get(self.position + distance).map_or(Token::End, |real| real.token)
    }

    fn current(&self) -> Token {
        self.nth(0)
    }

    fn at(&self, token: Token) -> bool {
        self.current() == token
    }

    fn at_any(&self, tokens: &[Token]) -> bool {
        tokens.contains(&self.current())
    }

    fn at_word(&self) -> bool {
        self.current().is_word()
    }

    fn at_end(&self) -> bool {
        self.at(Token::End)
    }

    /// Whether a line ends before the current token.
    fn on_new_line(&self) -> bool {
        self.real.get(self.position).is_none_or(|real| real.on_new_line)
    }

    /// Whether a line ends before the token after the current one.
    fn next_on_new_line(&self) -> bool {
        self.real.get(self.position + 1).is_none_or(|real| real.on_new_line)
    }

    /// The bytes of the real token at a position.
    fn range_at(&self, position: usize) -> (usize, usize) {
        let Some(real) = self.real.get(position) else { return (self.source.len(), self.source.len()) };
        let index = real.index as usize;
        let start = self.all.get(index).map_or(self.source.len(), |lexeme| lexeme.start as usize);
        (start, self.all.get(index + 1).map_or(self.source.len(), |lexeme| lexeme.start as usize))
    }

    /// The text of the real token at a distance.
    fn text_at(&self, distance: usize) -> &'text str {
        let (start, end) = self.range_at(self.position + distance);
        self.source.get(start..end).unwrap_or_default()
    }

    /// Puts blanks and comments before the current token into the tree.
    fn flush(&mut self) {
        let end = self.real.get(self.position).map_or(self.all.len(), |real| real.index as usize);
        while self.flushed < end {
            self.flush_one();
        }
    }

    /// The same, up to the first comment that documents what follows.
    fn flush_to_docs(&mut self) {
        let end = self.real.get(self.position).map_or(self.all.len(), |real| real.index as usize);
        while self.flushed < end && self.all[self.flushed].token != Token::DocComment {
            self.flush_one();
        }
    }

    fn flush_one(&mut self) {
        let lexeme = self.all[self.flushed];
        let end = self.all.get(self.flushed + 1).map_or(self.source.len(), |next| next.start as usize);
        self.tree.token(lexeme.token.kind(), &self.source[lexeme.start as usize..end]);
        self.flushed += 1;
    }

    /// Consumes the current token.
    fn bump(&mut self) {
        self.bump_as(self.current().kind());
    }

    /// Consumes the current word as a word of the language.
    fn keyword(&mut self) {
        self.bump_as(SyntaxKind::KEYWORD);
    }

    fn bump_as(&mut self, kind: SyntaxKind) {
        if self.at_end() {
            return;
        }
        self.flush();
        let (start, end) = self.range_at(self.position);
        // Closing tokens that the lexer made up are empty, and not in the tree.
        if end > start {
            self.tree.token(kind, &self.source[start..end]);
        }
        self.flushed += 1;
        self.position += 1;
    }

    fn eat(&mut self, token: Token) -> bool {
        let found = self.at(token);
        if found {
            self.bump();
        }
        found
    }

    fn eat_keyword(&mut self, word: Token) -> bool {
        let found = self.at(word);
        if found {
            self.keyword();
        }
        found
    }

    fn expect(&mut self, token: Token, expected: &'static str) -> bool {
        let found = self.eat(token);
        if !found {
            self.unexpected(expected);
        }
        found
    }

    fn expect_keyword(&mut self, word: Token, expected: &'static str) -> bool {
        let found = self.eat_keyword(word);
        if !found {
            self.unexpected(expected);
        }
        found
    }

    /// Consumes one of the words as a keyword.
    fn expect_keyword_of(&mut self, words: &[Token], expected: &'static str) {
        if self.at_any(words) {
            self.keyword();
        } else {
            self.unexpected(expected);
            self.skip_wrong_word();
        }
    }

    fn start(&mut self, kind: SyntaxKind) {
        self.flush();
        self.tree.start(kind);
    }

    /// Opens a node that takes the documentation above it along.
    fn start_documented(&mut self, kind: SyntaxKind) {
        self.flush_to_docs();
        self.tree.start(kind);
    }

    fn checkpoint(&mut self) -> Checkpoint {
        self.flush();
        self.tree.checkpoint()
    }

    fn start_at(&mut self, checkpoint: Checkpoint, kind: SyntaxKind) {
        self.tree.start_at(checkpoint, kind);
    }

    fn finish(&mut self) {
        self.tree.finish();
    }

    /// Runs `inside` one level deeper, or reports that this is too deep and skips what is there.
    fn deeper(&mut self, inside: impl FnOnce(&mut Self)) {
        if self.depth >= MAX_DEPTH {
            self.report_too_deep();
            self.skip_balanced();
            return;
        }
        self.depth += 1;
        inside(self);
        self.depth -= 1;
    }

    fn report_too_deep(&mut self) {
        if !self.too_deep {
            self.too_deep = true;
            self.report(What::TooDeep);
        }
        // What is skipped now has been reported.
        self.last_report = self.position;
    }

    /// Reports at the current token, unless something was reported there already.
    fn report(&mut self, what: What) {
        if matches!(what, What::UnknownClause { .. }) && self.follows_backslash() {
            return self.report_raw_quote();
        }
        let (start, end) = self.range_at(self.position);
        self.report_range(what, start, end);
    }

    /// Reports quotes that were meant to be escaped, and closed a raw text.
    fn report_raw_quote(&mut self) {
        let (start, end) = self.range_at(self.position - 1);
        self.report_range(What::RawQuote, start - 1, end);
    }

    fn report_range(&mut self, what: What, start: usize, end: usize) {
        // A closing token that the lexer made up: the text around is not closed, which is reported.
        let made_up = start == end && !self.at_end();
        if self.last_report != self.position && !made_up {
            self.last_report = self.position;
            self.problems.push(SyntaxProblem::new(what, start, end));
        }
    }

    /// Reads the current token as another one from here on; that it is misspelt has been reported.
    fn read_as(&mut self, meant: Token) {
        if let Some(real) = self.real.get_mut(self.position) {
            real.token = meant;
        }
    }

    /// The word that was probably meant by a name where one of these words was expected.
    fn meant(&self, known: &[Token]) -> Option<Token> {
        if !self.at(Token::Ident) {
            return None;
        }
        let spelling = nearest(self.text_at(0), known.iter().filter_map(|token| token.spelling()))?;
        known.iter().copied().find(|token| token.spelling() == Some(spelling))
    }

    /// Reports that something else was expected. What is missing at the end of a line is reported there, not
    /// at the next line's innocent first word.
    fn unexpected(&mut self, expected: &'static str) {
        if self.follows_backslash() {
            return self.report_raw_quote();
        }
        let (start, end) = self.range_at(self.position);
        let found = (place(start), place(end));
        if self.position > 0 && (self.on_new_line() || self.at_end()) {
            let (start, end) = self.range_at(self.position - 1);
            self.report_range(What::Unexpected { expected, found, after: true }, start, end);
        } else {
            self.report_range(What::Unexpected { expected, found, after: false }, start, end);
        }
    }

    /// Whether a raw text ends right before, and with a backslash: its quotes were probably meant to be escaped.
    fn follows_backslash(&self) -> bool {
        let before = |distance: usize| self.position.checked_sub(distance);
        let token = |distance: usize| Some(self.real.get(before(distance)?)?.token);
        token(1) == Some(Token::StringClose)
            && token(2) == Some(Token::StringText)
            && token(3) == Some(Token::RawOpen)
            && before(2).is_some_and(|text| self.source[..self.range_at(text).1].ends_with('\\'))
    }

    /// A name of a value, function, module or label.
    fn value_name(&mut self, expected: &'static str) -> bool {
        self.name(Case::Snake, expected)
    }

    /// A name of a type or variant.
    fn type_name(&mut self, expected: &'static str) -> bool {
        self.name(Case::Camel, expected)
    }

    fn name(&mut self, case: Case, expected: &'static str) -> bool {
        // What is no type's name and stands in the next line begins something else.
        let missing = case == Case::Camel && self.on_new_line() && !has_case(self.text_at(0), case);
        if !self.at_word() || missing {
            self.unexpected(expected);
            return false;
        }
        self.check_case(case);
        self.bump();
        true
    }

    /// Reports the current word if it is not in the style; each spelling once.
    fn check_case(&mut self, case: Case) {
        let text = self.text_at(0);
        if self.current().is_known_word() && case != Case::Camel || has_case(text, case) || !text.is_ascii() {
            return;
        }
        if self.miscased.insert(text) {
            let (start, end) = self.range_at(self.position);
            self.problems.push(SyntaxProblem::new(What::WrongCase(case), start, end));
        }
    }
}

/// A place in the text as it is stored; texts are far shorter than 4 GiB.
fn place(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

/// Whether a name is in the style. Names between backticks always are.
fn has_case(text: &str, case: Case) -> bool {
    let bytes = text.as_bytes();
    let first = bytes.first().copied().unwrap_or(b'`');
    let snake = || bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_');
    let camel = || first.is_ascii_uppercase() && bytes.iter().all(u8::is_ascii_alphanumeric);
    first == b'`'
        || match case {
            Case::Snake => snake(),
            Case::Camel => camel(),
            Case::Any => snake() || camel(),
        }
}
