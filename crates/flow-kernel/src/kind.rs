//! The kinds of values that compiled code knows, and how they lie in columns and registers.
//!
//! Columns are of the types of `flow_sql::arrow_type`, which tells the same of DataFusion's side.

use arrow_schema::{DataType, TimeUnit};
use flow_expr::{Name, Type, TypeDef, TypeTable};

/// Digits after the point of a Decimal column.
pub(crate) const COLUMN_SCALE: u32 = 10;
/// Digits before and after the point of a Decimal column.
const COLUMN_PRECISION: u8 = 38;

/// A kind of value. All but [`Kind::Text`] fit a register or two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool,
    Int,
    Float,
    /// In units of 10 to the minus this.
    Decimal(u32),
    /// Days since 1970.
    Date,
    /// Microseconds since midnight.
    Time,
    /// Microseconds since 1970.
    Timestamp,
    /// Microseconds.
    Duration,
    /// The position of the variant, of an enum whose variants hold nothing.
    Enum(Name),
    /// Only ever looked at by Rust code, which makes columns of other kinds from it.
    Text,
}

impl Kind {
    /// The kind of a column of this type.
    pub(crate) fn of(ty: &Type, types: &TypeTable) -> Option<Self> {
        Some(match ty {
            Type::Bool => Self::Bool,
            Type::Int => Self::Int,
            Type::Float => Self::Float,
            Type::Decimal => Self::Decimal(COLUMN_SCALE),
            Type::String => Self::Text,
            Type::Date => Self::Date,
            Type::Time => Self::Time,
            Type::Timestamp => Self::Timestamp,
            Type::Duration => Self::Duration,
            Type::Optional(inner) => return Self::of(inner, types),
            Type::Named(name) => match types.get(name)? {
                TypeDef::Enum(variants) if variants.iter().all(|variant| variant.payload.is_empty()) => {
                    Self::Enum(name.clone())
                }
                TypeDef::Refined { base, .. } => return Self::of(base, types),
                _ => return None,
            },
            _ => return None,
        })
    }

    /// Whether a column of this kind has this layout.
    pub(crate) fn lies_in(&self, data: &DataType) -> bool {
        match self {
            Self::Bool => *data == DataType::Boolean,
            Self::Int => *data == DataType::Int64,
            Self::Float => *data == DataType::Float64,
            Self::Decimal(_) => *data == DataType::Decimal128(COLUMN_PRECISION, COLUMN_SCALE as i8),
            Self::Date => *data == DataType::Date32,
            Self::Time => *data == DataType::Time64(TimeUnit::Microsecond),
            Self::Timestamp => matches!(data, DataType::Timestamp(TimeUnit::Microsecond, _)),
            Self::Duration => *data == DataType::Duration(TimeUnit::Microsecond),
            Self::Enum(_) | Self::Text => *data == DataType::Utf8,
        }
    }

    /// The least and the greatest value, where not every value of a register is one.
    pub(crate) fn bounds(&self) -> Option<(i64, i64)> {
        const DAY_MICROSECONDS: i64 = 86_400_000_000;
        match self {
            Self::Date => {
                let epoch = jiff::civil::date(1970, 1, 1);
                let days = |date: jiff::civil::Date| date.duration_since(epoch).as_hours() / 24;
                Some((days(jiff::civil::Date::MIN), days(jiff::civil::Date::MAX)))
            }
            Self::Time => Some((0, DAY_MICROSECONDS - 1)),
            // Whole seconds: of a fraction after the last one jiff makes no instant from microseconds.
            Self::Timestamp => {
                let micros = |instant: jiff::Timestamp| instant.as_second() * 1_000_000;
                Some((micros(jiff::Timestamp::MIN), micros(jiff::Timestamp::MAX)))
            }
            _ => None,
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Decimal(_) => f.write_str("Decimal"),
            Self::Enum(name) => f.write_str(name.short()),
            Self::Text => f.write_str("String"),
            plain => write!(f, "{plain:?}"),
        }
    }
}
