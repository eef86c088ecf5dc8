//! Properties: no IR and no JSON makes it panic; numbers agree with wider ones; JSON and the stored form lose nothing.

mod common;

use common::*;
use flow_expr::{
    Arm, BinaryOp, Context, Expr, ExprKind, Field, Function, Limits, MapKey, Name, Part, Pattern, Record, Refinement,
    Type, TypeDef, TypeTable, UnaryOp, Value, VarId, Variant, VariantValue,
    builtins::builtins,
    codec::{decode, decode_items, decode_text, encode, parse_json},
    evaluate,
};
use proptest::{collection::vec, prelude::*};
use rust_decimal::Decimal;
use std::{collections::BTreeMap, sync::Arc};

const OPS: [BinaryOp; 14] = [
    BinaryOp::Add,
    BinaryOp::Subtract,
    BinaryOp::Multiply,
    BinaryOp::Divide,
    BinaryOp::Remainder,
    BinaryOp::Equal,
    BinaryOp::NotEqual,
    BinaryOp::Less,
    BinaryOp::LessEqual,
    BinaryOp::Greater,
    BinaryOp::GreaterEqual,
    BinaryOp::And,
    BinaryOp::Or,
    BinaryOp::Coalesce,
];

fn any_int() -> impl Strategy<Value = i64> {
    prop_oneof![any::<i64>(), -3..4_i64, Just(i64::MAX), Just(i64::MIN)]
}

fn any_decimal() -> impl Strategy<Value = Decimal> {
    let limit = 79_228_162_514_264_337_593_543_950_335_i128;
    prop_oneof![
        (-limit..=limit, 0..=28_u32).prop_map(|(mantissa, scale)| Decimal::from_i128_with_scale(mantissa, scale)),
        (-10_000..10_000_i128, 0..5_u32).prop_map(|(mantissa, scale)| Decimal::from_i128_with_scale(mantissa, scale)),
    ]
}

fn any_text() -> impl Strategy<Value = Arc<str>> {
    prop_oneof!["[a-c ,\"{}\\\\\n]{0,6}", "\\PC{0,8}", "[0-9.eE+-]{0,6}", Just("Europe/London".to_owned())]
        .prop_map(Arc::from)
}

fn any_timestamp() -> impl Strategy<Value = jiff::Timestamp> {
    (jiff::Timestamp::MIN.as_second()..=jiff::Timestamp::MAX.as_second(), 0..1_000_000_000_i32)
        .prop_filter_map("in range", |(second, nanosecond)| jiff::Timestamp::new(second, nanosecond).ok())
}

fn any_date() -> impl Strategy<Value = jiff::civil::Date> {
    (-9999..=9999_i16, 1..=12_i8, 1..=31_i8)
        .prop_filter_map("exists", |(year, month, day)| jiff::civil::Date::new(year, month, day).ok())
}

fn any_time() -> impl Strategy<Value = jiff::civil::Time> {
    (0..24_i8, 0..60_i8, 0..60_i8, 0..1_000_000_000_i32)
        .prop_map(|(hour, minute, second, nanosecond)| jiff::civil::time(hour, minute, second, nanosecond))
}

