//! Patterns of `match` arms against the type of what is looked at.
//!
//! A range becomes a name with a condition, so an arm that has one never counts as covering a value.

use super::Elaborator;
use crate::{
    index::DefinitionKind,
    problems::{
        matching::{BindingInOr, PatternFields, RecordPattern, WrongPattern},
        mismatch::Because,
        names::WrongKind,
        records::UnknownField,
    },
};
use flow_diag::Span;
use flow_expr::{BinaryOp, Expr, ExprKind, Pattern, Type, Value};
use flow_syntax::ast;

/// A pattern as elaborated.
pub(super) struct Fitted {
    pub(super) pattern: Pattern,
    /// What must hold besides.
    pub(super) conditions: Vec<Expr>,
}

impl Fitted {
    fn plain(pattern: Pattern) -> Self {
        Self { pattern, conditions: vec![] }
    }
}

impl Elaborator<'_> {
    /// A pattern on a value of the type. `present` says that `none` has been dealt with by an arm before.
    pub(super) fn pattern(&mut self, written: &ast::Pattern, ty: &Type, present: bool) -> Fitted {
        match written {
            ast::Pattern::Wildcard(_) => Fitted::plain(Pattern::Any),
            ast::Pattern::Binding(binding) => match binding.name() {
                Some(name) => {
                    let ty = if present { ty.required().clone() } else { ty.clone() };
                    Fitted::plain(Pattern::Bind(self.bind(&name, ty, DefinitionKind::Local, false)))
                }
                None => Fitted::plain(Pattern::Any),
            },
            ast::Pattern::Literal(literal) => self.literal_pattern(literal, ty),
            ast::Pattern::Range(range) => self.range_pattern(range, ty),
            ast::Pattern::Variant(variant) => self.variant_pattern(variant, ty),
            ast::Pattern::Or(either) => self.or_pattern(either, ty, present),
        }
    }

    fn literal_pattern(&mut self, literal: &ast::LiteralPattern, ty: &Type) -> Fitted {
        let Some(written) = literal.value() else { return Fitted::plain(Pattern::Any) };
        let (value, found) = self.elaborate(&written, Some(ty));
        if matches!(value.kind, ExprKind::Const(Value::Absent)) {
            if !matches!(ty, Type::Optional(_) | Type::Unknown) {
                self.problem(WrongPattern { at: value.at, pattern: "none".to_owned(), ty });
            }
            return Fitted::plain(Pattern::Absent);
        }
        let expected = ty.required().clone();
        let value = self.coerce(value, &found, &expected, Because::Place("which is looked at"));
        match value.kind {
            ExprKind::Const(value) => Fitted::plain(Pattern::Const(value)),
            // A text with holes has been reported by the parser.
            _ => Fitted::plain(Pattern::Any),
        }
    }

    fn range_pattern(&mut self, range: &ast::RangePattern, ty: &Type) -> Fitted {
        let at = self.span(range.range());
        let expected = ty.required().clone();
        let because = Because::Place("which is looked at");
        let var = self.locals.fresh();
        let mut conditions = vec![];
        if matches!(ty, Type::Optional(_)) {
            let absent = Expr::new(ExprKind::Const(Value::Absent), at);
            conditions.push(compare(BinaryOp::NotEqual, Expr::new(ExprKind::Var(var), at), absent, at));
        }
        for (bound, op) in [(range.start(), BinaryOp::GreaterEqual), (range.end(), BinaryOp::LessEqual)] {
            let Some(bound) = bound else { continue };
            let bound = self.check(&bound, &expected, because);
            conditions.push(compare(op, Expr::new(ExprKind::Var(var), at), bound, at));
        }
        if !flow_expr::builtins::is_ordered(&expected, &self.env.types) {
            self.problem(WrongPattern { at, pattern: "a range".to_owned(), ty });
        }
        Fitted { pattern: Pattern::Bind(var), conditions }
    }

    fn variant_pattern(&mut self, variant: &ast::VariantPattern, ty: &Type) -> Fitted {
        let Some(path) = variant.path() else { return Fitted::plain(Pattern::Any) };
        let Some(name) = path.last() else { return Fitted::plain(Pattern::Any) };
        let (at, name_at) = (self.span(variant.range()), self.span(name.range()));
        let env = self.env;
        let subject = env.base(ty.required());
        if *subject == Type::Unknown {
            self.bind_all(variant);
            return Fitted::plain(Pattern::Any);
        }
        let Some((owner, variants)) = env.variants_of(subject) else {
            if env.record(subject).is_some() {
                self.problem(RecordPattern { at, ty: subject });
            } else {
                self.problem(WrongPattern { at, pattern: format!("a variant `{}`", name.text()), ty });
            }
            self.bind_all(variant);
            return Fitted::plain(Pattern::Any);
        };
        self.qualifier(&path, owner.short(), ty);
        let Some(declared) = variants.iter().find(|declared| &*declared.name == name.text()) else {
            self.unknown_variant(name.text(), name_at, subject);
            self.bind_all(variant);
            return Fitted::plain(Pattern::Any);
        };
        if let Some(member) = env.member(owner, name.text()) {
            self.output.index.mention(name_at, member.definition);
        }
        self.payload_pattern(variant, &owner.clone(), declared, at)
    }

    /// The `Region` of `Region.North` must be the type that is looked at.
    fn qualifier(&mut self, path: &ast::Path, owner: &str, ty: &Type) {
        let parts: Vec<ast::Name> = path.parts().collect();
        let Some(qualifier) = parts.len().checked_sub(2).and_then(|place| parts.get(place)) else { return };
        let at = self.span(qualifier.range());
        let texts = parts[..parts.len() - 1].iter().map(ast::Name::text);
        match self.env.names.find_path(self.module, texts) {
            crate::names::Found::Item(item) => {
                let declared = self.env.names.item(item);
                self.output.index.mention(at, declared.definition);
                let found = self.env.type_items.get(&item).cloned();
                if found.is_none_or(|found| !self.env.fits(&found, ty.required())) {
                    let (name, found, declared) = (qualifier.text(), declared.keyword(), declared.at);
                    self.problem(WrongKind { name, at, expected: "the type that is looked at", found, declared });
                }
            }
            crate::names::Found::Broken => {}
            _ if qualifier.text() == owner => {}
            _ => self.unknown_value(qualifier.text(), at, "type"),
        }
    }

    fn payload_pattern(
        &mut self,
        variant: &ast::VariantPattern,
        owner: &flow_expr::Name,
        declared: &flow_expr::Variant,
        at: Span,
    ) -> Fitted {
        let env = self.env;
        let mut conditions = vec![];
        let mut payload = vec![];
        for field in variant.fields() {
            let Some(name) = field.name() else { continue };
            let name_at = self.span(name.range());
            let Some(place) = declared.payload.iter().find(|known| &*known.name == name.text()) else {
                let known = declared.payload.iter().map(|known| &*known.name).collect();
                let declared_at = env.member(owner, &declared.name).map(|member| member.at);
                let owner = &*declared.name;
                let is_function = false;
                let declared = declared_at;
                self.problem(UnknownField { at: name_at, field: name.text(), owner, known, declared, is_function });
                if let Some(inner) = field.pattern() {
                    self.pattern(&inner, &Type::Unknown, false);
                } else {
                    self.bind(&name, Type::Unknown, DefinitionKind::Local, false);
                }
                continue;
            };
            if let Some(member) = env.payload_member(owner, &declared.name, name.text()) {
                self.output.index.mention(name_at, member.definition);
            }
            let inner = match field.pattern() {
                Some(inner) => self.pattern(&inner, &place.ty, false),
                None => Fitted::plain(Pattern::Bind(self.bind(&name, place.ty.clone(), DefinitionKind::Local, false))),
            };
            conditions.extend(inner.conditions);
            payload.push((place.name.clone(), inner.pattern));
        }
        if variant.has_field_list() && !variant.has_rest() {
            let named = |field: &&flow_expr::Field| payload.iter().any(|(name, _)| *name == field.name);
            let left: Vec<&str> =
                declared.payload.iter().filter(|field| !named(field)).map(|field| &*field.name).collect();
            if !left.is_empty() {
                self.problem(PatternFields { at, variant: &declared.name, left });
            }
        }
        Fitted { pattern: Pattern::Variant(declared.name.clone(), payload), conditions }
    }

    fn or_pattern(&mut self, either: &ast::OrPattern, ty: &Type, present: bool) -> Fitted {
        let mut patterns = vec![];
        for alternative in either.alternatives() {
            let at = self.span(alternative.range());
            self.locals.enter();
            let fitted = self.pattern(&alternative, ty, present);
            let binds = self.locals.leave().next().is_some();
            if binds || !fitted.conditions.is_empty() {
                self.problem(BindingInOr { at, is_range: !binds });
            }
            patterns.push(fitted.pattern);
        }
        Fitted::plain(Pattern::Either(patterns))
    }

    /// What a wrong pattern would bind is bound to what is unknown, so that the arm is still checked.
    fn bind_all(&mut self, variant: &ast::VariantPattern) {
        for field in variant.fields() {
            match (field.pattern(), field.name()) {
                (Some(inner), _) => {
                    self.pattern(&inner, &Type::Unknown, false);
                }
                (None, Some(name)) => {
                    self.bind(&name, Type::Unknown, DefinitionKind::Local, false);
                }
                (None, None) => {}
            }
        }
    }
}

fn compare(op: BinaryOp, left: Expr, right: Expr, at: Span) -> Expr {
    Expr::new(ExprKind::Binary(op, Box::new(left), Box::new(right)), at)
}
