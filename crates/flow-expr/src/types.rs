//! The types of Flow's values, shared by checker, plan and runtime.
//!
//! Knows no syntax: names are already resolved and aliases expanded. Named types are nominal; what
//! a name stands for is in a [`TypeTable`].

use crate::Expr;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, sync::Arc};

/// A qualified name, `module.Name` or `module.name`, with dots between folders too.
///
/// The module of a file directly under the source folder is its stem. Names of the standard library begin with `std.`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Name(pub Arc<str>);

impl Name {
    /// The name from its text.
    #[must_use]
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The part after the last dot: what people write.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.rsplit('.').next().unwrap_or(&self.0)
    }

    /// The part before the last dot.
    #[must_use]
    pub fn module(&self) -> &str {
        self.0.rsplit_once('.').map_or("", |(module, _)| module)
    }

    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A type. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    /// The one value that says nothing.
    Unit,
    /// `true` or `false`.
    Bool,
    /// 64-bit signed; overflow is an error.
    Int,
    /// IEEE 754 double.
    Float,
    /// Exact, 28 significant digits.
    Decimal,
    /// UTF-8 text.
    String,
    /// A day of the calendar.
    Date,
    /// A time of day without a date or zone.
    Time,
    /// An instant, in UTC.
    Timestamp,
    /// A length of time.
    Duration,
    /// Raw bytes.
    Bytes,
    /// Any JSON value, not looked into.
    Json,
    /// A file kept as an artifact.
    File,
    /// A secret: goes only where a key or credential is expected.
    Secret,
    /// `T?`. Never nested.
    Optional(Arc<Type>),
    /// `List<T>`.
    List(Arc<Type>),
    /// `Map<K, V>`; keys are String, Int, Bool, Date or an enum without payload.
    Map(Arc<Type>, Arc<Type>),
    /// `Table<Record>`: columnar, out of line; the type is the record's.
    Table(Arc<Type>),
    /// A record, enum or refined alias of the [`TypeTable`].
    Named(Name),
    /// A lambda or function value: parameters and result.
    Function(Arc<[Type]>, Arc<Type>),
    /// What failed to check. Fits everything, so that one mistake gives one report. Never in a plan.
    Unknown,
}

impl Type {
    /// `T?`, flattening: an optional of an optional is that optional.
    #[must_use]
    pub fn optional(self) -> Self {
        match self {
            Self::Optional(_) | Self::Unknown => self,
            other => Self::Optional(Arc::new(other)),
        }
    }

    /// The `T` of `T?`, else the type itself.
    #[must_use]
    pub fn required(&self) -> &Self {
        match self {
            Self::Optional(inner) => inner,
            other => other,
        }
    }
}

impl fmt::Display for Type {
    /// As people write it, with short names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // What `none` is where nothing says of what type it could be.
            Self::Optional(inner) if **inner == Self::Unknown => f.write_str("none"),
            Self::Optional(inner) => write!(f, "{inner}?"),
            Self::List(inner) => write!(f, "List<{inner}>"),
            Self::Table(inner) => write!(f, "Table<{inner}>"),
            Self::Map(key, value) => write!(f, "Map<{key}, {value}>"),
            Self::Named(name) => f.write_str(name.short()),
            Self::Function(params, result) => {
                f.write_str("fn(")?;
                for (index, param) in params.iter().enumerate() {
                    write!(f, "{}{param}", if index == 0 { "" } else { ", " })?;
                }
                write!(f, ") -> {result}")
            }
            Self::Unknown => f.write_str("?"),
            plain => write!(f, "{plain:?}"),
        }
    }
}

/// What a named type is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TypeDef {
    /// Fields in declaration order, which is also column order.
    Record(Vec<Field>),
    /// Variants in declaration order, which is their sort order.
    Enum(Vec<Variant>),
    /// An alias with a refinement; in it, `Var(VarId::IT)` is the value.
    Refined {
        /// What it refines.
        base: Type,
        /// The condition.
        refinement: Refinement,
        /// Labels such as `pii`, qualified.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        labels: Vec<Name>,
    },
}

/// A field of a record or of a variant's payload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Field {
    /// Its name.
    pub name: Arc<str>,
    /// Its type.
    pub ty: Type,
    /// What its values must satisfy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refinement: Option<Refinement>,
    /// Labels such as `pii`, qualified.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Name>,
}

/// A condition on a value, with its text for messages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Refinement {
    /// The condition; `Var(VarId::IT)` is the value.
    pub condition: Expr,
    /// The condition as written, in one line.
    pub text: Arc<str>,
}

/// A variant of an enum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Variant {
    /// Its name.
    pub name: Arc<str>,
    /// Its payload; empty for a plain one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub payload: Vec<Field>,
}

/// What every named type of a program is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct TypeTable(pub BTreeMap<Name, TypeDef>);

impl TypeTable {
    /// The definition of a name.
    #[must_use]
    pub fn get(&self, name: &Name) -> Option<&TypeDef> {
        self.0.get(name)
    }

    /// The fields, if the type is a record (through refined aliases).
    #[must_use]
    pub fn record(&self, ty: &Type) -> Option<&[Field]> {
        match ty {
            Type::Named(name) => match self.get(name)? {
                TypeDef::Record(fields) => Some(fields),
                TypeDef::Refined { base, .. } => self.record(base),
                TypeDef::Enum(_) => None,
            },
            _ => None,
        }
    }
}
