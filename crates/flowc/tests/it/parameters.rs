//! Hostile parameters through every kind of body: they arrive as they are, and nothing in them becomes code.

use crate::sandbox::Sandbox;
use flow_testing::server::{Server, json};

/// Whatever breaks out of a text somewhere.
const HOSTILE: [&str; 4] = [
    "'; drop table victims; --",
    "$(rm -rf .) `rm -rf .` ${HOME}",
    "\"); import os; os.system('rm -rf .') #",
    "a\\b\n\u{1b}[31m %s {text} :text $1 ?x=1&y=2#z/../..",
];

/// A flow for each kind of body, which gives its parameter back.
fn program(server: &str, more: &str) -> String {
    format!(
        "connection lite {{ sqlite \"lite.db\" }}\n\
         type Row {{ text: String }}\n\
         step in_sh(text: String) -> String {{\n  sh \"\"\"\n    printf '%s.' \"$text\"\n  \"\"\"\n  effect none\n}}\n\
         step in_python(text: String) -> String {{\n  python \"print(text, end='.')\"\n  effect none\n}}\n\
         step in_sql(text: String) -> String {{ sql \"select concat(:text, '.') as text\" }}\n\
         step in_sqlite(text: String) -> List<Row> {{ sql on lite \"select :text || '.' as text\" }}\n\
         step in_http(text: String) -> Unit {{\n  http POST \"{server}/a/{{text}}/b\" {{\n    query \"q\": text\n    \
         body Row(text: text)\n  }}\n}}\n\
         flow sh(text: String) -> String {{ return in_sh(text) }}\n\
         flow python(text: String) -> String {{ return in_python(text) }}\n\
         flow sql(text: String) -> String {{ return in_sql(text) }}\n\
         flow sqlite(text: String) -> List<Row> {{ return in_sqlite(text) }}\n\
         flow http(text: String) {{ do in_http(text) }}\n{more}"
    )
}

/// What is in the project's folder, but for what flowc keeps.
fn files(project: &Sandbox) -> Vec<String> {
    let names = std::fs::read_dir(project.path(".")).unwrap().flatten();
    let mut names: Vec<String> = names.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names.retain(|name| name != ".flow");
    names
}

fn database(project: &Sandbox, sql: &str) -> String {
    let code =
        "import sqlite3, sys; c = sqlite3.connect('lite.db'); print(c.execute(sys.argv[1]).fetchall()); c.commit()";
    let mut python = std::process::Command::new("python3");
    let output = python.args(["-c", code, sql]).current_dir(project.path(".")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn result(project: &Sandbox, flow: &str, text: &str) -> String {
    project.flowc(&["run", "-q", flow, "--text", text]).ends(0).out
}

#[test]
fn they_are_values_in_sh_python_sql_and_sqlite() {
    let project = Sandbox::program(&program("http://127.0.0.1:1", ""));
    database(&project, "create table victims (x)");
    let before = files(&project);
    for text in HOSTILE {
        for flow in ["sh", "python", "sql"] {
            assert_eq!(result(&project, flow, text), format!("{text}.\n"), "{flow}");
        }
        let rows: serde_json::Value = serde_json::from_str(&result(&project, "sqlite", text)).unwrap();
        assert_eq!(rows, serde_json::json!([{ "text": format!("{text}.") }]));
    }
    assert_eq!(files(&project), before);
    assert_eq!(database(&project, "select count(*) from victims"), "[(0,)]", "the table is there");
}

#[test]
fn they_are_values_in_postgres() {
    let Some(url) = flow_testing::postgres() else { return };
    let more = format!(
        "connection server {{ postgres \"{url}\" }}\n\
         step in_postgres(text: String) -> List<Row> {{ sql on server \"select cast(:text as text) || '.' as text\" }}\n\
         flow postgres(text: String) -> List<Row> {{ return in_postgres(text) }}\n"
    );
    let project = Sandbox::program(&program("http://127.0.0.1:1", &more));
    for text in HOSTILE {
        let rows: serde_json::Value = serde_json::from_str(&result(&project, "postgres", text)).unwrap();
        assert_eq!(rows, serde_json::json!([{ "text": format!("{text}.") }]));
    }
}

#[test]
fn they_are_values_in_http() {
    let server = Server::sending(&json("{}"));
    let project = Sandbox::program(&program(&server.url(), ""));
    let before = files(&project);
    for text in HOSTILE {
        project.flowc(&["run", "-q", "http", "--text", text]).ends(0);
        let seen = server.last();
        let target = seen.line.strip_prefix("POST ").unwrap().strip_suffix(" HTTP/1.1").unwrap();
        let (path, query) = target.split_once('?').unwrap();
        assert!(path.starts_with("/a/") && path.ends_with("/b") && path.matches('/').count() == 3, "{path}");
        assert!(query.starts_with("q=") && !query.contains(['&', '#', '=', ' ']) || query.matches('=').count() == 1);
        assert!(!query.contains('&'), "{query}");
        let body: serde_json::Value = serde_json::from_str(&seen.body).unwrap();
        assert_eq!(body, serde_json::json!({ "text": text }));
    }
    assert_eq!(files(&project), before);
}