fn any_duration() -> impl Strategy<Value = jiff::SignedDuration> {
    (any_int(), any::<i32>()).prop_map(|(seconds, nanoseconds)| {
        jiff::SignedDuration::try_from_nanos_i128(
            i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds) % 1_000_000_000,
        )
        .unwrap_or(jiff::SignedDuration::MIN)
    })
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any_int().prop_map(serde_json::Value::from),
        any::<u64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        any_text().prop_map(|text| serde_json::Value::from(&*text)),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            vec(("[a-c]|amount|North|Circle", inner), 0..4).prop_map(|entries| entries.into_iter().collect()),
        ]
    })
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Unit),
        Just(Value::Absent),
        any::<bool>().prop_map(Value::Bool),
        any_int().prop_map(Value::Int),
        any::<f64>().prop_map(Value::Float),
        any_decimal().prop_map(Value::Decimal),
        any_text().prop_map(Value::String),
        any_date().prop_map(Value::Date),
        any_time().prop_map(Value::Time),
        any_timestamp().prop_map(Value::Timestamp),
        any_duration().prop_map(Value::Duration),
        vec(any::<u8>(), 0..4).prop_map(|bytes| Value::Bytes(bytes.into())),
        any_json().prop_map(|json| Value::Json(Arc::new(json))),
        vec(any_int(), 0..4)
            .prop_map(|rows| table(&["a", "b"], rows.into_iter().map(|n| vec![Value::Int(n)]).collect())),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(list),
            vec(("[a-c]", inner.clone()), 0..3).prop_map(|entries| {
                let entries = entries.into_iter().map(|(key, value)| (MapKey::String(key.into()), value));
                Value::Map(Arc::new(entries.collect()))
            }),
            vec(inner.clone(), 1..3).prop_map(|values| {
                let fields = ["a", "b"].into_iter().map(Arc::from).zip(values).collect();
                Value::Record(Arc::new(Record { ty: Name::new("m.R"), fields }))
            }),
            inner.prop_map(|value| {
                let fields = vec![(Arc::from("radius"), value)];
                Value::Variant(Arc::new(VariantValue { ty: Name::new("m.Region"), variant: "Circle".into(), fields }))
            }),
        ]
    })
}

fn any_expr() -> impl Strategy<Value = Expr> {
    let names: Vec<&'static str> = builtins().map(|builtin| builtin.name).collect();
    let variable = || prop_oneof![0..4_u32, Just(VarId::IT.0)];
    let leaf = prop_oneof![3 => any_value().prop_map(c), 1 => variable().prop_map(var)];
    leaf.prop_recursive(5, 40, 4, move |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        let name = prop_oneof!["[a-c]|radius", Just("amount".to_owned())];
        let pattern = prop_oneof![
            Just(Pattern::Any),
            Just(Pattern::Absent),
            (0..4_u32).prop_map(|id| Pattern::Bind(VarId(id))),
            any_value().prop_map(Pattern::Const),
            Just(Pattern::Variant("Circle".into(), vec![("radius".into(), Pattern::Bind(VarId(1)))])),
        ];
        let arm = (pattern, proptest::option::of(inner.clone()), inner.clone())
            .prop_map(|(pattern, condition, body)| Arm { pattern, condition, body });
        let format = proptest::option::of(prop_oneof![Just("csv"), Just("json"), Just("markdown"), Just("x")]);
        let part = (inner.clone(), format).prop_map(|(expr, format)| Part::Hole(expr, format.map(Arc::from)));
        prop_oneof![
            6 => (proptest::sample::select(names.clone()), vec(inner.clone(), 0..4)).prop_map(|(name, arguments)| builtin(name, arguments)),
            4 => (proptest::sample::select(names.clone()), inner.clone(), vec(0..4_u32, 1..3), inner.clone()).prop_map(|(name, items, params, body)| builtin(name, vec![items, lambda(&params, body)])),
            4 => (proptest::sample::select(&OPS[..]), inner.clone(), inner.clone()).prop_map(|(op, a, b)| binary(op, a, b)),
            1 => (boxed.clone(), boxed.clone()).prop_map(|(a, b)| e(ExprKind::Range(a, b))),
            1 => boxed.clone().prop_map(|a| e(ExprKind::Unary(UnaryOp::Negate, a))),
            1 => boxed.clone().prop_map(|a| e(ExprKind::Unary(UnaryOp::Not, a))),
            1 => boxed.clone().prop_map(|a| e(ExprKind::IntToDecimal(a))),
            1 => boxed.clone().prop_map(|a| e(ExprKind::Refined(a, Type::List(Type::Named(Name::new("m.Small")).into())))),
            1 => (boxed.clone(), boxed.clone(), boxed.clone()).prop_map(|(a, b, c)| e(ExprKind::If(a, b, c))),
            1 => (boxed.clone(), vec(arm, 0..3)).prop_map(|(subject, arms)| e(ExprKind::Match(subject, arms))),
            1 => vec(inner.clone(), 0..4).prop_map(|items| e(ExprKind::List(items))),
            1 => vec(part, 0..3).prop_map(|parts| e(ExprKind::Interpolate(parts))),
            1 => (inner.clone(), name.clone()).prop_map(|(base, name)| field(base, &name)),
            1 => (vec(0..4_u32, 0..3), inner.clone()).prop_map(|(params, body)| lambda(&params, body)),
            1 => vec(inner.clone(), 0..2).prop_map(|arguments| e(ExprKind::Call(Name::new("m.f"), arguments))),
            1 => (proptest::option::of(boxed.clone()), vec((name, inner), 0..3)).prop_map(|(base, fields)| {
                let fields = fields.into_iter().map(|(name, value)| (Arc::from(name), value)).collect();
                e(ExprKind::Record { ty: Name::new("m.R"), base, fields })
            }),
        ]
    })
}

