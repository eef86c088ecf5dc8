//! A table with two columns of each kind, the second one with gaps, and its cells as values.

use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, Decimal128Array, DurationMicrosecondArray, Float64Array, Int64Array,
    StringArray, Time64MicrosecondArray, TimestampMicrosecondArray, cast::AsArray, types::*,
};
use flow_expr::{Context, Function, Name, Record, Type, TypeDef, TypeTable, Value, Variant, VariantValue};
use jiff::{SignedDuration, Timestamp, civil};
use rust_decimal::Decimal;
use std::{collections::BTreeMap, sync::Arc};

/// Columns by name, kind and place.
pub(crate) const NAMES: [&str; 18] = [
    "int", "int_", "float", "float_", "decimal", "decimal_", "bool", "bool_", "text", "text_", "date", "date_",
    "instant", "instant_", "length", "length_", "region", "region_",
];

pub(crate) struct Table {
    pub(crate) arrays: Vec<ArrayRef>,
    pub(crate) types: TypeTable,
    pub(crate) columns: Vec<Type>,
    pub(crate) names: Vec<Arc<str>>,
    pub(crate) functions: BTreeMap<Name, Function>,
}

pub(crate) fn region() -> Name {
    Name::new("m.Region")
}

const INTS: [i64; 14] = [0, 1, -1, 2, 7, -40, 100, 1000, i64::MAX, i64::MIN, i64::MAX - 1, 1 << 32, -(1 << 40), 3];
const FLOATS: [f64; 12] =
    [0.0, -0.0, 1.0, -1.5, 0.1, 1e300, -1e300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 5e-324, 100.0];
/// In units of a column.
const DECIMALS: [i128; 15] = [
    0,
    10_000_000_000,
    -10_000_000_000,
    15_000_000_000,
    1,
    -1,
    123_456_789_012_345,
    9_223_372_036_854_775_807,
    9_223_372_036_854_775_808,
    -9_223_372_036_854_775_809,
    1 << 94,
    1 << 95,
    -(1 << 96),
    // Too long for a Decimal, and short once its zeros are gone.
    79_228_162_514_264_337_593_543_950_337_999,
    100_000_000_000_000_000_000_000_000_000_000_000,
];
pub(crate) const TEXTS: [&str; 9] = ["", "a", "abc", "North", " ", "ä", "日本", "ab\u{301}", "zebra\n"];
const DATES: [i32; 7] = [0, 1, -1, 19_000, 2_932_896, -4_371_587, i32::MAX];
const INSTANTS: [i64; 8] = [
    0,
    1,
    -1,
    1_700_000_000_000_000,
    253_402_207_200_999_999,
    -377_705_023_201_000_000,
    i64::MAX,
    1_699_999_999_000_000,
];
const LENGTHS: [i64; 8] = [0, 1, -1, 86_400_000_000, 3_600_000_000, i64::MAX, i64::MIN, -172_800_000_000];
const REGIONS: [&str; 3] = ["North", "South", "East"];

impl Table {
    /// A table whose cells are chosen by numbers, one after another.
    pub(crate) fn new(rows: usize, choices: &[u16]) -> Self {
        let mut at = 0;
        let mut next = |gaps: bool, of: usize| {
            let choice = choices.get(at % choices.len().max(1)).copied().unwrap_or(0) as usize;
            let mixed = choice.wrapping_mul(31).wrapping_add(at * 7919 / (choices.len().max(1)));
            at += 1;
            if gaps && mixed % 5 == 4 { None } else { Some((mixed / 5) % of) }
        };
        macro_rules! column {
            ($array:ty, $from:expr, $gaps:expr) => {
                Arc::new((0..rows).map(|_| next($gaps, $from.len()).map(|choice| $from[choice])).collect::<$array>())
                    as ArrayRef
            };
        }
        let mut arrays: Vec<ArrayRef> = vec![];
        for gaps in [false, true] {
            arrays.push(column!(Int64Array, INTS, gaps));
            arrays.push(column!(Float64Array, FLOATS, gaps));
            let decimals = (0..rows).map(|_| next(gaps, DECIMALS.len()).map(|choice| DECIMALS[choice]));
            arrays.push(Arc::new(
                decimals.collect::<Decimal128Array>().with_data_type(arrow_schema::DataType::Decimal128(38, 10)),
            ));
            arrays.push(column!(BooleanArray, [true, false], gaps));
            arrays.push(column!(StringArray, TEXTS, gaps));
            arrays.push(column!(Date32Array, DATES, gaps));
            let instants = (0..rows).map(|_| next(gaps, INSTANTS.len()).map(|choice| INSTANTS[choice]));
            arrays.push(Arc::new(instants.collect::<TimestampMicrosecondArray>().with_timezone("UTC")));
            arrays.push(column!(DurationMicrosecondArray, LENGTHS, gaps));
            arrays.push(column!(StringArray, REGIONS, gaps));
        }
        let half = arrays.len() / 2;
        let arrays: Vec<ArrayRef> = (0..half).flat_map(|at| [arrays[at].clone(), arrays[at + half].clone()]).collect();
        Self::of(arrays)
    }

