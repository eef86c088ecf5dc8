//! Column lineage against the engine: marked values go into generated queries, and where they come out is looked at.
//!
//! Each column of the tables holds texts of one letter that nothing else has. So a letter in a column of a result whose
//! lineage does not have its column is a hole. How often a column is named and its letter does not come out is measured.

use crate::sql::Engine;
use datafusion::{
    arrow::{
        array::{Array as _, ArrayRef, AsArray as _, Int64Array, StringArray},
        datatypes::{DataType, Field, Schema},
        record_batch::RecordBatch,
        util::display::array_value_to_string,
    },
    catalog::MemTable,
    dataframe::DataFrame,
    datasource::provider_as_source,
};
use flow_expr::{Type, TypeTable};
use flow_sql::{Column, LineageSource, TableColumns, Through, lineage, plan_sources, type_query};
use std::{collections::BTreeSet, sync::Arc};

/// Columns of text by table, each with its letter.
const LETTERS: [(&str, &str, char); 5] =
    [("t", "a", 'q'), ("t", "b", 'z'), ("t", "c", 'v'), ("u", "d", 'j'), ("u", "e", 'w')];

/// How many queries, and how many of them nest how deeply.
const QUERIES: u64 = 160;

/// Writes queries that give `k`, `x` and `y`.
struct Writer {
    random: u64,
    next: usize,
}

impl Writer {
    fn pick(&mut self, among: u64) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % among
    }

    fn one<'a>(&mut self, among: &[&'a str]) -> &'a str {
        among[self.pick(among.len() as u64) as usize]
    }

    fn name(&mut self) -> String {
        self.next += 1;
        format!("r{}", self.next)
    }

    fn relation(&mut self, depth: u32) -> String {
        if depth == 0 {
            return match self.pick(5) {
                0 => "select k, a as x, b as y from t".into(),
                1 => "select k, b as x, c as y from t".into(),
                2 => "select k, d as x, e as y from u".into(),
                3 => "select u.k, t.c as x, u.e as y from t join u on t.k = u.k".into(),
                _ => "select k, x, y from (select k, c as y, a as x, b from t) s".into(),
            };
        }
        let inner = self.relation(depth - 1);
        let r = self.name();
        let (x, y) = (format!("{r}.x"), format!("{r}.y"));
        let columns = [x.as_str(), y.as_str()];
        match self.pick(11) {
            0 | 1 => {
                let (one, other) = (self.text(&columns, 2), self.text(&columns, 2));
                let test = self.test(&columns);
                format!("select {r}.k, {one} as x, {other} as y from ({inner}) {r} where {test} or {r}.k > 0")
            }
            2 => {
                let (s, other) = (self.name(), self.relation(depth - 1));
                let kind = self.one(&["join", "left join", "full join"]);
                let all = [x.clone(), y.clone(), format!("{s}.x"), format!("{s}.y")];
                let all: Vec<&str> = all.iter().map(String::as_str).collect();
                let (one, two) = (self.text(&all, 1), self.text(&all, 1));
                format!(
                    "select coalesce({r}.k, {s}.k) as k, {one} as x, {two} as y from ({inner}) {r} {kind} ({other}) {s} on {r}.k = {s}.k"
                )
            }
            3 => {
                let other = self.relation(depth - 1);
                let all = self.one(&["union all", "union"]);
                format!("select k, x, y from ({inner}) {r} {all} select k, y, x from ({other}) v{r}")
            }
            4 => {
                let one = self.text(&["x"], 1);
                let by = self.one(&["min", "max"]);
                format!("select k, {by}({one}) as x, string_agg(y, ',') as y from ({inner}) {r} group by k")
            }
            5 => format!(
                "select k, array_to_string(array_agg(x), ',') as x, first_value(y order by k) as y from ({inner}) {r} group by k"
            ),
            6 => {
                let over = self.one(&["over (order by k)", "over (partition by k order by y)"]);
                let call = self.one(&["lag(x)", "lead(x)", "first_value(x)", "max(x)", "coalesce(x, y) || lag(y)"]);
                format!("select k, {call} {over} as x, y from ({inner}) {r}")
            }
            7 => format!(
                "(with c{r} as ({inner}) select {r}.k, {r}.x, o{r}.y from c{r} {r} join c{r} o{r} on {r}.k = o{r}.k)"
            ),
            8 => {
                let (s, other) = (self.name(), self.relation(depth - 1));
                format!(
                    "select {r}.k, (select max({s}.x) from ({other}) {s} where {s}.k = {r}.k) as x, {r}.y from ({inner}) {r}"
                )
            }
            9 => format!("select distinct k, y as x, x as y from ({inner}) {r} order by k limit 9"),
            _ => {
                let test = self.test(&columns);
                let one = self.text(&columns, 1);
                format!(
                    "select {r}.k, case when {test} then {one} else {r}.y end as x, 'o' as y from ({inner}) {r} where {r}.k in (select k from u)"
                )
            }
        }
    }

    fn text(&mut self, columns: &[&str], depth: u32) -> String {
        if depth == 0 {
            return self.one(columns).to_owned();
        }
        let (one, other) = (self.text(columns, depth - 1), self.text(columns, depth - 1));
        match self.pick(9) {
            0 => format!("upper({one})"),
            1 => format!("({one} || {other})"),
            2 => format!("coalesce({one}, {other})"),
            3 => {
                let test = self.test(columns);
                format!("case when {test} then {one} else {other} end")
            }
            4 => format!("substr({one}, 1, 2)"),
            5 => format!("concat({one}, '-', {other})"),
            6 => format!("nullif({one}, {other})"),
            7 => format!("replace({one}, 'o', {other})"),
            _ => one,
        }
    }

    fn test(&mut self, columns: &[&str]) -> String {
        let one = self.one(columns);
        match self.pick(4) {
            0 => format!("{one} is null"),
            1 => format!("{one} like 'o%'"),
            2 => format!("{one} = {}", self.one(columns)),
            _ => format!("length({one}) > 1"),
        }
    }
}

