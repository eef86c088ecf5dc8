//! Policies: their names are checked, their meaning comes later.
//!
//! What a policy mentions counts as used. Names in it are not looked into further, since what stands there
//! (`it` of a policy) has no types yet.

use super::Declaring;
use crate::{
    expr::{Elaborator, Place},
    names::{Found, ItemId},
};
use flow_syntax::{
    SyntaxNode,
    ast::{self, AstNode as _},
};

/// A policy: what it mentions is used.
pub(super) fn policy(declaring: &mut Declaring<'_>, id: ItemId, decl: &ast::PolicyDecl) {
    let module = declaring.env.names.item(id).module;
    let mut el = declaring.elaborator(module, Place::Test);
    mention_all(&mut el, decl.syntax());
}

/// Every name under a node that means a declaration mentions it.
fn mention_all(el: &mut Elaborator<'_>, node: &SyntaxNode) {
    for inner in node.descendants() {
        let Some(name) = ast::NameExpr::cast(inner).and_then(|name| name.name()) else { continue };
        if let Found::Item(id) = el.env.names.find(el.module, name.text()) {
            let at = el.span(name.range());
            el.output.index.mention(at, el.env.names.item(id).definition);
        }
    }
}
