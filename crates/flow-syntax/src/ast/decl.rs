//! The module and its declarations, but for those with a file of their own: datasets
//! ([`super::dataset`]), steps ([`super::step`]) and flows ([`super::flow`]).

use super::support::{
    AstNode, Documented, Name, after_keyword, after_token, child, children, choice, doc_text, name, names, node,
};
use super::{
    Block, ClauseBlock, DatasetDecl, Expr, FlowDecl, LabelRef, Path, RetryBlock, RetryTerm, SettingClause, StepBlock,
    StepDecl, StringLit, TypeExpr,
};
use crate::kind::SyntaxKind;

node! {
    /// A whole file.
    Module = MODULE
    /// `use a.b`, `use a.b as c`, `use a.b.{x, y as z}`
    UseDecl = USE_DECL
    /// `{x, y as z}`
    UseGroup = USE_GROUP
    /// `x`, `y as z`
    UseItem = USE_ITEM
    /// `label pii "Identifies a person."`
    LabelDecl = LABEL_DECL
    /// `type T { … }`, `type T = A | B`, `type T = Decimal where it >= 0`
    TypeDecl = TYPE_DECL
    /// `{ a: Int, b: String }`
    RecordBody = RECORD_BODY
    /// `= A | B(x: Int)`; a single variant is written `= | A`.
    EnumBody = ENUM_BODY
    /// `= Decimal @label where it >= 0`
    AliasBody = ALIAS_BODY
    /// `A`, `B(x: Int)`
    Variant = VARIANT
    /// A record's or variant's field: `name: Type @label where … = default`.
    Field = FIELD
    /// `const x: Int = 1`
    ConstDecl = CONST_DECL
    /// `var x: Int where it > 0 = 1`
    VarDecl = VAR_DECL
    /// `secret key = env("KEY")`
    SecretDecl = SECRET_DECL
    /// `connection warehouse { provider postgres … }`
    ConnectionDecl = CONNECTION_DECL
    /// `model writer { provider openai … }`
    ModelDecl = MODEL_DECL
    /// `pool gpu { slots 2 }`
    PoolDecl = POOL_DECL
    /// `retry patient { up to 4 times … }`
    RetryDecl = RETRY_DECL
    /// `guard short(text: String) { … }`
    GuardDecl = GUARD_DECL
    /// `fn f<T>(a: T) -> T { … }`
    FnDecl = FN_DECL
    /// `policy owned { … }`
    PolicyDecl = POLICY_DECL
    /// `test "…" { … }`
    TestDecl = TEST_DECL
    /// `<T, U>` after a function's name.
    TypeParamList = TYPE_PARAM_LIST
    /// `(a: Int, b: T = x)`
    ParamList = PARAM_LIST
    /// `a: Int @label where … = default`
    Param = PARAM
}

choice! {
    /// A declaration at the top of a file.
    Decl {
        /// `use`
        Use(UseDecl = USE_DECL),
        /// `label`
        Label(LabelDecl = LABEL_DECL),
        /// `type`
        Type(TypeDecl = TYPE_DECL),
        /// `const`
        Const(ConstDecl = CONST_DECL),
        /// `var`
        Var(VarDecl = VAR_DECL),
        /// `secret`
        Secret(SecretDecl = SECRET_DECL),
        /// `connection`
        Connection(ConnectionDecl = CONNECTION_DECL),
        /// `model`
        Model(ModelDecl = MODEL_DECL),
        /// `pool`
        Pool(PoolDecl = POOL_DECL),
        /// `dataset`
        Dataset(DatasetDecl = DATASET_DECL),
        /// `retry`
        Retry(RetryDecl = RETRY_DECL),
        /// `guard`
        Guard(GuardDecl = GUARD_DECL),
        /// `fn`
        Fn(FnDecl = FN_DECL),
        /// `step`
        Step(StepDecl = STEP_DECL),
        /// `flow`
        Flow(FlowDecl = FLOW_DECL),
        /// `policy`
        Policy(PolicyDecl = POLICY_DECL),
        /// `test`
        Test(TestDecl = TEST_DECL),
    }
}

