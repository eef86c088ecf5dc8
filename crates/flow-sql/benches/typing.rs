//! How fast queries are typed: 2,500 of them are a tenth of a program of 25,000 steps, which as a whole
//! must be checked within a second.

use flow_expr::{Field, Name, Type, TypeDef, TypeTable};
use flow_sql::{Column, TableColumns, check_result, type_query};

fn main() {
    divan::main();
}

fn columns(fields: &[(&str, Type)]) -> Vec<Column> {
    fields.iter().map(|(name, ty)| Column { name: (*name).into(), ty: ty.clone(), labels: vec![] }).collect()
}

/// 2,500 different queries: a grouped sum with a filter by parameters, checked against a record.
#[divan::bench(args = [2500], sample_count = 5)]
fn grouped_sums(bencher: divan::Bencher, count: usize) {
    let orders = columns(&[
        ("id", Type::Int),
        ("customer", Type::String),
        ("region", Type::String),
        ("amount", Type::Decimal),
        ("placed_at", Type::Timestamp),
    ]);
    let field = |name: &str, ty| Field { name: name.into(), ty, refinement: None, labels: vec![] };
    let revenue = vec![field("day", Type::Date), field("region", Type::String), field("revenue", Type::Decimal)];
    let mut types = TypeTable::default();
    types.0.insert(Name::new("m.Revenue"), TypeDef::Record(revenue));
    let declared = Type::Table(Type::Named(Name::new("m.Revenue")).into());
    let texts: Vec<String> = (0..count)
        .map(|number| {
            format!(
                "select cast(placed_at as date) as day, region, sum(amount) as revenue
                 from orders where amount > {number} and customer <> :who group by 1, 2"
            )
        })
        .collect();
    bencher.bench(|| {
        for text in &texts {
            let tables = [TableColumns { name: "orders", columns: &orders }];
            let query = type_query(text, &tables, &[("who", Type::String)], &types).expect("it is right");
            assert!(check_result(&query.columns, &declared, &types, 0..text.len()).is_empty());
        }
    });
}
