//! The rules and defaults of fields, and the rules of refined aliases.

use crate::{
    environment::Environment,
    expr::{Elaborator, Place},
    names::ItemId,
    output::Output,
    problems::mismatch::Because,
    source::span,
    values::{constant_value, rule},
};
use flow_expr::{Expr, Name, Refinement, Type, TypeDef};
use flow_syntax::ast;

/// The rule and default of one field: its variant (none in a record), its name, and the two.
type FieldRules = (Option<String>, String, Option<Refinement>, Option<Expr>);

/// What one declaration adds to the tables.
struct Rules {
    name: Name,
    fields: Vec<FieldRules>,
    alias: Option<Refinement>,
}

/// Elaborates them all.
pub(crate) fn refinements(env: &mut Environment, output: &mut Output) {
    let types: Vec<ItemId> =
        env.names.all().filter(|(_, item)| matches!(item.decl, ast::Decl::Type(_))).map(|(id, _)| id).collect();
    for id in types {
        let rules = rules(env, id, output);
        apply(env, rules);
    }
}

fn rules(env: &Environment, id: ItemId, output: &mut Output) -> Rules {
    let item = env.names.item(id);
    let mut rules = Rules { name: item.name.clone(), fields: vec![], alias: None };
    let ast::Decl::Type(decl) = &item.decl else { return rules };
    let ty = Type::Named(item.name.clone());
    match decl.body() {
        Some(ast::TypeBody::Record(body)) => {
            let declared = env.record(&ty).map_or(&[][..], |(_, fields)| fields);
            for field in body.fields() {
                rules.fields.extend(field_rules(env, id, None, &field, declared, output));
            }
        }
        Some(ast::TypeBody::Enum(body)) => {
            let variants = env.variants_of(&ty).map_or(&[][..], |(_, variants)| variants);
            for variant in body.variants() {
                let Some(name) = variant.name() else { continue };
                let declared = variants.iter().find(|known| &*known.name == name.text());
                let declared = declared.map_or(&[][..], |known| &known.payload);
                for field in variant.fields() {
                    rules.fields.extend(field_rules(env, id, Some(name.text()), &field, declared, output));
                }
            }
        }
        Some(ast::TypeBody::Alias(body)) => {
            if let (Some(written), Some(TypeDef::Refined { base, .. })) = (body.refinement(), env.types.get(&item.name))
            {
                rules.alias = Some(rule(env, id, &written, base, output));
            }
        }
        None => {}
    }
    rules
}

fn field_rules(
    env: &Environment,
    id: ItemId,
    variant: Option<&str>,
    field: &ast::Field,
    declared: &[flow_expr::Field],
    output: &mut Output,
) -> Option<FieldRules> {
    let name = field.name()?;
    let (refinement, default) = (field.refinement(), field.default());
    if refinement.is_none() && default.is_none() {
        return None;
    }
    let item = env.names.item(id);
    let ty = declared.iter().find(|known| &*known.name == name.text()).map(|known| known.ty.clone())?;
    let refinement = refinement.map(|written| rule(env, id, &written, ty.required(), output));
    let default = default.and_then(|written| {
        let mut elaborator = Elaborator::new(env, item.module, Place::Constant, output);
        let at = span(elaborator.file, name.range());
        let because = Because::Field { owner: item.name.short(), field: name.text(), at };
        let value = elaborator.check(&written, &ty, because);
        let value = constant_value(env, &value, None, output)?;
        Some(Expr::new(flow_expr::ExprKind::Const(value), span(env.names.module(item.module).file, written.range())))
    });
    Some((variant.map(str::to_owned), name.text().to_owned(), refinement, default))
}

fn apply(env: &mut Environment, rules: Rules) {
    let Rules { name, fields, alias } = rules;
    if let (Some(alias), Some(TypeDef::Refined { refinement, .. })) = (alias, env.types.0.get_mut(&name)) {
        *refinement = alias;
    }
    for (variant, field, rule, default) in fields {
        let declared = match (env.types.0.get_mut(&name), &variant) {
            (Some(TypeDef::Record(fields)), _) => Some(fields),
            (Some(TypeDef::Enum(variants)), Some(variant)) => {
                variants.iter_mut().find(|known| *known.name == **variant).map(|known| &mut known.payload)
            }
            _ => None,
        };
        if let Some(declared) = declared.and_then(|fields| fields.iter_mut().find(|known| *known.name == *field)) {
            declared.refinement = rule;
        }
        let members = env.members.get_mut(&name);
        let members = match (&variant, members) {
            (None, members) => members,
            (Some(variant), members) => members
                .and_then(|members| members.iter_mut().find(|member| *member.name == **variant))
                .map(|member| &mut member.fields),
        };
        if let Some(member) = members.and_then(|members| members.iter_mut().find(|member| *member.name == *field)) {
            member.default = default;
        }
    }
}
