//! Quoted texts and their holes.

use super::Parser;
use crate::escape;
use crate::kind::SyntaxKind;
use crate::lexer::Token;
use crate::problem::{SyntaxProblem, What};

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

    /// A text, if one is there.
    pub(super) fn optional_string(&mut self) {
        if self.at_string() {
            self.string();
        }
    }

    /// A text. The current token opens it; the lexer sees to it that it is closed.
    pub(super) fn string(&mut self) {
        if self.at(Token::RawOpen) && self.text_at(0).starts_with('"') {
            self.unexpected("no text: after this word it would be code, so put the word in parentheses");
        }
        self.code_string();
    }

    /// A text of code or data, where the word before it says so.
    pub(super) fn code_string(&mut self) {
        self.start(SyntaxKind::STRING);
        let raw = self.at(Token::RawOpen);
        self.bump();
        loop {
            match self.current() {
                Token::StringText => {
                    if !raw {
                        self.check_escapes();
                    }
                    self.bump();
                }
                Token::HoleOpen => self.hole(),
                _ => break,
            }
        }
        self.eat(Token::StringClose);
        self.finish();
    }

    /// Reports what begins with a backslash in the current text but is no escape.
    fn check_escapes(&mut self) {
        let text = self.text_at(0);
        let (base, _) = self.range_at(self.position);
        let mut from = 0;
        while let Some(found) = text.get(from..).and_then(|rest| rest.find('\\')) {
            let place = from + found;
            let (decoded, length) = escape::decode(&text[place..]);
            if decoded.is_none() {
                let start = base + place;
                self.problems.push(SyntaxProblem::new(What::BadEscape, start, start + length));
            }
            from = place + length;
        }
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
