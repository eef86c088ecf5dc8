//! Inside code: parameters of the step as that language names them; tables and columns in SQL.

use super::{Completion, CompletionKind, Context};
use crate::embedded::{self, Language};
use flow_expr::Type;
use flow_syntax::{
    SyntaxKind,
    ast::{self, AstNode},
};

/// None outside of code.
pub(super) fn offers(context: &Context<'_>) -> Option<Vec<Completion>> {
    if context.token.kind() != SyntaxKind::STRING_TEXT {
        return None;
    }
    let language = embedded::language(&context.token)?;
    let step = context.around(SyntaxKind::STEP_DECL).and_then(ast::StepDecl::cast)?;
    let params: Vec<(String, Option<Type>, String)> = step
        .params()
        .filter_map(|param| {
            let name = param.name()?;
            let ty = context.local_at(name.syntax()).and_then(|definition| definition.ty.clone());
            let written = param.ty().map(|ty| ty.syntax().text().to_string().trim().to_owned());
            Some((name.text().to_owned(), ty, written.unwrap_or_default()))
        })
        .collect();
    let param = |(name, _, written): &(String, Option<Type>, String)| {
        Completion::new(name.clone(), CompletionKind::Local, 0).detail(written.clone())
    };
    Some(match language {
        Language::Python => params.iter().map(param).collect(),
        Language::Shell if context.before.ends_with('$') || context.before.ends_with("${") => {
            params.iter().map(param).collect()
        }
        Language::Shell => vec![],
        Language::Sql if context.before.ends_with(':') => {
            let is_scalar = |ty: &Option<Type>| !matches!(ty, Some(Type::Table(_)));
            params.iter().filter(|(_, ty, _)| is_scalar(ty)).map(param).collect()
        }
        Language::Sql => sql(context, &params),
    })
}

/// Tables, their columns, and words of SQL; behind `table.` only its columns.
fn sql(context: &Context<'_>, params: &[(String, Option<Type>, String)]) -> Vec<Completion> {
    let tables = params.iter().filter_map(|(name, ty, written)| match ty {
        Some(Type::Table(row)) => Some((name, row, written)),
        _ => None,
    });
    let qualifier = context
        .before
        .strip_suffix('.')
        .map(|before| before.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default().to_owned());
    let mut items = vec![];
    for (name, row, written) in tables {
        let is_meant = qualifier.as_ref().is_none_or(|qualifier| {
            qualifier.eq_ignore_ascii_case(name) || is_alias(context.token.text(), name, qualifier)
        });
        if qualifier.is_none() {
            items.push(Completion::new(name.clone(), CompletionKind::Local, 1).detail(written.clone()));
        }
        let columns = context.fields(row).unwrap_or_default().iter().filter(|_| is_meant);
        items.extend(columns.map(|column| {
            Completion::new(&*column.name, CompletionKind::Field, 0).detail(format!("{} of {name}", column.ty))
        }));
    }
    if qualifier.is_none() {
        items.extend(embedded::SQL.iter().map(|word| Completion::new(*word, CompletionKind::Keyword, 9)));
    }
    items
}

/// Whether a query says `table alias` or `table as alias`.
fn is_alias(text: &str, table: &str, alias: &str) -> bool {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let (table, alias) = (table.to_lowercase(), alias.to_lowercase());
    let follows = |pair: &[String]| pair[0] == table && pair[1] == alias;
    words.windows(2).any(follows)
        || words.windows(3).any(|three| three[0] == table && three[1] == "as" && three[2] == alias)
}
