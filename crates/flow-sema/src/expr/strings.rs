//! Texts with holes, and data written in the program.

use super::{Elaborator, Place};
use crate::problems::{
    context::NotHere,
    strings::{NotPrintable, UnknownFormat, WrongFormat},
};
use flow_expr::{Expr, ExprKind, Part, Type, Value};
use flow_syntax::ast;

/// The formats of `{x as format}`.
const FORMATS: &[&str] = &["csv", "json", "markdown", "text"];

impl Elaborator<'_> {
    pub(super) fn string(&mut self, string: &ast::StringLit) -> (Expr, Type) {
        let at = self.span(string.range());
        let mut parts = self.parts(string);
        let kind = match parts.as_mut_slice() {
            [] => ExprKind::Const(Value::String("".into())),
            [Part::Text(text)] => ExprKind::Const(Value::String(text.clone())),
            _ => ExprKind::Interpolate(parts),
        };
        (Expr::new(kind, at), Type::String)
    }

    /// The texts and holes of a text, for places that encode each hole: URLs, prompts, messages.
    pub(crate) fn parts(&mut self, string: &ast::StringLit) -> Vec<Part> {
        let mut parts = vec![];
        for part in string.parts() {
            match part {
                ast::StringPart::Text { text, .. } => parts.push(Part::Text(text.into())),
                ast::StringPart::Hole(hole) => parts.extend(self.hole(&hole)),
            }
        }
        parts
    }

    fn hole(&mut self, hole: &ast::Hole) -> Option<Part> {
        let expr = hole.expr()?;
        let (value, ty) = self.infer(&expr);
        let format = hole.format();
        let at = value.at;
        if let Some(format) = &format
            && !FORMATS.contains(&format.text())
        {
            let at = self.span(format.range());
            self.problem(UnknownFormat { at, format: format.text(), known: FORMATS });
            return Some(Part::Hole(value, None));
        }
        let base = self.env.base(ty.required()).clone();
        match (&base, format.as_ref().map(|format| format.text().to_owned())) {
            (Type::Function(..) | Type::Secret | Type::Unit, _) => self.problem(NotPrintable { at, found: &ty }),
            (Type::Table(_), None) => self.problem(NotPrintable { at, found: &ty }),
            (_, Some(format)) if matches!(format.as_str(), "csv" | "markdown") && !self.is_tabular(&base) => {
                self.problem(WrongFormat { at, found: &ty, format: &format });
            }
            _ => {}
        }
        Some(Part::Hole(value, format.map(|format| format.text().into())))
    }

    fn is_tabular(&self, ty: &Type) -> bool {
        match ty {
            Type::Table(_) | Type::Unknown => true,
            Type::List(item) => **item == Type::Unknown || self.env.record(item).is_some(),
            _ => false,
        }
    }

    /// `csv """…"""`: only tests have data in the program.
    pub(super) fn data(&mut self, data: &ast::DataExpr, hint: Option<&Type>) -> (Expr, Type) {
        let at = self.span(data.range());
        if self.place != Place::Test {
            let what = data.format().map_or_else(String::new, |format| format.text().to_owned());
            let help = "write a list of records, or put the data into a file and declare a dataset";
            self.problem(NotHere { at, what, place: self.place.describe(), help });
        }
        (self.unknown(at).0, hint.cloned().unwrap_or(Type::Unknown))
    }

    /// `for`, `check`, `run`: the flow's checker knows them.
    pub(super) fn flow_expression(&mut self, expr: &ast::Expr, hint: Option<&Type>) -> (Expr, Type) {
        let hook = self.graph.as_ref().map(|graph| graph.expression);
        if let Some(hook) = hook {
            return hook(self, expr, hint);
        }
        let at = self.span(expr.range());
        let (what, help) = match expr {
            ast::Expr::For(_) => ("for", "walk a list with `map`, `filter` or `sum`"),
            ast::Expr::Check(_) => ("check", "put the guards into the step whose result they check"),
            _ => ("run", "only tests run flows; a flow calls another one by its name"),
        };
        if self.place != Place::Test {
            self.problem(NotHere { at, what: what.to_owned(), place: self.place.describe(), help });
        }
        self.unknown(at)
    }
}
