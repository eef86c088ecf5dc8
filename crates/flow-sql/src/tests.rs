//! Queries over two tables, accepted and refused; for refused ones the exact text that is pointed at.

use crate::*;
use flow_diag::{FileId, Span};
use flow_expr::{Field, Name, Type, TypeDef, TypeTable, Variant};

fn field(name: &str, ty: Type) -> Field {
    Field { name: name.into(), ty, refinement: None, labels: vec![] }
}

fn named(name: &str) -> Type {
    Type::Named(Name::new(name))
}

fn types() -> TypeTable {
    let variant = |name: &str| Variant { name: name.into(), payload: vec![] };
    let order = vec![
        field("id", Type::Int),
        field("customer", Type::String),
        field("region", named("shop.Region")),
        field("amount", Type::Decimal),
        field("weight", Type::Float),
        field("note", Type::String.optional()),
        field("placed_at", Type::Timestamp),
        field("day", Type::Date),
        field("tags", Type::List(Type::String.into())),
    ];
    let region = vec![field("name", Type::String), field("id", Type::Int), field("head", Type::String.optional())];
    let revenue =
        vec![field("day", Type::Date), field("region", named("shop.Region")), field("revenue", Type::Decimal)];
    let mut types = TypeTable::default();
    types.0.insert(Name::new("shop.Order"), TypeDef::Record(order));
    types.0.insert(Name::new("shop.Region"), TypeDef::Enum(vec![variant("North"), variant("South")]));
    types.0.insert(Name::new("shop.Place"), TypeDef::Record(region));
    types.0.insert(Name::new("shop.Revenue"), TypeDef::Record(revenue));
    types
}

fn columns(record: &str) -> Vec<Column> {
    let types = types();
    let fields = types.record(&named(record)).unwrap_or_default();
    fields.iter().map(|field| Column { name: field.name.clone(), ty: field.ty.clone(), labels: vec![] }).collect()
}

fn typed(text: &str) -> Result<Query, Vec<SqlProblem>> {
    let (orders, places) = (columns("shop.Order"), columns("shop.Place"));
    let tables = [TableColumns { name: "orders", columns: &orders }, TableColumns { name: "places", columns: &places }];
    let params = [("since", Type::Timestamp), ("least", Type::Decimal), ("who", Type::String.optional())];
    type_query(text, &tables, &params, &types())
}

/// `name: Type?` of each column.
fn gives(text: &str) -> String {
    let query = typed(text).unwrap_or_else(|problems| panic!("{text}\n{problems:#?}"));
    let columns = query.columns.iter();
    let columns = columns.map(|c| format!("{}: {}{}", c.name, c.type_name(), if c.nullable { "?" } else { "" }));
    columns.collect::<Vec<_>>().join(", ")
}

/// `CODE at 'text'` of each problem.
fn refused(text: &str) -> Vec<String> {
    describe(text, typed(text).err().unwrap_or_default())
}

fn refused_or_none(text: &str) -> Vec<String> {
    typed(text).err().map_or_else(Vec::new, |problems| describe(text, problems))
}

fn describe(text: &str, problems: Vec<SqlProblem>) -> Vec<String> {
    let describe = |problem: SqlProblem| {
        let range = problem.range.clone();
        let shown = problem.into_problem(|r| Span::new(FileId(0), r.start as u32, r.end as u32));
        assert!(!shown.title.is_empty() && !shown.labels[0].text.is_empty());
        format!("{} at '{}'", shown.code, &text[range])
    };
    problems.into_iter().map(describe).collect()
}

fn declared(text: &str, ty: Type) -> Vec<String> {
    let query = typed(text).unwrap_or_else(|problems| panic!("{text}\n{problems:#?}"));
    describe(text, check_result(&query.columns, &ty, &types(), 0..text.len()))
}

