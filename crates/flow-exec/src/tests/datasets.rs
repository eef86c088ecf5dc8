//! Reading files: what is good, what is bad, and how the bad is told.

use super::*;

fn told(failure: &Failure) -> String {
    format!("{} {}\n{}", failure.code, failure.message, failure.details.join("\n"))
}

macro_rules! refused {
    ($project:expr, $format:expr, $name:expr, $content:expr, $($part:expr),+) => {{
        let failure = $project.orders($format, $name, $content).await.unwrap_err();
        let text = told(&failure);
        $(assert!(text.contains($part), "{text}\nshould contain {}", $part);)+
    }};
}

#[tokio::test]
async fn csv_is_read_with_columns_in_any_order() {
    let project = Project::new();
    let text = "\u{feff}at,id,amount,region,note,customer\r\n2026-01-01T09:00:00Z,1,10.50,North,,\"a, \"\"b\"\"\nc\"\r\n\
                2026-01-01T10:00:00+02:00,2,0,South,x,\r\n";
    let read = project.orders(Format::Csv, "orders.csv", text).await.unwrap();
    assert_eq!(read.rows, Some(2));
    let Value::Table(table) = &read.value else { panic!() };
    assert_eq!(table.hash.len(), 64);
    let again = project
        .query(
            "select * from t order by id",
            &[("t", table_of("shop.Order"), read.value.clone())],
            Type::List(named("shop.Order").into()),
        )
        .await
        .unwrap();
    let Value::List(rows) = again.value else { panic!() };
    let json: Vec<_> = rows.iter().map(|row| flow_expr::codec::encode(row).to_string()).collect();
    assert_eq!(
        json[0],
        r#"{"id":1,"customer":"a, \"b\"\nc","region":"North","amount":10.5,"note":null,"at":"2026-01-01T09:00:00Z"}"#
    );
    assert_eq!(json[1], r#"{"id":2,"customer":"","region":"South","amount":0,"note":"x","at":"2026-01-01T08:00:00Z"}"#);
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one table of cases")]
async fn bad_csv_is_told_by_line_column_and_value() {
    let project = Project::new();
    let good = "1,a,North,1,,2026-01-01T09:00:00Z\n";
    refused!(project, Format::Csv, "a.csv", "", "R0303", "is empty");
    refused!(
        project,
        Format::Csv,
        "b.csv",
        "id,customer,region,amuont,note,at\n",
        "`amount` (Decimal) is missing; `amuont` is like it",
        "`amuont` is not declared"
    );
    refused!(project, Format::Csv, "c.csv", HEADER.replace("note,", "note,more,"), "`more` is not declared");
    refused!(
        project,
        Format::Csv,
        "d.csv",
        format!("{HEADER}{good}{good}1,a,North,x1,,2026-01-01T09:00:00Z\n"),
        "R0304",
        "d.csv:4: amount: expected a Decimal, found \"x1\""
    );
    refused!(
        project,
        Format::Csv,
        "e.csv",
        format!("{HEADER}{good}1,a,North\n"),
        "e.csv:3: 3 cells, but the header has 6"
    );
    refused!(
        project,
        Format::Csv,
        "f.csv",
        format!("{HEADER}{good}1,a,East,1,,2026-01-01T09:00:00Z\n"),
        "region: expected one of North, South, found \"East\""
    );
    refused!(
        project,
        Format::Csv,
        "g.csv",
        format!("{HEADER}{good}1,a,North,-3,,2026-01-01T09:00:00Z\n"),
        "g.csv:3: amount: expected `it >= 0`, found -3"
    );
    refused!(
        project,
        Format::Csv,
        "h.csv",
        format!("{HEADER},a,North,1,,2026-01-01T09:00:00Z\n"),
        "h.csv:2: id: expected a value of type Int, found an empty cell"
    );
    refused!(
        project,
        Format::Csv,
        "i.csv",
        format!("{HEADER}1,a,North,1,,2026-01-01 09:00\n"),
        "at: expected a Timestamp with its offset"
    );
    refused!(
        project,
        Format::Csv,
        "j.csv",
        format!("{HEADER}1,a,North,1,\"open,2026-01-01T09:00:00Z\n{good}"),
        "is a quote not closed?"
    );
    refused!(
        project,
        Format::Csv,
        "k.csv",
        [HEADER.as_bytes(), b"1,a,North,1,caf\xe9,2026-01-01T09:00:00Z\n"].concat(),
        "k.csv:2: column 5 is not UTF-8"
    );
    refused!(project, Format::Csv, "l.csv", [0xff, 0xfe, b'i', 0], "UTF-16");
    refused!(
        project,
        Format::Csv,
        "m.csv",
        format!("{HEADER}1,a,North,0.00000000001,,2026-01-01T09:00:00Z\n"),
        "at most 10 digits after the point"
    );
    refused!(
        project,
        Format::Csv,
        "n.csv",
        format!("{HEADER}9223372036854775808,a,North,1,,2026-01-01T09:00:00Z\n"),
        "id: expected an Int"
    );
}

#[tokio::test]
async fn a_bad_row_far_down_is_found_and_all_are_counted() {
    let project = Project::new();
    let mut text = HEADER.to_owned();
    for id in 0..30_000 {
        let amount = if id % 10_000 == 9_998 { "oops" } else { "1.5" };
        text += &format!("{id},\"two\nlines\",North,{amount},,2026-01-01T09:00:00Z\n");
    }
    let failure = project.orders(Format::Csv, "many.csv", text).await.unwrap_err();
    assert!(failure.message.contains("3 values do not fit"), "{}", failure.message);
    assert_eq!(failure.details[0], "many.csv:19998: amount: expected a Decimal, found \"oops\"");
}

#[tokio::test]
async fn labelled_values_are_not_shown() {
    let mut project = Project::new();
    let Some(TypeDef::Record(fields)) = project.program.types.0.get_mut(&Name::new("shop.Order")) else { panic!() };
    fields[1].ty = Type::Int;
    let failure = project
        .orders(Format::Csv, "o.csv", format!("{HEADER}1,ada,North,1,,2026-01-01T09:00:00Z\n"))
        .await
        .unwrap_err();
    assert!(told(&failure).contains("customer: expected an Int, found [redacted]"));
    assert!(!told(&failure).contains("ada"));
}

#[tokio::test]
async fn json_lines_documents_and_parquet_give_the_same_table() {
    let project = Project::new();
    let row = r#"{"id":1,"customer":"ada","region":"North","amount":10.5,"at":"2026-01-01T09:00:00Z"}"#;
    let csv = format!("{HEADER}1,ada,North,10.50,,2026-01-01T09:00:00Z\n");
    let csv = project.orders(Format::Csv, "o.csv", csv).await.unwrap();
    let lines = project.orders(Format::Jsonl, "o.jsonl", format!("{row}\n\n")).await.unwrap();
    let document = project.orders(Format::Json, "o.json", format!("[{row}]")).await.unwrap();
    assert_eq!(csv.value, lines.value);
    assert_eq!(csv.value, document.value);
    let target = dataset(table_of("shop.Order"), Format::Parquet, "out/o.parquet");
    project.executor.write_dataset(project.reference(&target), csv.value.clone(), Cancel::never()).await.unwrap();
    assert_eq!(project.read(&target).await.unwrap().value, csv.value);
    refused!(project, Format::Jsonl, "bad.jsonl", format!("{row}\n{{\"id\":\n"), "bad.jsonl:2", "not JSON");
    refused!(project, Format::Jsonl, "neg.jsonl", row.replace("10.5", "-1"), "neg.jsonl:1", "it >= 0");
    refused!(project, Format::Parquet, "no.parquet", "PAR1 nonsense", "R0303");
}

#[tokio::test]
async fn globs_folders_and_their_names() {
    let mut project = Project::new();
    let day = vec![field("day", Type::Date), field("sales", Type::Int)];
    project.program.types.0.insert(Name::new("shop.Day"), TypeDef::Record(day));
    project.file("in/day=2026-01-01/part.csv", "sales\n1\n2\n");
    project.file("in/day=2026-01-02/part.csv", "sales\n3\n");
    project.file("in/day=2026-01-02/.flow-x.part", "garbage");
    let read = project.read(&dataset(table_of("shop.Day"), Format::Csv, "in")).await.unwrap();
    assert_eq!(read.rows, Some(3));
    let globbed = project.read(&dataset(table_of("shop.Day"), Format::Csv, "in/*/part.csv")).await.unwrap();
    assert_eq!(globbed.value, read.value);
    let sum = "select sum(sales) as s from t where day = :day";
    let args =
        [("t", table_of("shop.Day"), read.value), ("day", Type::Date, Value::Date("2026-01-02".parse().unwrap()))];
    assert_eq!(project.query(sum, &args, Type::Int.optional()).await.unwrap().value, Value::Int(3));
    let failure = project.read(&dataset(table_of("shop.Day"), Format::Csv, "none/*.csv")).await.unwrap_err();
    assert_eq!(&*failure.code, "R0301");
    project.file("in/day=tomorrow/part.csv", "sales\n1\n");
    assert!(project.read(&dataset(table_of("shop.Day"), Format::Csv, "in")).await.is_err());
}

#[tokio::test]
async fn partitions_are_part_of_the_path() {
    let mut project = Project::new();
    project.program.types.0.insert(Name::new("shop.Sale"), TypeDef::Record(vec![field("sales", Type::Int)]));
    let mut sales = dataset(table_of("shop.Sale"), Format::Csv, "");
    let key = Param { name: "day".into(), var: VarId(0), ty: Type::Date, default: None, labels: vec![] };
    sales.partition = vec![key];
    let hole = Part::Hole(expr(ExprKind::Var(VarId(0))), None);
    sales.location = Location::File {
        format: Format::Csv,
        path: vec![Part::Text("out/".into()), hole, Part::Text(".csv".into())],
        csv: CsvOptions::default(),
    };
    project.file("out/2026-01-01.csv", "sales\n1\n");
    project.file("out/2026-01-02.csv", "sales\n2\n");
    let mut one = project.reference(&sales);
    one.partition = vec![("day".into(), Value::Date("2026-01-02".parse().unwrap()))];
    let read = project.executor.read_dataset(one.clone(), Cancel::never()).await.unwrap();
    assert_eq!(read.rows, Some(1));
    assert_eq!(project.read(&sales).await.unwrap().rows, Some(2));
    one.partition = vec![("day".into(), Value::String("../../etc".into()))];
    let failure = project.executor.read_dataset(one, Cancel::never()).await.unwrap_err();
    assert_eq!(&*failure.code, "R0313");
}

#[tokio::test]
async fn options_of_csv() {
    let mut project = Project::new();
    let fields = vec![field("day", Type::Date), field("n", Type::Int.optional()), field("t", Type::String.optional())];
    project.program.types.0.insert(Name::new("shop.Day"), TypeDef::Record(fields));
    project.file("d.csv", "day;n;t\n2012/01/31;NA;\n2012/02/01;5;NA\n");
    let mut data = dataset(table_of("shop.Day"), Format::Csv, "d.csv");
    let Location::File { csv, .. } = &mut data.location else { panic!() };
    *csv = CsvOptions {
        null: vec!["NA".into()],
        delimiter: ';',
        date_format: Some("%Y/%m/%d".into()),
        timestamp_format: None,
    };
    let read = project.read(&data).await.unwrap();
    let args = [("t", table_of("shop.Day"), read.value.clone())];
    let count =
        project.query("select count(n) * 10 + count(t) as c from t where day < '2012-02-02'", &args, Type::Int).await;
    assert_eq!(count.unwrap().value, Value::Int(10));
    let Location::File { path, .. } = &mut data.location else { panic!() };
    *path = vec![Part::Text("e.csv".into())];
    project.executor.write_dataset(project.reference(&data), read.value, Cancel::never()).await.unwrap();
    assert_eq!(
        std::fs::read_to_string(project.path().join("e.csv")).unwrap(),
        "day;n;t\n2012/01/31;NA;NA\n2012/02/01;5;NA\n"
    );
}

#[tokio::test]
async fn data_time_and_fingerprints() {
    let project = Project::new();
    let rows = "1,a,North,1,,2026-01-01T09:00:00Z\n2,a,North,1,,2025-12-31T09:00:00Z\n";
    project.file("o.csv", format!("{HEADER}{rows}"));
    let mut data = dataset(table_of("shop.Order"), Format::Csv, "o.csv");
    data.fresh = by_column("at");
    let read = project.read(&data).await.unwrap();
    assert_eq!(read.fingerprint.data_time, Some("2026-01-01T09:00:00Z".parse().unwrap()));
    let seen = project.executor.fingerprint(project.reference(&data)).await.unwrap();
    assert_eq!(seen, Some(read.fingerprint.clone()));
    data.fresh = None;
    let read = project.read(&data).await.unwrap();
    assert_eq!(read.fingerprint.data_time, read.fingerprint.modified);
    project.file("o.csv", HEADER);
    let changed = project.executor.fingerprint(project.reference(&data)).await.unwrap().unwrap();
    assert_ne!(changed.hash, read.fingerprint.hash);
    std::fs::remove_file(project.path().join("o.csv")).unwrap();
    assert_eq!(project.executor.fingerprint(project.reference(&data)).await.unwrap(), None);
    assert_eq!(&*project.read(&data).await.unwrap_err().code, "R0301");
}

#[tokio::test]
async fn a_folder_in_a_files_place_and_text_that_is_none() {
    let project = Project::new();
    std::fs::create_dir(project.path().join("note.txt")).unwrap();
    let failure = project.read(&dataset(Type::String, Format::Text, "note.txt")).await.unwrap_err();
    assert!(failure.message.contains("it is a folder"), "{}", failure.message);
    project.file("latin.txt", b"a\nb\xe9\n");
    let failure = project.read(&dataset(Type::String, Format::Text, "latin.txt")).await.unwrap_err();
    assert!(failure.message.contains("latin.txt:2 is not UTF-8"), "{}", failure.message);
    project.file("list.json", "[1, 2, 3]");
    let list = project.read(&dataset(Type::List(Type::Int.into()), Format::Json, "list.json")).await.unwrap();
    assert_eq!(list.value, Value::List(vec![Value::Int(1), Value::Int(2), Value::Int(3)].into()));
}

#[tokio::test]
async fn what_a_column_cannot_hold_is_refused_and_never_cut() {
    let mut project = Project::new();
    let fields = vec![
        field("at", Type::Timestamp),
        field("time", Type::Time),
        field("length", Type::Duration),
        field("amount", Type::Decimal),
    ];
    project.program.types.0.insert(Name::new("shop.Fine"), TypeDef::Record(fields));
    let line = |at: &str, time: &str, length: &str, amount: &str| {
        format!("{{\"at\":\"{at}\",\"time\":\"{time}\",\"length\":\"{length}\",\"amount\":{amount}}}\n")
    };
    let (at, time, length) = ("2026-01-01T09:00:00.123456Z", "06:00:00.123456", "PT0.000001S");
    let data = dataset(table_of("shop.Fine"), Format::Jsonl, "fine.jsonl");
    // Digits beyond those of a double are kept where they are those of a Decimal.
    project.file("fine.jsonl", line(at, time, length, "123456789012.1234567891"));
    let read = project.read(&data).await.unwrap();
    let rows = project
        .query("select amount from t", &[("t", table_of("shop.Fine"), read.value)], Type::Decimal)
        .await
        .unwrap();
    assert_eq!(rows.value, Value::Decimal("123456789012.1234567891".parse().unwrap()));
    for (text, why) in [
        (line("2026-01-01T09:00:00.1234567Z", time, length, "1"), "at: 2026-01-01T09:00:00.1234567Z is finer"),
        (line(at, "06:00:00.123456789", length, "1"), "time: 06:00:00.123456789 is finer"),
        (line(at, time, "PT0.0000001S", "1"), "length: "),
        (line(at, time, length, "0.12345678901"), "amount: 0.12345678901 has more than 10 digits"),
        (line(at, time, length, "\"0.12345678901\""), "amount: 0.12345678901 has more than 10 digits"),
        (line(at, time, length, "123456789012.12345678901"), "has more than 10 digits"),
    ] {
        project.file("fine.jsonl", text);
        let failure = project.read(&data).await.unwrap_err();
        assert!(told(&failure).contains(why), "{}\nshould contain {why}", told(&failure));
    }
    let csv = dataset(table_of("shop.Fine"), Format::Csv, "fine.csv");
    for row in [
        "2026-01-01T09:00:00.1234567Z,06:00,PT1S,1",
        "2026-01-01T09:00:00Z,06:00:00.1234567,PT1S,1",
        "2026-01-01T09:00:00Z,06:00,PT0.0000001S,1",
        "2026-01-01T09:00:00Z,06:00,PT1S,0.12345678901",
    ] {
        project.file("fine.csv", format!("at,time,length,amount\n{row}\n"));
        let failure = project.read(&csv).await.unwrap_err();
        assert_eq!(&*failure.code, "R0304", "{row}: {}", told(&failure));
    }
}