fn types() -> TypeTable {
    let field = |name: &str, ty| Field { name: name.into(), ty, refinement: None, labels: vec![] };
    let circle = Variant { name: "Circle".into(), payload: vec![field("radius", Type::Float)] };
    let north = Variant { name: "North".into(), payload: vec![] };
    let plain = TypeDef::Enum(vec![north.clone(), Variant { name: "South".into(), payload: vec![] }]);
    let under_three = binary(BinaryOp::Less, e(ExprKind::Var(VarId::IT)), e(ExprKind::Const(Value::Int(3))));
    let small = Refinement { condition: under_three, text: "it < 3".into() };
    TypeTable(BTreeMap::from([
        (Name::new("m.Small"), TypeDef::Refined { base: Type::Int, refinement: small, labels: vec![] }),
        (Name::new("m.Region"), TypeDef::Enum(vec![north, circle])),
        (Name::new("m.Plain"), plain),
        (Name::new("m.R"), TypeDef::Record(vec![field("a", Type::Int), field("b", Type::String.optional())])),
    ]))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics(expr in any_expr(), it in any_value(), function in any_expr()) {
        let types = types();
        let functions = BTreeMap::from([(Name::new("m.f"), Function { params: vec![VarId(0)], body: function })]);
        let limits = Limits { steps: 20_000, bytes: 1 << 20, depth: 100 };
        let context = Context { limits, ..Context::new(&functions, &types, now()) };
        let first = evaluate(&expr, &it, &context);
        // The same again: nothing depends on anything else. Closures are equal to nothing.
        let again = evaluate(&expr, &it, &context);
        prop_assert_eq!(format!("{first:?}"), format!("{again:?}"));
        if let Ok(value) = first && let Ok(stored) = serde_json::to_string(&value) {
            prop_assert!(encode(&value).to_string().len() < 1 << 26);
            prop_assert!(serde_json::from_str::<Value>(&stored).is_ok());
        }
    }

    #[test]
    fn no_json_panics(json in any_json(), text in any_text(), ty in any_type()) {
        let types = types();
        let context = Context { types: &types, ..context() };
        if let Err(errors) = decode(&json, &ty, "x", &context) {
            prop_assert!(errors.total > 0 && !errors.errors.is_empty());
        }
        let _ = decode_text(&text, &ty, "x", &context);
    }

    #[test]
    fn ints_agree_with_wider_ones(a in any_int(), b in any_int()) {
        let (wide_a, wide_b) = (i128::from(a), i128::from(b));
        let expected = [
            (BinaryOp::Add, Some(wide_a + wide_b)),
            (BinaryOp::Subtract, Some(wide_a - wide_b)),
            (BinaryOp::Multiply, Some(wide_a * wide_b)),
            (BinaryOp::Divide, wide_a.checked_div(wide_b)),
            (BinaryOp::Remainder, wide_a.checked_rem(wide_b)),
        ];
        for (op, expected) in expected {
            let found = eval(&binary(op, c(int(a)), c(int(b)))).ok();
            prop_assert_eq!(found, expected.and_then(|wide| i64::try_from(wide).ok()).map(Value::Int));
        }
    }

    #[test]
    fn small_decimals_are_exact(
        a in (-1_000_000_000..1_000_000_000_i128, 0..6_u32),
        b in (-1_000_000_000..1_000_000_000_i128, 0..6_u32),
    ) {
        let decimal = |(mantissa, scale)| Value::Decimal(Decimal::from_i128_with_scale(mantissa, scale));
        // Both with six digits after the point, as whole numbers.
        let whole = |(mantissa, scale): (i128, u32)| mantissa * 10_i128.pow(6 - scale);
        let six = |mantissa: i128| Value::Decimal(Decimal::from_i128_with_scale(mantissa, 6));
        let run = |op| eval(&binary(op, c(decimal(a)), c(decimal(b)))).ok();
        prop_assert_eq!(run(BinaryOp::Add), Some(six(whole(a) + whole(b))));
        prop_assert_eq!(run(BinaryOp::Subtract), Some(six(whole(a) - whole(b))));
        let product = Decimal::from_i128_with_scale(whole(a) * whole(b) / 1_000_000, 6);
        if whole(a) * whole(b) % 1_000_000 == 0 {
            prop_assert_eq!(run(BinaryOp::Multiply), Some(Value::Decimal(product)));
        }
        prop_assert_eq!(run(BinaryOp::Remainder), whole(a).checked_rem(whole(b)).map(six));
        prop_assert_eq!(run(BinaryOp::Less), Some(Value::Bool(whole(a) < whole(b))));
        if b.0 != 0 {
            // The quotient times b is a, to 27 digits.
            let Some(Value::Decimal(quotient)) = run(BinaryOp::Divide) else { panic!("no quotient") };
            let Value::Decimal(divisor) = decimal(b) else { unreachable!() };
            let Value::Decimal(dividend) = decimal(a) else { unreachable!() };
            prop_assert_eq!((quotient * divisor).round_dp(15), dividend.round_dp(15));
        }
    }

    #[test]
    fn large_decimals_are_in_range_or_errors(a in any_decimal(), b in any_decimal()) {
        for op in [BinaryOp::Add, BinaryOp::Subtract, BinaryOp::Multiply] {
            let (wide_a, wide_b) = (a.to_string().parse::<f64>().unwrap(), b.to_string().parse::<f64>().unwrap());
            let wide = match op {
                BinaryOp::Add => wide_a + wide_b,
                BinaryOp::Subtract => wide_a - wide_b,
                _ => wide_a * wide_b,
            };
            match eval(&binary(op, c(Value::Decimal(a)), c(Value::Decimal(b)))) {
                Ok(Value::Decimal(found)) => {
                    let found = found.to_string().parse::<f64>().unwrap();
                    let size = wide_a.abs().max(wide_b.abs()).max(wide.abs());
                    prop_assert!((found - wide).abs() <= size * 1e-12 + 1e-27, "{} {:?} {} = {}", a, op, b, found);
                }
                Ok(other) => prop_assert!(false, "{other:?}"),
                Err(error) => {
                    prop_assert_eq!(error.code.as_str(), "R0001");
                    prop_assert!(wide.abs() > 7.9e28);
                }
            }
        }
    }

    #[test]
    fn floats_print_so_that_they_read_back(number in any::<f64>()) {
        let Ok(Value::String(text)) = run("text", &[Value::Float(number)]) else { panic!("no text") };
        prop_assert_eq!(Value::Float(text.parse().unwrap()), Value::Float(number));
    }

    #[test]
    fn the_stored_form_loses_nothing(value in any_value()) {
        let text = serde_json::to_string(&value).unwrap();
        let back: Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&serde_json::to_string(&back).unwrap(), &text);
        if !text.contains("\"table\"") {
            prop_assert_eq!(flow_expr::digest(&back), flow_expr::digest(&value));
            prop_assert_eq!(back, value);
        }
    }

    #[test]
    fn what_is_encoded_decodes_to_the_same((ty, value) in any_typed()) {
        let types = types();
        let context = Context { types: &types, ..context() };
        // Through text, as it travels.
        let text = encode(&value).to_string();
        let json = parse_json(&text).unwrap();
        prop_assert_eq!(decode(&json, &ty, "x", &context), Ok(value.clone()), "{}", text);
        // In a list, item by item, the same; or it is left to who reads the whole.
        let (listed, list) = (format!(" [{text}, {text}]"), Type::List(Arc::new(ty)));
        if let Some(items) = decode_items(&listed, &list, &context) {
            prop_assert_eq!(items, Value::List(vec![value.clone(), value].into()), "{}", listed);
        }
    }
}

