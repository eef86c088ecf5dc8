//! Patterns of match arms.

use super::Parser;
use crate::kind::SyntaxKind;
use crate::lexer::Token;
use crate::problem::Case;

impl Parser<'_> {
    pub(super) fn at_pattern(&self) -> bool {
        self.at_word() || self.at_literal() || self.at_string() || matches!(self.current(), Token::Minus | Token::Pipe)
    }

    /// `A | B(x: 1, ..) | 1..10 | _`
    pub(super) fn pattern(&mut self) {
        self.deeper(|parser| {
            let start = parser.checkpoint();
            parser.one_pattern();
            if !parser.at(Token::Pipe) {
                return;
            }
            parser.start_at(start, SyntaxKind::OR_PATTERN);
            while parser.eat(Token::Pipe) {
                parser.one_pattern();
            }
            parser.finish();
        });
    }

    fn one_pattern(&mut self) {
        if self.at_literal() || self.at_string() || self.at(Token::Minus) {
            self.literal_pattern();
        } else if self.at_word() {
            self.word_pattern();
        } else {
            self.unexpected("a pattern");
        }
    }

    /// A literal, or a range of two.
    fn literal_pattern(&mut self) {
        let start = self.checkpoint();
        self.pattern_value();
        if self.at(Token::Dot2) || self.at(Token::Dot2Eq) {
            self.start_at(start, SyntaxKind::RANGE_PATTERN);
            self.bump();
            self.pattern_value();
        } else {
            self.start_at(start, SyntaxKind::LITERAL_PATTERN);
        }
        self.finish();
    }

    fn pattern_value(&mut self) {
        if self.at_string() {
            self.string();
        } else if self.at(Token::Minus) {
            self.start(SyntaxKind::UNARY_EXPR);
            self.bump();
            if self.at_literal() {
                self.literal()
            } else {
                self.unexpected("a number")
            }
            self.finish();
        } else if self.at_literal() {
            self.literal();
        } else {
            self.unexpected("a literal");
        }
    }

    fn word_pattern(&mut self) {
        if self.text_at(0) == "_" {
            self.start(SyntaxKind::WILDCARD_PATTERN);
            self.bump();
            self.finish();
            return;
        }
        let is_variant = self.nth(1) == Token::Dot
            || self.nth(1) == Token::LParen
            || self.text_at(0).starts_with(|c: char| c.is_ascii_uppercase());
        if !is_variant {
            self.start(SyntaxKind::BINDING_PATTERN);
            self.value_name("a name");
            self.finish();
            return;
        }
        self.start(SyntaxKind::VARIANT_PATTERN);
        self.start(SyntaxKind::PATH);
        while self.at_word() && self.nth(1) == Token::Dot && self.nth(2).is_word() {
            self.name(Case::Any, "a name");
            self.bump();
        }
        self.type_name("a variant");
        self.finish();
        if self.at(Token::LParen) {
            self.start(SyntaxKind::PATTERN_FIELD_LIST);
            self.list(Token::LParen, Token::RParen, "`,` or `)`", Self::pattern_field);
            self.finish();
        }
        self.finish();
    }

    /// `reason: r`, `reason`, `..`
    fn pattern_field(&mut self) {
        if self.at(Token::Dot2) {
            self.start(SyntaxKind::REST_PATTERN);
            self.bump();
            self.finish();
            return;
        }
        self.start(SyntaxKind::PATTERN_FIELD);
        if self.value_name("a field or `..`") && self.eat(Token::Colon) {
            self.pattern();
        }
        self.finish();
    }
}
