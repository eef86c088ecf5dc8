//! Reading: tables of what is forgiven and what is not; generated values that are damaged and read back; any text at all.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::{Leniency, is_text, read, read_answer, schema};
use crate::{Answer, Stop, Usage};
use flow_expr::{
    BinaryOp, Context, Expr, ExprKind, Field, Name, Refinement, Type, TypeDef, TypeTable, Value, VarId, Variant, codec,
};
use flow_plan::Failure;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use std::{collections::BTreeMap, sync::Arc, time::Instant};

fn named(name: &str) -> Type {
    Type::Named(Name::new(name))
}

fn field(name: &str, ty: Type) -> Field {
    Field { name: name.into(), ty, refinement: None, labels: vec![] }
}

fn not_negative() -> Refinement {
    let expr = |kind| Expr::new(kind, flow_diag::Span::default());
    let (it, zero) = (expr(ExprKind::Var(VarId::IT)), expr(ExprKind::Const(Value::Int(0))));
    let condition = expr(ExprKind::Binary(BinaryOp::GreaterEqual, Box::new(it), Box::new(zero)));
    Refinement { condition, text: "it >= 0".into() }
}

fn types() -> TypeTable {
    let plain = |name: &str| Variant { name: name.into(), payload: vec![] };
    let note = vec![
        field("headline", Type::String),
        Field { refinement: Some(not_negative()), ..field("total", Type::Decimal) },
        field("is_final", Type::Bool),
        field("region", named("m.Region")),
        field("scores", Type::List(Type::Int.into())),
        field("comment", Type::String.optional()),
        Field { labels: vec![Name::new("m.pii")], ..field("age", Type::Int) },
    ];
    let circle = Variant { name: "Circle".into(), payload: vec![field("radius", Type::Float)] };
    let tree = vec![field("label", Type::String), field("children", Type::List(named("m.Tree").into()))];
    TypeTable(BTreeMap::from([
        (Name::new("m.Note"), TypeDef::Record(note)),
        (Name::new("m.Region"), TypeDef::Enum(vec![plain("NorthWest"), plain("South")])),
        (Name::new("m.Shape"), TypeDef::Enum(vec![plain("Point"), circle])),
        (Name::new("m.Tree"), TypeDef::Record(tree)),
        (Name::new("m.Pair"), TypeDef::Record(vec![field("a", Type::Int), field("b", Type::String.optional())])),
        (Name::new("m.Loose"), TypeDef::Record(vec![field("c", Type::Int.optional())])),
        (Name::new("m.Count"), TypeDef::Refined { base: Type::Int, refinement: not_negative(), labels: vec![] }),
        (
            Name::new("m.Short"),
            TypeDef::Refined {
                base: Type::String,
                refinement: Refinement {
                    condition: Expr::new(ExprKind::Const(Value::Bool(true)), flow_diag::Span::default()),
                    text: "true".into(),
                },
                labels: vec![],
            },
        ),
    ]))
}

fn reading(text: &str, ty: &Type) -> Result<(Value, Vec<Leniency>), Failure> {
    let (functions, types) = (BTreeMap::new(), types());
    read(text, ty, "step", &Context::new(&functions, &types, jiff::Timestamp::UNIX_EPOCH))
}

/// The JSON of what was read, and what was forgiven.
fn good(text: &str, ty: &Type) -> (Json, Vec<Leniency>) {
    let (value, forgiven) = reading(text, ty).unwrap_or_else(|failure| panic!("{text}: {failure:?}"));
    (codec::encode(&value), forgiven)
}

/// Code and all words.
fn bad(text: &str, ty: &Type) -> String {
    match reading(text, ty) {
        Ok((value, _)) => panic!("{text} was read as {}", codec::encode(&value)),
        Err(failure) => {
            assert_eq!(failure.class, flow_plan::ErrorClass::Malformed);
            format!("{} {} {}", failure.code, failure.message, failure.details.join("; "))
        }
    }
}