#[test]
fn results_are_typed() {
    assert_eq!(gives("select id, unnest(tags) as tag from orders").split(',').next(), Some("id: Int"));
    assert_eq!(
        gives("select cast(placed_at as date) as day, region, sum(amount) as revenue from orders group by 1, 2"),
        "day: Date, region: String, revenue: Decimal"
    );
    assert_eq!(gives("select count(*) as n, sum(amount) as total from orders"), "n: Int, total: Decimal?");
    assert_eq!(
        gives("select avg(amount) as a, avg(id) as b, max(weight) as c from orders group by region"),
        "a: Decimal, b: Float, c: Float"
    );
    assert_eq!(
        gives("select amount * 0.2 as tax, weight * 0.5 as half, id * 2 as twice from orders"),
        "tax: Decimal, half: Float, twice: Int"
    );
    assert_eq!(
        gives("select note, coalesce(note, '') as n, upper(customer) as u, upper(note) as v from orders"),
        "note: String?, n: String, u: String, v: String?"
    );
    assert_eq!(
        gives("select o.id, p.head, p.name from orders o left join places p on p.id = o.id"),
        "id: Int, head: String?, name: String?"
    );
    assert_eq!(gives("select o.id, p.name from orders o join places p on p.id = o.id"), "id: Int, name: String");
    assert_eq!(gives("select note from orders where note is not null"), "note: String");
    assert_eq!(
        gives(
            "select cast(id as int) as i, cast(id as float) as f, cast(day as timestamp) as t, cast(id as text) as s from orders"
        ),
        "i: Int, f: Float, t: Timestamp, s: String"
    );
    assert_eq!(
        gives("select date_trunc('hour', placed_at) as h, extract(year from day) as y from orders"),
        "h: Timestamp, y: Int"
    );
    assert_eq!(
        gives(
            "select row_number() over (order by id) as n, sum(amount) over (partition by region order by id) as s, lag(amount) over (order by id) as l from orders"
        ),
        "n: Int, s: Decimal, l: Decimal?"
    );
    assert_eq!(
        gives("with recursive t(n) as (select 1 union all select n + 1 from t where n < 5) select n from t"),
        "n: Int?"
    );
    assert_eq!(
        gives("select case when id > 1 then 'a' else 'b' end as c, case when id > 1 then 1 end as d from orders"),
        "c: String, d: Int?"
    );
    assert_eq!(gives("select placed_at - :since as d from orders"), "d: Duration");
    assert_eq!(
        gives("select tags[1] as first, array_length(tags) as n from orders").split(',').next(),
        Some("first: String?")
    );
}

#[test]
fn parameters_are_values() {
    assert_eq!(
        gives("select id from orders where placed_at >= :since and amount > :least and customer = :who"),
        "id: Int"
    );
    assert_eq!(refused("select id from orders where amount > :lest"), ["E1105 at ':lest'"]);
    assert_eq!(refused("select id from orders where amount > :orders"), ["E1105 at ':orders'"]);
    assert_eq!(refused("select id from orders where amount > $1"), ["E1105 at '$1'"]);
    assert_eq!(refused("select id from least"), ["E1102 at 'least'"]);
}

#[test]
fn unknown_names_are_all_found_at_their_place() {
    assert_eq!(refused("select\n  id,\n  amuont\nfrom orders"), ["E1103 at 'amuont'"]);
    let mut found = refused("select amuont, custmer from orders where regoin = 'North'");
    found.sort();
    assert_eq!(found, ["E1103 at 'amuont'", "E1103 at 'custmer'", "E1103 at 'regoin'"]);
    assert_eq!(refused("select o.amuont from orders o"), ["E1103 at 'o.amuont'"]);
    assert_eq!(refused("select x.id from orders o"), ["E1103 at 'x.id'"]);
    assert_eq!(refused("select id from ordres join plces on true"), ["E1102 at 'ordres'", "E1102 at 'plces'"]);
    assert_eq!(refused("select summe(id), sqroot(id) from orders"), ["E1104 at 'summe'", "E1104 at 'sqroot'"]);
    assert_eq!(refused("select id from orders join places on true"), ["E1113 at 'id'"]);
    assert_eq!(
        refused("select now(), random(), current_date from orders"),
        ["E1112 at 'now'", "E1112 at 'random'", "E1112 at 'current_date'"]
    );
    assert_eq!(refused("with a as (select * from orders) select nope from a"), ["E1103 at 'nope'"]);
    assert_eq!(refused("select 'äöü', id\nfrom orders\nwhere 'ß' = amuont"), ["E1103 at 'amuont'"]);
}

