//! Steps: the block with body and clauses, retry terms, guards and their actions.

use super::Parser;
use super::body::BODIES;
use super::counts::Seen;
use crate::kind::SyntaxKind;
use crate::lexer::Token;
use crate::problem::Case;

pub(super) const CLAUSES: &[Token] = &[
    Token::Timeout,
    Token::Retry,
    Token::Idempotent,
    Token::Effect,
    Token::Guard,
    Token::Budget,
    Token::Fallback,
    Token::Cache,
    Token::Pool,
    Token::Needs,
    Token::After,
    Token::Owner,
    Token::Tags,
    Token::Doc,
    Token::Sql,
    Token::Sh,
    Token::Python,
    Token::Http,
    Token::Ai,
    Token::Container,
    Token::Ssh,
    Token::Ask,
    Token::Outside,
];

const RETRY_TERMS: &[Token] = &[Token::Up, Token::On, Token::Backoff, Token::Within];

impl Parser<'_> {
    pub(super) fn step_declaration(&mut self) {
        self.start_declaration(SyntaxKind::STEP_DECL);
        self.value_name("the step's name");
        self.parameters();
        self.return_type();
        if self.at_brace_or_inside("`{`", CLAUSES) {
            self.step_block();
        }
        self.finish();
    }

    /// Exactly one body and any clauses, in any order.
    pub(super) fn step_block(&mut self) {
        self.start(SyntaxKind::STEP_BLOCK);
        let brace = self.position;
        let problems_before = self.problems.len();
        let mut seen = Seen::default();
        self.clauses(CLAUSES, "a step", |parser| {
            if parser.at_any(BODIES) {
                parser.note_body(&mut seen, parser.position);
                parser.body();
                return true;
            }
            parser.step_clause()
        });
        self.require_body(&seen, brace, problems_before);
        self.finish();
    }

    fn step_clause(&mut self) -> bool {
        match self.current() {
            Token::Timeout => self.simple(SyntaxKind::TIMEOUT_CLAUSE),
            Token::Fallback => self.simple(SyntaxKind::FALLBACK_CLAUSE),
            Token::Retry => self.retry_clause(),
            Token::Idempotent => {
                self.start(SyntaxKind::IDEMPOTENT_CLAUSE);
                self.keyword();
                if self.eat_keyword(Token::By) {
                    self.expression();
                }
                self.finish();
            }
            Token::Effect => {
                self.start(SyntaxKind::EFFECT_CLAUSE);
                self.keyword();
                let effects = &[Token::None, Token::Read, Token::Write, Token::Irreversible];
                self.expect_keyword_of(effects, "`none`, `read`, `write` or `irreversible`");
                self.finish();
            }
            Token::Guard => self.guard_clause(),
            Token::Budget => self.budget(),
            Token::Cache => self.cache(),
            Token::Pool => {
                self.start(SyntaxKind::POOL_CLAUSE);
                self.keyword();
                self.path(Case::Snake);
                self.finish();
            }
            Token::Needs => self.needs(),
            Token::After => self.after(),
            Token::Owner | Token::Tags | Token::Doc => self.for_people(),
            _ => return false,
        }
        true
    }

    /// A word and an expression.
    pub(super) fn simple(&mut self, kind: SyntaxKind) {
        self.start(kind);
        self.keyword();
        self.expression();
        self.finish();
    }

    fn retry_clause(&mut self) {
        self.start(SyntaxKind::RETRY_CLAUSE);
        self.keyword();
        if self.at(Token::LBrace) {
            self.retry_block();
        } else if self.at_word() {
            self.path(Case::Snake);
        } else {
            self.unexpected("a retry policy's name, or its terms, as in `{ up to 3 times, on timeout }`");
        }
        self.finish();
    }

    /// `{ up to 4 times, on timeout, backoff 1s..60s, within 10m }`
    pub(super) fn retry_block(&mut self) {
        if !self.at(Token::LBrace) {
            self.unexpected("`{`");
            return;
        }
        self.start(SyntaxKind::RETRY_BLOCK);
        self.clauses(RETRY_TERMS, "a retry policy", |parser| {
            match parser.current() {
                Token::Up => {
                    parser.start(SyntaxKind::UP_TO_CLAUSE);
                    parser.keyword();
                    parser.expect_keyword(Token::To, "`to`, as in `up to 4 times`");
                    parser.expression();
                    parser.expect_keyword(Token::Times, "`times`");
                    parser.finish();
                }
                Token::On => parser.error_classes(),
                Token::Backoff => parser.simple(SyntaxKind::BACKOFF_CLAUSE),
                Token::Within => parser.simple(SyntaxKind::WITHIN_CLAUSE),
                _ => return false,
            }
            true
        });
        self.finish();
    }

    /// `on timeout, exit(2)`; a comma before the next term ends the list.
    fn error_classes(&mut self) {
        self.start(SyntaxKind::ON_CLAUSE);
        self.keyword();
        loop {
            self.start(SyntaxKind::ERROR_CLASS);
            if self.value_name("an error class, such as `timeout` or `rate_limited`") && self.at(Token::LParen) {
                self.bump();
                if self.at(Token::Int) {
                    self.literal();
                } else {
                    self.unexpected("an exit status");
                }
                self.expect(Token::RParen, "`)`");
            }
            self.finish();
            let next = self.nth(1);
            if !self.at(Token::Comma) || !next.is_word() || RETRY_TERMS.contains(&next) {
                break;
            }
            self.bump();
        }
        self.finish();
    }

    pub(super) fn guard_clause(&mut self) {
        self.start(SyntaxKind::GUARD_CLAUSE);
        self.keyword();
        self.expression();
        let actions = &[Token::Retry, Token::Fail, Token::Warn, Token::Fallback, Token::Ask];
        self.action(actions, "`retry`, `fail`, `warn`, `fallback` or `ask`");
        self.finish();
    }

    /// `else` and what happens then.
    pub(super) fn action(&mut self, allowed: &[Token], expected: &'static str) {
        self.start(SyntaxKind::ACTION);
        let forgotten = allowed.contains(&self.current()) && !self.on_new_line();
        if self.expect_keyword(Token::Else, "`else` and what happens then") || forgotten {
            let word = self.current();
            if allowed.contains(&word) {
                self.keyword();
                self.action_rest(word);
            } else {
                self.unexpected(expected);
                self.skip_wrong_word();
            }
        }
        self.finish();
    }

    fn action_rest(&mut self, word: Token) {
        match word {
            Token::Retry | Token::Fail | Token::Warn => {
                self.optional_string();
            }
            Token::Fallback => self.expression(),
            Token::Ask => {
                self.expect_string("who is asked, in quotes");
                self.optional_string();
                if self.eat_keyword(Token::Within) {
                    self.expression();
                }
            }
            Token::Wait => {
                self.expect_keyword(Token::Up, "`up to` and a time");
                self.expect_keyword(Token::To, "`to` and a time");
                self.expression();
            }
            _ => {}
        }
    }

    /// `budget 3 asks, 12_000 tokens, $0.02`
    pub(super) fn budget(&mut self) {
        self.start(SyntaxKind::BUDGET_CLAUSE);
        self.keyword();
        loop {
            self.start(SyntaxKind::BUDGET_ITEM);
            if self.at_budget_amount() {
                if self.at(Token::LParen) {
                    self.parenthesised()
                } else {
                    self.literal()
                }
                if self.at(Token::Asks) || self.at(Token::Tokens) {
                    self.keyword();
                }
                if self.eat_keyword(Token::Per) {
                    self.expression();
                }
            } else {
                self.unexpected("a cap, such as `3 asks`, `10_000 tokens` or `$0.05`");
            }
            self.finish();
            let next_is_amount = matches!(self.nth(1), Token::Int | Token::Money | Token::LParen);
            if !self.at(Token::Comma) || !next_is_amount {
                break;
            }
            self.bump();
        }
        self.finish();
    }

    fn at_budget_amount(&self) -> bool {
        matches!(self.current(), Token::Int | Token::Money | Token::LParen)
    }

    fn cache(&mut self) {
        self.start(SyntaxKind::CACHE_CLAUSE);
        self.keyword();
        if self.eat_keyword(Token::For) {
            self.expression();
        } else {
            self.eat_keyword(Token::Never);
        }
        self.finish();
    }

    /// `needs cpu 2, memory 4GiB`; a comma before the next clause ends the list.
    fn needs(&mut self) {
        self.start(SyntaxKind::NEEDS_CLAUSE);
        self.keyword();
        loop {
            self.start(SyntaxKind::NEEDS_ITEM);
            if self.value_name("a resource, such as `cpu` or `memory`") {
                self.expression();
            }
            self.finish();
            let next = self.nth(1);
            if !self.at(Token::Comma) || !next.is_word() || CLAUSES.contains(&next) {
                break;
            }
            self.bump();
        }
        self.finish();
    }

    /// `after x, y`; a comma before the next clause ends the list.
    fn after(&mut self) {
        self.start(SyntaxKind::AFTER_CLAUSE);
        self.keyword();
        loop {
            if self.at_word() {
                self.path(Case::Snake);
            } else {
                self.unexpected("the name of a step or value");
            }
            let next = self.nth(1);
            if !self.at(Token::Comma) || !next.is_word() || CLAUSES.contains(&next) {
                break;
            }
            self.bump();
        }
        self.finish();
    }
}