const NOTE: &str =
    r#"{"headline":"Up","total":12.5,"is_final":true,"region":"South","scores":[1,2],"comment":null,"age":3}"#;

#[test]
fn a_clean_answer_is_read_without_leniency() {
    let note = named("m.Note");
    assert_eq!(good(NOTE, &note), (serde_json::from_str(NOTE).unwrap(), vec![]));
    assert_eq!(good("{\"result\": [1, 2]}", &Type::List(Type::Int.into())), (json!([1, 2]), vec![]));
    assert_eq!(good(" 5\n", &Type::Int), (json!(5), vec![]));
    assert_eq!(good("\"South\"", &named("m.Region")), (json!("South"), vec![]));
    assert_eq!(good("{\"Circle\":{\"radius\":1.5}}", &named("m.Shape")), (json!({"Circle": {"radius": 1.5}}), vec![]));
    assert_eq!(good("{\"result\":null}", &Type::Int.optional()), (Json::Null, vec![]));
}

#[test]
fn a_text_is_taken_as_it_is() {
    for ty in [Type::String, named("m.Short")] {
        assert_eq!(good("  {\"a\": 1} \n", &ty), (json!("  {\"a\": 1} \n"), vec![]));
    }
    assert!(is_text(&Type::String, &types()) && !is_text(&Type::String.optional(), &types()));
}

#[test]
fn a_text_that_was_cut_off_is_none_and_a_refusal_is_one() {
    let (functions, types) = (BTreeMap::new(), types());
    let context = Context::new(&functions, &types, jiff::Timestamp::UNIX_EPOCH);
    let code = |text: &str, stop: Stop, ty: &Type| {
        let answer = Answer {
            text: text.to_owned(),
            calls: vec![],
            usage: Usage { input_tokens: 1, output_tokens: 9, estimated: false },
            served: String::new(),
            stop,
            request_id: None,
            waited: std::time::Duration::ZERO,
        };
        read_answer(&answer, ty, "step", &context).map_or_else(|failure| failure.code.to_string(), |_| String::new())
    };
    assert_eq!(code("Once upon", Stop::Length, &Type::String), "R0821");
    assert_eq!(code("Once upon", Stop::Done, &Type::String), "");
    assert_eq!(code("{\"result\": [1,", Stop::Length, &Type::List(Type::Int.into())), "R0821");
    // All of it came before the tokens ended.
    assert_eq!(code("{\"result\": [1]}", Stop::Length, &Type::List(Type::Int.into())), "");
    assert_eq!(code("No.", Stop::Refused("No.".into()), &Type::String), "R0808");
}

