//! After a mistake: what is skipped, and where parsing goes on.
//!
//! The rule that makes this work is the language's: every clause, statement and declaration begins with a
//! word. So what is skipped ends at the next such word at the start of a line (or after a comma), at the
//! bracket that closes the construct, or where a declaration begins in the first column.

use super::primary::CONTINUING;
use super::{Parser, place};
use crate::kind::SyntaxKind;
use crate::lexer::Token;
use crate::problem::What;

/// The words that begin declarations.
pub(super) const DECLARATIONS: &[Token] = &[
    Token::Use,
    Token::Label,
    Token::Type,
    Token::Const,
    Token::Var,
    Token::Secret,
    Token::Connection,
    Token::Model,
    Token::Pool,
    Token::Dataset,
    Token::Retry,
    Token::Guard,
    Token::Fn,
    Token::Step,
    Token::Flow,
    Token::Policy,
    Token::Test,
];

impl Parser<'_> {
    /// Whether a declaration begins here, judged from inside an unfinished one: its word stands in the first
    /// column, and a name (or a test's title) follows.
    pub(super) fn at_declaration(&self) -> bool {
        if !self.at_any(DECLARATIONS) || !self.on_new_line() || self.next_on_new_line() {
            return false;
        }
        let (start, _) = self.range_at(self.position);
        let first_column = start == 0 || self.source.as_bytes().get(start - 1) == Some(&b'\n');
        first_column
            && if self.at(Token::Test) {
                self.nth(1) == Token::StringOpen
            } else {
                self.nth(1).is_word() && !CONTINUING.contains(&self.nth(1))
            }
    }

    /// Where a construct inside braces must stop, whatever is missing.
    pub(super) fn at_block_end(&self) -> bool {
        matches!(self.current(), Token::RBrace | Token::End | Token::HoleClose) || self.at_declaration()
    }

    /// Skips to one of the words at the start of a line or after a comma, or to the block's end.
    /// Consumes at least one token unless the block ends here.
    pub(super) fn skip_to_clause(&mut self, words: &[Token]) {
        if self.at_block_end() {
            return;
        }
        self.start(SyntaxKind::ERROR);
        let mut first = true;
        let mut after_comma = false;
        while !self.at_block_end() {
            let may_begin = !first && (self.on_new_line() || after_comma);
            if may_begin && self.at_any(words) {
                break;
            }
            first = false;
            after_comma = self.at(Token::Comma);
            self.skip_group();
        }
        self.finish();
    }

    /// Skips in a bracketed list: to a comma or the closing bracket, or where the list must have ended.
    pub(super) fn skip_in_list(&mut self, close: Token) {
        if self.at_list_end(close) || self.at(Token::Comma) {
            return;
        }
        self.start(SyntaxKind::ERROR);
        while !self.at_list_end(close) && !self.at(Token::Comma) {
            self.skip_group();
        }
        self.finish();
    }

    /// The closing bracket, or something that cannot be inside.
    pub(super) fn at_list_end(&self, close: Token) -> bool {
        self.at(close)
            || matches!(
                self.current(),
                Token::RBrace | Token::RBracket | Token::RParen | Token::HoleClose | Token::StringClose | Token::End
            )
            || self.at_declaration()
    }

    /// Consumes one token, or a bracket with all up to its partner.
    pub(super) fn skip_group(&mut self) {
        let mut open = 0_u32;
        loop {
            match self.current() {
                Token::LBrace | Token::LParen | Token::LBracket | Token::HoleOpen => open += 1,
                Token::StringOpen | Token::RawOpen => open += 1,
                Token::RBrace | Token::RParen | Token::RBracket | Token::HoleClose | Token::StringClose => {
                    open = open.saturating_sub(1);
                }
                Token::End => return,
                _ => {}
            }
            self.bump();
            if open == 0 || self.at_declaration() {
                return;
            }
        }
    }

    /// Skips what is nested too deep: up to where the brackets around it close.
    pub(super) fn skip_balanced(&mut self) {
        self.start(SyntaxKind::ERROR);
        while !matches!(
            self.current(),
            Token::RBrace
                | Token::RParen
                | Token::RBracket
                | Token::HoleClose
                | Token::StringClose
                | Token::Comma
                | Token::End
        ) && !self.at_declaration()
        {
            self.skip_group();
        }
        self.finish();
        self.last_report = self.position;
    }

    /// Sets semicolons aside, which are reported; whether there were any.
    pub(super) fn skip_semicolons(&mut self) -> bool {
        let any = self.at(Token::Semicolon);
        while self.at(Token::Semicolon) {
            self.unexpected("nothing");
            self.start(SyntaxKind::ERROR);
            self.bump();
            self.finish();
        }
        any
    }

    /// After a wrong word where one of a few was expected: consumes it if it stands alone in its line's rest,
    /// so that it is not taken for the next clause.
    pub(super) fn skip_wrong_word(&mut self) {
        if self.at_word() && !self.on_new_line() {
            self.start(SyntaxKind::ERROR);
            self.bump();
            self.finish();
            self.last_report = self.position;
        }
    }

    /// After a report at the current token, skips the rest of its line: it belongs to what was not understood.
    pub(super) fn skip_line_after_report(&mut self) {
        let done = |parser: &Self| parser.on_new_line() || parser.at(Token::Comma) || parser.at_block_end();
        if self.last_report != self.position || done(self) {
            return;
        }
        self.start(SyntaxKind::ERROR);
        while !done(self) {
            self.skip_group();
        }
        self.finish();
        if !self.on_new_line() {
            self.last_report = self.position;
        }
    }

    /// Whether `{` is here; or is missing, which is reported, but what belongs inside begins the next line.
    pub(super) fn at_brace_or_inside(&mut self, expected: &'static str, known: &[Token]) -> bool {
        if self.at(Token::LBrace) {
            return true;
        }
        let inside = self.on_new_line() && self.at_any(known) && !self.at_declaration();
        self.unexpected(expected);
        inside
    }

    /// Consumes a closing bracket, or reports that its opening one has no partner.
    pub(super) fn close(&mut self, open_position: usize, open: Token, close: Token) {
        if self.eat(close) {
            return;
        }
        let (open_start, _) = self.range_at(open_position);
        let (start, end) = self.range_at(self.position);
        self.report_range(What::Unclosed { open: place(open_start), sign: open }, start, end);
    }

    /// A list in brackets, with commas between items and perhaps after the last. The current token opens it.
    pub(super) fn list(&mut self, open: Token, close: Token, expected: &'static str, mut item: impl FnMut(&mut Self)) {
        let open_position = self.position;
        let outer = std::mem::replace(&mut self.in_fields, false);
        self.bump();
        while !self.at_list_end(close) {
            let before = self.position;
            item(self);
            // `Table<Sale, least: Int)`: a parameter after a forgotten `>`.
            if open == Token::Lt && self.at(Token::Comma) && self.nth(1).is_word() && self.nth(2) == Token::Colon {
                break;
            }
            if self.at_list_end(close) || self.eat(Token::Comma) {
                continue;
            }
            // On a new line a statement is more likely than another item: the bracket was forgotten.
            if self.at_statement_line() {
                break;
            }
            // Nothing of the kind stands in a list: its bracket was forgotten.
            if open == Token::Lt || matches!(self.current(), Token::Arrow | Token::LBrace | Token::Eq | Token::Else) {
                break;
            }
            self.unexpected(expected);
            if self.position == before || !self.at_item_start() || self.at_rest_of_text() {
                self.skip_in_list(close);
                self.eat(Token::Comma);
            }
        }
        self.in_fields = outer;
        self.close(open_position, open, close);
    }

    /// Whether a text ends directly before this, with no blank between: what follows was probably meant to be part of it.
    fn at_rest_of_text(&self) -> bool {
        let Some(before) = self.position.checked_sub(1) else { return false };
        let closes = self.real.get(before).is_some_and(|real| real.token == Token::StringClose);
        closes && self.range_at(before).1 == self.range_at(self.position).0
    }

    /// Whether the next item of a list seems to follow without a comma.
    fn at_item_start(&self) -> bool {
        self.at_word() || self.at_literal() || matches!(self.current(), Token::StringOpen | Token::LBracket)
    }
}
