//! Types, label references and paths.

use super::support::{Name, child, children, choice, name, names, node};

node! {
    /// `a.b.c` where a name is meant, not an expression: module paths, retry policies, type names.
    Path = PATH
    /// `@pii`
    LabelRef = LABEL_REF
    /// `Int`, `shop.Order`, `Table<Order>`
    NamedType = NAMED_TYPE
    /// `T?`
    OptionalType = OPTIONAL_TYPE
    /// `fn(A, B) -> C`: the type of a function that is passed.
    FnType = FN_TYPE
}

choice! {
    /// A type as written.
    TypeExpr {
        /// A name with optional arguments.
        Named(NamedType = NAMED_TYPE),
        /// A value or none.
        Optional(OptionalType = OPTIONAL_TYPE),
        /// A function.
        Fn(FnType = FN_TYPE),
    }
}

node! {
    /// `<A, B>`
    TypeArgList = TYPE_ARG_LIST
}

impl Path {
    /// The parts, in order.
    pub fn parts(&self) -> impl Iterator<Item = Name> + use<> {
        names(&self.0)
    }

    /// The last part.
    #[must_use]
    pub fn last(&self) -> Option<Name> {
        self.parts().last()
    }

    /// The parts joined by dots.
    #[must_use]
    pub fn text(&self) -> String {
        let parts: Vec<String> = self.parts().map(|part| part.text().to_owned()).collect();
        parts.join(".")
    }
}

impl LabelRef {
    /// The label's name, without `@`.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        name(&self.0)
    }
}

impl NamedType {
    /// The name, with its module if one is written.
    #[must_use]
    pub fn path(&self) -> Option<Path> {
        child(&self.0)
    }

    /// The arguments between `<` and `>`.
    pub fn args(&self) -> impl Iterator<Item = TypeExpr> + use<> {
        child::<TypeArgList>(&self.0).into_iter().flat_map(|list| children(&list.0))
    }
}

impl OptionalType {
    /// The type that may be absent.
    #[must_use]
    pub fn inner(&self) -> Option<TypeExpr> {
        child(&self.0)
    }
}

impl FnType {
    /// The parameters' types.
    pub fn params(&self) -> impl Iterator<Item = TypeExpr> + use<> {
        child::<TypeArgList>(&self.0).into_iter().flat_map(|list| children(&list.0))
    }

    /// The result's type.
    #[must_use]
    pub fn result(&self) -> Option<TypeExpr> {
        child(&self.0)
    }
}
