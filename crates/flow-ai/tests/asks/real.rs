//! A real model, where there is one: what must hold whatever it says. Answers are short, since it may run on two cores.

use crate::support::{ask, model, never};
use flow_ai::{Ask, Client, Message, Stop, prompt, structured};
use flow_expr::{Context, Field, Name, Type, TypeDef, TypeTable, Variant};
use flow_plan::{ErrorClass, Model, RateLimit};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// The model, or a skip that is seen.
fn real() -> Option<Model> {
    flow_testing::model().map(|url| Model { key: None, ..model(&url) })
}

/// A question with patience for a busy machine.
fn patient<'a>(model: &'a Model, text: &str) -> Ask<'a> {
    let patience = Duration::from_secs(300);
    let temperature = Some("0".parse().unwrap());
    Ask { key: None, timeout: patience, silence: patience, temperature, seed: Some(1), ..ask(model, text) }
}

fn field(name: &str, ty: Type) -> Field {
    Field { name: name.into(), ty, refinement: None, labels: vec![] }
}

fn named(name: &str) -> Type {
    Type::Named(Name::new(name))
}

/// Ten records, with everything that a schema says somewhere in them.
fn types() -> (TypeTable, Vec<&'static str>) {
    let plain = |name: &str| Variant { name: name.into(), payload: vec![] };
    let circle = Variant { name: "Circle".into(), payload: vec![field("radius", Type::Int)] };
    let records: [(&str, Vec<Field>); 10] = [
        ("m.Person", vec![field("name", Type::String), field("age", Type::Int)]),
        ("m.Flag", vec![field("open", Type::Bool)]),
        ("m.Price", vec![field("amount", Type::Decimal), field("note", Type::String.optional())]),
        ("m.Weather", vec![field("sky", named("m.Sky")), field("degrees", Type::Int)]),
        ("m.Event", vec![field("title", Type::String), field("day", Type::Date)]),
        ("m.Moment", vec![field("at", Type::Timestamp)]),
        ("m.Nested", vec![field("person", named("m.Person")), field("sure", Type::Bool)]),
        ("m.Drawing", vec![field("shape", named("m.Shape"))]),
        ("m.Maybe", vec![field("count", Type::Int.optional()), field("sky", named("m.Sky").optional())]),
        ("m.Pair", vec![field("first", Type::Float), field("second", Type::Float)]),
    ];
    let names = records.iter().map(|(name, _)| *name).collect();
    let mut table: BTreeMap<Name, TypeDef> =
        records.into_iter().map(|(name, fields)| (Name::new(name), TypeDef::Record(fields))).collect();
    table.insert(Name::new("m.Sky"), TypeDef::Enum(vec![plain("Clear"), plain("Cloudy"), plain("Rain")]));
    table.insert(Name::new("m.Shape"), TypeDef::Enum(vec![plain("Point"), circle]));
    (TypeTable(table), names)
}

/// The model invents values, but what is read is of the type, and what is not read says why.
#[tokio::test]
async fn ten_records_are_read_or_refused_with_reasons() {
    let Some(model) = real() else { return };
    let ((types, names), client, functions) = (types(), Client::new(), BTreeMap::new());
    let context = Context::new(&functions, &types, jiff::Timestamp::UNIX_EPOCH);
    let mut fitting = 0;
    for name in names {
        let ty = named(name);
        let text = format!("Invent one example of: {name}. {}", prompt::delimit("topic", "a market in spring", "text"));
        let schema = Some((name.into(), structured::schema(&ty, &types)));
        let question = Ask { schema, max_tokens: 60, ..patient(&model, &text) };
        let answer = client.ask(&question, never()).await.unwrap();
        assert!(!answer.usage.estimated && answer.usage.output_tokens > 0, "{name}: {answer:?}");
        assert!(question.input_tokens_at_most() >= answer.usage.input_tokens, "{name}: {:?}", answer.usage);
        match structured::read(&answer.text, &ty, "example", &context) {
            Ok((value, _)) => {
                let json = flow_expr::codec::encode(&value);
                let again = flow_expr::codec::decode(&json, &ty, "example", &context);
                assert_eq!(again.unwrap(), value, "{name}");
                fitting += 1;
            }
            Err(failure) => {
                assert_eq!(failure.class, ErrorClass::Malformed, "{name}");
                assert!(["R0820", "R0821"].contains(&&*failure.code) && !failure.details.is_empty(), "{failure:?}");
                // A whole answer was held to the schema, which leaves only what a schema cannot say.
                assert!(
                    answer.stop == Stop::Length || failure.code.as_ref() == "R0820",
                    "{name}: {answer:?} {failure:?}"
                );
            }
        }
    }
    println!("{fitting} of ten answers were read");
    assert!(fitting >= 5, "of ten answers that the server holds to the schema, {fitting} were read");
}

#[tokio::test]
async fn a_text_is_answered_within_its_tokens() {
    let Some(model) = real() else { return };
    let answer =
        Client::new().ask(&Ask { max_tokens: 8, ..patient(&model, "Count to one hundred.") }, never()).await.unwrap();
    assert!(answer.usage.output_tokens <= 8 && !answer.text.is_empty(), "{answer:?}");
    assert_eq!((answer.stop, answer.calls), (Stop::Length, vec![]));
}

#[tokio::test]
async fn a_cancel_in_mid_answer_and_a_timeout_end_it_soon() {
    let Some(model) = real() else { return };
    let client = Client::new();
    let long = Ask { max_tokens: 2000, ..patient(&model, "Tell a very long story about a ship.") };
    let start = Instant::now();
    let failed = client.ask(&long, tokio::time::sleep(Duration::from_millis(700))).await.unwrap_err();
    assert_eq!((&*failed.failure.code, failed.usage.is_some()), ("R0104", true));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    let impatient = Ask { timeout: Duration::from_millis(500), ..long };
    let start = Instant::now();
    let failed = client.ask(&impatient, never()).await.unwrap_err();
    assert_eq!((failed.failure.class, failed.usage.is_some()), (ErrorClass::Timeout, true));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[tokio::test]
async fn parallel_asks_keep_the_rate() {
    let Some(model) = real() else { return };
    let model = Model { limit: Some(RateLimit { count: 2, per_ms: 2000 }), ..model };
    let client = Client::new();
    let question = Ask { max_tokens: 2, ..patient(&model, "Hi.") };
    let start = Instant::now();
    let (one, two, three, four) = tokio::join!(
        client.ask(&question, never()),
        client.ask(&question, never()),
        client.ask(&question, never()),
        client.ask(&question, never()),
    );
    let mut waited: Vec<Duration> = [one, two, three, four].map(|answer| answer.unwrap().waited).into();
    waited.sort();
    assert!(waited[2] >= Duration::from_millis(1900), "{waited:?}");
    assert!(start.elapsed() >= Duration::from_secs(2));
}

#[tokio::test]
async fn a_prompt_beyond_the_context_has_its_own_code() {
    let Some(model) = real() else { return };
    let question = Ask { messages: vec![Message::User("word ".repeat(20_000))], ..patient(&model, "") };
    let failed = Client::new().ask(&question, never()).await.unwrap_err();
    assert_eq!((failed.failure.class, &*failed.failure.code), (ErrorClass::ClientError, "R0806"), "{failed:?}");
}
