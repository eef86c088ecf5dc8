//! Expressions with operators. From loosest to tightest:
//!
//! `=>`, `or`, `and`, `not`, comparisons (one only), `??` (to the right), `..` (one only), `+ -`, `* / %`, `-`,
//! then `.`, calls and indices ([`super::primary`]).

use super::Parser;
use crate::kind::SyntaxKind;
use crate::lexer::Token;
use crate::problem::What;
use crate::tree::Checkpoint;

const OR: u8 = 1;
const AND: u8 = 2;
const NOT: u8 = 3;
const COMPARISON: u8 = 4;
const COALESCE: u8 = 5;
const RANGE: u8 = 6;
const SUM: u8 = 7;
const PRODUCT: u8 = 8;

/// How tightly an operator binds; `None` for what is none.
fn power(token: Token) -> Option<u8> {
    Some(match token {
        Token::Or | Token::OrOr => OR,
        Token::And | Token::AndAnd => AND,
        Token::Triple | Token::NotTriple => COMPARISON,
        Token::Eq2 | Token::NotEq | Token::Lt | Token::LtEq | Token::Gt | Token::GtEq => COMPARISON,
        Token::Question2 => COALESCE,
        Token::Dot2 | Token::Dot2Eq => RANGE,
        Token::Plus | Token::Minus => SUM,
        Token::Star | Token::Slash | Token::Remainder => PRODUCT,
        _ => return None,
    })
}

/// How an operator of other languages, which is reported and then understood, is written here.
fn ours(token: Token) -> Option<&'static str> {
    Some(match token {
        Token::OrOr => "`or`",
        Token::AndAnd => "`and`",
        Token::Triple => "`==`",
        Token::NotTriple => "`!=`",
        _ => return None,
    })
}

impl Parser<'_> {
    /// The whole text as one expression, under a module's node.
    pub(super) fn lone_expression(&mut self) {
        self.tree.start(SyntaxKind::MODULE);
        self.expression();
        if !self.at_end() {
            self.unexpected("the end of the expression");
            self.start(SyntaxKind::ERROR);
            while !self.at_end() {
                self.skip_group();
            }
            self.finish();
        }
        self.flush();
        self.finish();
    }

    /// An expression that must be there.
    pub(super) fn expression(&mut self) {
        if self.value_is_missing() {
            self.unexpected("an expression");
            return;
        }
        let start = self.checkpoint();
        self.deeper(|parser| if parser.at_lambda() { parser.lambda() } else { parser.operators(0) });
        self.ternary(start);
    }

    /// `? a : b` after a condition: reported, and set aside with it.
    fn ternary(&mut self, start: Checkpoint) {
        if !self.at(Token::Question) || self.on_new_line() {
            return;
        }
        self.report(What::Ternary);
        self.start_at(start, SyntaxKind::ERROR);
        self.bump();
        self.deeper(|parser| parser.operators(0));
        if self.eat(Token::Colon) {
            self.deeper(|parser| parser.operators(0));
        }
        self.finish();
    }

    /// `=>`; a `->` in its place is reported and taken for it.
    pub(super) fn fat_arrow(&mut self) -> bool {
        if !self.at(Token::Arrow) {
            return self.expect(Token::FatArrow, "`=>`");
        }
        self.report(What::ThinArrow);
        self.bump();
        true
    }

    /// An expression without a lambda at its top, for places before `=>`.
    pub(super) fn expression_before_arrow(&mut self) {
        self.deeper(|parser| parser.operators(0));
    }

    fn at_lambda(&self) -> bool {
        if self.at_word() {
            return matches!(self.nth(1), Token::FatArrow | Token::Arrow);
        }
        if !self.at(Token::LParen) {
            return false;
        }
        let mut distance = 1;
        while self.nth(distance).is_word() {
            distance += 1;
            if self.nth(distance) == Token::Comma {
                distance += 1;
            }
        }
        self.nth(distance) == Token::RParen && self.nth(distance + 1) == Token::FatArrow
    }

    /// `r => r.x`, `(a, b) => { … }`
    fn lambda(&mut self) {
        self.start(SyntaxKind::LAMBDA_EXPR);
        if self.at(Token::LParen) {
            self.start(SyntaxKind::LAMBDA_PARAM_LIST);
            self.list(Token::LParen, Token::RParen, "`,` or `)`", |parser| {
                parser.value_name("a parameter");
            });
            self.finish();
        } else {
            self.value_name("a parameter");
        }
        self.fat_arrow();
        self.value_or_block();
        self.finish();
    }

    /// What stands after `=>`: an expression or a block.
    pub(super) fn value_or_block(&mut self) {
        if self.at(Token::LBrace) { self.block() } else { self.expression() }
    }

    /// Operators that bind more tightly than `weakest`, and their operands.
    fn operators(&mut self, weakest: u8) {
        let start = self.checkpoint();
        self.prefix(weakest);
        while let Some(power) = power(self.current()) {
            if power <= weakest {
                break;
            }
            if !self.operator(start, power) {
                break;
            }
        }
    }

    /// One operator and its right operand; the left one begins at `start`. False where the chain must end.
    fn operator(&mut self, start: Checkpoint, power: u8) -> bool {
        let range = power == RANGE;
        self.start_at(start, if range { SyntaxKind::RANGE_EXPR } else { SyntaxKind::BINARY_EXPR });
        if let Some(ours) = ours(self.current()) {
            self.unexpected(ours);
        }
        if self.current().is_word() {
            self.keyword()
        } else {
            self.bump()
        }
        let right = if power == COALESCE { power - 1 } else { power };
        if power == COALESCE {
            self.deeper(|parser| parser.operators(right));
        } else {
            self.operators(right);
        }
        self.finish();
        if !self.check_height() {
            return false;
        }
        if power == COMPARISON && self::power(self.current()) == Some(COMPARISON) {
            self.report(What::Chained);
            // Set aside, so that the first comparison is still understood.
            self.start(SyntaxKind::ERROR);
            self.bump();
            self.operators(COMPARISON);
            self.finish();
        } else if range && self::power(self.current()) == Some(RANGE) {
            self.unexpected("no second range");
        }
        true
    }

    /// `not x`, `-x`, or an operand.
    fn prefix(&mut self, weakest: u8) {
        match self.current() {
            Token::Not => {
                if weakest > NOT {
                    self.unexpected("an operand: put `not …` in parentheses here");
                }
                self.start(SyntaxKind::UNARY_EXPR);
                self.keyword();
                self.deeper(|parser| parser.operators(NOT - 1 + u8::from(parser.current() != Token::Not)));
                self.finish();
            }
            Token::Minus => {
                self.start(SyntaxKind::UNARY_EXPR);
                self.bump();
                self.deeper(|parser| parser.prefix(PRODUCT));
                self.finish();
            }
            _ => self.postfix(),
        }
    }

    /// False, after a report, when the tree has become too high; then what follows is skipped.
    pub(super) fn check_height(&mut self) -> bool {
        if self.tree.last_height() < super::MAX_HEIGHT {
            return true;
        }
        self.report_too_deep();
        self.skip_balanced();
        false
    }
}
