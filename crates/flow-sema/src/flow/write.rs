//! `write ds = value`, `write ds[key] = value`.

use super::{
    dataset_of,
    let_stmt::{compute, looks_into_data},
    problems::{NoPartition, NotADataset},
};
use crate::{decl::path_of, expr::Elaborator, problems::mismatch::Because};
use flow_expr::{Expr, ExprKind, Type};
use flow_plan::NodeKind;
use flow_syntax::ast;

pub(super) fn write(el: &mut Elaborator<'_>, stmt: &ast::WriteStmt) {
    let Some(target) = stmt.target() else { return };
    let target_at = el.span(target.range());
    let Some((id, name, partition)) = dataset_of(el, &target) else {
        report_target(el, &target);
        if let Some(value) = stmt.value() {
            el.infer(&value);
        }
        return;
    };
    let (declared, signature) = (el.env.names.item(id).at, el.env.signatures.get(&id).cloned());
    let ty = signature.as_ref().map_or(Type::Unknown, |signature| signature.returns.clone());
    if let Some(signature) = &signature
        && partition.is_empty()
        && let Some(key) = signature.params.first()
    {
        el.problem(NoPartition { at: target_at, dataset: name.short(), key: &key.name, declared: key.at });
    }
    let because = Because::Declared { name: name.short(), at: declared };
    let written = stmt.value();
    let Some(mut value) = el.check_present(written.as_ref(), &ty, because) else { return };
    let at = el.span(stmt.range());
    if looks_into_data(el, &value) {
        // A node of its own, so that its result is kept, and a plan can say that nothing has changed.
        let (var, made_at) = (el.locals.fresh(), value.at);
        compute(el, name.short(), var, ty.clone(), value, true, made_at);
        value = Expr::new(ExprKind::Var(var), made_at);
    }
    let label = format!("write {}", name.short());
    el.hoist(&label, Type::Unit, NodeKind::Write { dataset: name, value, partition }, at);
}

/// Reports a target that is no dataset, unless that was reported with its name or keys.
fn report_target(el: &mut Elaborator<'_>, target: &ast::Expr) {
    let at = el.span(target.range());
    let base = match target {
        ast::Expr::Index(index) => index.receiver(),
        other => Some(other.clone()),
    };
    let Some(base) = base else { return };
    let item = crate::decl::item_of(el, &base);
    match item.map(|id| el.env.names.item(id)) {
        // Wrong keys have been reported.
        Some(item) if matches!(item.decl, ast::Decl::Dataset(_)) => {}
        Some(item) => {
            let (found, declared) = (item.keyword(), Some(item.at));
            el.problem(NotADataset { at, found, declared });
        }
        None => match path_of(&base) {
            Some(path) if !path.first().is_some_and(|first| el.locals.is_bound(first.text())) => {
                let text = path.iter().map(ast::Name::text).collect::<Vec<_>>().join(".");
                el.unknown_value(&text, at, "dataset");
            }
            _ => el.problem(NotADataset { at, found: "value", declared: None }),
        },
    }
}
