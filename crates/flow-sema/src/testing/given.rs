//! `given NAME = …`: what stands in the place of a dataset, a step or the time.

use super::{
    Testing, data, happening,
    problems::{AgeOfNothing, GivenPartition, NotGivable},
};
use crate::{
    decl::{NotSupported, milliseconds},
    expr::Elaborator,
    names::{Found, ItemId},
    problems::{mismatch::Because, names::WrongKind},
};
use flow_expr::{Expr, ExprKind, Name, Type, Value};
use flow_plan::{CsvOptions, Given, Location};
use flow_syntax::ast;
use std::sync::Arc;

impl Testing<'_> {
    pub(super) fn given(&mut self, stmt: &ast::GivenStmt) -> Option<Given> {
        let name = stmt.name()?;
        let at = self.el.span(name.range());
        if name.text() == "now" {
            let written = stmt.value()?;
            let value = self.el.constant(&written, &Type::Timestamp, Because::Place("as `now` is an instant"))?;
            let Value::Timestamp(at_time) = value else { return None };
            return Some(Given::Now { at_time });
        }
        let item = match self.el.env.names.find(self.el.module, name.text()) {
            Found::Item(item) => item,
            Found::Broken => return None,
            Found::Module(_) | Found::Nothing => {
                self.el.unknown_value(name.text(), at, "dataset or step");
                return None;
            }
        };
        let declared = self.el.env.names.item(item);
        let definition = declared.definition;
        self.el.output.index.mention(at, definition);
        match &declared.decl {
            ast::Decl::Dataset(_) => self.dataset(item, &stmt.value()?),
            ast::Decl::Step(_) => {
                let step = self.program.steps.get(&declared.name)?;
                happening::script(&mut self.el, step, item, &stmt.value()?)
            }
            ast::Decl::Guard(decl) if decl.judge().is_some() => {
                let judge = self.program.judges.get(&declared.name)?;
                happening::script(&mut self.el, judge, item, &stmt.value()?)
            }
            ast::Decl::Var(_) => {
                let help = "give it a value with `--set` or a profile";
                self.el.problem(NotSupported { at, what: "`given` of a `var`", help });
                None
            }
            _ => {
                let (found, declared) = (declared.keyword(), declared.at);
                let expected = "a dataset, a step or `now`";
                self.el.problem(WrongKind { name: name.text(), at, expected, found, declared });
                None
            }
        }
    }

    fn dataset(&mut self, item: ItemId, written: &ast::Expr) -> Option<Given> {
        let declared = self.el.env.names.item(item);
        let (dataset, at) = (declared.name.clone(), self.el.span(written.range()));
        let signature = self.el.env.signatures.get(&item)?.clone();
        if !signature.params.is_empty() {
            self.el.problem(GivenPartition { at, name: dataset.short() });
            return None;
        }
        match word(&self.el, written).as_deref() {
            Some("missing") => return Some(Given::Missing { dataset }),
            Some("stale") => {
                let ast::Expr::Call(call) = written else {
                    self.el.problem(AgeOfNothing { at });
                    return None;
                };
                let age = call.args().next().and_then(|arg| arg.value());
                if age.is_none() {
                    self.el.problem(AgeOfNothing { at });
                }
                return milliseconds(&mut self.el, age, "stale").map(|age_ms| Given::Age { dataset, age_ms });
            }
            Some(class) if happening::is_class(class) => {
                self.el.problem(NotGivable { at, class: class.to_owned(), to: "a dataset" });
                return None;
            }
            _ => {}
        }
        let options = self.csv_options(&dataset);
        let value = self.data_or_value(written, &signature.returns, &options)?;
        Some(Given::Dataset { dataset, value })
    }

    /// The options with which the dataset's own file is read, so that a part of it can be given as it is.
    fn csv_options(&self, dataset: &Name) -> CsvOptions {
        match self.program.datasets.get(dataset).map(|dataset| &dataset.location) {
            Some(Location::File { csv, .. }) => csv.clone(),
            _ => CsvOptions::default(),
        }
    }

    /// `csv """…"""`, `csv("file")`, or a value; of a table the list of its rows.
    fn data_or_value(&mut self, written: &ast::Expr, ty: &Type, options: &CsvOptions) -> Option<Expr> {
        let at = self.el.span(written.range());
        if let Some((format, path)) = of_file(written) {
            let path_at = self.el.span(path.range());
            let found = (self.read_file)(self.el.file, &path.plain_text()?);
            return match found {
                Ok((file, text)) => {
                    let origin = data::Origin::File { at: path_at, path: file };
                    let value = data::decode(&mut self.el, &format, &text, &origin, ty, options)?;
                    Some(Expr::new(ExprKind::Const(value), at))
                }
                Err(why) => {
                    self.el.problem(super::problems::NoDataFile { at: path_at, why });
                    None
                }
            };
        }
        value(&mut self.el, written, ty, options)
    }
}

/// A value of a type, or data in a format; of a table the list of its rows.
pub(super) fn value(el: &mut Elaborator<'_>, written: &ast::Expr, ty: &Type, options: &CsvOptions) -> Option<Expr> {
    if let ast::Expr::Data(data) = written {
        let at = el.span(written.range());
        let text = data.text()?;
        let (plain, map) = text.plain()?;
        let origin = data::Origin::Inline { map, file: el.file, at };
        let value = data::decode(el, data.format()?.text(), &plain, &origin, ty, options)?;
        return Some(Expr::new(ExprKind::Const(value), at));
    }
    let wanted = as_rows(el, ty);
    Some(el.check(written, &wanted, Because::Place("as it stands in for what is declared so")))
}

/// Of a table the list of its rows; every other type itself.
pub(super) fn as_rows(el: &Elaborator<'_>, ty: &Type) -> Type {
    match el.env.base(ty) {
        Type::Table(row) => Type::List(row.clone()),
        _ => ty.clone(),
    }
}

/// The word that a value is, or that it calls, where that is no name of the program.
pub(super) fn word(el: &Elaborator<'_>, written: &ast::Expr) -> Option<Arc<str>> {
    let name = match written {
        ast::Expr::Name(name) => name.name()?,
        ast::Expr::Call(call) => match call.callee()? {
            ast::Expr::Name(name) => name.name()?,
            _ => return None,
        },
        _ => return None,
    };
    let is_bound = el.locals.is_bound(name.text());
    (!is_bound).then(|| name.text().into())
}

/// `csv("file")`: the format and the path.
fn of_file(written: &ast::Expr) -> Option<(String, ast::StringLit)> {
    let ast::Expr::Call(call) = written else { return None };
    let Some(ast::Expr::Name(callee)) = call.callee() else { return None };
    let format = callee.name()?.text().to_owned();
    if !matches!(format.as_str(), "csv" | "json" | "jsonl") {
        return None;
    }
    match call.args().next()?.value()? {
        ast::Expr::String(path) if !path.has_holes() => Some((format, path)),
        _ => None,
    }
}
