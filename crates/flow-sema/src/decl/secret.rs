//! Secrets: a name and where the value is read when it is needed. The value itself is never here.

use super::{Declaring, problems::BadSecretSource};
use crate::{expr::Place, names::ItemId};
use flow_plan::SecretSource;
use flow_syntax::ast;
use std::sync::Arc;

pub(super) fn declare(declaring: &mut Declaring<'_>, id: ItemId, decl: &ast::SecretDecl) {
    let item = declaring.env.names.item(id);
    let (name, module) = (item.name.clone(), item.module);
    let Some(expr) = decl.source() else { return };
    let mut el = declaring.elaborator(module, Place::Constant);
    let at = el.span(expr.range());
    match source(&expr) {
        Some(source) => {
            declaring.program.secrets.insert(name, source);
        }
        None => el.problem(BadSecretSource { at }),
    }
}

fn source(expr: &ast::Expr) -> Option<SecretSource> {
    let ast::Expr::Call(call) = expr else { return None };
    let Some(ast::Expr::Name(callee)) = call.callee() else { return None };
    let texts = call.args().map(|arg| match (arg.name(), arg.value()?) {
        (None, ast::Expr::String(text)) => text.plain_text().filter(|text| !text.is_empty()).map(Arc::from),
        _ => None,
    });
    let texts: Vec<Arc<str>> = texts.collect::<Option<_>>()?;
    match (callee.name()?.text(), texts.as_slice()) {
        ("env", [name]) => Some(SecretSource::Env(name.clone())),
        ("file", [path]) => Some(SecretSource::File(path.clone())),
        ("command", [_, ..]) => Some(SecretSource::Command(texts)),
        _ => None,
    }
}
