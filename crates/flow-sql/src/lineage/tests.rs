//! Queries and their lineage in words: what follows relations, what functions do. Places are held against the text.

use super::{LineageSource, Through, lineage};
use crate::{Column, TableColumns, type_query};
use flow_expr::{Type, TypeTable};

/// The lineage of a query over `people(id, name, email, paid, city)` and `visits(id, page, length)`, in words.
fn of(text: &str) -> String {
    let columns = |fields: &[(&str, Type)]| -> Vec<Column> {
        fields.iter().map(|(name, ty)| Column { name: (*name).into(), ty: ty.clone(), labels: vec![] }).collect()
    };
    let people = columns(&[
        ("id", Type::Int),
        ("name", Type::String),
        ("email", Type::String.optional()),
        ("paid", Type::Decimal),
        ("city", Type::String),
    ]);
    let visits = columns(&[("id", Type::Int), ("page", Type::String), ("length", Type::Int)]);
    let tables = [TableColumns { name: "people", columns: &people }, TableColumns { name: "visits", columns: &visits }];
    let params = [("least", Type::Int), ("greeting", Type::String)];
    let query = type_query(text, &tables, &params, &TypeTable::default());
    let query = query.unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
    let found = lineage(text, &query, &["least", "greeting"]);
    let words = |used: &super::Used| {
        let from = match &used.from {
            LineageSource::Column { table, column } => format!("{}.{column}", &table[..1]),
            LineageSource::Param(name) => format!(":{name}"),
        };
        let how = match used.how {
            Through::Value => "",
            Through::Choice => "?",
            Through::Presence => "~",
            Through::Aggregate => "+",
            Through::Hash => "#",
        };
        if let Some(at) = &used.at {
            let (LineageSource::Column { column: name, .. } | LineageSource::Param(name)) = &used.from;
            assert!(text[at.clone()].contains(&**name), "{text}: {from} stands at `{}`", &text[at.clone()]);
        }
        format!("{from}{how}")
    };
    let columns = found
        .columns
        .iter()
        .map(|column| format!("{} {}", column.name, column.from.iter().map(words).collect::<Vec<_>>().join(" ")));
    let columns = columns.collect::<Vec<_>>().join("; ");
    match found.decides.is_empty() {
        true => columns,
        false => format!("{columns} | {}", found.decides.iter().map(words).collect::<Vec<_>>().join(" ")),
    }
}

#[test]
fn columns_are_followed_through_relations() {
    let cases = [
        ("select name, id from people", "name p.name; id p.id"),
        ("select * from visits", "id v.id; page v.page; length v.length"),
        (
            "select t.name, v.id from visits v join lateral (select max(p.name) as name from people p where p.id = v.id) t on true",
            "name p.name; id v.id | p.id? v.id?",
        ),
        (
            "select v.* from visits v join people p on p.id = v.id",
            "id v.id; page v.page; length v.length | p.id? v.id?",
        ),
        ("select x.n as m from (select name as n, email from people) x", "m p.name"),
        (
            "with c as (select upper(email) as e, city from people) select e from c where city <> ''",
            "e p.email | p.city?",
        ),
        (
            "with a as (select email as e from people), b as (select e || :greeting as f from a) select f from b",
            "f p.email :greeting",
        ),
        ("select name from people union all select page from visits", "name p.name v.page"),
        ("select name from people union select page from visits", "name p.name v.page"),
        ("select name from people except select page from visits", "name p.name | p.name v.page"),
        ("select distinct city from people", "city p.city"),
        ("select name from people where paid > :least order by email limit 3", "name p.name | p.email p.paid? :least?"),
        ("select name from people where id in (select id from visits)", "name p.name | p.id? v.id?"),
        (
            "select name from people p where exists (select 1 from visits v where v.id = p.id)",
            "name p.name | p.id? v.id?",
        ),
        (
            "select page, (select max(email) from people p where p.id = v.id) as e from visits v",
            "page v.page; e p.email | p.id? v.id?",
        ),
        ("select x.n from people p cross join (values (1), (2)) as x(n)", "n "),
        (
            "with recursive r as (select id, name from people union all select id + 1, name from r where id < 3) select id, name from r",
            "id p.id; name p.name | p.id?",
        ),
        ("select unnest(array[name, city]) as n from people", "n p.city p.name"),
    ];
    for (text, expected) in cases {
        assert_eq!(of(text), expected, "{text}");
    }
}

#[test]
fn functions_say_how() {
    let cases = [
        ("select lower(email) || name as x from people", "x p.email p.name"),
        ("select email = 'a' as x, email is null as y, paid + 1 as z from people", "x p.email?; y p.email~; z p.paid"),
        ("select case when city = 'x' then name else email end as x from people", "x p.city? p.email p.name"),
        ("select case city when 'x' then 1 else 2 end as x from people", "x p.city?"),
        ("select coalesce(email, name) as x from people", "x p.email p.name"),
        ("select city, count(*) as n, sum(paid) as s from people group by city", "city p.city; n ; s p.paid+ | p.city"),
        (
            "select min(email) as a, array_agg(name) as b, string_agg(city, ',') as c from people",
            "a p.email; b p.name; c p.city",
        ),
        (
            "select first_value(name order by id) as a, avg(paid) + count(distinct email) as b from people",
            "a p.name; b p.email+ p.paid+",
        ),
        ("select sum(case when email like 'a%' then paid end) as s from people", "s p.email+ p.paid+"),
        ("select sum(paid) filter (where city = 'x') as s from people", "s p.paid+ | p.city?"),
        ("select upper(max(s)) as x from (select min(email) as s from people group by city) y", "x p.email | p.city"),
        ("select sum(paid) over (partition by city order by id) as s from people", "s p.city~ p.id~ p.paid"),
        (
            "select row_number() over (order by email) as n, lag(name) over (order by id) as l from people",
            "n p.email~; l p.id~ p.name",
        ),
        ("select count(email) over () as n from people", "n p.email+"),
        (
            "select cast(paid as varchar) as x, sha256(email) as y, starts_with(email, 'a') as z from people",
            "x p.paid; y p.email#; z p.email?",
        ),
        ("select city, sum(paid) as s from people group by rollup(city)", "city p.city; s p.paid+ | p.city"),
        (
            "select p.name from people p left join visits v on p.id = v.id and v.length > 3",
            "name p.name | p.id? v.id? v.length?",
        ),
        ("select city from people group by city having sum(paid) > 3", "city p.city | p.city p.paid+"),
    ];
    for (text, expected) in cases {
        assert_eq!(of(text), expected, "{text}");
    }
}
