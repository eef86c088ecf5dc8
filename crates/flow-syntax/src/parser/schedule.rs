//! When flows start and data arrives.

use super::Parser;
use crate::kind::SyntaxKind;
use crate::lexer::Token;
use crate::problem::Case;

const DAYS: &[Token] = &[
    Token::Day,
    Token::Weekday,
    Token::Weekend,
    Token::Monday,
    Token::Tuesday,
    Token::Wednesday,
    Token::Thursday,
    Token::Friday,
    Token::Saturday,
    Token::Sunday,
];

impl Parser<'_> {
    pub(super) fn schedule(&mut self) {
        match self.current() {
            Token::Every => {
                let start = self.checkpoint();
                self.keyword();
                if self.at_any(DAYS) {
                    self.start_at(start, SyntaxKind::CALENDAR_SCHEDULE);
                    self.calendar();
                } else {
                    self.start_at(start, SyntaxKind::EVERY_SCHEDULE);
                    self.expression();
                }
                self.finish();
            }
            Token::Cron => {
                self.start(SyntaxKind::CRON_SCHEDULE);
                self.keyword();
                self.expect_string("a cron expression in quotes");
                self.zone();
                self.finish();
            }
            Token::When => {
                self.start(SyntaxKind::WHEN_SCHEDULE);
                self.keyword();
                loop {
                    if self.at_word() {
                        self.path(Case::Snake);
                    } else {
                        self.unexpected("a dataset's name");
                    }
                    if !self.eat(Token::Comma) {
                        break;
                    }
                }
                self.expect_keyword(Token::Updates, "`updates`");
                self.finish();
            }
            Token::On => {
                self.start(SyntaxKind::WEBHOOK_SCHEDULE);
                self.keyword();
                self.expect_keyword(Token::Webhook, "`webhook`");
                self.expect_string("a path in quotes");
                self.finish();
            }
            _ => {
                self.unexpected("`every`, as in `every day at 06:00`, `cron`, `when` or `on webhook`");
                self.skip_wrong_word();
            }
        }
    }

    /// Days, times of day and a zone.
    fn calendar(&mut self) {
        self.keyword();
        while self.at(Token::Comma) && DAYS.contains(&self.nth(1)) {
            self.bump();
            self.keyword();
        }
        if self.at(Token::At) || self.at(Token::By) {
            self.keyword();
            self.expression();
            while self.at(Token::Comma) && self.nth(1) == Token::Time {
                self.bump();
                self.expression();
            }
        } else {
            self.unexpected("`at` or `by` and a time, such as `at 06:00`");
            if self.at(Token::Time) {
                self.expression();
            }
        }
        self.zone();
    }

    /// `in "Zone"`
    pub(super) fn zone(&mut self) {
        if self.eat_keyword(Token::In) {
            self.expression();
        }
    }
}
