//! Where a dataset is: `at csv("path", null: "NA")`, `at warehouse.table("name")`.

use super::{
    Declaring,
    clause::{self, constant},
    problems::{BadLocation, BadOption, FormatType, UnknownOption, UnknownScheme},
};
use crate::expr::Elaborator;
use flow_diag::Span;
use flow_expr::{ExprKind, Name, Part, Type, Value};
use flow_plan::{CsvOptions, Format, Location};
use flow_syntax::ast;
use std::sync::Arc;

/// The formats by the word that names them.
const FORMATS: &[(&str, Format)] = &[
    ("csv", Format::Csv),
    ("parquet", Format::Parquet),
    ("jsonl", Format::Jsonl),
    ("json", Format::Json),
    ("text", Format::Text),
];

/// The options of `csv(…)`.
const CSV_OPTIONS: &[&str] = &["null", "delimiter", "date_format", "timestamp_format"];

/// The location that an `at` clause gives to data of a type.
pub(super) fn location(el: &mut Elaborator<'_>, clause: &ast::AtClause, ty: &Type) -> Option<Location> {
    let place = clause.place()?;
    let at = el.span(place.range());
    let ast::Expr::Call(call) = &place else {
        el.problem(BadLocation { at, found: None });
        return None;
    };
    match call.callee()? {
        ast::Expr::Name(name) => {
            let name = name.name()?;
            match FORMATS.iter().find(|(word, _)| *word == name.text()) {
                Some((_, format)) => file(el, call, *format, ty, at),
                None => {
                    let at = el.span(name.range());
                    el.problem(BadLocation { at, found: Some(name.text()) });
                    None
                }
            }
        }
        ast::Expr::Field(field) if field.name().is_some_and(|name| name.text() == "table") => {
            table(el, &field.receiver()?, call, ty, at)
        }
        _ => {
            el.problem(BadLocation { at, found: None });
            None
        }
    }
}

fn file(el: &mut Elaborator<'_>, call: &ast::CallExpr, format: Format, ty: &Type, at: Span) -> Option<Location> {
    let word = FORMATS.iter().find(|(_, known)| *known == format).map_or("", |(word, _)| word);
    if !holds(el.env.base(ty), format) {
        el.problem(FormatType { at, format: word, ty });
    }
    let (mut path, mut csv) = (None, CsvOptions::default());
    for arg in call.args() {
        let Some(value) = arg.value() else { continue };
        match arg.name() {
            None if path.is_none() => {
                let parts = path_parts(el, &value);
                scheme(el, parts.as_deref().unwrap_or_default(), &value);
                path = Some(parts);
            }
            Some(name) if format == Format::Csv && CSV_OPTIONS.contains(&name.text()) => {
                csv_option(el, name.text(), value, &mut csv);
            }
            name => {
                let at = el.span(arg.range());
                let name = name.map_or_else(String::new, |name| name.text().to_owned());
                let known: &[&str] = if format == Format::Csv { CSV_OPTIONS } else { &[] };
                el.problem(UnknownOption { at, name: &name, format: word, known });
            }
        }
    }
    match path {
        Some(path) => Some(Location::File { format, path: path?, csv }),
        None => {
            el.problem(BadLocation { at, found: None });
            None
        }
    }
}

/// The parts of a path; what is known now is folded into text.
fn path_parts(el: &mut Elaborator<'_>, value: &ast::Expr) -> Option<Vec<Part>> {
    let ast::Expr::String(text) = value else {
        return clause::text(el, Some(value.clone()), "at").map(|path| vec![Part::Text(path)]);
    };
    let mut folded: Vec<Part> = vec![];
    for part in el.parts(text) {
        let text: Arc<str> = match part {
            Part::Text(text) => text,
            Part::Hole(hole, None) => match hole.kind {
                ExprKind::Const(Value::String(text)) => text,
                _ => {
                    folded.push(Part::Hole(hole, None));
                    continue;
                }
            },
            hole => {
                folded.push(hole);
                continue;
            }
        };
        match folded.last_mut() {
            Some(Part::Text(before)) => *before = format!("{before}{text}").into(),
            _ => folded.push(Part::Text(text)),
        }
    }
    Some(folded)
}

/// Reports an address of a kind that is not read: with a scheme other than those of HTTP.
fn scheme(el: &mut Elaborator<'_>, parts: &[Part], value: &ast::Expr) {
    let Some(Part::Text(text)) = parts.first() else { return };
    let Some((scheme, _)) = text.split_once("://") else { return };
    let is_scheme =
        !scheme.is_empty() && scheme.chars().all(|sign| sign.is_ascii_alphanumeric() || "+-.".contains(sign));
    if is_scheme && !["http", "https"].iter().any(|known| known.eq_ignore_ascii_case(scheme)) {
        let at = el.span(value.range());
        el.problem(UnknownScheme { at, scheme });
    }
}