fn batch(table: &str) -> RecordBatch {
    let mut fields = vec![Field::new("k", DataType::Int64, false)];
    let mut columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(vec![1, 2, 3]))];
    for (_, name, letter) in LETTERS.iter().filter(|(of, ..)| *of == table) {
        let word = |count: usize| letter.to_string().repeat(count);
        let middle = (*name != "b").then(|| word(2));
        fields.push(Field::new(*name, DataType::Utf8, true));
        columns.push(Arc::new(StringArray::from(vec![Some(word(3)), middle, Some(word(4))])));
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).expect("columns fit their schema")
}

fn declared(table: &str) -> Vec<Column> {
    let column = |name: &str, ty: Type| Column { name: name.into(), ty, labels: vec![] };
    let texts = LETTERS.iter().filter(|(of, ..)| *of == table);
    std::iter::once(column("k", Type::Int))
        .chain(texts.map(|(_, name, _)| column(name, Type::String.optional())))
        .collect()
}

/// The letters in each column of the result.
async fn letters_out(text: &str, scratch: &std::path::Path) -> Vec<BTreeSet<char>> {
    let source = |name: &str| {
        let batch = batch(name);
        let table = MemTable::try_new(batch.schema(), vec![vec![batch]]).expect("one batch is a table");
        (Arc::from(name), provider_as_source(Arc::new(table)))
    };
    let plan = plan_sources(text, &[source("t"), source("u")], &[]).unwrap_or_else(|found| panic!("{text}: {found:?}"));
    let session = Engine::new(None).session(scratch).expect("a session can be made");
    let rows = DataFrame::new(session.state(), plan).collect().await;
    let rows = rows.unwrap_or_else(|error| panic!("{text}: {error}"));
    let mut out = vec![BTreeSet::new(); 3];
    for batch in &rows {
        for (letters, column) in out.iter_mut().zip(batch.columns()) {
            for row in 0..column.len() {
                let shown = array_value_to_string(column, row).expect("a cell can be shown");
                letters
                    .extend(shown.to_lowercase().chars().filter(|one| LETTERS.iter().any(|(.., known)| known == one)));
            }
            assert!(column.as_string_opt::<i32>().is_none_or(|texts| texts.len() == column.len()));
        }
    }
    out
}

#[tokio::test]
async fn no_letter_comes_out_of_a_column_that_is_not_made_of_it() {
    let (t, u) = (declared("t"), declared("u"));
    let tables = [TableColumns { name: "t", columns: &t }, TableColumns { name: "u", columns: &u }];
    let scratch = tempfile::tempdir().expect("there is room for a folder");
    let (mut said, mut seen) = (0, 0);
    for seed in 0..QUERIES {
        let mut writer = Writer { random: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15), next: 0 };
        let text = writer.relation(1 + u32::try_from(seed % 3).unwrap_or(1));
        let query = type_query(&text, &tables, &[], &TypeTable::default());
        let query = query.unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
        let found = lineage(&text, &query, &[]);
        let out = letters_out(&text, scratch.path()).await;
        for (column, letters) in found.columns.iter().zip(&out) {
            let is_made_of = |(table, name, _): &&(&str, &str, char)| {
                column.from.iter().any(|used| {
                    used.how == Through::Value
                        && used.from == LineageSource::Column { table: (*table).into(), column: (*name).into() }
                })
            };
            let expected: BTreeSet<char> = LETTERS.iter().filter(is_made_of).map(|(.., letter)| *letter).collect();
            assert!(letters.is_subset(&expected), "`{}` has {letters:?}, not only {expected:?}: {text}", column.name);
            said += expected.len();
            seen += letters.len();
        }
    }
    println!("{seen} of {said} columns that are named come out, in {QUERIES} queries");
    assert!(said > 400 && seen * 5 > said * 3, "too much is named: {seen} of {said}");
}