#[test]
fn slips_of_models_are_forgiven_and_named() {
    use Leniency as L;
    let note = named("m.Note");
    let path = |field: &str| format!("step.{field}");
    let cases: Vec<(String, Vec<L>)> = vec![
        (format!("Sure! Here it is:\n{NOTE}\nAnything else?"), vec![L::Prose]),
        (format!("```json\n{NOTE}\n```"), vec![L::Fence]),
        (format!("Sure:\n```\n{NOTE}\n```\nBye."), vec![L::Fence, L::Prose]),
        (format!("<think>maybe {{\"headline\": 1}}</think>\n{NOTE}"), vec![L::Thinking]),
        (format!("As in [1] and {{x}}: {NOTE}"), vec![L::Prose]),
        (NOTE.replace("\"Up\",", "\"Up\", // the best\n /* and */ # more\n"), vec![L::Comment]),
        (NOTE.replace("[1,2]", "[1,2,]").replace("3}", "3,}"), vec![L::TrailingComma]),
        (NOTE.replace('"', "'"), vec![L::SingleQuotes]),
        (NOTE.replace("\"headline\"", "headline"), vec![L::UnquotedKey]),
        (NOTE.replace("true", "True").replace("null", "None"), vec![L::PythonWord]),
        (NOTE.replace("Up", "U\np"), vec![L::ControlCharacter]),
        (NOTE.replace("\"age\":3}", "\"age\":3 "), vec![L::CutTail]),
        (NOTE.replace("South", "south"), vec![L::Spelling(path("region"))]),
        (NOTE.replace("South", "north-west"), vec![L::Spelling(path("region"))]),
        (NOTE.replace("12.5", "\"$1,012.50\""), vec![L::NumberAsText(path("total"))]),
        (NOTE.replace(":3}", ":\"3\"}"), vec![L::NumberAsText(path("age"))]),
        (NOTE.replace("true", "\"True\""), vec![L::BoolAsText(path("is_final"))]),
        (NOTE.replace("[1,2]", "7"), vec![L::ListOfOne(path("scores"))]),
        (NOTE.replace("is_final", "isFinal"), vec![L::KeySpelling(path("is_final"))]),
        (NOTE.replace("\"age\"", "\"Age\""), vec![L::KeySpelling(path("age"))]),
        (NOTE.replace("3}", "3,\"mood\":\"x\"}"), vec![L::ExtraKey(path("mood"))]),
        (format!("{{\"note\": {NOTE}}}"), vec![L::Wrapped("note".into())]),
    ];
    for (text, expected) in cases {
        let (json, forgiven) = good(&text, &note);
        assert_eq!(forgiven, expected, "{text}");
        assert_eq!(json["age"], 3, "{text}");
        assert!(forgiven.iter().all(|leniency| !leniency.to_string().is_empty()));
    }
    assert_eq!(good("{\"items\": [1]}", &Type::List(Type::Int.into())), (json!([1]), vec![L::Wrapped("items".into())]));
    assert_eq!(good("south", &named("m.Region")), (json!("South"), vec![L::Bare, L::Spelling("step".into())]));
    assert_eq!(good("2026-11-22", &Type::Date).1, vec![L::Bare]);
    assert_eq!(good("$ 1,000", &Type::Int).0, json!(1000));
    assert_eq!(good("{\"Point\": null}", &named("m.Shape")), (json!("Point"), vec![]));
    assert_eq!(good("{\"a\": 1}\n{\"a\": 1}", &named("m.Pair")).0, json!({"a": 1, "b": null}));
}