fn csv_option(el: &mut Elaborator<'_>, name: &str, value: ast::Expr, csv: &mut CsvOptions) {
    let at = el.span(value.range());
    match name {
        "null" if matches!(value, ast::Expr::List(_)) => {
            let texts = constant(el, Some(value), &Type::List(Type::String.into()), "as `null` takes texts");
            if let Some((Value::List(texts), _)) = texts {
                csv.null = texts.iter().filter_map(as_text).collect();
            }
        }
        "null" => csv.null = clause::text(el, Some(value), "null").into_iter().collect(),
        "delimiter" => {
            let Some(text) = clause::text(el, Some(value), "delimiter") else { return };
            let mut chars = text.chars();
            match (chars.next(), chars.next()) {
                (Some(delimiter), None) if delimiter.is_ascii() && !matches!(delimiter, '"' | '\n' | '\r') => {
                    csv.delimiter = delimiter;
                }
                _ => el.problem(BadOption { at, option: "delimiter", expected: "one ASCII character, such as `;`" }),
            }
        }
        "date_format" => {
            csv.date_format = strftime(el, value, "date_format", at, |format| {
                jiff::civil::date(2026, 11, 22).strftime(format).to_string().is_empty()
            });
        }
        _ => {
            csv.timestamp_format = strftime(el, value, "timestamp_format", at, |format| {
                jiff::civil::date(2026, 11, 22).at(6, 0, 0, 0).strftime(format).to_string().is_empty()
            });
        }
    }
}

fn as_text(value: &Value) -> Option<Arc<str>> {
    match value {
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}

/// A format of dates that has at least one field and can be parsed back.
fn strftime(
    el: &mut Elaborator<'_>,
    value: ast::Expr,
    option: &'static str,
    at: Span,
    gives_nothing: impl Fn(&str) -> bool,
) -> Option<Arc<str>> {
    let format = clause::text(el, Some(value), option)?;
    let fields = format.contains('%') && jiff::fmt::strtime::format(&*format, &jiff::Zoned::default()).is_ok();
    if !fields || gives_nothing(&format) {
        el.problem(BadOption { at, option, expected: "a format such as `%Y/%m/%d`" });
        return None;
    }
    Some(format)
}

/// Whether a format can hold data of a type.
fn holds(ty: &Type, format: Format) -> bool {
    match (format, ty) {
        (_, Type::Unknown) => true,
        (Format::Csv | Format::Parquet | Format::Jsonl, ty) => matches!(ty, Type::Table(_)),
        (Format::Text, ty) => *ty == Type::String,
        (Format::Json, ty) => !matches!(ty, Type::File | Type::Secret | Type::Function(..) | Type::Bytes),
    }
}

fn table(
    el: &mut Elaborator<'_>,
    connection: &ast::Expr,
    call: &ast::CallExpr,
    ty: &Type,
    at: Span,
) -> Option<Location> {
    if !matches!(el.env.base(ty), Type::Table(_) | Type::Unknown) {
        el.problem(FormatType { at, format: "table", ty });
    }
    let connection = connection_of(el, connection)?;
    let mut args = call.args();
    match (args.next(), args.next()) {
        (Some(arg), None) if arg.name().is_none() => {
            let table = clause::text(el, arg.value(), "table")?;
            Some(Location::Table { connection, table })
        }
        _ => {
            el.problem(BadLocation { at, found: None });
            None
        }
    }
}

/// The connection that an expression names; anything else is reported.
pub(super) fn connection_of(el: &mut Elaborator<'_>, expr: &ast::Expr) -> Option<Name> {
    let at = el.span(expr.range());
    let Some(id) = clause::item_of(el, expr) else {
        let text = clause::path_of(expr)
            .map_or_else(String::new, |path| path.iter().map(ast::Name::text).collect::<Vec<_>>().join("."));
        el.unknown_value(&text, at, "connection");
        return None;
    };
    clause::mention(el, expr, id);
    let item = el.env.names.item(id);
    if matches!(item.decl, ast::Decl::Connection(_)) {
        return Some(item.name.clone());
    }
    let (name, found, declared) = (item.name.short(), item.keyword(), item.at);
    el.problem(crate::problems::names::WrongKind { name, at, expected: "a connection", found, declared });
    None
}

impl Declaring<'_> {
    /// Whether a connection is of a kind that holds tables.
    pub(super) fn holds_tables(&self, connection: &Name) -> bool {
        !matches!(
            self.program.connections.get(connection).map(|connection| &connection.kind),
            Some(flow_plan::ConnectionKind::Http { .. })
        )
    }
}
