//! Queries in process: results, parameters, failures, cancels, bounds.

use super::*;
use crate::api::CancelSource;
use flow_plan::ErrorClass;
use std::time::Instant;

async fn orders(project: &Project) -> (&'static str, Type, Value) {
    let rows = "1,ada,North,10.10,,2026-01-01T09:00:00Z\n2,bob,South,0.20,x,2026-01-01T09:00:00Z\n3,'; drop table t; --,North,0.1,,2026-01-02T09:00:00Z\n";
    let read = project.orders(Format::Csv, "orders.csv", format!("{HEADER}{rows}")).await.unwrap();
    ("t", table_of("shop.Order"), read.value)
}

#[tokio::test]
async fn money_is_exact_and_results_are_checked_and_stored() {
    let project = Project::new();
    let t = orders(&project).await;
    let text = "select region, sum(amount) as total from t group by region order by region";
    let first = project.query(text, std::slice::from_ref(&t), table_of("shop.Total")).await.unwrap();
    let second = project.query(text, std::slice::from_ref(&t), table_of("shop.Total")).await.unwrap();
    assert_eq!(first.value, second.value);
    assert_eq!(first.rows, Some(2));
    let totals = [("t", table_of("shop.Total"), first.value)];
    let rows = project.query("select * from t", &totals, Type::List(named("shop.Total").into())).await.unwrap();
    assert_eq!(
        flow_expr::codec::encode(&rows.value).to_string(),
        r#"[{"region":"North","total":10.2},{"region":"South","total":0.2}]"#
    );
    let tax = project
        .query("select amount * 0.19 as tax from t where id = 2", std::slice::from_ref(&t), Type::Decimal)
        .await
        .unwrap();
    assert_eq!(tax.value, decimal("0.038"));
    let third = project
        .query("select amount / 3 as third from t where id = 3", std::slice::from_ref(&t), Type::Decimal)
        .await
        .unwrap();
    assert_eq!(third.value, decimal("0.0333333333"));
    let failure = project
        .query("select 'East' as region, amount as total from t", &[t], table_of("shop.Total"))
        .await
        .unwrap_err();
    assert_eq!((failure.class, &*failure.code), (ErrorClass::Malformed, "R0304"));
    assert_eq!(failure.details[0], "result[0].region: expected one of North, South, found \"East\"");
}

#[tokio::test]
async fn hostile_parameters_are_only_values() {
    let project = Project::new();
    let t = orders(&project).await;
    let text = "select id from t where customer = :who";
    for (who, expected) in [("'; drop table t; --", Some(3)), ("' or '1'='1", None), ("$(rm -rf .)", None)] {
        let args = [t.clone(), ("who", Type::String, Value::String(who.into()))];
        let found = project.query(text, &args, Type::Int.optional()).await.unwrap().value;
        assert_eq!(found, expected.map_or(Value::Absent, Value::Int), "{who}");
    }
    let absent = [t.clone(), ("who", Type::String.optional(), Value::Absent)];
    let count = project.query("select count(*) from t where :who is null or customer = :who", &absent, Type::Int).await;
    assert_eq!(count.unwrap().value, Value::Int(3));
    let region = Value::Variant(Arc::new(flow_expr::VariantValue {
        ty: Name::new("shop.Region"),
        variant: "North".into(),
        fields: vec![],
    }));
    let typed = [t, ("r", named("shop.Region"), region), ("d", Type::Decimal, decimal("0.1"))];
    let sum = project
        .query("select sum(amount) from t where region = :r and amount > :d", &typed, Type::Decimal.optional())
        .await;
    assert_eq!(sum.unwrap().value, decimal("10.1"));
}

#[tokio::test]
async fn what_cannot_be_computed_is_an_error_and_never_a_wrong_value() {
    let mut project = Project::new();
    project.forget_labels();
    let t = orders(&project).await;
    let cases = [
        ("select 9223372036854775807 + id from t", "Overflow"),
        ("select sum(id * 3074457345618258602) from t", "too large"),
        ("select id / (id - 1) from t", "division by zero"),
        ("select cast(customer as bigint) from t", "cannot be converted"),
        ("select sum(9000000000000000000) over (order by id) from t", "9000000000000000000"),
    ];
    for (text, why) in cases {
        let failure =
            project.query(text, std::slice::from_ref(&t), Type::List(Type::Int.optional().into())).await.unwrap_err();
        assert_eq!((failure.class, &*failure.code), (ErrorClass::ClientError, "R0307"), "{text}: {}", failure.message);
        assert!(
            failure.message.to_lowercase().contains(&why.to_lowercase()) || failure.message.contains("Int64"),
            "{text}: {}",
            failure.message
        );
    }
    let rows = project.query("select id from t", std::slice::from_ref(&t), Type::Int).await.unwrap_err();
    assert_eq!((&*rows.code, rows.message.contains("3 rows")), ("R0310", true));
    let sum = project
        .query("select sum(id) as a, sum(id + id) as b from t", std::slice::from_ref(&t), Type::Int)
        .await
        .unwrap_err();
    assert_eq!(&*sum.code, "R0310");
    let sum = project.query("select sum(id) + sum(id * id) from t", &[t], Type::Int.optional()).await.unwrap();
    assert_eq!(sum.value, Value::Int(20));
}

#[tokio::test]
async fn of_labelled_data_only_the_kind_of_a_failure_is_told() {
    let project = Project::new();
    let t = orders(&project).await;
    for (text, kind) in [
        ("select 9223372036854775807 + id from t", "a number is too large for its type"),
        ("select cast(customer as bigint) from t", "a value cannot be converted"),
        ("select id / (id - 1) from t", "a division by zero"),
        ("select sum(9000000000000000000) over (order by id) from t", "a value cannot be converted"),
    ] {
        let returns = Type::List(Type::Int.optional().into());
        let failure = project.query(text, std::slice::from_ref(&t), returns).await.unwrap_err();
        let message = format!("the query failed: {kind}; what is said of ‹@pii› data is not shown");
        assert_eq!((&*failure.code, failure.message, failure.details.len()), ("R0307", message, 0), "{text}");
    }
}

const ENDLESS: &str =
    "with recursive n(i) as (select 1 union all select i + 1 from n where i > 0) select count(*) from n";

#[tokio::test]
async fn an_endless_query_ends_at_its_timeout_and_at_a_cancel() {
    let project = Project::new();
    let mut call = project.call(ENDLESS, &[], Type::Int);
    call.timeout = Duration::from_millis(300);
    let started = Instant::now();
    let failure = project.executor.run_step(call.clone(), Arc::new(Quiet), Cancel::never()).await.unwrap_err();
    assert_eq!(failure.class, ErrorClass::Timeout);
    call.timeout = Duration::from_secs(600);
    let (source, cancel) = CancelSource::new();
    let run = project.executor.run_step(call, Arc::new(Quiet), cancel);
    let stop = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        source.cancel();
    };
    let (failure, ()) = tokio::join!(run, stop);
    assert_eq!(&*failure.unwrap_err().code, "R0104");
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn memory_is_bounded() {
    let mut project = Project::new();
    let options = ExecutorOptions { query_memory_bytes: Some(1 << 20), ..ExecutorOptions::new(project.path()) };
    project.executor = Executor::new(options);
    let text = "select array_length(array_agg(v)) from (select unnest(range(0, 3000000)) as v)";
    let failure = project.query(text, &[], Type::Int.optional()).await.unwrap_err();
    assert_eq!(&*failure.code, "R0308", "{}", failure.message);
}
