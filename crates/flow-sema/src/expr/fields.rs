//! `x.f`: fields of records, members of modules, variants after their type, and paths in general.

use super::{Elaborator, names::Meaning};
use crate::{
    names::Found,
    problems::{
        context::NotAValue,
        mismatch::Because,
        names::NotInModule,
        records::{NoFields, UnknownField},
    },
};
use flow_diag::Span;
use flow_expr::{Expr, ExprKind, Type};
use flow_syntax::ast;

impl Elaborator<'_> {
    pub(super) fn field(&mut self, expr: &ast::FieldExpr, hint: Option<&Type>) -> (Expr, Type) {
        let at = self.span(expr.range());
        let (Some(receiver), Some(name)) = (expr.receiver(), expr.name()) else {
            // What is before the dot is used all the same, and an editor asks for its type.
            expr.receiver().iter().for_each(|receiver| drop(self.infer(receiver)));
            return self.missing(expr.range());
        };
        match self.path_or_value(&receiver) {
            Meaning::Value(base, ty) => self.field_of(base, &ty, name.text(), self.span(name.range()), at),
            Meaning::Item(item) => self.member_of_item(item, &name, at, hint),
            other => match self.step_into(&other, &receiver, &name) {
                Meaning::Value(value, ty) => (value, ty),
                Meaning::Item(item) => self.item_as_value(item, name.text(), at, hint),
                Meaning::Module(_) | Meaning::Folder => {
                    let text = name.text();
                    self.problem(NotAValue { name: text, at, found: "a module", declared: None, help: None });
                    self.unknown(at)
                }
                Meaning::Nothing => self.unknown(at),
            },
        }
    }

    /// The receiver of a field or call: a value, or the beginning of a path.
    pub(super) fn path_or_value(&mut self, receiver: &ast::Expr) -> Meaning {
        match receiver {
            ast::Expr::Name(name) => {
                let Some(name) = name.name() else { return self.nothing(receiver) };
                match self.meaning(&name) {
                    Meaning::Item(item) if self.is_value(item) => {
                        let (value, ty) = self.item_as_value(item, name.text(), self.span(name.range()), None);
                        Meaning::Value(value, ty)
                    }
                    Meaning::Nothing => {
                        let (value, ty) = self.infer(receiver);
                        Meaning::Value(value, ty)
                    }
                    other => other,
                }
            }
            ast::Expr::Field(field) => {
                let (Some(inner), Some(name)) = (field.receiver(), field.name()) else { return self.nothing(receiver) };
                let at = self.span(field.range());
                match self.path_or_value(&inner) {
                    Meaning::Value(base, ty) => {
                        let (value, ty) = self.field_of(base, &ty, name.text(), self.span(name.range()), at);
                        Meaning::Value(value, ty)
                    }
                    Meaning::Item(item) => {
                        let (value, ty) = self.member_of_item(item, &name, at, None);
                        Meaning::Value(value, ty)
                    }
                    other => match self.step_into(&other, &inner, &name) {
                        Meaning::Item(item) if self.is_value(item) => {
                            let (value, ty) = self.item_as_value(item, name.text(), at, None);
                            Meaning::Value(value, ty)
                        }
                        other => other,
                    },
                }
            }
            _ => {
                let (value, ty) = self.infer(receiver);
                Meaning::Value(value, ty)
            }
        }
    }

    fn nothing(&mut self, expr: &ast::Expr) -> Meaning {
        let (value, ty) = self.missing(expr.range());
        Meaning::Value(value, ty)
    }

    fn is_value(&self, item: crate::names::ItemId) -> bool {
        !matches!(self.env.names.item(item).decl, ast::Decl::Type(_))
    }

    /// A member of a module or folder. What is not there is reported, and is an unknown value.
    pub(super) fn step_into(&mut self, of: &Meaning, receiver: &ast::Expr, name: &ast::Name) -> Meaning {
        let at = self.span(name.range());
        let found = match of {
            Meaning::Module(module) => self.env.names.member(*module, name.text()),
            _ => {
                let path = format!("{}.{}", receiver.syntax().text().to_string().trim(), name.text());
                match self.env.names.module_named(&path) {
                    Some(module) => Found::Module(module),
                    None => Found::Nothing,
                }
            }
        };
        match (found, of) {
            (Found::Item(item), _) => {
                self.output.index.mention(at, self.env.names.item(item).definition);
                self.item_meaning(item, at)
            }
            (Found::Module(module), _) => Meaning::Module(module),
            (_, Meaning::Module(module)) => {
                let env = self.env;
                let module = env.names.module(*module);
                let known = module.own.keys().map(|name| &**name);
                self.problem(NotInModule::new(name.text(), at, module.name.as_str(), known));
                self.nothing(receiver)
            }
            _ => {
                self.unknown_value(receiver.syntax().text().to_string().trim(), self.span(receiver.range()), "value");
                self.nothing(receiver)
            }
        }
    }

    /// `Region.North`.
    fn member_of_item(
        &mut self,
        item: crate::names::ItemId,
        name: &ast::Name,
        at: Span,
        hint: Option<&Type>,
    ) -> (Expr, Type) {
        let name_at = self.span(name.range());
        let env = self.env;
        let ty = env.type_items.get(&item).cloned();
        match ty.as_ref().and_then(|ty| env.variants_of(ty)) {
            Some((owner, _)) => self.construct_variant(&owner.clone(), name.text(), name_at, at, &[], None),
            None if ty.as_ref() == Some(&Type::Unknown) => self.unknown(at),
            None => {
                let declared = env.names.item(item);
                let receiver_at = Span::new(at.file, at.start, name_at.start.saturating_sub(1));
                self.item_as_value(item, declared.name.short(), receiver_at, hint)
            }
        }
    }

    /// The field of a value.
    pub(super) fn field_of(&mut self, base: Expr, ty: &Type, name: &str, name_at: Span, at: Span) -> (Expr, Type) {
        let env = self.env;
        let found = match env.base(ty) {
            Type::Unknown => return self.unknown(at),
            Type::Json => Some((name.into(), Type::Json)),
            known => env.record(known).and_then(|(owner, fields)| {
                let field = fields.iter().find(|field| &*field.name == name)?;
                if let Some(member) = env.member(owner, name) {
                    self.output.index.mention(name_at, member.definition);
                }
                Some((field.name.clone(), field.ty.clone()))
            }),
        };
        if let Some((name, field_ty)) = found {
            self.output.index.typed(at, &field_ty);
            return (Expr::new(ExprKind::Field { base: Box::new(base), name }, at), field_ty);
        }
        self.no_field(&base, ty, name, name_at);
        self.unknown(at)
    }

    fn no_field(&mut self, base: &Expr, ty: &Type, name: &str, name_at: Span) {
        let env = self.env;
        if let Type::Optional(inner) = env.base(ty)
            && env.record(inner).is_some_and(|(_, fields)| fields.iter().any(|field| &*field.name == name))
        {
            let because = Because::Place("to look at a field of it");
            self.coerce(base.clone(), ty, inner, because);
            return;
        }
        let is_function = flow_expr::builtins::is_builtin(name)
            || matches!(env.names.find(self.module, name), Found::Item(item) if env.signatures.contains_key(&item));
        match env.record(ty.required()) {
            Some((owner, fields)) => {
                let known = fields.iter().map(|field| &*field.name).collect();
                let declared = env.names.all_types().get(owner).map(|item| env.names.item(*item).at);
                self.problem(UnknownField {
                    at: name_at,
                    field: name,
                    owner: owner.short(),
                    known,
                    declared,
                    is_function,
                });
            }
            None => self.problem(NoFields { at: name_at, field: name, ty, is_function }),
        }
    }
}
