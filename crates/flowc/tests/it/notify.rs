//! `std.notify` against servers on this machine: a chat's webhook, and mail with login and TLS.

use crate::sandbox::Sandbox;
use flow_testing::server::{Act, Server, answer, json};
use serde_json::Value;
use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

const PROGRAM: &str = r#"use std.notify.{email, email_by_relay, slack, webhook}

type Total { total: Int, by: String }

secret chat = env("CHAT_URL")
secret word = env("MAIL_WORD")

flow post(url: String) {
  do webhook(url: url, content: to_json(Total(total: 5, by: "ada")))
}

flow say(text: String) {
  do slack(webhook: chat, text: text)
}

flow mail(port: Int, subject: String) {
  do email(
    server: "localhost",
    port: port,
    user: "ada",
    password: word,
    sender: "ada@shop.example",
    to: ["bob@shop.example", "eve@shop.example"],
    subject: subject,
    text: "All is well.\n.\nReally: ñ.",
  )
}

flow relay(port: Int) {
  do email_by_relay(
    server: "localhost",
    port: port,
    sender: "ada@shop.example",
    to: ["bob@shop.example"],
    subject: "Revenue",
    text: "5",
  )
}
"#;

const WORD: &str = "correct horse battery";

#[test]
fn a_webhook_is_tried_again_with_the_same_key() {
    let tries = std::sync::atomic::AtomicU32::new(0);
    let server = Server::start(move |_| match tries.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
        0 => Act::Send(answer("503 Busy", "", "")),
        _ => Act::Send(json("{}")),
    });
    let project = Sandbox::program(PROGRAM);
    project.flowc(&["run", "post", "--url", &server.url()]).ends(0);
    let seen = server.seen.lock().unwrap();
    assert_eq!(seen.len(), 2);
    let key = seen[0].header("idempotency-key").unwrap();
    assert!(!key.is_empty() && seen[1].header("idempotency-key") == Some(key), "{seen:?}");
    let body: Value = serde_json::from_str(&seen[1].body).unwrap();
    assert_eq!(body, serde_json::json!({ "total": 5, "by": "ada" }));
}

#[test]
fn a_chat_message_goes_to_an_address_that_stays_secret() {
    let server = Server::start(|seen| match &*seen.body {
        body if body.contains("refuse") => Act::Send(answer("403 Forbidden", "", "invalid_token")),
        _ => Act::Send(answer("200 OK", "", "ok")),
    });
    let project = Sandbox::program(PROGRAM);
    let say = |text: &str| {
        let mut command = project.command(&["run", "say", "--text", text]);
        crate::sandbox::said(command.env("CHAT_URL", format!("{}/T0/s3cr3tpath", server.url())).output().unwrap())
    };
    say("Revenue: \"5\"\n'; drop").ends(0);
    let seen = server.last();
    assert_eq!(seen.line, "POST /T0/s3cr3tpath HTTP/1.1");
    assert_eq!(seen.header("content-type"), Some("application/json"));
    let body: Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!(body, serde_json::json!({ "text": "Revenue: \"5\"\n'; drop" }));
    let refused = say("refuse").ends(1).tells("HTTP Error 403: Forbidden");
    assert!(!refused.err.contains("s3cr3tpath"), "{}", refused.err);
    assert_eq!(server.seen.lock().unwrap().len(), 2, "a message is not tried again by itself");
}

/// A mail server of this machine, which ends with the test.
struct MailServer {
    process: Child,
    port: String,
}

impl MailServer {
    /// `plain`, `starttls` or `tls`.
    fn start(project: &Sandbox, kind: &str) -> Self {
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/mail_server.py");
        let mut command = Command::new("python3");
        command.args([program, kind, WORD]).current_dir(project.path(".")).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut port = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self { process, port: port.trim().to_owned() }
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A project with a certificate for `localhost`; none where the machine has no `openssl`.
fn with_certificate() -> Option<Sandbox> {
    let project = Sandbox::program(PROGRAM);
    let arguments = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
                     -keyout key.pem -out certificate.pem";
    let mut openssl = Command::new("openssl");
    openssl.args(arguments.split_whitespace()).current_dir(project.path(".")).stderr(Stdio::null());
    if openssl.status().is_ok_and(|status| status.success()) {
        return Some(project);
    }
    flow_testing::skip("the program `openssl`", "apt-get install openssl");
    None
}

/// What the server took, one object for each mail.
fn taken(project: &Sandbox) -> Vec<Value> {
    let text = std::fs::read_to_string(project.path("mails.jsonl")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn mail(project: &Sandbox, server: &MailServer, subject: &str, word: &str, trusted: bool) -> crate::sandbox::Said {
    let mut command = project.command(&["run", "mail", "--port", &server.port, "--subject", subject]);
    command.env("MAIL_WORD", word);
    if trusted {
        command.env("SSL_CERT_FILE", project.path("certificate.pem"));
    }
    crate::sandbox::said(command.output().unwrap())
}

#[test]
fn mail_goes_by_starttls_and_login() {
    let Some(project) = with_certificate() else { return };
    let server = MailServer::start(&project, "starttls");
    mail(&project, &server, "Revenue — today", WORD, true).ends(0);
    let taken_mails = taken(&project);
    assert_eq!(taken_mails.len(), 1);
    let seen = &taken_mails[0];
    assert_eq!((&seen["tls"], &seen["user"]), (&true.into(), &"ada".into()));
    assert_eq!(seen["to"], serde_json::json!(["bob@shop.example", "eve@shop.example"]));
    assert_eq!(seen["subject"], "Revenue — today");
    assert_eq!(seen["text"], "All is well.\n.\nReally: ñ.\n");

    let said = mail(&project, &server, "x", "wrong word", true).ends(1).tells("SMTPAuthenticationError");
    assert!(!said.err.contains("wrong word"), "{}", said.err);
    mail(&project, &server, "x", WORD, false).ends(1).tells("CERTIFICATE_VERIFY_FAILED");
    mail(&project, &server, "x\nBcc: mallory@evil.example", WORD, true).ends(1).tells("ValueError");
    assert_eq!(taken(&project).len(), 1, "nothing else was sent");
}

#[test]
fn mail_is_not_sent_in_clear() {
    let project = Sandbox::program(PROGRAM);
    let server = MailServer::start(&project, "plain");
    mail(&project, &server, "x", WORD, false).ends(1).tells("STARTTLS");
    assert!(taken(&project).is_empty());
    project.flowc(&["run", "relay", "--port", &server.port]).ends(0);
    let seen = &taken(&project)[0];
    assert_eq!((&seen["tls"], &seen["user"], &seen["text"]), (&false.into(), &Value::Null, &"5\n".into()));
}
