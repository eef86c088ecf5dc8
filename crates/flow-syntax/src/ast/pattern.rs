//! Patterns of `match` arms.

use super::support::{Name, child, children, choice, name, node, token};
use super::{Expr, Path};
use crate::kind::SyntaxKind;

node! {
    /// `_`
    WildcardPattern = WILDCARD_PATTERN
    /// `12`, `"x"`, `-1`, `none`
    LiteralPattern = LITERAL_PATTERN
    /// `1..10`, `1..=10`
    RangePattern = RANGE_PATTERN
    /// `name`: matches anything and names it.
    BindingPattern = BINDING_PATTERN
    /// `North`, `Region.North`, `Failed(reason: r, ..)`
    VariantPattern = VARIANT_PATTERN
    /// `(reason: r, ..)`
    PatternFieldList = PATTERN_FIELD_LIST
    /// `reason: r`; `reason` alone names the field's value after it.
    PatternField = PATTERN_FIELD
    /// `..`: the other fields.
    RestPattern = REST_PATTERN
    /// `A | B`
    OrPattern = OR_PATTERN
}

choice! {
    /// What a match arm accepts.
    Pattern {
        /// Anything.
        Wildcard(WildcardPattern = WILDCARD_PATTERN),
        /// One value.
        Literal(LiteralPattern = LITERAL_PATTERN),
        /// Values between two.
        Range(RangePattern = RANGE_PATTERN),
        /// Anything, with a name.
        Binding(BindingPattern = BINDING_PATTERN),
        /// A variant or record.
        Variant(VariantPattern = VARIANT_PATTERN),
        /// One of several.
        Or(OrPattern = OR_PATTERN),
    }
}

impl LiteralPattern {
    /// The literal, a string, or a negated literal.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl RangePattern {
    /// The first value.
    #[must_use]
    pub fn start(&self) -> Option<Expr> {
        children(&self.0).next()
    }

    /// The bound.
    #[must_use]
    pub fn end(&self) -> Option<Expr> {
        children(&self.0).nth(1)
    }

    /// Whether the bound belongs to it: `..=`.
    #[must_use]
    pub fn is_inclusive(&self) -> bool {
        token(&self.0, SyntaxKind::DOT2_EQ).is_some()
    }
}

impl BindingPattern {
    /// The name.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        name(&self.0)
    }
}

impl VariantPattern {
    /// The variant's name, perhaps after its type's.
    #[must_use]
    pub fn path(&self) -> Option<Path> {
        child(&self.0)
    }

    /// The fields that are looked at.
    pub fn fields(&self) -> impl Iterator<Item = PatternField> + use<> {
        child::<PatternFieldList>(&self.0).into_iter().flat_map(|list| children(&list.0))
    }

    /// Whether `..` leaves the other fields open.
    #[must_use]
    pub fn has_rest(&self) -> bool {
        child::<PatternFieldList>(&self.0).is_some_and(|list| child::<RestPattern>(&list.0).is_some())
    }

    /// Whether parentheses are written.
    #[must_use]
    pub fn has_field_list(&self) -> bool {
        child::<PatternFieldList>(&self.0).is_some()
    }
}

impl PatternField {
    /// The field.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        name(&self.0)
    }

    /// What it must match; without one the field's name is bound.
    #[must_use]
    pub fn pattern(&self) -> Option<Pattern> {
        child(&self.0)
    }
}

impl OrPattern {
    /// The alternatives.
    pub fn alternatives(&self) -> impl Iterator<Item = Pattern> + use<> {
        children(&self.0)
    }
}
