//! Datasets and their clauses.

use super::Parser;
use crate::kind::SyntaxKind;
use crate::lexer::Token;

pub(super) const CLAUSES: &[Token] = &[
    Token::At,
    Token::Fresh,
    Token::Arrives,
    Token::Expect,
    Token::Keep,
    Token::Partition,
    Token::Accepts,
    Token::Owner,
    Token::Tags,
    Token::Doc,
];

impl Parser<'_> {
    pub(super) fn dataset_declaration(&mut self) {
        self.start_declaration(SyntaxKind::DATASET_DECL);
        self.value_name("the dataset's name");
        if self.expect(Token::Colon, "`:` and the type of its content") || self.at_word() {
            self.type_expression();
        }
        if self.at_brace_or_inside("`{`", CLAUSES) {
            self.start(SyntaxKind::CLAUSE_BLOCK);
            self.clauses(CLAUSES, "a dataset", Self::dataset_clause);
            self.finish();
        }
        self.finish();
    }

    fn dataset_clause(&mut self) -> bool {
        match self.current() {
            Token::At => {
                self.start(SyntaxKind::AT_CLAUSE);
                self.keyword();
                self.location();
                self.finish();
            }
            Token::Fresh => self.fresh(),
            Token::Arrives => {
                self.start(SyntaxKind::ARRIVES_CLAUSE);
                self.keyword();
                if self.eat_keyword(Token::By) {
                    self.expect_keyword(Token::Hand, "`hand`, or `every` before the time");
                } else if !self.at(Token::Comma) && !self.at(Token::RBrace) && !self.at_any(CLAUSES) {
                    self.schedule();
                }
                self.finish();
            }
            Token::Expect => self.expect_clause(),
            Token::Keep => {
                self.start(SyntaxKind::KEEP_CLAUSE);
                self.keyword();
                self.expression();
                self.eat_keyword(Token::Versions);
                self.finish();
            }
            Token::Partition => {
                self.start(SyntaxKind::PARTITION_CLAUSE);
                self.keyword();
                self.value_name("the key's name");
                if self.expect(Token::Colon, "`:` and a type") {
                    self.type_expression();
                }
                self.finish();
            }
            Token::Accepts => self.accepts(),
            Token::Owner | Token::Tags | Token::Doc => self.for_people(),
            _ => return false,
        }
        true
    }

    /// `fresh within 25h by placed_at`
    fn fresh(&mut self) {
        self.start(SyntaxKind::FRESH_CLAUSE);
        self.keyword();
        self.expect_keyword(Token::Within, "`within` and a time, such as `within 24h`");
        self.expression();
        if self.eat_keyword(Token::By) && !self.eat_keyword(Token::Modified) {
            self.value_name("a column, or `modified`");
        }
        self.finish();
    }

    /// `expect rule for 99.9% else warn`, in datasets and tests.
    pub(super) fn expect_clause(&mut self) {
        self.start(SyntaxKind::EXPECT_CLAUSE);
        self.keyword();
        self.expression();
        // In a test, `for x in xs` may be the next statement.
        let is_statement = self.nth(1).is_word() && self.nth(2) == Token::In;
        if !is_statement && self.eat_keyword(Token::For) {
            self.expression();
        }
        if self.at(Token::Else) {
            self.action(&[Token::Warn, Token::Fail], "`warn` or `fail`");
        }
        self.finish();
    }

    /// `csv("data.csv")`; `csv "data.csv"` is reported and set aside as a whole.
    fn location(&mut self) {
        let text_follows = matches!(self.nth(1), Token::StringOpen | Token::RawOpen) && !self.next_on_new_line();
        if !(self.at_word() && text_follows) {
            return self.expression();
        }
        self.start(SyntaxKind::ERROR);
        self.bump();
        self.unexpected("`(` and the path in quotes");
        self.string();
        self.finish();
    }
}
