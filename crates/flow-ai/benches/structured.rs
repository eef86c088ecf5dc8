//! Reading answers: a usual one, and one of ten thousand records. The target is a megabyte in 50 ms at most.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

use divan::Bencher;
use flow_ai::structured;
use flow_expr::{Context, Field, Name, Type, TypeDef, TypeTable};
use std::collections::BTreeMap;

fn main() {
    divan::main();
}

fn types() -> TypeTable {
    let field = |name: &str, ty| Field { name: name.into(), ty, refinement: None, labels: vec![] };
    let fields = vec![field("id", Type::Int), field("name", Type::String), field("amount", Type::Decimal)];
    TypeTable(BTreeMap::from([(Name::new("m.Row"), TypeDef::Record(fields))]))
}

fn read(bencher: Bencher<'_, '_>, text: &str, ty: &Type) {
    let (functions, types) = (BTreeMap::new(), types());
    let context = Context::new(&functions, &types, jiff::Timestamp::UNIX_EPOCH);
    let bytes = divan::counter::BytesCount::of_str(text);
    bencher.counter(bytes).bench_local(|| structured::read(text, ty, "step", &context).unwrap());
}

#[divan::bench]
fn one_record_in_prose(bencher: Bencher<'_, '_>) {
    let text = "Here it is:\n```json\n{'id': \"1,234\", Name: 'x', \"amount\": 12.50,}\n```\n";
    read(bencher, text, &Type::Named(Name::new("m.Row")));
}

#[divan::bench(sample_count = 20)]
fn ten_thousand_records(bencher: Bencher<'_, '_>) {
    let rows: Vec<String> =
        (0..10_000).map(|id| format!("{{\"id\": {id}, \"name\": \"number {id}\", \"amount\": {id}.25}}")).collect();
    read(bencher, &format!("[{}]", rows.join(",\n")), &Type::List(Type::Named(Name::new("m.Row")).into()));
}

#[divan::bench(sample_count = 20)]
fn ten_megabytes_without_a_value(bencher: Bencher<'_, '_>) {
    let (functions, types) = (BTreeMap::new(), types());
    let context = Context::new(&functions, &types, jiff::Timestamp::UNIX_EPOCH);
    let (text, ty) = ("[x {y 'z' ".repeat(1 << 20), Type::Named(Name::new("m.Row")));
    bencher.bench_local(|| structured::read(&text, &ty, "step", &context).unwrap_err());
}
