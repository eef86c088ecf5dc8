//! Pools: how many steps of a kind run at once.

use super::{Declaring, clause::number, settings};
use crate::{expr::Place, names::ItemId};
use flow_syntax::ast;

pub(super) fn declare(declaring: &mut Declaring<'_>, id: ItemId, decl: &ast::PoolDecl) {
    let item = declaring.env.names.item(id);
    let (name, at, module) = (item.name.clone(), item.at, item.module);
    let mut el = declaring.elaborator(module, Place::Constant);
    let settings = settings::read(&mut el, decl.clauses(), &["slots"], "a pool");
    if settings.value("slots").is_none() {
        settings.missing(&mut el, "slots", "a pool", at, "slots 4");
        return;
    }
    if let Some(slots) = number(&mut el, settings.value("slots"), "slots", 1) {
        declaring.program.pools.insert(name, u32::try_from(slots).unwrap_or(u32::MAX));
    }
}
