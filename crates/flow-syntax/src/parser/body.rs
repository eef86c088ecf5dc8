//! The bodies of steps, one function per kind.

use super::Parser;
use crate::kind::SyntaxKind;
use crate::lexer::Token;
use crate::problem::Case;

/// The words that begin bodies.
pub(super) const BODIES: &[Token] = &[
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

impl Parser<'_> {
    pub(super) fn body(&mut self) {
        match self.current() {
            Token::Sql => self.sql(),
            Token::Sh => self.code_body(SyntaxKind::SH_BODY),
            Token::Python => self.code_body(SyntaxKind::PYTHON_BODY),
            Token::Http => self.http(),
            Token::Ai => self.ai(),
            Token::Container => {
                self.start(SyntaxKind::CONTAINER_BODY);
                self.keyword();
                self.expect_string("an image in quotes");
                self.code();
                self.finish();
            }
            Token::Ssh => {
                self.start(SyntaxKind::SSH_BODY);
                self.keyword();
                self.connection();
                self.code();
                self.finish();
            }
            Token::Ask => self.ask(),
            _ => {
                self.start(SyntaxKind::OUTSIDE_BODY);
                self.keyword();
                self.expect_string("the tool in quotes");
                self.expect_string("the tool's name for the job in quotes");
                self.finish();
            }
        }
    }

    /// `sql """…"""`, `sql on conn """…"""`
    fn sql(&mut self) {
        self.start(SyntaxKind::SQL_BODY);
        self.keyword();
        if self.eat_keyword(Token::On) {
            self.connection();
        }
        self.code();
        self.finish();
    }

    fn code_body(&mut self, kind: SyntaxKind) {
        self.start(kind);
        self.keyword();
        self.code();
        self.finish();
    }

    fn connection(&mut self) {
        if self.at_word() {
            self.path(Case::Snake);
        } else {
            self.unexpected("a connection's name");
        }
    }

    /// Code in quotes, or `file("path")`.
    fn code(&mut self) {
        if self.at(Token::RawOpen) {
            self.code_string();
        } else if self.at(Token::File) && self.nth(1) == Token::LParen {
            self.start(SyntaxKind::CODE_FILE);
            self.keyword();
            self.bump();
            self.expect_string("a path in quotes");
            self.expect(Token::RParen, "`)`");
            self.finish();
        } else {
            self.unexpected("code between `\"\"\"`, or `file(\"path\")`");
        }
    }

    /// `http GET "url" { … }`, `http on conn GET "/path"`
    fn http(&mut self) {
        self.start(SyntaxKind::HTTP_BODY);
        self.keyword();
        if self.eat_keyword(Token::On) {
            self.connection();
        }
        self.type_name("a method, such as `GET` or `POST`");
        self.expect_string("a URL in quotes");
        if self.at(Token::LBrace) {
            self.settings_block("a request");
        }
        self.finish();
    }

    /// `ai model { … }`, `ai [first, backup] { … }`
    fn ai(&mut self) {
        self.start(SyntaxKind::AI_BODY);
        self.keyword();
        if self.at(Token::LBracket) {
            self.list_or_map();
        } else if self.at_word() {
            self.expression();
        } else {
            self.unexpected("a model's name, or several in `[` `]`");
        }
        self.settings_block("a model call");
        self.finish();
    }

    /// `ask "who" "message"`
    fn ask(&mut self) {
        self.start(SyntaxKind::ASK_BODY);
        self.keyword();
        if self.at_word() {
            self.expression();
        } else {
            self.expect_string("who is asked");
        }
        self.expect_string("what is said, in quotes");
        self.finish();
    }
}
