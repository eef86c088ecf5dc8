//! Types, refinements, labels and paths.

use super::Parser;
use crate::kind::SyntaxKind;
use crate::lexer::Token;
use crate::problem::Case;

impl Parser<'_> {
    /// A type with labels and a refinement: `Decimal @money where it >= 0`.
    pub(super) fn refined_type(&mut self) {
        self.type_expression();
        while self.at(Token::AtSign) {
            self.label_reference();
        }
        if self.eat_keyword(Token::Where) {
            self.expression();
        }
    }

    pub(super) fn label_reference(&mut self) {
        self.start(SyntaxKind::LABEL_REF);
        self.bump();
        self.value_name("a label's name");
        self.finish();
    }

    pub(super) fn type_expression(&mut self) {
        self.deeper(|parser| {
            let start = parser.checkpoint();
            if parser.at(Token::Fn) && parser.nth(1) == Token::LParen {
                parser.start(SyntaxKind::FN_TYPE);
                parser.keyword();
                parser.type_arguments(Token::LParen, Token::RParen);
                if parser.expect(Token::Arrow, "`->` and the type of the result") {
                    parser.type_expression();
                }
                parser.finish();
                return;
            }
            if !parser.at_word() || parser.at_declaration() || parser.at(Token::Where) {
                parser.unexpected("a type");
                return;
            }
            parser.start(SyntaxKind::NAMED_TYPE);
            parser.type_path();
            if parser.at(Token::Lt) {
                parser.type_arguments(Token::Lt, Token::Gt);
            }
            parser.finish();
            if parser.at(Token::Question) {
                parser.start_at(start, SyntaxKind::OPTIONAL_TYPE);
                parser.bump();
                parser.finish();
            }
        });
    }

    fn type_arguments(&mut self, open: Token, close: Token) {
        self.start(SyntaxKind::TYPE_ARG_LIST);
        if close == Token::Gt && self.nth(1) == close {
            self.unexpected("a type between `<` and `>`");
        }
        let expected = if close == Token::Gt { "`,` or `>`" } else { "`,` or `)`" };
        self.list(open, close, expected, |parser| {
            if parser.at(Token::LBrace) {
                parser.unexpected("a type: a record gets its name by `type Row { … }`");
                parser.start(SyntaxKind::ERROR);
                parser.skip_group();
                parser.finish();
            } else {
                parser.type_expression();
            }
        });
        self.finish();
    }

    /// Modules, then the type's name.
    fn type_path(&mut self) {
        self.start(SyntaxKind::PATH);
        while self.at_word() && self.nth(1) == Token::Dot && self.nth(2).is_word() {
            self.value_name("a module");
            self.bump();
        }
        self.type_name("a type");
        self.finish();
    }

    /// `a.b.c`. The last part may be in another style than the ones before.
    pub(super) fn path(&mut self, last: Case) {
        self.start(SyntaxKind::PATH);
        while self.at_word() && self.nth(1) == Token::Dot && self.nth(2).is_word() {
            self.value_name("a name");
            self.bump();
        }
        self.name(last, "a name");
        self.finish();
    }
}
