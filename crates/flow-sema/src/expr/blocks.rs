//! Blocks: `let`s and a value at the end. In flows every statement goes to the flow's checker.

use super::Elaborator;
use crate::{
    index::DefinitionKind,
    problems::{
        context::{NoResult, NotHere, ValueUnused},
        mismatch::Because,
    },
    source::has_errors,
};
use flow_diag::Span;
use flow_expr::{Arm, Expr, ExprKind, Pattern, Type, VarId};
use flow_syntax::ast::{self, AstNode};

/// What a statement makes of its block.
pub(crate) enum Ended {
    /// The block goes on.
    Open,
    /// This is its value.
    Value(Expr, Type),
}

/// What a block must give, and why.
pub(super) type Wanted<'a> = Option<(&'a Type, Because<'a>)>;

impl Elaborator<'_> {
    /// A block in a scope of its own: its value, if it has one.
    pub(crate) fn block(&mut self, block: &ast::Block, wanted: Wanted<'_>) -> Option<(Expr, Type)> {
        match self.graph.as_ref().map(|graph| graph.statement) {
            Some(statement) => {
                self.locals.enter();
                let mut value = None;
                for stmt in block.stmts() {
                    if let Ended::Value(expr, ty) = statement(self, &stmt, wanted.map(|(ty, _)| ty)) {
                        value = Some(match wanted {
                            Some((expected, because)) => (self.coerce(expr, &ty, expected, because), expected.clone()),
                            None => (expr, ty),
                        });
                    }
                }
                self.leave_scope();
                value
            }
            None => self.pure_value(block, wanted),
        }
    }

    /// A block of a function or lambda; one without a value is reported.
    pub(crate) fn pure_block(&mut self, block: &ast::Block, wanted: Wanted<'_>) -> (Expr, Type) {
        let at = self.span(block.range());
        match self.pure_value(block, wanted) {
            Some(found) => found,
            // The value is what was not understood.
            None if has_errors(block.syntax()) => self.unknown(at),
            None => {
                self.no_result(at, wanted);
                self.unknown(at)
            }
        }
    }

    fn pure_value(&mut self, block: &ast::Block, wanted: Wanted<'_>) -> Option<(Expr, Type)> {
        self.locals.enter();
        let mut lets: Vec<(VarId, Expr, Span)> = vec![];
        let mut value = None;
        let stmts: Vec<ast::Stmt> = block.stmts().collect();
        for (number, stmt) in stmts.iter().enumerate() {
            let is_last = number + 1 == stmts.len();
            match stmt {
                ast::Stmt::Let(stmt) => lets.extend(self.pure_let(stmt)),
                ast::Stmt::Return(stmt) if is_last => {
                    value = stmt.value().map(|written| self.wanted_value(&written, wanted));
                }
                ast::Stmt::Expr(written) if is_last => value = Some(self.wanted_value(written, wanted)),
                ast::Stmt::Expr(written) => {
                    let (unused, ty) = self.infer(written);
                    // Of other expressions the parser has said it.
                    let is_statement = matches!(written, ast::Expr::If(_) | ast::Expr::Match(_));
                    if is_statement && ty != Type::Unknown {
                        self.problem(ValueUnused { at: unused.at });
                    }
                }
                other => self.not_here(other, is_last),
            }
        }
        self.leave_scope();
        let (value, ty) = value?;
        // `let x = a` is a match whose one arm binds everything.
        let whole = lets.into_iter().rev().fold(value, |body, (var, bound, at)| {
            let arm = Arm { pattern: Pattern::Bind(var), condition: None, body };
            Expr::new(ExprKind::Match(Box::new(bound), vec![arm]), at)
        });
        Some((whole, ty))
    }

    fn wanted_value(&mut self, written: &ast::Expr, wanted: Wanted<'_>) -> (Expr, Type) {
        match wanted {
            Some((expected, because)) => (self.check(written, expected, because), expected.clone()),
            None => self.infer(written),
        }
    }

    fn pure_let(&mut self, stmt: &ast::LetStmt) -> Option<(VarId, Expr, Span)> {
        let at = self.span(stmt.range());
        if stmt.recovery().is_some() {
            let help = "only a call of a step can fail and be recovered from: do it in the flow";
            self.problem(NotHere { at, what: "let … else".to_owned(), place: self.place.describe(), help });
        }
        let (value, ty) = self.let_value(stmt);
        let name = stmt.name()?;
        self.annotate(stmt, &name, &ty, at);
        let var = self.bind(&name, ty, DefinitionKind::Local, true);
        Some((var, value, at))
    }

    /// The value of a `let`, of its declared type if it has one.
    pub(crate) fn let_value(&mut self, stmt: &ast::LetStmt) -> (Expr, Type) {
        let declared = stmt.ty().map(|written| {
            let at = self.span(written.range());
            (self.type_of(&written), at)
        });
        let name = stmt.name();
        let shown = name.as_ref().map_or("this", |name| name.text());
        match (declared, stmt.value()) {
            (Some((ty, at)), Some(written)) => {
                let value = self.check(&written, &ty, Because::Declared { name: shown, at });
                (value, ty)
            }
            (Some((ty, at)), None) => (self.unknown(at).0, ty),
            (None, Some(written)) => self.infer(&written),
            (None, None) => self.missing(stmt.range()),
        }
    }

    /// Keeps the type that a `let` declares, for the value that is computed at this place.
    pub(crate) fn annotate(&mut self, stmt: &ast::LetStmt, name: &ast::Name, ty: &Type, place: Span) {
        if stmt.ty().is_some() {
            let at = self.span(name.range());
            self.output.annotations.value(place, name.text(), ty, at);
        }
    }

    /// Reports a statement that only flows have.
    fn not_here(&mut self, stmt: &ast::Stmt, is_last: bool) {
        let at = self.span(stmt.range());
        let what = stmt.syntax().text().to_string();
        let what = what.split_whitespace().next().unwrap_or_default().to_owned();
        let help = match stmt {
            ast::Stmt::Return(_) if !is_last => {
                "a value is given at the end; choose between values with `if` or `match`"
            }
            ast::Stmt::Expect(_) | ast::Stmt::Given(_) => "only tests have this",
            _ => "a function only computes a value: do this in a flow",
        };
        self.problem(NotHere { at, what, place: self.place.describe(), help });
    }

    /// Reports a block without a value.
    pub(super) fn no_result(&mut self, at: Span, wanted: Wanted<'_>) {
        let end = Span::new(at.file, at.end.saturating_sub(1).max(at.start), at.end);
        let expected = wanted.map_or(Type::Unknown, |(ty, _)| ty.clone());
        let because = wanted.map(|(_, because)| because);
        self.problem(NoResult { at: end, expected: &expected, because });
    }
}