    fn of(arrays: Vec<ArrayRef>) -> Self {
        let region = Type::Named(region());
        let kinds = [
            Type::Int,
            Type::Float,
            Type::Decimal,
            Type::Bool,
            Type::String,
            Type::Date,
            Type::Timestamp,
            Type::Duration,
            region,
        ];
        let columns = kinds.into_iter().flat_map(|ty| [ty.clone(), ty.optional()]).collect();
        let mut types = TypeTable::default();
        let variant = |name: &str| Variant { name: name.into(), payload: vec![] };
        types.0.insert(self::region(), TypeDef::Enum(REGIONS.map(variant).to_vec()));
        Self { arrays, types, columns, names: NAMES.map(Arc::from).to_vec(), functions: crate::generate::functions() }
    }

    /// The rows from `first` on, as a slice of the same memory.
    pub(crate) fn slice(&self, first: usize, rows: usize) -> Self {
        let arrays = self.arrays.iter().map(|array| array.slice(first, rows)).collect();
        Self { functions: self.functions.clone(), ..Self::of(arrays) }
    }

    pub(crate) fn rows(&self) -> usize {
        self.arrays[0].len()
    }

    pub(crate) fn context(&self) -> Context<'_> {
        Context::new(&self.functions, &self.types, Timestamp::from_nanosecond(1_700_000_000_000_000_500).unwrap())
    }

    /// A cell as `flow-exec` makes it.
    pub(crate) fn cell(&self, row: usize, column: usize) -> Value {
        let array = &self.arrays[column];
        if array.is_null(row) { Value::Absent } else { self.present(row, column / 2, array).unwrap_or(Value::Absent) }
    }

    fn present(&self, row: usize, kind: usize, array: &ArrayRef) -> Option<Value> {
        Some(match kind {
            0 => Value::Int(array.as_primitive::<Int64Type>().value(row)),
            1 => Value::Float(array.as_primitive::<Float64Type>().value(row)),
            2 => {
                let (mut units, mut scale) = (array.as_primitive::<Decimal128Type>().value(row), 10);
                while scale > 0 && units % 10 == 0 {
                    (units, scale) = (units / 10, scale - 1);
                }
                Value::Decimal(Decimal::try_from_i128_with_scale(units, scale).ok()?)
            }
            3 => Value::Bool(array.as_boolean().value(row)),
            4 => Value::String(array.as_string::<i32>().value(row).into()),
            5 => {
                let days = SignedDuration::from_hours(i64::from(array.as_primitive::<Date32Type>().value(row)) * 24);
                Value::Date(civil::date(1970, 1, 1).checked_add(days).ok()?)
            }
            6 => {
                let micros = array.as_primitive::<TimestampMicrosecondType>().value(row);
                Value::Timestamp(Timestamp::from_microsecond(micros).ok()?)
            }
            7 => {
                Value::Duration(SignedDuration::from_micros(array.as_primitive::<DurationMicrosecondType>().value(row)))
            }
            _ => Value::Variant(Arc::new(VariantValue {
                ty: region(),
                variant: array.as_string::<i32>().value(row).into(),
                fields: vec![],
            })),
        })
    }

    /// A row as a record.
    pub(crate) fn row(&self, row: usize) -> Value {
        let fields = self.names.iter().enumerate().map(|(column, name)| (name.clone(), self.cell(row, column)));
        Value::Record(Arc::new(Record { ty: Name::new("m.Row"), fields: fields.collect() }))
    }
}

/// A column of times of day, by itself.
pub(crate) fn times(micros: &[i64]) -> ArrayRef {
    Arc::new(Time64MicrosecondArray::from_iter_values(micros.iter().copied()))
}
