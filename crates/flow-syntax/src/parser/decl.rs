//! The module and its declarations. Datasets, steps and flows have files of their own.

use super::Parser;
use super::clause::SETTINGS;
use super::flow::STATEMENTS;
use super::recover::DECLARATIONS;
use crate::kind::SyntaxKind;
use crate::lexer::Token;
use crate::problem::{Case, What};

impl Parser<'_> {
    pub(super) fn module(&mut self) {
        self.tree.start(SyntaxKind::MODULE);
        while !self.at_end() {
            if self.at_any(DECLARATIONS) {
                self.declaration();
            } else {
                self.not_a_declaration();
            }
        }
        self.flush();
        self.finish();
    }

    /// Reports what cannot stand at the top of a file, and skips to the next declaration.
    fn not_a_declaration(&mut self) {
        if self.at_word() && self.nth(1).is_word() {
            self.report(What::UnknownClause { owner: "a file", known: DECLARATIONS });
            if let Some(meant) = self.meant(DECLARATIONS) {
                return self.read_as(meant);
            }
        } else if self.skip_semicolons() {
            return;
        } else {
            self.unexpected("a declaration, such as `type`, `dataset`, `step` or `flow`");
        }
        self.start(SyntaxKind::ERROR);
        loop {
            self.skip_group();
            let next_begins = self.at_any(DECLARATIONS) && self.on_new_line();
            if self.at_end() || next_begins {
                break;
            }
        }
        self.finish();
    }

    fn declaration(&mut self) {
        match self.current() {
            Token::Use => self.use_declaration(),
            Token::Label => self.label_declaration(),
            Token::Type => self.type_declaration(),
            Token::Const => self.value_declaration(SyntaxKind::CONST_DECL),
            Token::Var => self.value_declaration(SyntaxKind::VAR_DECL),
            Token::Secret => self.secret_declaration(),
            Token::Connection => self.settings_declaration(SyntaxKind::CONNECTION_DECL, "a connection"),
            Token::Model => self.settings_declaration(SyntaxKind::MODEL_DECL, "a model"),
            Token::Pool => self.settings_declaration(SyntaxKind::POOL_DECL, "a pool"),
            Token::Dataset => self.dataset_declaration(),
            Token::Retry => self.retry_declaration(),
            Token::Guard => self.guard_declaration(),
            Token::Fn => self.fn_declaration(),
            Token::Step => self.step_declaration(),
            Token::Flow => self.flow_declaration(),
            Token::Policy => self.policy_declaration(),
            _ => self.test_declaration(),
        }
    }

    /// Opens a declaration and consumes its word.
    pub(super) fn start_declaration(&mut self, kind: SyntaxKind) {
        self.start_documented(kind);
        self.keyword();
    }

    fn use_declaration(&mut self) {
        self.start_declaration(SyntaxKind::USE_DECL);
        if self.at_word() && !self.at_declaration() {
            self.path(Case::Any);
            if self.at(Token::Dot) && self.nth(1) == Token::LBrace {
                self.bump();
                self.start(SyntaxKind::USE_GROUP);
                self.list(Token::LBrace, Token::RBrace, "`,` or `}`", Self::use_item);
                self.finish();
            } else if self.eat_keyword(Token::As) {
                self.name(Case::Any, "the name that it has here");
            }
        } else {
            self.unexpected("a module, such as `std.retry`");
        }
        self.finish();
    }

    fn use_item(&mut self) {
        self.start(SyntaxKind::USE_ITEM);
        self.name(Case::Any, "a name that the module declares");
        if self.eat_keyword(Token::As) {
            self.name(Case::Any, "the name that it has here");
        }
        self.finish();
    }

    fn label_declaration(&mut self) {
        self.start_declaration(SyntaxKind::LABEL_DECL);
        self.value_name("the label's name");
        if self.at_string() {
            self.string();
        }
        self.finish();
    }

    fn type_declaration(&mut self) {
        self.start_declaration(SyntaxKind::TYPE_DECL);
        self.type_name("the type's name");
        if self.at(Token::LBrace) {
            self.start(SyntaxKind::RECORD_BODY);
            self.fields_in_braces();
            self.finish();
        } else if self.at(Token::Eq) {
            let starts_enum = match self.nth(1) {
                Token::Pipe => true,
                word => word.is_word() && word != Token::Fn && matches!(self.nth(2), Token::Pipe | Token::LParen),
            };
            if starts_enum {
                self.enum_body();
            } else {
                self.start(SyntaxKind::ALIAS_BODY);
                self.bump();
                self.refined_type();
                self.finish();
            }
        } else {
            self.unexpected("`{` and fields, or `=` and variants or a type");
        }
        self.finish();
    }

    /// Fields of a record; commas between them are optional.
    fn fields_in_braces(&mut self) {
        let open = self.position;
        let outer = std::mem::replace(&mut self.in_fields, true);
        self.bump();
        while !self.at_block_end() {
            if self.at_word() {
                self.field(SyntaxKind::FIELD);
                self.eat(Token::Comma);
                continue;
            }
            self.unexpected("a field, such as `amount: Decimal`");
            self.start(SyntaxKind::ERROR);
            self.skip_group();
            while !self.at_block_end() && !self.at_field() {
                self.skip_group();
            }
            self.finish();
        }
        self.in_fields = outer;
        self.close(open, Token::LBrace, Token::RBrace);
    }

    fn at_field(&self) -> bool {
        self.at_word() && self.nth(1) == Token::Colon
    }

    /// A field or a parameter: `name: Type @label where … = default`.
    pub(super) fn field(&mut self, kind: SyntaxKind) {
        self.start_documented(kind);
        self.value_name("a name");
        if self.at(Token::Colon) {
            self.bump();
            self.refined_type();
        } else {
            self.unexpected("`:` and a type");
            // The colon was forgotten, the type is there.
            if self.at_word() && !self.on_new_line() {
                self.refined_type();
            }
        }
        if self.eat(Token::Eq) {
            self.expression();
        }
        self.finish();
    }

    /// A variant takes the bar before it along, and the documentation above that.
    fn enum_body(&mut self) {
        self.start(SyntaxKind::ENUM_BODY);
        self.bump();
        loop {
            self.start_documented(SyntaxKind::VARIANT);
            self.eat(Token::Pipe);
            if self.type_name("a variant's name") && self.at(Token::LParen) {
                self.list(Token::LParen, Token::RParen, "`,` or `)`", |parser| parser.field(SyntaxKind::FIELD));
            }
            self.finish();
            if !self.at(Token::Pipe) {
                break;
            }
        }
        self.finish();
    }

    /// `const` and `var`.
    fn value_declaration(&mut self, kind: SyntaxKind) {
        self.start_declaration(kind);
        self.value_name("a name");
        if self.eat(Token::Colon) {
            self.refined_type();
        }
        let needs_value = kind == SyntaxKind::CONST_DECL;
        if self.eat(Token::Eq) {
            self.expression();
        } else if needs_value {
            self.unexpected("`=` and a value");
        }
        self.finish();
    }

    fn secret_declaration(&mut self) {
        self.start_declaration(SyntaxKind::SECRET_DECL);
        self.value_name("the secret's name");
        if self.expect(Token::Eq, "`=` and a source: `env(\"NAME\")`, `file(\"path\")` or `command(\"…\")`") {
            self.expression();
        }
        self.finish();
    }

    fn settings_declaration(&mut self, kind: SyntaxKind, owner: &'static str) {
        self.start_declaration(kind);
        self.value_name("a name");
        self.settings_block(owner);
        self.finish();
    }

    fn retry_declaration(&mut self) {
        self.start_declaration(SyntaxKind::RETRY_DECL);
        self.value_name("the policy's name");
        self.retry_block();
        self.finish();
    }

    fn guard_declaration(&mut self) {
        self.start_declaration(SyntaxKind::GUARD_DECL);
        self.value_name("the guard's name");
        self.type_parameters();
        self.parameters();
        self.return_type();
        if self.at(Token::LBrace) {
            let judges = self.nth(1) == Token::Ai && (self.nth(2).is_word() || self.nth(2) == Token::LBracket);
            if judges { self.step_block() } else { self.block() }
        }
        self.finish();
    }

    fn fn_declaration(&mut self) {
        self.start_declaration(SyntaxKind::FN_DECL);
        self.value_name("the function's name");
        self.type_parameters();
        self.parameters();
        self.return_type();
        if self.at(Token::LBrace) {
            self.block();
        }
        self.finish();
    }

    fn policy_declaration(&mut self) {
        self.start_declaration(SyntaxKind::POLICY_DECL);
        self.value_name("the policy's name");
        if self.at_string() {
            self.string();
        }
        self.block_or_report();
        self.finish();
    }

    fn test_declaration(&mut self) {
        self.start_declaration(SyntaxKind::TEST_DECL);
        if self.at_string() {
            self.string();
        } else {
            self.unexpected("what is tested, in quotes");
            self.skip_wrong_word();
        }
        self.block_or_report();
        self.finish();
    }

    fn type_parameters(&mut self) {
        if self.at(Token::Lt) {
            self.start(SyntaxKind::TYPE_PARAM_LIST);
            if self.nth(1) == Token::Gt {
                self.unexpected("a type parameter between `<` and `>`");
            }
            self.list(Token::Lt, Token::Gt, "`,` or `>`", |parser| {
                parser.type_name("a type parameter, such as `T`");
            });
            self.finish();
        }
    }

    /// The parameter list, which must be there.
    pub(super) fn parameters(&mut self) {
        if self.at(Token::LParen) {
            self.start(SyntaxKind::PARAM_LIST);
            self.list(Token::LParen, Token::RParen, "`,` or `)`", |parser| parser.field(SyntaxKind::PARAM));
            self.finish();
        } else {
            self.unexpected("`(` and parameters");
            // The bracket was forgotten, the parameters are there.
            self.start(SyntaxKind::PARAM_LIST);
            while self.at_field() && !self.on_new_line() {
                self.field(SyntaxKind::PARAM);
                self.eat(Token::Comma);
            }
            self.eat(Token::RParen);
            self.finish();
        }
    }

    pub(super) fn return_type(&mut self) {
        if self.eat(Token::Arrow) {
            self.type_expression();
        } else if self.at(Token::Colon) || self.at(Token::FatArrow) {
            self.unexpected("`->` before the type of the result");
            self.bump();
            self.type_expression();
        }
    }

    /// A block in braces that must be there.
    pub(super) fn block_or_report(&mut self) {
        if self.at_brace_or_inside("`{`", STATEMENTS) {
            self.block();
        }
    }

    /// The clauses of a connection, model or pool, in braces.
    pub(super) fn settings_block(&mut self, owner: &'static str) {
        let settings_follow = self.on_new_line() && self.at_word() && self.nth_begins_value(1);
        if self.at_brace_or_inside("`{`", SETTINGS) || (settings_follow && !self.at_declaration()) {
            self.start(SyntaxKind::CLAUSE_BLOCK);
            self.clauses(SETTINGS, owner, Self::setting);
            self.finish();
        }
    }
}
