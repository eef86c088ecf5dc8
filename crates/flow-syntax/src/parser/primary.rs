//! Operands: literals, names, brackets, what follows them, and the expressions that begin with a word.

use super::{Parser, has_case};
use crate::ast::literal as value;
use crate::kind::SyntaxKind;
use crate::lexer::Token;
use crate::problem::{Case, SyntaxProblem, What, unit_of};

/// Words that go on with a construct, so that a word before them is a value.
pub(super) const CONTINUING: &[Token] = &[
    Token::And,
    Token::Or,
    Token::Else,
    Token::As,
    Token::For,
    Token::Fresh,
    Token::Within,
    Token::By,
    Token::Limit,
    Token::Parallel,
    Token::Per,
    Token::In,
    Token::With,
    Token::If,
    Token::Where,
    Token::Times,
    Token::Versions,
];

impl Parser<'_> {
    pub(super) fn at_literal(&self) -> bool {
        self.current().is_literal()
    }

    pub(super) fn at_string(&self) -> bool {
        matches!(self.current(), Token::StringOpen | Token::RawOpen)
    }

    /// Whether, where a value should begin, a clause, statement or declaration begins instead: a word for that,
    /// and in its line a value after it, which could not follow if the word were a name.
    pub(super) fn value_is_missing(&self) -> bool {
        self.at_clause_with_value() || self.at_declaration()
    }

    /// The same in the middle of an expression, after an operator.
    fn operand_is_missing(&self) -> bool {
        self.value_is_missing()
            || (self.in_fields && self.on_new_line() && self.at_word() && self.nth(1) == Token::Colon)
    }

    fn at_clause_with_value(&self) -> bool {
        if !self.current().begins_clause() || self.next_on_new_line() {
            return false;
        }
        self.nth_begins_value(1)
    }

    /// Whether the token there begins a value, so that a word before it is none.
    pub(super) fn nth_begins_value(&self, distance: usize) -> bool {
        let token = self.nth(distance);
        (token.is_word() && !CONTINUING.contains(&token))
            || token.is_literal()
            || matches!(token, Token::StringOpen | Token::RawOpen)
    }

    /// Whether a clause or statement clearly begins with this line.
    pub(super) fn at_statement_line(&self) -> bool {
        let fresh = self.at(Token::Fresh) && self.nth(1) == Token::Within;
        self.on_new_line() && (self.at_clause_with_value() || fresh)
    }

    pub(super) fn literal(&mut self) {
        // `m: String` after a refinement is the next field.
        let is_unit = !self.next_on_new_line() && unit_of(self.text_at(1)).is_some() && self.nth(2) != Token::Colon;
        if self.at(Token::Int) && is_unit {
            return self.spelled_unit();
        }
        self.start(SyntaxKind::LITERAL);
        let text = self.text_at(0);
        let exists = match self.current() {
            Token::BadNumber | Token::Count => {
                self.report(What::BadNumber);
                true
            }
            Token::Int => text.len() < 19 || text.replace('_', "").parse::<u64>().is_ok_and(|value| value <= 1 << 63),
            Token::Duration => value::duration_ns(text).is_some(),
            Token::Size => value::size_bytes(text).is_some(),
            Token::Time => value::time(text).is_some(),
            Token::Date => value::date(text).is_some(),
            Token::Timestamp => value::timestamp_exists(text),
            _ => true,
        };
        if !exists {
            let (start, end) = self.range_at(self.position);
            self.problems.push(SyntaxProblem::new(What::NoSuchValue, start, end));
        }
        if self.at_word() {
            self.keyword()
        } else {
            self.bump()
        }
        self.finish();
    }

    /// `5 minutes`: reported, and set aside as a whole.
    fn spelled_unit(&mut self) {
        let ((start, _), (_, end)) = (self.range_at(self.position), self.range_at(self.position + 1));
        self.report_range(What::SpelledUnit, start, end);
        self.start(SyntaxKind::ERROR);
        self.bump();
        self.bump();
        self.finish();
    }

    /// `1M`, which is a number only after `per`.
    pub(super) fn count(&mut self) {
        self.start(SyntaxKind::LITERAL);
        self.bump();
        self.finish();
    }

    /// An operand with fields, calls and indices after it.
    pub(super) fn postfix(&mut self) {
        let start = self.checkpoint();
        if !self.primary() {
            return;
        }
        loop {
            match self.current() {
                Token::Dot => {
                    self.start_at(start, SyntaxKind::FIELD_EXPR);
                    self.bump();
                    if self.at_word() {
                        self.name(Case::Any, "a field or method");
                    } else {
                        self.unexpected("a field or method");
                    }
                }
                // Only on the same line: on the next one they begin something else.
                Token::LParen if !self.on_new_line() => {
                    self.start_at(start, SyntaxKind::CALL_EXPR);
                    self.arguments(Token::LParen, Token::RParen, "`,` or `)`");
                }
                // `Order { id: 1 }`, as other languages write it: no block begins like this.
                Token::LBrace if self.follows_type() && self.nth(1).is_word() && self.nth(2) == Token::Colon => {
                    self.unexpected("`(` before a record's fields, as in `Order(id: 1)`");
                    self.start_at(start, SyntaxKind::CALL_EXPR);
                    self.arguments(Token::LBrace, Token::RBrace, "`,` or `}`");
                }
                Token::LBracket if !self.on_new_line() => {
                    self.start_at(start, SyntaxKind::INDEX_EXPR);
                    let open = self.position;
                    self.bump();
                    self.expression();
                    self.close_after(open, Token::LBracket, Token::RBracket);
                }
                _ => return,
            }
            self.finish();
            if !self.check_height() {
                return;
            }
        }
    }

    /// Whether the token before, in the same line, is a name in the style of types.
    fn follows_type(&self) -> bool {
        let Some(before) = self.position.checked_sub(1) else { return false };
        let (start, end) = self.range_at(before);
        let text = self.source.get(start..end).unwrap_or_default();
        !self.on_new_line() && text.starts_with(|first: char| first.is_ascii_uppercase()) && has_case(text, Case::Camel)
    }

    /// Consumes the closing bracket after the one thing inside; what else is there is skipped.
    fn close_after(&mut self, open_position: usize, open: Token, close: Token) {
        if !self.at_list_end(close) && !self.at_statement_line() {
            self.unexpected(
                close.spelling().map_or("a bracket", |_| if close == Token::RParen { "`)`" } else { "`]`" }),
            );
            self.start(SyntaxKind::ERROR);
            while !self.at_list_end(close) && !self.on_new_line() {
                self.skip_group();
            }
            self.finish();
        }
        self.close(open_position, open, close);
    }

    fn arguments(&mut self, open: Token, close: Token, expected: &'static str) {
        self.start(SyntaxKind::ARG_LIST);
        self.list(open, close, expected, |parser| {
            if parser.at(Token::Dot2) {
                parser.start(SyntaxKind::SPREAD_ARG);
                parser.bump();
            } else {
                parser.start(SyntaxKind::ARG);
                if parser.at_word() && parser.nth(1) == Token::Colon {
                    parser.value_name("a parameter");
                    parser.bump();
                }
            }
            parser.expression();
            parser.finish();
        });
        self.finish();
    }

    /// An operand; false if there is none, which is reported.
    fn primary(&mut self) -> bool {
        match self.current() {
            Token::StringOpen | Token::RawOpen => self.string(),
            Token::LParen => self.parenthesised(),
            Token::LBracket => self.list_or_map(),
            Token::If => self.if_expression(),
            Token::Match => self.match_expression(),
            Token::For => self.for_expression(),
            Token::Check => self.check_expression(),
            Token::Run => self.run_expression(),
            Token::Csv | Token::Json | Token::Jsonl if self.nth(1) == Token::RawOpen => {
                self.start(SyntaxKind::DATA_EXPR);
                self.keyword();
                self.code_string();
                self.finish();
            }
            _ if self.at_literal() => self.literal(),
            Token::And | Token::Or | Token::Else | Token::Not => {
                self.unexpected("an expression");
                return false;
            }
            _ if self.operand_is_missing() => {
                self.unexpected("an expression");
                return false;
            }
            word if word.is_word() => {
                self.start(SyntaxKind::NAME_EXPR);
                self.name(Case::Any, "a name");
                self.finish();
            }
            Token::LBrace if self.at_bare_record() => {
                self.report(What::BareRecord);
                self.start(SyntaxKind::ERROR);
                self.skip_group();
                self.finish();
                return false;
            }
            Token::Bang => {
                self.unexpected("an expression");
                self.start(SyntaxKind::ERROR);
                self.bump();
                self.finish();
                return self.primary();
            }
            _ => {
                self.unexpected("an expression");
                return false;
            }
        }
        true
    }

    pub(super) fn parenthesised(&mut self) {
        self.start(SyntaxKind::PAREN_EXPR);
        let open = self.position;
        self.bump();
        self.expression();
        self.close_after(open, Token::LParen, Token::RParen);
        self.finish();
    }

    /// `[a, b]`, `["a": 1]`, `[:]`
    pub(super) fn list_or_map(&mut self) {
        let start = self.checkpoint();
        let mut map = false;
        let mut first = true;
        if self.nth(1) == Token::Colon && self.nth(2) == Token::RBracket {
            self.bump();
            self.bump();
            self.bump();
            map = true;
        } else {
            self.list(Token::LBracket, Token::RBracket, "`,` or `]`", |parser| {
                let entry = parser.checkpoint();
                parser.expression();
                if parser.at(Token::Colon) && (first || map) {
                    parser.start_at(entry, SyntaxKind::MAP_ENTRY);
                    parser.bump();
                    parser.expression();
                    parser.finish();
                    map = true;
                } else if map {
                    parser.unexpected("`:` and a value, as in the entries before");
                }
                first = false;
            });
        }
        self.start_at(start, if map { SyntaxKind::MAP_EXPR } else { SyntaxKind::LIST_EXPR });
        self.finish();
    }

    pub(super) fn if_expression(&mut self) {
        self.start(SyntaxKind::IF_EXPR);
        self.keyword();
        self.expression();
        let then = !self.at(Token::LBrace) && self.text_at(0) == "then";
        if then {
            self.report(What::Then);
            self.start(SyntaxKind::ERROR);
            self.bump();
            self.finish();
            self.branch_without_braces();
        } else {
            self.block_or_report();
        }
        if self.eat_keyword(Token::Else) {
            match self.current() {
                Token::LBrace => self.block(),
                Token::If => self.deeper(Self::if_expression),
                _ if then => self.branch_without_braces(),
                _ => {
                    self.unexpected("`{` or `if`");
                    if !self.on_new_line() {
                        self.branch_without_braces();
                    }
                }
            }
        }
        self.finish();
    }

    /// `then 1 else 2`: that the braces are missing has been reported; the value is understood.
    fn branch_without_braces(&mut self) {
        if self.at(Token::LBrace) {
            return self.block();
        }
        self.deeper(|parser| {
            parser.start(SyntaxKind::BLOCK);
            parser.expression();
            parser.finish();
        });
    }

    /// Whether the brace here holds names and values, as a record does in other languages.
    fn at_bare_record(&self) -> bool {
        let colon = if self.nth(1).is_word() { 2 } else { 4 };
        (self.nth(1).is_word() || self.nth(1) == Token::StringOpen) && self.nth(colon) == Token::Colon
    }

    pub(super) fn match_expression(&mut self) {
        self.start(SyntaxKind::MATCH_EXPR);
        self.keyword();
        self.expression();
        if self.at(Token::LBrace) {
            self.start(SyntaxKind::MATCH_ARM_LIST);
            self.match_arms();
            self.finish();
        } else {
            self.unexpected("`{` and arms");
        }
        self.finish();
    }

    /// Arms with commas between; after a block the comma is optional.
    fn match_arms(&mut self) {
        let open = self.position;
        self.bump();
        while !self.at_block_end() {
            let before = self.position;
            let ends_in_block = self.match_arm();
            if self.eat(Token::Comma) || self.at(Token::RBrace) {
                continue;
            }
            if !(ends_in_block && self.at_pattern()) {
                self.unexpected("`,` or `}`");
                if self.position == before || !(self.on_new_line() && self.at_pattern()) {
                    self.skip_in_list(Token::RBrace);
                    self.eat(Token::Comma);
                }
            }
            if self.position == before {
                self.skip_group();
            }
        }
        self.close(open, Token::LBrace, Token::RBrace);
    }

    /// `pattern if guard => value`; whether the value is a block.
    fn match_arm(&mut self) -> bool {
        self.start(SyntaxKind::MATCH_ARM);
        self.pattern();
        if self.eat_keyword(Token::If) {
            self.expression_before_arrow();
        }
        let mut block = false;
        if self.fat_arrow() {
            block = self.at(Token::LBrace);
            self.value_or_block();
        }
        self.finish();
        block
    }

    /// `for x in xs limit 50 parallel 8 { … }`
    pub(super) fn for_expression(&mut self) {
        self.start(SyntaxKind::FOR_EXPR);
        self.keyword();
        self.value_name("a name for the element");
        if self.expect_keyword(Token::In, "`in`") {
            self.expression();
        }
        if self.eat_keyword(Token::Limit) {
            self.expression();
        }
        if self.eat_keyword(Token::Parallel) {
            self.expression();
        }
        self.block_or_report();
        self.finish();
    }

    /// `check x { guard … }`
    pub(super) fn check_expression(&mut self) {
        self.start(SyntaxKind::CHECK_EXPR);
        self.keyword();
        self.expression();
        if self.at(Token::LBrace) {
            self.clauses(&[Token::Guard], "a check", |parser| {
                let known = parser.at(Token::Guard);
                if known {
                    parser.guard_clause();
                }
                known
            });
        } else {
            self.unexpected("`{` and guards");
        }
        self.finish();
    }

    fn run_expression(&mut self) {
        self.start(SyntaxKind::RUN_EXPR);
        self.keyword();
        self.deeper(Self::postfix);
        self.finish();
    }
}