#[test]
fn what_would_need_a_guess_is_malformed() {
    let (note, pair, ints) = (named("m.Note"), named("m.Pair"), Type::List(Type::Int.into()));
    let texts = Type::List(Type::String.into());
    let pairs = Type::List(pair.clone().into());
    let loose = named("m.Loose");
    let (map, tree, count) = (Type::Map(Type::String.into(), Type::Int.into()), named("m.Tree"), named("m.Count"));
    let cases: Vec<(String, &Type, &str)> = vec![
        (String::new(), &pair, "R0821 the answer holds no JSON"),
        ("I cannot say.".into(), &pair, "R0821 the answer holds no JSON"),
        ("The answer is South.".into(), &note, "R0821 the answer holds no JSON"),
        ("{\"a\": 1} or {\"a\": 2}".into(), &pair, "several different"),
        ("{\"a\": 1} {\"a\": 2}".into(), &pairs, "several different"),
        ("[1, 2".into(), &ints, "cut off"),
        ("[1, 2,".into(), &ints, "cut off"),
        ("[1, 23".into(), &ints, "cut off"),
        ("[\"a\", \"b".into(), &texts, "cut off"),
        ("{\"a\": 1".into(), &pair, "cut off"),
        ("{\"a\": 1 ".into(), &pair, "step.b: it was cut off before this"),
        ("{\"a\": 1, \"b\": \"x".into(), &pair, "cut off"),
        ("{\"result\": {\"x\": 1".into(), &map, "cut off"),
        ("{\"x\": 1 ".into(), &map, "more entries may have followed"),
        ("{\"x\": 1 ".into(), &Type::Json, "more may have followed"),
        ("{\"a\": 1, \"a\": 2}".into(), &pair, "is there twice"),
        ("{\"A\": 1, \"a_\": 2}".into(), &pair, "step.a"),
        ("{\"label\": \"x\", \"children\": [{\"label\": \"y\", \"children\": []} {\"label\": \"z\", \"children\": []}]}".into(), &tree, "damaged: in line 1, `,` or `]` is expected"),
        ("{\"a\": {\"x\": 1} \"c\" {\"a\": 2}".into(), &pair, "damaged"),
        ("\"x, y\"".into(), &texts, "holds no JSON"),
        ("{\"result\": \"x, y\"}".into(), &texts, "R0820"),
        ("{\"result\": null}".into(), &ints, "R0820"),
        ("[1, 5.5]".into(), &ints, "step[1]: expected an Int, found 5.5"),
        ("[1, \"1.234,5\"]".into(), &ints, "step[1]"),
        (NOTE.replace("12.5", "-1"), &note, "step.total: expected `it >= 0`, found -1"),
        (NOTE.replace("12.5", "0.1 percent"), &note, "damaged"),
        (NOTE.replace("South", "East"), &note, "step.region: expected one of `NorthWest`, `South`"),
        (NOTE.replace(":3}", ":\"secret\"}"), &note, "step.age: expected an Int, found [redacted]"),
        (NOTE.replace("\"age\":3", "\"ags\":3"), &note, "found `ags`"),
        ("-1".into(), &count, "expected `it >= 0`"),
        ("{\"a\": \"\\ud83d\"}".into(), &pair, "half a character"),
        ("{\"a\": 007}".into(), &pair, "damaged"),
        ("<think>never ends {\"a\": 1}".into(), &pair, "thinking aloud"),
        ("I do not know".into(), &Type::Json, "holds no JSON"),
        // Nothing of it would be left, and all would be absent.
        ("{\"x\": 1, \"y\": 2}".into(), &loose, "none of its keys is a field of the type"),
        ("{\"loose\": {\"c\": \"x\"}}".into(), &loose, "expected an Int"),
    ];
    for (text, ty, expected) in cases {
        let found = bad(&text, ty);
        assert!(found.contains(expected), "{text}: {found}");
    }
}

#[test]
fn every_mismatch_is_named_up_to_a_bound() {
    let found = bad(
        "{\"headline\": 1, \"total\": \"x\", \"is_final\": 0, \"region\": 1, \"scores\": {}, \"age\": []}",
        &named("m.Note"),
    );
    assert!(found.contains("in 6 places"), "{found}");
    for path in ["headline", "total", "is_final", "region", "scores", "age"] {
        assert!(found.contains(&format!("step.{path}: ")), "{path}: {found}");
    }
    let many = format!("[{}]", vec!["null"; 50].join(","));
    let failure = reading(&many, &Type::List(Type::Int.into())).unwrap_err();
    assert_eq!((failure.details.len(), failure.details[20].as_str()), (21, "and 30 more"));
    let extra: Vec<String> = (0..500).map(|index| format!("\"k{index}\":1")).collect();
    let (_, forgiven) = good(&format!("{{\"a\":1,{}}}", extra.join(",")), &named("m.Pair"));
    assert!(forgiven.len() <= 102 && matches!(forgiven.last(), Some(Leniency::More(_))), "{}", forgiven.len());
}

#[test]
fn decimals_and_floats_keep_every_digit() {
    let digits = "{\"result\": 1234567890.123456789012345}";
    assert_eq!(good(digits, &Type::Decimal).0, json!("1234567890.123456789012345"));
    assert_eq!(good("{\"result\": 0.1}", &Type::Decimal).0, json!(0.1));
    let (value, _) = reading("{\"result\": NaN}", &Type::Float).unwrap();
    assert!(matches!(value, Value::Float(number) if number.is_nan()));
    assert!(bad("{\"result\": 1e999}", &Type::Float).contains("R0820"));
    assert_eq!(good("{\"result\": 9223372036854775807}", &Type::Int).0, json!(i64::MAX));
    assert!(bad("{\"result\": 9223372036854775808}", &Type::Int).contains("R0820"));
}

