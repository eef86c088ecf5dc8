//! Policies, tests and judging guards: their names are checked, their meaning comes later.
//!
//! What a policy or test mentions counts as used. Names in them are not looked into further, since what
//! stands there (`it` of a policy, results of a run) has no types yet.

use super::{Declaring, ai, clause};
use crate::{
    ParsedModule,
    expr::{Elaborator, Place},
    names::{Found, ItemId, ModuleId},
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

/// A guard whose judge is a model: the body's settings are checked.
pub(super) fn judge(declaring: &mut Declaring<'_>, id: ItemId, decl: &ast::GuardDecl) {
    let Some(judge) = decl.judge() else { return };
    let module = declaring.env.names.item(id).module;
    let Some(signature) = declaring.env.signatures.get(&id).cloned() else { return };
    let mut el = declaring.elaborator(module, Place::Step);
    el.locals.enter();
    for param in &signature.params {
        el.bind_parameter(param);
    }
    if let Some(ast::Body::Ai(body)) = judge.body() {
        ai::body(&mut el, &body);
    }
    for clause in judge.clauses() {
        if let ast::Clause::Timeout(timeout) = clause {
            clause::milliseconds(&mut el, timeout.duration(), "timeout");
        }
    }
    el.locals.leave();
}

/// The tests of all modules: what they mention is used.
pub(crate) fn tests(declaring: &mut Declaring<'_>, modules: &[ParsedModule]) {
    for (number, parsed) in (0_u32..).zip(modules) {
        for decl in parsed.module.decls() {
            if let ast::Decl::Test(test) = decl {
                let mut el = declaring.elaborator(ModuleId(number), Place::Test);
                mention_all(&mut el, test.syntax());
            }
        }
    }
}

/// Every name under a node that means a declaration mentions it.
fn mention_all(el: &mut Elaborator<'_>, node: &SyntaxNode) {
    for inner in node.descendants() {
        let name = match inner.kind() {
            flow_syntax::SyntaxKind::GIVEN_STMT => ast::GivenStmt::cast(inner).and_then(|given| given.name()),
            _ => ast::NameExpr::cast(inner).and_then(|name| name.name()),
        };
        let Some(name) = name else { continue };
        if let Found::Item(id) = el.env.names.find(el.module, name.text()) {
            let at = el.span(name.range());
            el.output.index.mention(at, el.env.names.item(id).definition);
        }
    }
}
