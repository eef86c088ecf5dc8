//! A request from a step: every value encoded for where it lands, secrets put in last.
//!
//! A hole in the URL is percent-encoded, so it stays within its part of the path or query; one that would
//! walk up the path (`..`) is refused. Knows nothing of sending.

use super::becomes_get;
use crate::{attempt::Attempt, text::text};
use flow_diag::codes;
use flow_expr::{Expr, ExprKind, Part, Type, Value, codec, evaluate};
use flow_plan::{Body, ConnectionKind, ErrorClass, Failure, Format, HttpValue};
use reqwest::{
    Method, StatusCode, Url,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHORIZATION},
};

/// A request, kept so that it can be sent again to where it is redirected.
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    headers: HeaderMap,
    /// Headers for the host that the step names, and for no other.
    credentials: HeaderMap,
    body: Option<Vec<u8>>,
}

impl Request {
    /// The request that the step describes.
    pub(super) async fn of(attempt: &Attempt<'_>) -> Result<Self, Failure> {
        let Body::Http { method, url, connection, headers, query, body } = &attempt.call.step.body else {
            return Err(impossible("this is no http step"));
        };
        let method =
            Method::from_bytes(method.as_bytes()).map_err(|_| impossible(format!("`{method}` is no method")))?;
        let connection = connection.as_ref().and_then(|name| attempt.call.program.connections.get(name));
        let base = match connection.map(|connection| &connection.kind) {
            Some(ConnectionKind::Http { url, token }) => Some((url, token)),
            _ => None,
        };
        let mut url = address(attempt, url, base.map(|(url, _)| &**url))?;
        for (name, value) in query {
            append(attempt, &mut url, name, value)?;
        }
        let mut request = Self { method, url, headers: HeaderMap::new(), credentials: HeaderMap::new(), body: None };
        if let Some((base, Some(token))) = base {
            let token = format!("Bearer {}", attempt.secrets.get(token)?.reveal());
            if Url::parse(base).is_ok_and(|base| base.origin() == request.url.origin()) {
                request.credentials.insert(AUTHORIZATION, header_value("authorization", &token)?);
            }
        }
        for (name, value) in headers {
            request.header(attempt, name, value)?;
        }
        if let Some(key) = &attempt.call.idempotency_key {
            request.headers.insert("idempotency-key", header_value("idempotency-key", key)?);
        }
        request.accept(&attempt.call.step.returns);
        if let Some(body) = body {
            request.content(attempt, body).await?;
        }
        Ok(request)
    }

    fn header(&mut self, attempt: &Attempt<'_>, name: &str, value: &HttpValue) -> Result<(), Failure> {
        let key = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| impossible(format!("`{name}` is no name of a header")))?;
        match value {
            HttpValue::Secret { prefix, secret, suffix } => {
                let text = format!("{prefix}{}{suffix}", attempt.secrets.get(secret)?.reveal());
                self.credentials.append(key, header_value(name, &text)?);
            }
            HttpValue::Expr(expr) => match value_of(attempt, expr)? {
                Value::Absent => {}
                value => {
                    let sensitive = [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION].contains(&key);
                    let headers = if sensitive { &mut self.credentials } else { &mut self.headers };
                    headers.append(key, header_value(name, &text(&value))?);
                }
            },
        }
        Ok(())
    }

    fn accept(&mut self, returns: &Type) {
        let wanted = match returns.required() {
            Type::String | Type::Unit | Type::File | Type::Table(_) => "*/*",
            _ => "application/json",
        };
        self.headers.entry(ACCEPT).or_insert(HeaderValue::from_static(wanted));
    }

    async fn content(&mut self, attempt: &Attempt<'_>, body: &Expr) -> Result<(), Failure> {
        let folder = &attempt.call.scratch;
        let (bytes, kind) = match value_of(attempt, body)? {
            Value::Absent => return Ok(()),
            Value::String(text) => (text.as_bytes().to_vec(), "text/plain; charset=utf-8"),
            Value::Bytes(bytes) => (bytes.to_vec(), "application/octet-stream"),
            Value::File(file) => {
                let path = attempt.handover.file_path(&file, folder).await?;
                (read(&path).await?, "application/octet-stream")
            }
            // Its rows may not be loaded, so it comes through a file.
            Value::Table(table) => {
                let path = attempt.handover.table_path(&table, Format::Jsonl, folder, &attempt.call.program).await?;
                let lines = read(&path).await?;
                let rows: Vec<&[u8]> = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
                ([b"[".as_slice(), &rows.join(b",".as_slice()), b"]"].concat(), "application/json")
            }
            other => (codec::encode(&other).to_string().into_bytes(), "application/json"),
        };
        self.headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(kind));
        self.body = Some(bytes);
        Ok(())
    }

    /// The request as it is sent once.
    pub(super) fn build(&self) -> reqwest::Request {
        let mut request = reqwest::Request::new(self.method.clone(), self.url.clone());
        request.headers_mut().extend(self.headers.clone());
        request.headers_mut().extend(self.credentials.clone());
        *request.body_mut() = self.body.clone().map(reqwest::Body::from);
        request
    }

    /// Becomes the request for where it was redirected to. Credentials stay behind at another host.
    pub(super) fn follow(&mut self, target: Url, status: StatusCode) {
        if target.origin() != self.url.origin() {
            self.credentials.clear();
        }
        if becomes_get(&self.method, status) {
            self.method = Method::GET;
            self.body = None;
            self.headers.remove(CONTENT_TYPE);
        }
        self.url = target;
    }
}

