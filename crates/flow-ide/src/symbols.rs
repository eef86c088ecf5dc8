//! What a file declares, as a tree, and what a program declares, by name.

use crate::{Analysis, place::span};
use flow_diag::{FileId, Span};
use flow_sema::index::DefinitionKind;
use flow_syntax::{
    Parse, ast,
    ast::{AstNode, Documented},
};

/// What a symbol is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SymbolKind {
    /// A declaration with its keyword.
    Declaration(&'static str),
    /// A field of a record or of a variant.
    Field,
    /// A variant.
    Variant,
    /// A statement of a flow that has a name.
    Local,
}

/// Something with a name in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// Its name; the title of a test.
    pub name: String,
    /// What it is.
    pub kind: SymbolKind,
    /// Its type, or the first line of its doc comment.
    pub detail: String,
    /// All of it.
    pub whole: Span,
    /// Its name.
    pub at: Span,
    /// What it holds.
    pub children: Vec<Symbol>,
}

/// The declarations of a file, in order.
#[must_use]
pub fn document_symbols(parse: &Parse) -> Vec<Symbol> {
    parse.root().decls().filter_map(|decl| declaration(parse.file(), &decl)).collect()
}

fn declaration(file: FileId, decl: &ast::Decl) -> Option<Symbol> {
    let whole = span(file, decl.range());
    let (name, at) = match (decl, decl.name()) {
        (ast::Decl::Test(test), _) => {
            let title = test.title()?;
            (title.plain_text().unwrap_or_else(|| "test".to_owned()), span(file, title.range()))
        }
        (_, name) => name.map(|name| (name.text().to_owned(), span(file, name.range())))?,
    };
    let detail = match decl {
        ast::Decl::Dataset(dataset) => dataset.ty().map(|ty| ty.syntax().text().to_string()),
        ast::Decl::Step(step) => step.return_type().map(|ty| ty.syntax().text().to_string()),
        ast::Decl::Fn(function) => function.return_type().map(|ty| ty.syntax().text().to_string()),
        _ => decl.docs().and_then(|docs| docs.lines().next().map(str::to_owned)),
    };
    let detail = detail.map(|text| text.trim().to_owned()).unwrap_or_default();
    let kind = SymbolKind::Declaration(keyword(decl));
    Some(Symbol { name, kind, detail, whole, at, children: children(file, decl) })
}

fn children(file: FileId, decl: &ast::Decl) -> Vec<Symbol> {
    match decl {
        ast::Decl::Type(decl) => match decl.body() {
            Some(ast::TypeBody::Record(body)) => body.fields().filter_map(|found| field(file, &found)).collect(),
            Some(ast::TypeBody::Enum(body)) => {
                let variant = |variant: ast::Variant| {
                    let name = variant.name()?;
                    Some(Symbol {
                        name: name.text().to_owned(),
                        kind: SymbolKind::Variant,
                        detail: String::new(),
                        whole: span(file, variant.range()),
                        at: span(file, name.range()),
                        children: variant.fields().filter_map(|found| field(file, &found)).collect(),
                    })
                };
                body.variants().filter_map(variant).collect()
            }
            _ => vec![],
        },
        ast::Decl::Flow(decl) => {
            let lets = decl.syntax().descendants().filter_map(ast::LetStmt::cast);
            let symbol = |stmt: ast::LetStmt| {
                let name = stmt.name()?;
                Some(Symbol {
                    name: name.text().to_owned(),
                    kind: SymbolKind::Local,
                    detail: String::new(),
                    whole: span(file, stmt.range()),
                    at: span(file, name.range()),
                    children: vec![],
                })
            };
            lets.filter_map(symbol).collect()
        }
        _ => vec![],
    }
}

fn field(file: FileId, field: &ast::Field) -> Option<Symbol> {
    let name = field.name()?;
    Some(Symbol {
        name: name.text().to_owned(),
        kind: SymbolKind::Field,
        detail: field.ty().map(|ty| ty.syntax().text().to_string().trim().to_owned()).unwrap_or_default(),
        whole: span(file, field.range()),
        at: span(file, name.range()),
        children: vec![],
    })
}

/// The keyword of a declaration.
pub(crate) fn keyword(decl: &ast::Decl) -> &'static str {
    match decl {
        ast::Decl::Use(_) => "use",
        ast::Decl::Label(_) => "label",
        ast::Decl::Type(_) => "type",
        ast::Decl::Const(_) => "const",
        ast::Decl::Var(_) => "var",
        ast::Decl::Secret(_) => "secret",
        ast::Decl::Connection(_) => "connection",
        ast::Decl::Model(_) => "model",
        ast::Decl::Pool(_) => "pool",
        ast::Decl::Dataset(_) => "dataset",
        ast::Decl::Retry(_) => "retry",
        ast::Decl::Guard(_) => "guard",
        ast::Decl::Fn(_) => "fn",
        ast::Decl::Step(_) => "step",
        ast::Decl::Flow(_) => "flow",
        ast::Decl::Policy(_) => "policy",
        ast::Decl::Test(_) => "test",
    }
}

/// A declaration of the program, found by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its short name.
    pub name: String,
    /// The module or type that holds it.
    pub inside: String,
    /// What it is.
    pub kind: SymbolKind,
    /// Its name in the text.
    pub at: Span,
}

/// More are of no use in a list.
const MOST_FOUND: usize = 500;

/// The declarations, fields and variants of the project whose names hold these letters in this order, the best first.
#[must_use]
pub fn workspace_symbols(analysis: &Analysis, query: &str) -> Vec<Found> {
    let mut found: Vec<(u32, Found)> = vec![];
    for definition in &analysis.compilation.index.definitions {
        let kind = match definition.kind {
            DefinitionKind::Declaration(keyword) => SymbolKind::Declaration(keyword),
            DefinitionKind::Field => SymbolKind::Field,
            DefinitionKind::Variant => SymbolKind::Variant,
            DefinitionKind::Parameter | DefinitionKind::Local => continue,
        };
        let Some(badness) = badness(query, definition.name.short()) else { continue };
        if analysis.is_library(definition.at.file) {
            continue;
        }
        let (inside, name) = definition.name.as_str().rsplit_once('.').unwrap_or(("", definition.name.as_str()));
        let weight = badness * 2 + u32::from(!matches!(kind, SymbolKind::Declaration(_)));
        found.push((weight, Found { name: name.to_owned(), inside: inside.to_owned(), kind, at: definition.at }));
    }
    found.sort_by(|(a, x), (b, y)| (a, x.name.len(), &x.name, x.at).cmp(&(b, y.name.len(), &y.name, y.at)));
    found.truncate(MOST_FOUND);
    found.into_iter().map(|(_, found)| found).collect()
}

/// How badly a name fits what was typed; none if letters are missing. 0 is the name itself.
pub(crate) fn badness(query: &str, name: &str) -> Option<u32> {
    let (query, lower) = (query.to_lowercase(), name.to_lowercase());
    if query == lower {
        return Some(0);
    }
    if lower.starts_with(&query) {
        return Some(1);
    }
    if lower.contains(&query) {
        return Some(2);
    }
    let mut rest = lower.chars();
    query.chars().all(|wanted| rest.any(|c| c == wanted)).then_some(3)
}
