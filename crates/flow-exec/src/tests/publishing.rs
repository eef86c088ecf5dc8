//! Publishing: whole or not at all, only what keeps its promises.

use super::*;

async fn orders(project: &Project, rows: &str) -> Value {
    project.orders(Format::Csv, "in.csv", format!("{HEADER}{rows}")).await.unwrap().value
}

const ROW: &str = "1,ada,North,10.50,\"x,y\",2026-01-01T09:00:00Z\n";

#[tokio::test]
async fn every_format_reads_back_what_was_written() {
    let project = Project::new();
    let value = orders(&project, ROW).await;
    for (format, name) in
        [(Format::Csv, "o.csv"), (Format::Parquet, "o.parquet"), (Format::Jsonl, "o.jsonl"), (Format::Json, "o.json")]
    {
        let target = dataset(table_of("shop.Order"), format, &format!("out/deep/{name}"));
        let written =
            project.executor.write_dataset(project.reference(&target), value.clone(), Cancel::never()).await.unwrap();
        let read = project.read(&target).await.unwrap();
        assert_eq!(read.value, value, "{name}");
        assert_eq!(read.fingerprint.hash, written.fingerprint.hash);
        assert_eq!(written.rows, Some(1));
    }
    let left: Vec<_> =
        std::fs::read_dir(project.path().join("out/deep")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 4, "{left:?}");
}

#[tokio::test]
async fn a_broken_rule_leaves_the_old_version() {
    let project = Project::new();
    let mut target = dataset(table_of("shop.Order"), Format::Csv, "out.csv");
    target.writer = Some(Name::new("shop.flow"));
    let good = orders(&project, ROW).await;
    project.executor.write_dataset(project.reference(&target), good.clone(), Cancel::never()).await.unwrap();
    let before = std::fs::read(project.path().join("out.csv")).unwrap();
    target.expect = vec![expectation(Rule::Unique(vec!["id".into()]), "unique(id)", "1")];
    let twice = orders(&project, &format!("{ROW}{ROW}")).await;
    let failure = project.executor.write_dataset(project.reference(&target), twice, Cancel::never()).await.unwrap_err();
    assert_eq!((&*failure.code, failure.class), ("R0305", flow_plan::ErrorClass::GuardFailed));
    assert!(
        failure.details.iter().any(|detail| detail.contains("row 2: id = 1, as in row 1")),
        "{:?}",
        failure.details
    );
    assert_eq!(std::fs::read(project.path().join("out.csv")).unwrap(), before);
}

#[tokio::test]
async fn what_cannot_be_written_is_told_and_leaves_nothing() {
    let project = Project::new();
    let value = orders(&project, ROW).await;
    project.file("file", "");
    for (path, why) in
        [("file/out.csv", "a file is in the place of a folder"), ("*/out.csv", "pattern"), ("out/", "is a folder")]
    {
        let target = dataset(table_of("shop.Order"), Format::Csv, path);
        let failure = project
            .executor
            .write_dataset(project.reference(&target), value.clone(), Cancel::never())
            .await
            .unwrap_err();
        assert!(failure.message.contains(why), "{}", failure.message);
    }
    let target = dataset(Type::String, Format::Text, "note.txt");
    let text = Value::String("Grüße\n".into());
    project.executor.write_dataset(project.reference(&target), text.clone(), Cancel::never()).await.unwrap();
    assert_eq!(project.read(&target).await.unwrap().value, text);
}

#[tokio::test]
async fn a_table_of_a_database_is_made_replaced_and_kept_when_a_rule_breaks() {
    use flow_plan::{Connection, ConnectionKind};
    let mut project = Project::new();
    let name = Name::new("shop.books");
    let kind = ConnectionKind::Sqlite { path: "books.db".into() };
    let connection = Connection { name: name.clone(), kind, accepts: vec![], at: Span::default() };
    project.program.connections.insert(name.clone(), connection);
    let mut target = dataset(table_of("shop.Order"), Format::Csv, "");
    target.location = Location::Table { connection: name, table: "orders".into() };
    target.expect = vec![expectation(Rule::Unique(vec!["id".into()]), "unique(id)", "1")];
    let seen = project.executor.fingerprint(project.reference(&target)).await.unwrap();
    assert_eq!(seen, None);
    let value = orders(&project, ROW).await;
    let written =
        project.executor.write_dataset(project.reference(&target), value.clone(), Cancel::never()).await.unwrap();
    let read = project.read(&target).await.unwrap();
    assert_eq!((read.value, read.fingerprint), (value, written.fingerprint));
    let twice = orders(&project, &format!("{ROW}{ROW}")).await;
    let failure = project.executor.write_dataset(project.reference(&target), twice, Cancel::never()).await.unwrap_err();
    assert_eq!(&*failure.code, "R0305");
    assert_eq!(project.read(&target).await.unwrap().rows, Some(1));
}