#[test]
fn deep_long_and_hostile_texts_take_linear_time() {
    let tree = named("m.Tree");
    let start = Instant::now();
    assert!(bad(&"[".repeat(10_000), &Type::Json).contains("deeper than 128"));
    assert!(bad(&"{\"a\":".repeat(10_000), &tree).contains("deeper than 128"));
    let size = 1 << 20;
    for piece in
        ["[1,", "{\"", "['", "[\"", "{a", "/*", "[/*", "[#", "{x}", "[1]", "\0", "[[", "<think>", "```", "\\", "é{"]
    {
        assert!(reading(&piece.repeat(size / piece.len()), &tree).is_err(), "{piece}");
    }
    let long = format!("[{}1]", "1,".repeat(size / 2));
    assert!(reading(&long, &Type::List(Type::Int.into())).is_ok());
    let long = format!("{{\"label\": \"{}\", \"children\": []}}", "\\n".repeat(size / 2));
    assert!(reading(&long, &tree).is_ok());
    // In a debug build, on a busy machine; quadratic would be hours.
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}

#[test]
fn schemas_say_what_reading_takes() {
    let schema = |ty: &Type| schema(ty, &types());
    assert_eq!(
        schema(&named("m.Pair")),
        json!({
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
            "required": ["a", "b"],
            "additionalProperties": false
        })
    );
    let note = schema(&named("m.Note"));
    assert_eq!(note["properties"]["total"]["description"], "an exact decimal number; must satisfy: it >= 0");
    assert_eq!(note["properties"]["region"]["enum"], json!(["NorthWest", "South"]));
    let tree = schema(&named("m.Tree"));
    assert_eq!(tree["properties"]["children"]["items"]["$ref"], "#/$defs/Tree");
    assert_eq!(tree["$defs"]["Tree"]["properties"]["children"]["items"]["$ref"], "#/$defs/Tree");
    let shape = schema(&named("m.Shape"));
    assert_eq!(shape["required"], json!(["result"]));
    assert_eq!(shape["$defs"]["Shape"]["anyOf"][0]["enum"], json!(["Point"]));
    assert_eq!(shape["$defs"]["Shape"]["anyOf"][1]["required"], json!(["Circle"]));
    let map = schema(&Type::Map(named("m.Region").into(), Type::Int.into()));
    assert_eq!(map["properties"]["result"]["description"], "keys are one of NorthWest, South");
    let count = schema(&named("m.Count"));
    assert_eq!(count["properties"]["result"]["description"], "must satisfy: it >= 0");
}

/// A value of `Tree`-like depth with everything in it: as JSON that fits `m.Note`.
fn notes() -> impl Strategy<Value = Json> {
    let text = "[ -~\n\té😀]{0,12}";
    let scores = proptest::collection::vec(any::<i64>(), 0..4);
    let region = prop_oneof![Just("NorthWest"), Just("South")];
    let total =
        (0_i64..1_000_000_000, 0_u32..6).prop_map(|(mantissa, scale)| rust_decimal::Decimal::new(mantissa, scale));
    (text, total, any::<bool>(), region, scores, proptest::option::of(text), any::<i64>()).prop_map(
        |(headline, total, is_final, region, scores, comment, age)| {
            let total = codec::encode(&Value::Decimal(total));
            json!({"headline": headline, "total": total, "is_final": is_final, "region": region, "scores": scores,
                   "comment": comment, "age": age})
        },
    )
}

