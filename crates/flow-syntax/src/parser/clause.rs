//! Blocks of clauses, and the clauses that several declarations share.

use super::Parser;
use super::counts::Seen;
use super::recover::DECLARATIONS;
use crate::kind::SyntaxKind;
use crate::lexer::Token;
use crate::problem::What;

/// The words that begin clauses of connections, models, pools, HTTP and AI bodies and that the grammar
/// knows. Any other word begins a setting there.
pub(super) const SETTINGS: &[Token] = &[
    Token::Price,
    Token::Limit,
    Token::Accepts,
    Token::Header,
    Token::Query,
    Token::Form,
    Token::Owner,
    Token::Tags,
    Token::Doc,
];

impl Parser<'_> {
    /// Clauses in braces, with optional commas. `{` was seen, or was reported as
    /// missing before the first clause. `clause` parses one and says
    /// whether it knew its word.
    pub(super) fn clauses(
        &mut self,
        known: &'static [Token],
        owner: &'static str,
        mut clause: impl FnMut(&mut Self) -> bool,
    ) {
        let open = self.position;
        let mut seen = Seen::default();
        self.eat(Token::LBrace);
        while !self.at_block_end_but(known) {
            let before = self.position;
            if clause(self) {
                debug_assert!(self.position > before, "a clause consumes its word");
                self.note_clause(&mut seen, before);
                self.skip_line_after_report();
                self.eat(Token::Comma);
                continue;
            }
            if self.at_word() {
                self.report(What::UnknownClause { owner, known });
                if let Some(meant) = self.meant(known) {
                    self.read_as(meant);
                    continue;
                }
            } else if self.skip_semicolons() {
                continue;
            } else {
                self.unexpected("a clause or `}`");
            }
            self.skip_to_clause(known);
        }
        self.close(open, Token::LBrace, Token::RBrace);
    }

    /// The block's end; but where a word begins clauses as well as declarations, it is taken for a clause.
    fn at_block_end_but(&self, known: &[Token]) -> bool {
        self.at_block_end() && !self.at_any(known)
    }

    /// One clause of a connection, model, pool, HTTP or AI body.
    pub(super) fn setting(&mut self) -> bool {
        match self.current() {
            Token::Price if !self.is_plain_setting() || self.is_unnamed_price() => self.price(),
            Token::Limit => self.limit(),
            Token::Accepts => self.accepts(),
            Token::Header | Token::Query | Token::Form if self.at_entry() => self.entry(),
            Token::Owner | Token::Tags | Token::Doc => self.for_people(),
            word if word.is_word() && !(DECLARATIONS.contains(&word) && self.nth(1).is_word()) => {
                self.start(SyntaxKind::SETTING);
                self.keyword();
                self.expression();
                self.finish();
            }
            _ => return false,
        }
        true
    }

    fn is_plain_setting(&self) -> bool {
        !self.nth(1).is_word()
    }

    /// `price $0.25 in, $2.00 out`, `price $0.25 per 1M tokens`: the word for what is priced stands behind, or is missing.
    fn is_unnamed_price(&self) -> bool {
        self.nth(1) == Token::Money
            && self.nth(2).is_word()
            && matches!(self.nth(3), Token::Comma | Token::RBrace | Token::Count)
    }

    /// `header "Name": …`, `query name: …`
    fn at_entry(&self) -> bool {
        self.nth(1) == Token::StringOpen || (self.nth(1).is_word() && self.nth(2) == Token::Colon)
    }

    fn entry(&mut self) {
        self.start(SyntaxKind::ENTRY);
        self.keyword();
        if self.at(Token::StringOpen) {
            self.string();
        } else {
            self.value_name("a name");
        }
        if self.expect(Token::Colon, "`:` and a value") {
            self.expression();
        }
        self.finish();
    }

    /// `price input $0.25, output $2.00 per 1M tokens`
    fn price(&mut self) {
        self.start(SyntaxKind::PRICE_CLAUSE);
        self.keyword();
        loop {
            self.start(SyntaxKind::PRICE_ITEM);
            if self.at_word() {
                self.keyword();
            } else {
                self.unexpected("`input` or `output`, as in `price input …, output … per 1M tokens`");
                if self.at(Token::Money) {
                    self.skip_line_after_report();
                    self.finish();
                    break;
                }
            }
            self.expression();
            self.finish();
            if !self.eat(Token::Comma) {
                break;
            }
        }
        if self.expect_keyword(Token::Per, "`per` and a number of tokens, such as `per 1M tokens`") {
            if self.at(Token::Count) || self.at(Token::Int) {
                self.count();
            } else {
                self.unexpected("a number of tokens, such as `1M`");
            }
            self.expect_keyword(Token::Tokens, "`tokens`");
        }
        self.finish();
    }

    /// `limit 60 per 1m`
    fn limit(&mut self) {
        self.start(SyntaxKind::LIMIT_CLAUSE);
        self.keyword();
        self.expression();
        if self.eat_keyword(Token::Per) {
            self.expression();
        }
        self.finish();
    }

    /// `accepts @pii, @health`
    pub(super) fn accepts(&mut self) {
        self.start(SyntaxKind::ACCEPTS_CLAUSE);
        self.keyword();
        if self.at(Token::AtSign) {
            self.label_reference();
        } else {
            self.unexpected("a label, such as `@pii`");
            self.skip_wrong_word();
        }
        while self.at(Token::Comma) && self.nth(1) == Token::AtSign {
            self.bump();
            self.label_reference();
        }
        self.finish();
    }

    /// `owner`, `tags`, `doc`
    pub(super) fn for_people(&mut self) {
        match self.current() {
            Token::Owner => {
                self.start(SyntaxKind::OWNER_CLAUSE);
                self.keyword();
                self.expression();
            }
            Token::Doc => {
                self.start(SyntaxKind::DOC_CLAUSE);
                self.keyword();
                self.expect_string("the text");
            }
            _ => {
                self.start(SyntaxKind::TAGS_CLAUSE);
                self.keyword();
                self.expect_string("a tag in quotes");
                while self.at(Token::Comma) && matches!(self.nth(1), Token::StringOpen | Token::RawOpen) {
                    self.bump();
                    self.string();
                }
            }
        }
        self.finish();
    }
}
