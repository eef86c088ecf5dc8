//! Quoted texts and their holes.

use super::Parser;
use crate::kind::SyntaxKind;
use crate::lexer::Token;

impl Parser<'_> {
    /// A text that must be there.
    pub(super) fn expect_string(&mut self, expected: &'static str) {
        if self.at_string() {
            self.string();
        } else {
            self.unexpected(expected);
            self.skip_wrong_word();
        }
    }

    /// A text. The current token opens it; the lexer sees to it that it is closed.
    pub(super) fn string(&mut self) {
        self.start(SyntaxKind::STRING);
        self.bump();
        loop {
            match self.current() {
                Token::StringText => self.bump(),
                Token::HoleOpen => self.hole(),
                _ => break,
            }
        }
        self.eat(Token::StringClose);
        self.finish();
    }

    /// `{value as csv}`
    fn hole(&mut self) {
        self.start(SyntaxKind::HOLE);
        self.bump();
        self.expression();
        if self.eat_keyword(Token::As) {
            self.value_name("a format, such as `csv` or `json`");
        }
        if !self.at(Token::HoleClose) {
            // An empty closing token was made up for a text that is not closed: that is reported already.
            self.unexpected("`}`");
            self.start(SyntaxKind::ERROR);
            while !matches!(self.current(), Token::HoleClose | Token::StringClose | Token::End) {
                self.skip_group();
            }
            self.finish();
        }
        self.eat(Token::HoleClose);
        self.finish();
    }
}