#[test]
fn syntax() {
    assert_eq!(refused("select id, from orders where"), ["E1101 at 'where'"]);
    assert_eq!(refused(""), ["E1101 at ''"]);
    assert_eq!(refused("select 'abc from orders"), ["E1101 at '''"]);
    assert_eq!(refused("select id from orders; select 1"), ["E1107 at 'select 1'"]);
    assert_eq!(refused("delete from orders"), ["E1107 at 'delete'"]);
    assert_eq!(refused("select 'ü', +, 1 from orders"), ["E1101 at ','"]);
}

#[test]
fn types_that_do_not_fit_are_found_at_the_smallest_part() {
    assert_eq!(refused("select 2 * (id + true) as x from orders"), ["E1106 at 'id + true'"]);
    assert_eq!(refused("select upper(customer) as a, sum(customer) as b from orders"), ["E1106 at 'sum(customer)'"]);
    assert_eq!(refused("select id from orders where amount"), ["E1106 at 'amount'"]);
    assert_eq!(refused("select region, customer, sum(amount) from orders group by region"), ["E1106 at 'customer'"]);
    assert_eq!(refused("select id from orders where day > true"), ["E1106 at 'day > true'"]);
    // Parts that name each other twice are put in two, four, eight … times.
    let doubled = |levels: usize| {
        let parts: Vec<String> = (1..=levels)
            .map(|n| format!("a{n} as (select id from a{0} union all select id from a{0})", n - 1))
            .collect();
        format!("with a0 as (select id from orders), {} select id from a{levels}", parts.join(", "))
    };
    assert_eq!(refused(&doubled(40)), ["E1106 at 'with'"]);
    let chained = |count: usize| format!("select id from orders where id = 0{}", " or id = 1".repeat(count));
    assert_eq!(gives(&chained(50)), "id: Int");
    assert_eq!(refused(&chained(2_000)), ["E1106 at 'select'"]);
    assert_eq!(refused("select date_trunc(1, placed_at) from orders"), ["E1106 at 'date_trunc(1, placed_at)'"]);
}