fn any_type() -> impl Strategy<Value = Type> {
    any_typed().prop_map(|(ty, _)| ty)
}

fn any_typed() -> impl Strategy<Value = (Type, Value)> {
    let plain = |name: &str| {
        let (ty, variant) = (Name::new("m.Plain"), name.into());
        Value::Variant(Arc::new(VariantValue { ty, variant, fields: vec![] }))
    };
    let record = (any_int(), proptest::option::of(any_text())).prop_map(|(a, b)| {
        let b = b.map_or(Value::Absent, Value::String);
        Value::Record(Arc::new(Record {
            ty: Name::new("m.R"),
            fields: vec![("a".into(), Value::Int(a)), ("b".into(), b)],
        }))
    });
    let circle = any::<f64>().prop_map(|radius| {
        let fields = vec![(Arc::from("radius"), Value::Float(radius))];
        Value::Variant(Arc::new(VariantValue { ty: Name::new("m.Region"), variant: "Circle".into(), fields }))
    });
    let rows = vec((any_int(), proptest::option::of(any_text())), 0..4).prop_map(|rows| {
        let cells = rows.into_iter().map(|(a, b)| vec![Value::Int(a), b.map_or(Value::Absent, Value::String)]);
        let columns = ["a", "b"].map(Arc::from).to_vec();
        Value::Table(flow_expr::MemoryTable::new(columns, cells.collect()).into_table(Type::Named(Name::new("m.R"))))
    });
    let named = |name: &str| Type::Named(Name::new(name));
    let leaf = prop_oneof![
        Just((Type::Unit, Value::Unit)),
        any::<bool>().prop_map(|flag| (Type::Bool, Value::Bool(flag))),
        any_int().prop_map(|number| (Type::Int, Value::Int(number))),
        any::<f64>().prop_map(|number| (Type::Float, Value::Float(number))),
        any_decimal().prop_map(|number| (Type::Decimal, Value::Decimal(number))),
        any_text().prop_map(|text| (Type::String, Value::String(text))),
        any_date().prop_map(|day| (Type::Date, Value::Date(day))),
        any_time().prop_map(|time| (Type::Time, Value::Time(time))),
        any_timestamp().prop_map(|instant| (Type::Timestamp, Value::Timestamp(instant))),
        any_duration().prop_map(|length| (Type::Duration, Value::Duration(length))),
        vec(any::<u8>(), 0..4).prop_map(|bytes| (Type::Bytes, Value::Bytes(bytes.into()))),
        any_json().prop_map(|json| (Type::Json, Value::Json(Arc::new(json)))),
        prop_oneof![Just(plain("North")), Just(plain("South"))].prop_map(move |value| (named("m.Plain"), value)),
        record.prop_map(move |value| (named("m.R"), value)),
        circle.prop_map(move |value| (named("m.Region"), value)),
        rows.prop_map(move |value| (Type::Table(named("m.R").into()), value)),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        let keys = any_int().prop_map(MapKey::Int);
        prop_oneof![
            inner.clone().prop_map(|(ty, value)| (Type::List(Arc::new(ty)), list([value.clone(), value]))),
            (keys, inner.clone()).prop_map(|(key, (ty, value))| {
                let entries = BTreeMap::from([(key, value)]);
                (Type::Map(Type::Int.into(), ty.into()), Value::Map(Arc::new(entries)))
            }),
            // `null` is the absent value of an optional, also of an optional Unit or Json.
            (inner, any::<bool>())
                .prop_filter("tells null apart", |((ty, _), _)| !matches!(ty, Type::Unit | Type::Json))
                .prop_map(|((ty, value), there)| (ty.optional(), if there { value } else { Value::Absent })),
        ]
    })
}