/// The URL: on the connection's base if it is a path.
fn address(attempt: &Attempt<'_>, parts: &[Part], base: Option<&str>) -> Result<Url, Failure> {
    let mut written = String::new();
    let mut has_hole = false;
    for (index, part) in parts.iter().enumerate() {
        match part {
            Part::Text(text) => written.push_str(text),
            Part::Hole(expr, _) => {
                // As a string with one hole, so that its format is honoured.
                let hole = Expr::new(ExprKind::Interpolate(vec![part.clone()]), expr.at);
                let value = text(&value_of(attempt, &hole)?);
                if index == 0 && base.is_none() {
                    // Nothing stands before it, so it is the address itself.
                    written.push_str(&value);
                } else {
                    has_hole = true;
                    written.push_str(&urlencoding::encode(&value));
                }
            }
        }
    }
    let full = match base {
        Some(base) if !written.contains("://") => {
            format!("{}/{}", base.trim_end_matches('/'), written.trim_start_matches('/'))
        }
        _ => written,
    };
    let path = full.split(['?', '#']).next().unwrap_or_default();
    if has_hole && path.split('/').any(|segment| [".", ".."].contains(&segment)) {
        return Err(impossible(format!("a value would walk up the path of the URL {full}")));
    }
    let url = Url::parse(&full).map_err(|error| impossible(format!("`{full}` is no URL: {error}")))?;
    if !["http", "https"].contains(&url.scheme()) || url.host_str().is_none_or(str::is_empty) {
        return Err(impossible(format!("`{full}` is no http or https URL")));
    }
    Ok(url)
}

/// Appends a query parameter: once per item of a list, not at all for an absent value.
fn append(attempt: &Attempt<'_>, url: &mut Url, name: &str, value: &Expr) -> Result<(), Failure> {
    let values = match value_of(attempt, value)? {
        Value::Absent => vec![],
        Value::List(items) => items.to_vec(),
        single => vec![single],
    };
    for value in &values {
        url.query_pairs_mut().append_pair(name, &text(value));
    }
    Ok(())
}

fn value_of(attempt: &Attempt<'_>, expr: &Expr) -> Result<Value, Failure> {
    evaluate(expr, &attempt.variables(), &attempt.context())
        .map_err(|error| Failure::new(ErrorClass::ClientError, error.code.as_str(), error.to_string()).at(error.at))
}

fn header_value(name: &str, text: &str) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| impossible(format!("the header `{name}` would hold a character that no header can")))?;
    value.set_sensitive(true);
    Ok(value)
}

async fn read(path: &std::path::Path) -> Result<Vec<u8>, Failure> {
    let failure = |error| crate::process::internal(format!("{} cannot be read: {error}", path.display()));
    tokio::fs::read(path).await.map_err(failure)
}

fn impossible(message: impl Into<String>) -> Failure {
    Failure::new(ErrorClass::ClientError, codes::R0125.as_str(), message)
}
