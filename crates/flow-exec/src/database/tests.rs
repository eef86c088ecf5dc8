//! The same cases against both databases: types there and back, hostile values, timeouts, failures.

use super::{Column, Database, Statement, postgres::Postgres, sqlite::Sqlite};
use crate::{Secrets, api::Cancel, api::CancelSource};
use flow_expr::{Name, Type, TypeTable, Value};
use flow_plan::{ErrorClass, Program, SecretOr};
use serde_json::json;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

async fn postgres(url: String) -> Database {
    let program = Program::default();
    let name = Name::new("main.warehouse");
    let url = SecretOr::Plain(url.into());
    Database::Postgres(Box::new(Postgres::new(&program, &name, &url, None, &Secrets::new(".")).await.unwrap()))
}

fn sqlite(folder: &tempfile::TempDir) -> Database {
    Database::Sqlite(Sqlite::new(&Name::new("main.books"), folder.path(), "books.db"))
}

fn columns(of: &[(&str, Type)]) -> Vec<Column> {
    of.iter().map(|(name, ty)| Column { name: (*name).into(), ty: ty.clone() }).collect()
}

fn all_types() -> Vec<Column> {
    columns(&[
        ("id", Type::Int),
        ("amount", Type::Decimal),
        ("ratio", Type::Float),
        ("note", Type::String.optional()),
        ("day", Type::Date),
        ("at", Type::Timestamp),
        ("paid", Type::Bool),
        ("raw", Type::Bytes),
    ])
}

fn row(note: Option<&str>) -> Vec<Value> {
    vec![
        Value::Int(7),
        Value::Decimal("10.25".parse().unwrap()),
        Value::Float(0.5),
        note.map_or(Value::Absent, |note| Value::String(note.into())),
        Value::Date("2026-03-01".parse().unwrap()),
        Value::Timestamp("2026-03-01T06:00:00.25Z".parse().unwrap()),
        Value::Bool(true),
        Value::Bytes([0_u8, 255].as_slice().into()),
    ]
}

const HOSTILE: &str = "'; drop table x; -- $(rm -rf .) \"\\ ,\n";

async fn tables_go_there_and_back(database: &Database, table: &str) {
    let (types, never) = (TypeTable::default(), Cancel::never());
    for rows in [vec![row(Some("old"))], vec![row(Some(HOSTILE)), row(None)]] {
        let count = rows.len() as u64;
        assert_eq!(database.replace_table(table, &all_types(), rows, &types, &never).await.unwrap(), count);
    }
    let answer = database.read_table(table, all_types(), &types, MINUTE, &never).await.unwrap();
    assert_eq!(answer.rows.len(), 2);
    let expected = json!({
        "id": 7, "amount": "10.25", "ratio": 0.5, "note": HOSTILE, "day": "2026-03-01", "paid": true, "raw": "00ff"
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&answer.rows[0][name], value, "{name}");
    }
    let at: jiff::Timestamp = answer.rows[0]["at"].as_str().unwrap().parse().unwrap();
    assert_eq!(at, "2026-03-01T06:00:00.25Z".parse().unwrap());
    assert!(answer.rows[1]["note"].is_null());
}

async fn parameters_are_values(database: &Database) {
    let statement = Statement {
        text: "select cast($1 as text) as note, $2 + 1 as id;".into(),
        params: vec![Value::String(HOSTILE.into()), Value::Int(41)],
        columns: Some(columns(&[("note", Type::String), ("id", Type::Int)])),
        writes: false,
    };
    let answer = database.run(statement, &TypeTable::default(), MINUTE, &Cancel::never()).await.unwrap();
    assert_eq!(answer.rows, [json!({"note": HOSTILE, "id": 42})]);
}

