//! Flows: blocks and statements.

use super::Parser;
use super::counts::Seen;
use crate::kind::SyntaxKind;
use crate::lexer::Token;
use crate::problem::{SyntaxProblem, What};

/// The words that begin statements.
pub(super) const STATEMENTS: &[Token] = &[
    Token::Start,
    Token::Finish,
    Token::Overlap,
    Token::Catch,
    Token::Require,
    Token::Let,
    Token::Write,
    Token::Do,
    Token::If,
    Token::Match,
    Token::For,
    Token::Check,
    Token::Wait,
    Token::Return,
    Token::On,
    Token::Given,
    Token::Expect,
    Token::Budget,
    Token::Owner,
    Token::Tags,
    Token::Doc,
];

impl Parser<'_> {
    pub(super) fn flow_declaration(&mut self) {
        self.start_declaration(SyntaxKind::FLOW_DECL);
        self.value_name("the flow's name");
        if self.at(Token::LParen) {
            self.parameters();
        }
        self.return_type();
        self.block_or_report();
        self.finish();
    }

    /// Statements in braces, then perhaps the block's value. The current token is `{`.
    pub(super) fn block(&mut self) {
        self.deeper(|parser| {
            parser.start(SyntaxKind::BLOCK);
            let open = parser.position;
            let mut seen = Seen::default();
            parser.eat(Token::LBrace);
            while !parser.at_block_end() {
                let before = parser.position;
                if parser.statement() {
                    parser.note_statement(&mut seen, before);
                    parser.skip_line_after_report();
                } else {
                    parser.value_of_block();
                }
            }
            parser.close(open, Token::LBrace, Token::RBrace);
            parser.finish();
        });
    }

    /// A statement, if one of their words is here.
    fn statement(&mut self) -> bool {
        match self.current() {
            Token::Start => self.start_statement(),
            Token::Finish => self.finish_statement(),
            Token::Overlap => {
                self.start(SyntaxKind::OVERLAP_STMT);
                self.keyword();
                let modes = &[Token::Skip, Token::Queue, Token::Allow, Token::Replace];
                self.expect_keyword_of(modes, "`skip`, `queue`, `allow` or `replace`");
                self.finish();
            }
            Token::Catch => {
                self.start(SyntaxKind::CATCH_UP_STMT);
                self.keyword();
                if self.expect_keyword(Token::Up, "`up`, as in `catch up last`") {
                    self.expect_keyword_of(&[Token::None, Token::Last, Token::All], "`none`, `last` or `all`");
                }
                self.finish();
            }
            Token::Require => self.require(),
            Token::Let => self.let_statement(),
            Token::Write => {
                self.start(SyntaxKind::WRITE_STMT);
                self.keyword();
                self.postfix();
                if self.expect(Token::Eq, "`=` and what is written") || self.value_follows() {
                    self.expression();
                }
                self.finish();
            }
            Token::Do => {
                self.start(SyntaxKind::DO_STMT);
                self.keyword();
                self.expression();
                self.recovery();
                self.finish();
            }
            Token::If => self.if_expression(),
            Token::Match => self.match_expression(),
            Token::For => self.for_expression(),
            Token::Check => self.check_expression(),
            Token::Wait => {
                self.start(SyntaxKind::WAIT_STMT);
                self.keyword();
                self.expect_keyword(Token::For, "`for` and a time, as in `wait for 5m`");
                self.expression();
                self.finish();
            }
            Token::Return => {
                self.start(SyntaxKind::RETURN_STMT);
                self.keyword();
                if !self.at_block_end() {
                    self.expression();
                }
                self.finish();
            }
            Token::On => {
                self.start(SyntaxKind::ON_STMT);
                self.keyword();
                let events = &[Token::Failure, Token::Late, Token::Stale];
                self.expect_keyword_of(events, "`failure`, `late` or `stale`");
                self.block_or_report();
                self.finish();
            }
            Token::Given => self.given(),
            Token::Expect => self.expect_clause(),
            Token::Budget => self.budget(),
            Token::Owner | Token::Tags | Token::Doc => self.for_people(),
            _ => return false,
        }
        true
    }

    /// The expression at a block's end; what follows it, or stands there instead, is reported.
    fn value_of_block(&mut self) {
        if self.skip_semicolons() {
            return;
        }
        if self.at_word() && self.nth(1) == Token::Eq {
            return self.let_without_word();
        }
        let next_begins_value = self.nth(1).is_word() && !matches!(self.nth(1), Token::And | Token::Or);
        if self.at_word()
            && next_begins_value
            && !self.next_on_new_line()
            && self.current() != Token::Run
            && self.current() != Token::Not
        {
            self.report(What::UnknownClause { owner: "a block", known: STATEMENTS });
            if let Some(meant) = self.meant(STATEMENTS) {
                return self.read_as(meant);
            }
            self.skip_to_clause(STATEMENTS);
            return;
        }
        let before = self.position;
        let (start, _) = self.range_at(before);
        let checkpoint = self.checkpoint();
        self.expression();
        if self.position == before {
            self.unexpected("a statement or `}`");
            self.skip_to_clause(STATEMENTS);
        } else if !self.at_block_end() {
            if self.on_new_line() {
                let (_, end) = self.range_at(self.position - 1);
                if self.last_report != self.position {
                    self.problems.push(SyntaxProblem::new(What::Unused, start, end));
                }
                // Set aside: nothing more is to be said about it.
                self.start_at(checkpoint, SyntaxKind::ERROR);
                self.finish();
            } else {
                self.unexpected("a statement or `}`");
                self.skip_to_clause(STATEMENTS);
            }
        }
    }

    fn start_statement(&mut self) {
        self.start(SyntaxKind::START_STMT);
        self.keyword();
        self.schedule();
        if self.eat_keyword(Token::With) {
            loop {
                self.start(SyntaxKind::BINDING);
                if self.value_name("a parameter of the flow") && self.expect(Token::Eq, "`=` and a value") {
                    self.expression();
                }
                self.finish();
                let another = self.at(Token::Comma) && self.nth(1).is_word() && self.nth(2) == Token::Eq;
                if !another {
                    break;
                }
                self.bump();
            }
        }
        self.finish();
    }

    /// `finish by 07:00`, `finish within 45m`
    fn finish_statement(&mut self) {
        self.start(SyntaxKind::FINISH_STMT);
        self.keyword();
        if self.eat_keyword(Token::By) {
            self.expression();
            self.zone();
        } else if self.expect_keyword(Token::Within, "`by` and a time of day, or `within` and a duration")
            || self.at_literal()
        {
            self.expression();
        }
        self.finish();
    }

    /// `require x fresh within D else …`, `require cond else …`
    fn require(&mut self) {
        self.start(SyntaxKind::REQUIRE_STMT);
        self.keyword();
        self.expression();
        if self.eat_keyword(Token::Fresh) {
            self.expect_keyword(Token::Within, "`within` and a time");
            self.expression();
        }
        let actions = &[Token::Fail, Token::Warn, Token::Skip, Token::Refresh, Token::Wait];
        self.action(actions, "`fail`, `warn`, `skip`, `refresh` or `wait up to`");
        self.finish();
    }

    /// `let x: T = value else other`
    fn let_statement(&mut self) {
        self.start(SyntaxKind::LET_STMT);
        self.keyword();
        self.value_name("a name");
        if self.eat(Token::Colon) {
            self.type_expression();
        }
        if self.expect(Token::Eq, "`=` and a value") || self.value_follows() {
            self.expression();
        }
        self.recovery();
        self.finish();
    }

    /// `x = value`: reported, and read as a `let`.
    fn let_without_word(&mut self) {
        self.report(What::NoLet);
        self.start(SyntaxKind::LET_STMT);
        self.value_name("a name");
        self.bump();
        self.expression();
        self.recovery();
        self.finish();
    }

    /// Whether `=` was forgotten, or written as another sign, but the value is there.
    fn value_follows(&mut self) -> bool {
        if matches!(self.current(), Token::Eq2 | Token::Colon | Token::FatArrow) {
            let colon = self.at(Token::Colon);
            self.start(SyntaxKind::ERROR);
            self.bump();
            if colon {
                self.eat(Token::Eq);
            }
            self.finish();
        }
        let begins = self.at_word() || self.at_literal() || self.at_string() || self.at(Token::LBracket);
        !self.on_new_line() && begins
    }

    /// `else` and another value, or a block.
    fn recovery(&mut self) {
        if self.eat_keyword(Token::Else) {
            self.value_or_block();
        }
    }

    fn given(&mut self) {
        self.start(SyntaxKind::GIVEN_STMT);
        self.keyword();
        self.value_name("what is given: a dataset, a step, a `var` or `now`");
        if self.expect(Token::Eq, "`=` and a value") || self.value_follows() {
            self.expression();
        }
        self.finish();
    }
}

impl Token {
    /// Whether it begins a clause or statement and is not likely to begin a value: so not `if` or `for`.
    pub(super) fn begins_clause(self) -> bool {
        let begins_value = matches!(self, Self::If | Self::Match | Self::For | Self::Check);
        let begins_statement = STATEMENTS.contains(&self) && !begins_value;
        begins_statement || super::step::CLAUSES.contains(&self) || super::dataset::CLAUSES.contains(&self)
    }
}