#[test]
fn sub_queries_that_no_run_could_plan_are_refused() {
    let mut wrong = vec![];
    for (text, at) in [
        ("select (select o.note) as v from orders o", "select o.note"),
        ("select (select o.note from places p limit 1) as v from orders o", "select o.note from places p limit 1"),
        (
            "select (select max(o.note) from places p where p.id = o.id) as v from orders o",
            "select max(o.note) from places p where p.id = o.id",
        ),
        (
            "select id, (select max(name) from places) as m, case when id > :least then (select o.note) end as v from orders o",
            "select o.note",
        ),
        ("select t.m from orders, lateral (select orders.note as m) t", "select orders.note as m"),
        ("select t.m from orders o cross join lateral (select o.note as m) t", "select o.note as m"),
    ] {
        let found = refused(text);
        if found != [format!("E1106 at '{at}'")] {
            wrong.push((text, found));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    for (text, columns) in [
        ("select (select max(p.head) from places p where p.id = o.id) as v from orders o", "v: String?"),
        (
            "select id from orders o where exists (select 1 from places p where p.id = o.id and p.name <> :who)",
            "id: Int",
        ),
        ("select id from orders where customer not in (select name from places) and amount > :least", "id: Int"),
        ("select id from orders where weight > (select avg(weight) from orders where placed_at < :since)", "id: Int"),
        (
            "select id from orders o where amount > (select avg(amount) from orders i where i.region = o.region)",
            "id: Int",
        ),
    ] {
        assert_eq!(gives(text), columns, "{text}");
    }
}

#[test]
fn what_no_run_could_compute_is_refused_at_its_place() {
    let mut wrong = vec![];
    for (text, at) in [
        ("select id from orders where row_number() over (order by id) = 1", "row_number"),
        ("select id from orders where regexp_like(customer, '[')", "regexp_like(customer, '[')"),
        ("select ntile(id) over (order by id) as n from orders", "ntile(id)"),
        ("select id from orders where day > '2026-13-01'", "day > '2026-13-01'"),
        ("select id from orders where placed_at in ('2026-01-01', 'soon')", "placed_at in ('2026-01-01', 'soon')"),
        ("select id from orders limit -1", "1"),
        ("select id from orders limit (select max(id) from places)", "select max(id) from places"),
        ("select count(*) filter (where exists (select 1 from places)) as n from orders", "select 1 from places"),
        ("select count(distinct id, day) as n from orders", "count(distinct id, day)"),
        ("select approx_distinct(weight) as n from orders", "approx_distinct(weight)"),
        ("select string_agg(customer, note) as n from orders", "string_agg(customer, note)"),
        ("select bit_and(id) over (order by id rows 1 preceding) as n from orders", "bit_and(id)"),
        ("select date_trunc('fortnight', placed_at) as n from orders", "date_trunc('fortnight', placed_at)"),
        ("select extract(moon from placed_at) as n from orders", "placed_at"),
        ("select date_bin(interval '0 minutes', placed_at) as n from orders", "'0 minutes'"),
        ("select encode(customer, 'rot13') as n from orders", "encode(customer, 'rot13')"),
        ("select regexp_replace(customer, '(', 'a') as n from orders", "regexp_replace(customer, '(', 'a'"),
        ("select substr(customer, 1, -1) as n from orders", "1"),
        ("select split_part(customer, 'a', 0) as n from orders", "split_part(customer, 'a', 0)"),
        ("select make_date(2026, 13, id) as n from orders", "make_date(2026, 13, id)"),
        ("select to_char(day, 'YYYY-MM-DD') as n from orders", "to_char(day, 'YYYY-MM-DD')"),
        ("select to_date(customer, 'DD/MM/YYYY') as n from orders", "to_date(customer, 'DD/MM/YYYY')"),
    ] {
        let found = refused(text);
        if found != [format!("E1106 at '{at}'")] {
            wrong.push((text, found));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(
        gives("select id from orders where customer like 'a%' and regexp_like(customer, 'a.c') limit 3"),
        "id: Int"
    );
    for text in [
        "select date_trunc('week', placed_at) as at from orders",
        "select date_bin(interval '5 minutes', placed_at) as at from orders",
        "select split_part(customer, 'a', id) as part, substr(customer, id, id) as sub from orders",
        "select regexp_replace(customer, note, 'x') as a, encode(customer, 'hex') as b, to_char(day, '%Y') as c from orders",
        "select make_date(id, id, id) as day, extract(epoch from placed_at) as s from orders",
        "select decode(customer, 'hex') as b, repeat(customer, id) as c, chr(id) as d from orders",
        "select sum(id) over (order by id rows 1 preceding) as n, max(id) over (order by id rows 1 preceding) as m from orders",
    ] {
        assert!(refused_or_none(text).is_empty(), "{text}: {:?}", refused_or_none(text));
    }
    assert_eq!(gives("select id, sum(id) over (partition by region order by id) as n from orders"), "id: Int, n: Int");
}

#[test]
fn conditions_over_queries_that_would_be_computed_wrong_are_refused() {
    let mut wrong = vec![];
    for (text, at) in [
        (
            "select id from orders where note not in (select name from places) or id = 9",
            "note not in (select name from places)",
        ),
        ("select (note in (select name from places)) is null as n from orders", "note in (select name from places)"),
        (
            "select id from orders where id in (select id from places where head in (select note from orders) or id = 1)",
            "head in (select note from orders)",
        ),
        (
            "select id from orders o where exists (select count(*) from places p where p.id = o.id)",
            "select count(*) from places p where p.id = o.id",
        ),
        (
            "select id from orders o where not exists (select 1 from places p where p.id = o.id offset 1)",
            "select 1 from places p where p.id = o.id offset 1",
        ),
        (
            "select id from orders o where exists (select 1 from places p left join places q on q.id = o.id)",
            "select 1 from places p left join places q on q.id = o.id",
        ),
        (
            "select row_number() over (order by (select max(id) from places)) as n from orders",
            "select max(id) from places",
        ),
    ] {
        let found = refused(text);
        if found != [format!("E1106 at '{at}'")] {
            wrong.push((text, found));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    for text in [
        "select id from orders where note not in (select name from places) and id = 9",
        "select id from orders where id in (select id from places) or id = 9",
        "select id from orders where id in (select max(id) from places)",
        "select id from orders o where exists (select name from places p where p.id = o.id group by name)",
    ] {
        assert_eq!(gives(text), "id: Int", "{text}");
    }
}

#[test]
fn text_is_not_compared_with_numbers() {
    assert_eq!(refused("select id from orders where customer > 5"), ["E1116 at 'customer > 5'"]);
    assert_eq!(refused("select id from orders where id = 1 and (note <> amount)"), ["E1116 at 'note <> amount'"]);
    assert_eq!(refused("select 1 = id as a, '1' = id as b from orders"), ["E1116 at ''1' = id'"]);
    assert_eq!(
        refused("select id from orders where id between '1' and 3 or customer in ('a', 2)"),
        ["E1116 at 'id between '1' and 3'", "E1116 at 'customer in ('a', 2)'"]
    );
    assert_eq!(refused("select id from orders where amount > :who"), ["E1116 at 'amount > :who'"]);
    assert_eq!(refused("select o.id from orders o join places p on p.name = o.id"), ["E1116 at 'p.name = o.id'"]);
    assert_eq!(
        refused("select id from orders where exists (select 1 from places p where p.name = 7)"),
        ["E1116 at 'p.name = 7'"]
    );
    assert_eq!(refused("select region, count(*) from orders group by region having region < 3").len(), 1);
    assert_eq!(
        refused("select id from orders where customer in (select id from places)"),
        ["E1116 at 'customer in (select id from places)'"]
    );
    // Text that stands for a day or an instant is compared as one, and null with everything.
    assert_eq!(gives("select id from orders where day > '2026-01-01' and placed_at < '2026-02-01'"), "id: Int");
    assert_eq!(gives("select id from orders where customer = null or weight > 1 or amount >= 0.5"), "id: Int");
    assert_eq!(gives("select id from orders where cast(customer as bigint) > 5 and region = 'North'"), "id: Int");
}

#[test]
fn enums_are_compared_with_their_variants() {
    for (text, at) in [
        ("select id from orders where region = 'Nort'", "region = 'Nort'"),
        ("select id from orders o where 'north' <> o.region", "'north' <> o.region"),
        ("select id from orders where region in ('North', 'East')", "region in ('North', 'East')"),
        ("select case region when 'N' then 1 else 0 end as n from orders", "case region when 'N' then 1 else 0 end"),
        ("select id from (select region as r, id from orders) where r = 'W'", "'W'"),
        ("select region, count(*) from orders group by region having region = 'W'", "'W'"),
    ] {
        assert_eq!(refused(text), [format!("E1117 at '{at}'")], "{text}");
    }
    for text in [
        "select id from orders where region = 'North' or region in ('South') or lower(region) = 'north'",
        "select id from orders where concat(region, 's') = 'Norths' or region = :who or region like 'N%'",
        "select id from (select id, region from orders union all select 1 as id, 'South' as region) where region <> 'North'",
        "select max(id) as id from orders group by region order by region limit 3",
        "select o.id from orders o left join orders p on o.region = p.region and p.region = 'South'",
        "select id from (select id, row_number() over (partition by region order by id) as n from orders) where n = 1",
        "select id from orders where region in (select region from orders) and region > 'M'",
    ] {
        assert!(refused_or_none(text).is_empty(), "{text}: {:?}", refused_or_none(text));
    }
}

#[test]
fn results_against_declared_types() {
    let table = |name: &str| Type::Table(named(name).into());
    let good = "select cast(placed_at as date) as day, region, sum(amount) as revenue from orders group by 1, 2";
    assert_eq!(declared(good, table("shop.Revenue")), [""; 0]);
    assert_eq!(declared(&good.replace(" as revenue", ""), table("shop.Revenue")).len(), 1);
    assert_eq!(
        declared(&good.replace("revenue", "revenu"), table("shop.Revenue")),
        ["E1108 at 'sum(amount) as revenu'"]
    );
    assert_eq!(
        declared(
            &good.replace("sum(amount) as revenue", "sum(amount) as revenue, count(*) as n"),
            table("shop.Revenue")
        ),
        ["E1109 at 'count(*) as n'"]
    );
    assert_eq!(
        declared(&good.replace("sum(amount)", "sum(weight)"), table("shop.Revenue")),
        ["E1110 at 'sum(weight) as revenue'"]
    );
    assert_eq!(declared(&good.replace("sum(amount)", "count(*)"), table("shop.Revenue")), [""; 0]);
    assert_eq!(
        declared(&good.replace("region,", "note as region,").replace("1, 2", "1, note"), table("shop.Revenue")),
        ["E1111 at 'note as region'"]
    );
    assert_eq!(declared("select day, region, amount as revenue from orders", named("shop.Revenue")), [""; 0]);
    assert_eq!(declared("select * from orders", table("shop.Order")), [""; 0]);
    assert_eq!(declared("select *, 1 as one from orders", table("shop.Order")), ["E1109 at '1 as one'"]);
    assert_eq!(declared("select count(*) from orders", Type::Int), [""; 0]);
    assert_eq!(declared("select sum(amount) from orders", Type::Decimal), ["E1111 at 'sum(amount)'"]);
    assert_eq!(declared("select sum(amount) from orders", Type::Decimal.optional()), [""; 0]);
    assert_eq!(declared("select id, day from orders", Type::Int), ["E1115 at 'select id, day from orders'"]);
    assert_eq!(declared("select id from orders", Type::List(Type::Int.into())), [""; 0]);
}

#[test]
fn queries_for_other_databases() {
    let check = |text: &str| check_foreign(text, Dialect::Postgres, &["day", "who"]);
    let query = check("select id::text, ':no' from t where day = :day and (who = :who or :day is null)").unwrap();
    assert_eq!(query.text, "select id::text, ':no' from t where day = $1 and (who = $2 or $1 is null)");
    assert_eq!(query.params, ["day".into(), "who".into()]);
    assert_eq!(query.verb, Verb::Query);
    let insert = check("insert into t (a) values (:who) on conflict do nothing returning a").unwrap();
    assert_eq!(insert.verb, Verb::Change(true));
    assert_eq!(check("create table t (a int)").unwrap().verb, Verb::Other);
    let text = "select 1 where x = :whoo";
    assert_eq!(describe(text, check(text).unwrap_err()), ["E1105 at ':whoo'"]);
    let text = "select 1; drop table t";
    assert_eq!(describe(text, check(text).unwrap_err()), ["E1107 at 'drop table t'"]);
    let sqlite = check_foreign("replace into t values (:day, datetime('now'))", Dialect::Sqlite, &["day"]).unwrap();
    assert_eq!(sqlite.text, "replace into t values ($1, datetime('now'))");
}