choice! {
    /// What a type declaration makes.
    TypeBody {
        /// A record.
        Record(RecordBody = RECORD_BODY),
        /// A choice of variants.
        Enum(EnumBody = ENUM_BODY),
        /// Another name for a type, perhaps refined.
        Alias(AliasBody = ALIAS_BODY),
    }
}

impl Module {
    /// The declarations, in order.
    pub fn decls(&self) -> impl Iterator<Item = Decl> + use<> {
        children(&self.0)
    }

    /// The text of the `//!` comments at the top.
    #[must_use]
    pub fn docs(&self) -> Option<String> {
        doc_text(&self.0, SyntaxKind::MODULE_DOC, "//!")
    }
}

impl Decl {
    /// The declared name; none for `use` and `test`.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        match self {
            Self::Use(_) | Self::Test(_) => None,
            _ => name(self.syntax()),
        }
    }
}

/// Gives declarations whose first name is theirs a `name()` and docs.
macro_rules! named {
    ($($node:ident)*) => {$(
        impl $node {
            /// The declared name.
            #[must_use]
            pub fn name(&self) -> Option<Name> {
                name(AstNode::syntax(self))
            }
        }
        impl Documented for $node {}
    )*};
}

named! {
    LabelDecl TypeDecl Variant Field ConstDecl VarDecl SecretDecl ConnectionDecl ModelDecl PoolDecl DatasetDecl
    RetryDecl GuardDecl FnDecl StepDecl FlowDecl PolicyDecl Param
}

impl Documented for TestDecl {}
impl Documented for Decl {}

impl UseDecl {
    /// The path before the group: the module, or the module and one name.
    #[must_use]
    pub fn path(&self) -> Option<Path> {
        child(&self.0)
    }

    /// `c` of `use a.b as c`.
    #[must_use]
    pub fn alias(&self) -> Option<Name> {
        name(&self.0)
    }

    /// `{x, y}` of `use a.b.{x, y}`.
    #[must_use]
    pub fn group(&self) -> Option<UseGroup> {
        child(&self.0)
    }
}

impl UseGroup {
    /// The names that are taken.
    pub fn items(&self) -> impl Iterator<Item = UseItem> + use<> {
        children(&self.0)
    }
}

impl UseItem {
    /// The name in the other module.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        name(&self.0)
    }

    /// The name here, if `as` gives another one.
    #[must_use]
    pub fn alias(&self) -> Option<Name> {
        names(&self.0).nth(1)
    }
}

impl LabelDecl {
    /// What the label says of data.
    #[must_use]
    pub fn description(&self) -> Option<StringLit> {
        child(&self.0)
    }
}

impl TypeDecl {
    /// What it makes.
    #[must_use]
    pub fn body(&self) -> Option<TypeBody> {
        child(&self.0)
    }
}

impl RecordBody {
    /// The fields, in order.
    pub fn fields(&self) -> impl Iterator<Item = Field> + use<> {
        children(&self.0)
    }
}

impl EnumBody {
    /// The variants, in order.
    pub fn variants(&self) -> impl Iterator<Item = Variant> + use<> {
        children(&self.0)
    }
}

impl Variant {
    /// The fields of its payload.
    pub fn fields(&self) -> impl Iterator<Item = Field> + use<> {
        children(&self.0)
    }
}

/// Gives constructs with a type, labels, a refinement and a value their accessors.
macro_rules! typed {
    ($($node:ident)*) => {$(
        impl $node {
            /// The type.
            #[must_use]
            pub fn ty(&self) -> Option<TypeExpr> {
                child(&self.0)
            }

            /// The labels after the type.
            pub fn labels(&self) -> impl Iterator<Item = LabelRef> + use<> {
                children(&self.0)
            }

            /// The rule after `where`; in it, `it` is the value.
            #[must_use]
            pub fn refinement(&self) -> Option<Expr> {
                after_keyword(&self.0, "where")
            }
        }
    )*};
}

typed! { AliasBody Field Param ConstDecl VarDecl }

