//! Records and variants made by calls with named arguments, `..base` included.

use super::Elaborator;
use crate::{
    arguments::{Given, GivenValue},
    environment::Member,
    names::ItemId,
    problems::{
        arguments::{GivenTwice, TooManyArguments, UnknownArgument},
        context::NotAValue,
        mismatch::Because,
        records::{MissingFields, PositionalField, SpreadHere, UnknownVariant},
    },
};
use flow_diag::Span;
use flow_expr::{Expr, ExprKind, Field, Name, Type, Value};
use flow_syntax::ast;
use std::sync::Arc;

/// What is made: a record, or a variant of an enum.
struct Made<'a> {
    /// As people call it: `Note`, `Failed`.
    shown: &'a str,
    /// Where it is declared.
    declared: Option<Span>,
    fields: &'a [Field],
    members: &'a [Member],
    /// The whole construction.
    at: Span,
    /// Where more fields could be written, and whether others stand before.
    insert: Option<(Span, bool)>,
}

impl Elaborator<'_> {
    /// A call of a type's name.
    pub(super) fn construct(
        &mut self,
        item: ItemId,
        name_at: Span,
        expr: &ast::CallExpr,
        given: Vec<Given>,
        at: Span,
    ) -> (Expr, Type) {
        let env = self.env;
        let declared = env.names.item(item);
        let ty = env.type_items.get(&item).cloned().unwrap_or(Type::Unknown);
        if ty == Type::Unknown {
            return self.check_loose(expr, at);
        }
        let Some((name, fields)) = env.record(&ty) else {
            let help = match env.variants_of(&ty) {
                Some((_, variants)) => variants.first().map(|one| format!("name a variant: `{}`", one.name)),
                None => Some("a value of it is written as one of the type that it stands for".to_owned()),
            };
            let (shown, declared) = (declared.name.short(), Some(declared.at));
            self.problem(NotAValue { name: shown, at: name_at, found: "a type", declared, help });
            return self.check_loose(expr, at);
        };
        let members = env.members.get(name).map_or(&[][..], Vec::as_slice);
        let insert = self.insert_place(expr);
        let made = Made { shown: declared.name.short(), declared: Some(declared.at), fields, members, at, insert };
        let base = self.base_of(expr, &ty);
        let fields = self.fields(&made, &given, base.is_some());
        let kind = ExprKind::Record { ty: name.clone(), base: base.map(Box::new), fields };
        let record = Type::Named(name.clone());
        (self.ruled(Expr::new(kind, at), &record, &ty), ty)
    }

    /// A variant, with its payload if it has one.
    pub(super) fn construct_variant(
        &mut self,
        owner: &Name,
        variant: &str,
        name_at: Span,
        at: Span,
        given: &[Given],
        call: Option<&ast::CallExpr>,
    ) -> (Expr, Type) {
        let env = self.env;
        let ty = Type::Named(owner.clone());
        let found = env.variants_of(&ty).and_then(|(_, all)| all.iter().find(|declared| &*declared.name == variant));
        let Some(declared) = found else {
            self.unknown_variant(variant, name_at, &ty);
            return match call {
                Some(call) => (self.check_loose(call, at).0, ty),
                None => (self.unknown(at).0, ty),
            };
        };
        let member = env.member(owner, variant);
        if let Some(member) = member {
            self.output.index.mention(name_at, member.definition);
        }
        self.output.index.typed(at, &ty);
        if declared.payload.is_empty() && call.is_none() {
            let value = flow_expr::VariantValue { ty: owner.clone(), variant: declared.name.clone(), fields: vec![] };
            return (Expr::new(ExprKind::Const(Value::Variant(Arc::new(value))), at), ty);
        }
        let made = Made {
            shown: &declared.name,
            declared: member.map(|member| member.at),
            fields: &declared.payload,
            members: member.map_or(&[][..], |member| &member.fields),
            at,
            insert: call.and_then(|call| self.insert_place(call)),
        };
        if let Some(spread) = call.and_then(spread_of) {
            let at = self.span(spread.range());
            self.problem(SpreadHere { at });
        }
        let fields = self.fields(&made, given, false);
        let variant = declared.name.clone();
        (Expr::new(ExprKind::Variant { ty: owner.clone(), variant, fields }, at), ty)
    }

    /// `..old`
    fn base_of(&mut self, expr: &ast::CallExpr, ty: &Type) -> Option<Expr> {
        let value = spread_of(expr)?.value()?;
        Some(self.check(&value, ty, Because::Place("whose other fields `..` takes over")))
    }

    fn insert_place(&self, expr: &ast::CallExpr) -> Option<(Span, bool)> {
        let list = expr.arg_list()?;
        let whole = self.span(list.range());
        let before = whole.end.checked_sub(1)?;
        let follows = list.arguments().next().is_some();
        Some((Span::new(whole.file, before, before), follows))
    }

    /// The given fields in the order of declaration; without a base, defaults and absent values are filled in.
    fn fields(&mut self, made: &Made<'_>, given: &[Given], has_base: bool) -> Vec<(Arc<str>, Expr)> {
        let mut values: Vec<Option<(Expr, Span)>> = made.fields.iter().map(|_| None).collect();
        let mut wrong = false;
        for argument in given {
            let place = self.field_place(made, argument, given.len());
            let GivenValue::Written(Some(written)) = &argument.value else { continue };
            let Some(place) = place else {
                wrong = true;
                self.elaborate(written, Some(&Type::Unknown));
                continue;
            };
            let field = &made.fields[place];
            if let Some((_, first)) = &values[place] {
                let first = *first;
                self.problem(GivenTwice { at: argument.at, first, argument: &field.name });
            }
            let declared = made.members.get(place).map_or(made.at, |member| member.at);
            let because = Because::Field { owner: made.shown, field: &field.name, at: declared };
            let value = match self.check(written, &field.ty, because) {
                // Who makes a record looks at this itself, and says which field is wrong.
                Expr { kind: ExprKind::Refined(value, ty), .. } if matches!(ty.required(), Type::Named(_)) => *value,
                value => value,
            };
            values[place] = Some((value, argument.at));
        }
        let mut missing = vec![];
        let mut fields = vec![];
        for (place, (field, value)) in made.fields.iter().zip(values).enumerate() {
            let default = || made.members.get(place).and_then(|member| member.default.clone());
            let value = match value {
                Some((value, _)) => value,
                None if has_base => continue,
                None => match default() {
                    Some(default) => default,
                    None if matches!(field.ty, Type::Optional(_)) => Expr::new(ExprKind::Const(Value::Absent), made.at),
                    None => {
                        missing.push((&*field.name, self.example(&field.ty)));
                        continue;
                    }
                },
            };
            fields.push((field.name.clone(), value));
        }
        // A misspelt field is missing under its right name: one report is enough.
        if !missing.is_empty() && !wrong {
            let (at, owner, declared, insert) = (made.at, made.shown, made.declared, made.insert);
            self.problem(MissingFields { at, owner, missing, declared, insert });
        }
        fields
    }

    /// Some value of a type, as written, for a fix to begin with.
    fn example(&self, ty: &Type) -> Option<String> {
        let text = match self.env.base(ty) {
            Type::Bool => "false",
            Type::Int | Type::Decimal | Type::Float => "0",
            Type::String => "\"\"",
            Type::Duration => "1h",
            Type::Date => "2026-01-01",
            Type::Time => "00:00",
            Type::Timestamp => "2026-01-01T00:00:00Z",
            Type::Optional(_) => "none",
            Type::List(_) => "[]",
            Type::Map(..) => "[:]",
            other => {
                let (_, variants) = self.env.variants_of(other)?;
                return Some(variants.iter().find(|variant| variant.payload.is_empty())?.name.to_string());
            }
        };
        Some(text.to_owned())
    }

    /// The field of an argument; reports what has none.
    fn field_place(&mut self, made: &Made<'_>, argument: &Given, count: usize) -> Option<usize> {
        let Some(name) = &argument.name else {
            if made.fields.is_empty() {
                let (owner, declared) = (made.shown, made.declared);
                self.problem(TooManyArguments { at: argument.at, owner, takes: 0, given: count, declared });
            } else {
                let known = made.fields.iter().map(|field| &*field.name).collect();
                self.problem(PositionalField { at: argument.at, owner: made.shown, known });
            }
            return None;
        };
        let at = self.span(name.range());
        let place = made.fields.iter().position(|field| &*field.name == name.text());
        match place {
            Some(place) => {
                if let Some(member) = made.members.get(place) {
                    self.output.index.mention(at, member.definition);
                }
            }
            None => {
                let known = made.fields.iter().map(|field| &*field.name).collect();
                let (owner, declared) = (made.shown, made.declared);
                self.problem(UnknownArgument { at, argument: name.text(), owner, known, declared });
            }
        }
        place
    }

    /// Reports a variant that a type does not have.
    pub(super) fn unknown_variant(&mut self, variant: &str, at: Span, owner: &Type) {
        let env = self.env;
        let Some((name, variants)) = env.variants_of(owner) else { return };
        let known = variants.iter().map(|declared| &*declared.name).collect();
        let declared = env.names.all_types().get(name).map(|item| env.names.item(*item).at);
        self.problem(UnknownVariant { at, variant, owner: name.short(), known, declared });
    }
}

fn spread_of(expr: &ast::CallExpr) -> Option<ast::SpreadArg> {
    expr.arg_list()?.arguments().find_map(|argument| match argument {
        ast::Argument::Spread(spread) => Some(spread),
        ast::Argument::Arg(_) => None,
    })
}
