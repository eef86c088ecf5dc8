//! `expect RULE [for P%] [else warn]`: rules over rows, over columns, over the whole.
//!
//! `unique(a, b)` and `not_null(a)` are rules of their own. A rule that calls a function of the whole table
//! (`count() > 0`, `it.sum(r => r.amount) > 0`) is about the whole; every other rule of a table is about
//! each row, whose columns go by their names.

use super::{
    clause::{self, constant},
    problems::{BadExpectAction, NotColumn, ShareOfWhole, ShareRange, UnknownColumn},
};
use crate::{
    expr::{Elaborator, It},
    names::Found,
    problems::mismatch::Because,
    source::one_line,
};
use flow_expr::{Type, Value};
use flow_plan::{Expectation, Rule};
use flow_syntax::ast::{self, ActionKind};
use rust_decimal::Decimal;
use std::sync::Arc;

/// The expectation of a clause about data of a type.
pub(super) fn expectation(el: &mut Elaborator<'_>, clause: &ast::ExpectClause, ty: &Type) -> Option<Expectation> {
    let written = clause.rule()?;
    let at = el.span(clause.range());
    let row = match el.env.base(ty) {
        Type::Table(row) => Some((**row).clone()),
        _ => None,
    };
    let rule = match (&row, word_rule(el, &written, row.as_ref())) {
        (_, Some(rule)) => rule,
        (Some(row), None) if !is_about_whole(el, &written, row) => condition(el, &written, row, true).map(Rule::Row),
        _ => {
            let bare_fields = row.is_none();
            condition(el, &written, ty, bare_fields).map(Rule::Whole)
        }
    };
    let share = share(el, clause, matches!(rule, Some(Rule::Whole(_))));
    let warn = match clause.action() {
        None => false,
        Some(action) => match action.kind() {
            Some(ActionKind::Warn) => true,
            Some(ActionKind::Fail) | None => false,
            Some(_) => {
                let at = el.span(action.range());
                el.problem(BadExpectAction { at });
                false
            }
        },
    };
    Some(Expectation { rule: rule?, text: one_line(written.syntax()), share, warn, at })
}

fn condition(el: &mut Elaborator<'_>, written: &ast::Expr, it: &Type, bare_fields: bool) -> Option<flow_expr::Expr> {
    let outer = el.locals.set_it(Some(It { ty: it.clone(), var: flow_expr::VarId::IT, bare_fields }));
    let before = el.output.problems.0.len();
    let condition = el.check(written, &Type::Bool, Because::Place("as a rule holds or does not"));
    el.locals.set_it(outer);
    (el.output.problems.0.len() == before).then_some(condition)
}

fn share(el: &mut Elaborator<'_>, clause: &ast::ExpectClause, whole: bool) -> Decimal {
    let Some(written) = clause.share() else { return Decimal::ONE };
    let at = el.span(written.range());
    let found = constant(el, Some(written), &Type::Decimal, "as a share of the rows stands here");
    match found {
        Some((Value::Decimal(_), at)) if whole => el.problem(ShareOfWhole { at }),
        Some((Value::Decimal(share), _)) if share > Decimal::ZERO && share <= Decimal::ONE => return share,
        Some(_) => el.problem(ShareRange { at }),
        None => {}
    }
    Decimal::ONE
}

/// `unique(a, b)`, `not_null(a)`: none if the rule is neither, `Some(None)` if it is wrong.
#[expect(clippy::option_option, reason = "whether it is such a rule, and whether it is right")]
fn word_rule(el: &mut Elaborator<'_>, written: &ast::Expr, row: Option<&Type>) -> Option<Option<Rule>> {
    let ast::Expr::Call(call) = written else { return None };
    let Some(ast::Expr::Name(callee)) = call.callee() else { return None };
    let callee = callee.name()?;
    let word = callee.text();
    if !matches!(word, "unique" | "not_null") {
        return None;
    }
    let row = row?;
    let mut columns: Vec<Arc<str>> = vec![];
    let mut wrong = false;
    for arg in call.args() {
        match column(el, arg.value(), row) {
            Some(column) => columns.push(column),
            None => wrong = true,
        }
    }
    if wrong {
        return Some(None);
    }
    match (word, columns.as_slice()) {
        ("unique", [_, ..]) => Some(Some(Rule::Unique(columns))),
        ("not_null", [column]) => Some(Some(Rule::NotNull(column.clone()))),
        _ => {
            let at = el.span(call.range());
            el.problem(NotColumn { at, word });
            Some(None)
        }
    }
}

/// The column that an argument names.
fn column(el: &mut Elaborator<'_>, value: Option<ast::Expr>, row: &Type) -> Option<Arc<str>> {
    let value = value?;
    let at = el.span(value.range());
    let path = clause::path_of(&value).unwrap_or_default();
    let name = match path.as_slice() {
        [name] => name,
        [it, name] if it.text() == "it" => name,
        _ => {
            el.problem(NotColumn { at, word: "this rule" });
            return None;
        }
    };
    let env = el.env;
    let (owner, fields) = env.record(row)?;
    if fields.iter().any(|field| &*field.name == name.text()) {
        if let Some(member) = env.member(owner, name.text()) {
            el.output.index.mention(at, member.definition);
        }
        return Some(name.text().into());
    }
    let known = fields.iter().map(|field| &*field.name).collect();
    el.problem(UnknownColumn { at, column: name.text(), row: Some(owner), known, declared: None });
    None
}

/// Whether a rule of a table is about the whole: it calls a function without saying of what, or of `it`.
fn is_about_whole(el: &Elaborator<'_>, written: &ast::Expr, row: &Type) -> bool {
    written.syntax().descendants().filter_map(<ast::CallExpr as ast::AstNode>::cast).any(|call| {
        let of_lambda =
            call.args().next().and_then(|arg| arg.value()).is_some_and(|arg| matches!(arg, ast::Expr::Lambda(_)));
        match call.callee() {
            Some(ast::Expr::Name(_)) => call.args().next().is_none() || of_lambda,
            Some(ast::Expr::Field(field)) => {
                let of_it = matches!(field.receiver(), Some(ast::Expr::Name(name))
                    if name.name().is_some_and(|name| name.text() == "it"));
                of_it && !takes_row(el, field.name().as_ref().map(ast::Name::text), row)
            }
            _ => false,
        }
    })
}

/// Whether a function of that name takes a row.
fn takes_row(el: &Elaborator<'_>, name: Option<&str>, row: &Type) -> bool {
    let Some(Found::Item(id)) = name.map(|name| el.env.names.find(el.module, name)) else { return false };
    let signature = el.env.signatures.get(&id);
    signature.and_then(|signature| signature.params.first()).is_some_and(|first| el.env.fits(row, &first.ty))
}