/// Gives constructs with `= value` an accessor for it.
macro_rules! valued {
    ($($node:ident.$accessor:ident: $doc:literal)*) => {$(
        impl $node {
            #[doc = $doc]
            #[must_use]
            pub fn $accessor(&self) -> Option<Expr> {
                after_token(&self.0, SyntaxKind::EQ)
            }
        }
    )*};
}

valued! {
    Field.default: "The value when none is given."
    Param.default: "The value when none is given."
    ConstDecl.value: "The value."
    VarDecl.default: "The value when neither the profile nor `--set` gives one."
    SecretDecl.source: "Where the secret is read: a call of `env`, `file` or `command`."
}

/// Gives declarations made of settings their clauses.
macro_rules! with_settings {
    ($($node:ident)*) => {$(
        impl $node {
            /// The settings, in order.
            pub fn clauses(&self) -> impl Iterator<Item = SettingClause> + use<> {
                child::<ClauseBlock>(&self.0).into_iter().flat_map(|block| block.settings())
            }
        }
    )*};
}

with_settings! { ConnectionDecl ModelDecl PoolDecl }

impl RetryDecl {
    /// The terms of the policy.
    pub fn terms(&self) -> impl Iterator<Item = RetryTerm> + use<> {
        child::<RetryBlock>(&self.0).into_iter().flat_map(|block| block.terms())
    }
}

impl ParamList {
    /// The parameters, in order.
    pub fn params(&self) -> impl Iterator<Item = Param> + use<> {
        children(&self.0)
    }
}

impl TypeParamList {
    /// The names of the type parameters.
    pub fn names(&self) -> impl Iterator<Item = Name> + use<> {
        names(&self.0)
    }
}

/// Gives callable declarations their signature.
macro_rules! with_signature {
    ($($node:ident)*) => {$(
        impl $node {
            /// The parameter list; a flow may have none.
            #[must_use]
            pub fn param_list(&self) -> Option<ParamList> {
                child(AstNode::syntax(self))
            }

            /// The parameters, in order.
            pub fn params(&self) -> impl Iterator<Item = Param> + use<> {
                self.param_list().into_iter().flat_map(|list| list.params())
            }

            /// The type after `->`.
            #[must_use]
            pub fn return_type(&self) -> Option<TypeExpr> {
                child(AstNode::syntax(self))
            }
        }
    )*};
}

with_signature! { GuardDecl FnDecl StepDecl FlowDecl }

impl FnDecl {
    /// The names between `<` and `>`.
    pub fn type_params(&self) -> impl Iterator<Item = Name> + use<> {
        child::<TypeParamList>(&self.0).into_iter().flat_map(|list| list.names())
    }

    /// The body; a function without one is built in, which only the standard library may declare.
    #[must_use]
    pub fn body(&self) -> Option<Block> {
        child(&self.0)
    }
}

impl GuardDecl {
    /// The names between `<` and `>`.
    pub fn type_params(&self) -> impl Iterator<Item = Name> + use<> {
        child::<TypeParamList>(&self.0).into_iter().flat_map(|list| list.names())
    }

    /// The body when the guard is a function. Without this and [`Self::judge`] it is built in.
    #[must_use]
    pub fn body(&self) -> Option<Block> {
        child(&self.0)
    }

    /// The body when an AI model judges: an `ai` body with clauses.
    #[must_use]
    pub fn judge(&self) -> Option<StepBlock> {
        child(&self.0)
    }
}

impl PolicyDecl {
    /// What it demands, for people.
    #[must_use]
    pub fn description(&self) -> Option<StringLit> {
        child(&self.0)
    }

    /// The rules, as statements.
    #[must_use]
    pub fn body(&self) -> Option<Block> {
        child(&self.0)
    }
}

impl TestDecl {
    /// What is tested.
    #[must_use]
    pub fn title(&self) -> Option<StringLit> {
        child(&self.0)
    }

    /// The statements.
    #[must_use]
    pub fn body(&self) -> Option<Block> {
        child(&self.0)
    }
}