/// JSON as a careless model would write it. Each bit of `how` is one carelessness.
fn damage(json: &Json, how: u16, out: &mut String) {
    let on = |bit: u16| how & (1 << bit) != 0;
    let string = |text: &str, out: &mut String| {
        let quoted = Json::from(text).to_string();
        if on(0) {
            let inner = quoted[1..quoted.len() - 1].replace("\\\"", "\"").replace('\'', "\\'");
            *out += &format!("'{inner}'");
        } else if on(1) {
            // Line ends as they are, and not what only looks like one: a backslash before an `n`.
            let kept = Json::from(text.replace('\n', "\u{e000}").replace('\t', "\u{e001}")).to_string();
            *out += &kept.replace('\u{e000}', "\n").replace('\u{e001}', "\t");
        } else {
            *out += &quoted;
        }
    };
    let (space, comma) = (if on(2) { " // so\n" } else { "" }, if on(3) { "," } else { "" });
    match json {
        Json::Null if on(4) => *out += "None",
        Json::Bool(flag) if on(4) => *out += if *flag { "True" } else { "False" },
        Json::Number(number) if on(5) => *out += &format!("\"{number}\""),
        Json::String(text) => string(text, out),
        Json::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                *out += if index > 0 { "," } else { "" };
                *out += space;
                damage(item, how, out);
            }
            *out += if items.is_empty() { "" } else { comma };
            out.push(']');
        }
        Json::Object(entries) => {
            out.push('{');
            for (index, (key, value)) in entries.iter().enumerate() {
                *out += if index > 0 { ",\n" } else { "" };
                let key = if on(6) { key.to_uppercase().replace('_', "-") } else { key.clone() };
                if on(7) && !on(6) {
                    *out += &key
                } else {
                    string(&key, out)
                }
                *out += ": ";
                damage(value, how, out);
                *out += space;
            }
            *out += comma;
            *out += if on(8) { " " } else { "}" };
        }
        other => *out += &other.to_string(),
    }
}

/// A variant's name as another style writes it.
fn respell(json: &mut Json) {
    if let Some(region) = json.get_mut("region")
        && *region == "NorthWest"
    {
        *region = json!("north_west");
    }
}

proptest! {
    #[test]
    fn what_was_damaged_reads_back_equal(note in notes(), how in any::<u16>()) {
        let ty = named("m.Note");
        let clean = reading(&note.to_string(), &ty).unwrap();
        prop_assert_eq!(&clean.1, &vec![]);
        let (mut worn, mut text) = (note, String::new());
        if how & (1 << 9) != 0 {
            respell(&mut worn);
        }
        damage(&worn, how, &mut text);
        if how & (1 << 10) != 0 {
            text = format!("Here you are [1]:\n```json\n{text}\n");
            if how & (1 << 8) == 0 {
                text += "```\nDone {really}.";
            }
        }
        let (value, _) = reading(&text, &ty).map_err(|failure| TestCaseError::fail(format!("{text}\n{failure:?}")))?;
        prop_assert_eq!(value, clean.0);
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}", which in 0_usize..7) {
        let list: Arc<Type> = Type::Int.into();
        let all = [named("m.Note"), named("m.Shape"), named("m.Region"), Type::List(list), Type::Json, Type::Date,
                   Type::Map(Type::String.into(), Type::Float.into())];
        let _ = reading(&text, &all[which]);
    }

    #[test]
    fn no_json_like_text_makes_it_panic(parts in proptest::collection::vec(prop_oneof![
        Just("{"), Just("}"), Just("["), Just("]"), Just(","), Just(":"), Just("\""), Just("'"), Just("\\"), Just("\\u"),
        Just("d83d"), Just("//"), Just("/*"), Just("*/"), Just("#"), Just("\n"), Just("a"), Just("1"), Just("-"),
        Just("1e"), Just("null"), Just("é"), Just("\0"), Just("```"), Just("<think>"), Just("\"a\":"), Just("result"),
    ], 0..40)) {
        for ty in [named("m.Pair"), Type::Json, Type::List(Type::Json.into()), named("m.Tree")] {
            let _ = reading(&parts.concat(), &ty);
        }
    }

    /// What is cut anywhere is the whole value or malformed, never another value.
    #[test]
    fn a_cut_answer_is_never_another_value(note in notes(), share in 0.0_f64..1.0) {
        let ty = named("m.Note");
        let text = note.to_string();
        let mut at = (text.len() as f64 * share) as usize;
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        if let Ok((value, _)) = reading(&text[..at], &ty) {
            prop_assert_eq!(value, reading(&text, &ty).unwrap().0);
        }
    }
}
