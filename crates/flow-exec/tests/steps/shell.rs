//! `sh` steps as their authors see them: parameters, results, failures, secrets.

use crate::support::{Bench, string};
use flow_expr::{FileHandle, Name, Table, Type, TypeDef, Value};
use flow_plan::{ErrorClass, SecretSource};
use std::sync::Arc;

#[tokio::test]
async fn values_are_never_code() {
    for hostile in ["'; drop table x; --", "$(rm -rf .)", "`touch pwned`", "a\nb", "\"; exit 3 #", "-n", "${HOME}", "*"]
    {
        let bench = Bench::shell("printf '%s' \"$name\"", Type::String).text("name", hostile);
        std::fs::write(bench.root().join("precious"), "").unwrap();
        assert_eq!(bench.value().await, string(hostile.trim_end_matches('\n')));
        assert!(bench.root().join("precious").exists());
        assert!(!bench.root().join("pwned").exists());
    }
}

#[tokio::test]
async fn the_environment_is_small_and_known() {
    let script =
        "env | cut -d= -f1 | sort | tr '\\n' ' '; test \"$PWD\" = \"$FLOW_SCRATCH/..\" || cd \"$FLOW_SCRATCH/..\"";
    let mut bench = Bench::shell(script, Type::String).text("name", "x");
    bench.key = Some("key-1".into());
    let Value::String(names) = bench.value().await else { panic!("no text") };
    let own = "PATH HOME USER LOGNAME LANG LC_ALL TZ SSL_CERT_FILE SSL_CERT_DIR PWD OLDPWD SHLVL _ TMPDIR name";
    let own: Vec<&str> = own.split(' ').collect();
    for name in names.split_whitespace() {
        assert!(own.contains(&name) || name.starts_with("FLOW_"), "{name} in {names}");
    }
    let script = "echo \"$FLOW_RUN $FLOW_STEP $FLOW_ATTEMPT $FLOW_IDEMPOTENCY_KEY\"";
    let mut bench = Bench::shell(script, Type::String);
    bench.key = Some("key-1".into());
    assert_eq!(bench.value().await, string("run-7 tried#1 2 key-1"));
}

#[tokio::test]
async fn scripts_run_in_the_project_and_stop_at_the_first_failure() {
    let bench = Bench::shell("pwd", Type::String);
    let root = bench.root().canonicalize().unwrap();
    assert_eq!(bench.value().await, string(root.to_str().unwrap()));
    let bench = Bench::shell("false\ntouch went_on", Type::Unit);
    assert_eq!(bench.failure().await.class, ErrorClass::Exit(1));
    assert!(!bench.root().join("went_on").exists());
    let bench = Bench::shell("echo $no_such_variable", Type::String);
    assert!(bench.failure().await.stderr_tail.unwrap().contains("no_such_variable"));
}

#[tokio::test]
async fn an_absent_value_is_not_set() {
    let script = "echo ${note-absent}";
    let bench = Bench::shell(script, Type::String).arg("note", Type::String.optional(), Value::Absent);
    assert_eq!(bench.value().await, string("absent"));
}

#[tokio::test]
async fn results_are_typed() {
    assert_eq!(Bench::shell("echo hello", Type::Unit).value().await, Value::Unit);
    assert_eq!(Bench::shell("printf 'a\\nb\\n\\n'", Type::String).value().await, string("a\nb\n"));
    assert_eq!(Bench::shell("echo 42", Type::Int).value().await, Value::Int(42));
    let list = Type::List(Arc::new(Type::Decimal));
    let Value::List(items) = Bench::shell("echo '[\"1.10\", 2]'", list).value().await else { panic!("no list") };
    assert_eq!(items[0], Value::Decimal("1.10".parse().unwrap()));
    assert_eq!(Bench::shell("echo null", Type::Int.optional()).value().await, Value::Absent);
}

#[tokio::test]
async fn a_result_that_does_not_fit_says_where() {
    let failure = Bench::shell("echo '[1, \"two\", 3]'", Type::List(Arc::new(Type::Int))).failure().await;
    assert_eq!(failure.class, ErrorClass::Malformed);
    assert!(failure.details[0].contains("tried[1]"), "{failure:?}");
    let failure = Bench::shell("echo progress; echo 1", Type::Int).failure().await;
    assert_eq!(&*failure.code, "R0108");
    assert!(failure.details[0].contains("progress"), "{failure:?}");
    let failure = Bench::shell(":", Type::Int).failure().await;
    assert!(failure.message.contains("printed nothing"), "{failure:?}");
    let failure = Bench::shell("printf '\\377'", Type::String).failure().await;
    assert!(failure.message.contains("UTF-8 from byte 0"), "{failure:?}");
}

fn table(text: &str) -> Value {
    Value::Table(Table { hash: text.into(), rows: 1, ty: record(), data: None })
}

fn record() -> Type {
    Type::Named(Name::new("main.Row"))
}