async fn failures_have_a_class(database: &Database, slow: &str) {
    let statement = |text: &str| Statement {
        text: text.into(),
        params: vec![],
        columns: Some(columns(&[("x", Type::Int)])),
        writes: false,
    };
    let types = TypeTable::default();
    let failure = database.run(statement("select 1 as y"), &types, MINUTE, &Cancel::never()).await.unwrap_err();
    assert!(failure.class == ErrorClass::Malformed && failure.message.contains("`y`"), "{}", failure.message);
    let failure = database.run(statement("select x from nowhere"), &types, MINUTE, &Cancel::never()).await.unwrap_err();
    assert!(failure.class == ErrorClass::ClientError && failure.message.contains("nowhere"), "{}", failure.message);
    let short = Duration::from_millis(300);
    let failure = database.run(statement(slow), &types, short, &Cancel::never()).await.unwrap_err();
    assert_eq!(failure.class, ErrorClass::Timeout, "{}", failure.message);
    let (source, cancel) = CancelSource::new();
    let stop = async {
        tokio::time::sleep(short).await;
        source.cancel();
    };
    let (result, ()) = tokio::join!(database.run(statement(slow), &types, MINUTE, &cancel), stop);
    assert!(result.unwrap_err().message.contains("cancelled"));
}

#[tokio::test]
async fn sqlite_holds_what_it_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let database = sqlite(&folder);
    let missing = database.read_table("orders", all_types(), &TypeTable::default(), MINUTE, &Cancel::never()).await;
    assert!(missing.unwrap_err().message.contains("no such file"), "a read makes no file");
    tables_go_there_and_back(&database, "orders").await;
    parameters_are_values(&database).await;
    let slow = "with recursive n(x) as (select 1 union all select x + 1 from n) select max(x) as x from n";
    failures_have_a_class(&database, slow).await;
}

#[tokio::test]
async fn sqlite_cuts_no_decimal() {
    let folder = tempfile::tempdir().unwrap();
    let (database, types, never) = (sqlite(&folder), TypeTable::default(), Cancel::never());
    let amounts = columns(&[("amount", Type::Decimal)]);
    for (text, is_held) in [
        ("12345678901234.12", true),
        ("0.1234567891", true),
        ("9007199254740993", true),
        ("-0.10", true),
        ("123456789012345.678", false),
        ("99999999999999999999", false),
    ] {
        let rows = vec![vec![Value::Decimal(text.parse().unwrap())]];
        match database.replace_table("sums", &amounts, rows, &types, &never).await {
            Ok(_) => assert!(is_held, "{text}"),
            Err(failure) => assert!(!is_held && failure.message.contains(text), "{text}: {}", failure.message),
        }
    }
    let answer = database.read_table("sums", amounts, &types, MINUTE, &never).await.unwrap();
    assert_eq!(answer.rows, [json!({"amount": "-0.1"})], "what was refused changed nothing");
}

#[tokio::test]
async fn postgres_holds_what_it_is_given() {
    let Some(url) = flow_testing::postgres() else { return };
    let database = postgres(url).await;
    let schema = format!("flowc_{}", std::process::id());
    let run = |text: String| Statement { text, params: vec![], columns: None, writes: true };
    let types = TypeTable::default();
    database.run(run(format!("create schema {schema}")), &types, MINUTE, &Cancel::never()).await.unwrap();
    tables_go_there_and_back(&database, &format!("{schema}.orders")).await;
    parameters_are_values(&database).await;
    failures_have_a_class(&database, "select 1 as x from pg_sleep(60)").await;
    let returning = Statement {
        text: format!("delete from {schema}.orders where note is null returning id"),
        params: vec![],
        columns: Some(columns(&[("id", Type::Int)])),
        writes: true,
    };
    let answer = database.run(returning, &types, MINUTE, &Cancel::never()).await.unwrap();
    assert_eq!(answer.rows, [json!({"id": 7})]);
    database.run(run(format!("drop schema {schema} cascade")), &types, MINUTE, &Cancel::never()).await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_connection_failure() {
    let database = postgres("postgres://nobody@127.0.0.1:1/nothing".into()).await;
    let statement = Statement { text: "select 1".into(), params: vec![], columns: None, writes: false };
    let failure = database.run(statement, &TypeTable::default(), MINUTE, &Cancel::never()).await.unwrap_err();
    assert_eq!(failure.class, ErrorClass::Connection);
    assert!(failure.message.contains("`warehouse`"), "{}", failure.message);
}