#[tokio::test]
async fn tables_and_files_are_paths() {
    let script = "cat \"$rows\" \"$rows_parquet\" \"$page\"";
    let file = Value::File(FileHandle { hash: "a page".into(), bytes: 6, name: "page.txt".into() });
    let bench = Bench::shell(script, Type::String).arg("rows", Type::Table(Arc::new(record())), table("x\n1\n")).arg(
        "page",
        Type::File,
        file,
    );
    assert_eq!(bench.value().await, string("x\n1\nx\n1\na page"));
}

#[tokio::test]
async fn tables_and_files_are_written_to_out() {
    let mut bench = Bench::shell("printf 'x\\n1\\n' > \"$out\"", Type::Table(Arc::new(record())));
    bench.program.types.0.insert(Name::new("main.Row"), TypeDef::Record(vec![]));
    let Value::Table(table) = bench.value().await else { panic!("no table") };
    assert_eq!(&*table.hash, "Csv: x\n1\n");
    let bench = Bench::shell("printf '{}' > \"$out_jsonl\"", Type::Table(Arc::new(record())));
    let Value::Table(table) = bench.value().await else { panic!("no table") };
    assert_eq!(&*table.hash, "Jsonl: {}");
    let Value::File(file) = Bench::shell("printf abc > \"$out\"", Type::File).value().await else { panic!("no file") };
    assert_eq!((&*file.hash, file.bytes), ("abc", 3));
}

#[tokio::test]
async fn a_missing_or_doubtful_out_is_an_error() {
    let table = || Type::Table(Arc::new(record()));
    let cases = [
        (":", table(), "did not write"),
        ("touch \"$out\" \"$out_parquet\"", table(), "`$out` and `$out_parquet`"),
        (":", Type::File, "did not write"),
        ("mkdir \"$out\"", Type::File, "not a file"),
        ("ln -s /etc/passwd \"$out\"", Type::File, "not a file"),
    ];
    for (script, returns, expected) in cases {
        let failure = Bench::shell(script, returns).failure().await;
        assert_eq!(&*failure.code, "R0109", "{failure:?}");
        assert!(failure.message.contains(expected), "{failure:?}");
    }
    assert_eq!(Bench::shell(":", table().optional()).value().await, Value::Absent);
}

#[tokio::test]
async fn failures_have_a_class_and_the_last_lines() {
    let failure = Bench::shell("echo first >&2; echo last >&2; exit 75", Type::Unit).failure().await;
    assert_eq!((failure.class, &*failure.code), (ErrorClass::Exit(75), "R0101"));
    assert_eq!(failure.stderr_tail.as_deref(), Some("first\nlast"));
    let failure = Bench::shell("kill -SEGV $$", Type::Unit).failure().await;
    assert_eq!(failure.class, ErrorClass::Signal(11));
    assert!(failure.message.contains("SIGSEGV"), "{failure:?}");
    let failure = Bench::shell("no_such_program_here", Type::Unit).failure().await;
    assert_eq!(failure.class, ErrorClass::Exit(127));
    assert!(failure.message.contains("not found"), "{failure:?}");
    let bench = Bench::shell(":", Type::Unit).text("big", &"x".repeat(200_000));
    assert_eq!(&*bench.failure().await.code, "R0107");
}

fn with_secret(script: &str, returns: Type) -> Bench {
    let mut bench = Bench::shell(script, returns).arg("key", Type::Secret, string("main.api_key"));
    std::fs::write(bench.root().join("key.txt"), "tops3cret-value\n").unwrap();
    bench.program.secrets.insert(Name::new("main.api_key"), SecretSource::File("key.txt".into()));
    bench
}

#[tokio::test]
async fn secrets_reach_the_script_and_nothing_else() {
    let script = "printf '%s' \"$key\" | wc -c | tr -d ' '; echo \"out $key\" >&2; printf 'tops3'>&2; sleep 0.1; \
                  printf 'cret-value\\n' >&2; printf '%s' \"user:$key\" | base64 >&2";
    let bench = with_secret(script, Type::Int);
    assert_eq!(bench.value().await, Value::Int(15));
    let logged = bench.logged();
    assert!(!logged.contains("tops3cret") && !logged.contains("dG9wczNj") && logged.contains("out ***"), "{logged}");

    let failure = with_secret("echo \"bad $key\" >&2; exit 1", Type::Unit).failure().await;
    assert_eq!(failure.stderr_tail.as_deref(), Some("bad ***"));
    let failure = with_secret("echo \"{$key\"", Type::Int).failure().await;
    assert!(!format!("{failure:?}").contains("tops3cret"), "{failure:?}");
}

#[tokio::test]
async fn a_secret_without_a_name_is_no_empty_one() {
    let bench = Bench::shell("echo \"<$key>\"", Type::String).arg("key", Type::Secret, Value::Unit);
    assert!(bench.failure().await.message.contains("`key` is a secret"));
}

#[tokio::test]
async fn a_result_that_holds_a_secret_is_refused() {
    for script in ["echo \"the key is $key\"", "printf '%s' \"$key\" | base64"] {
        let failure = with_secret(script, Type::String).failure().await;
        assert_eq!(&*failure.code, "R0132");
        assert!(!format!("{failure:?}").contains("tops3cret"), "{failure:?}");
    }
}
