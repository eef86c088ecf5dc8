//! The value from an answer, or what a bad answer means.
//!
//! `String` is the body as text, `File` and `Table` the body as a file, `Unit` nothing, everything else the
//! body as JSON. What is kept in memory is bounded whatever the server says. Knows nothing of requests.

use super::no_answer;
use crate::{
    api::Outcome, attempt::Attempt, handover::TakenTable, mismatch::malformed, process::internal, result::Manner,
};
use flow_diag::codes;
use flow_expr::{Type, TypeTable, Value, codec};
use flow_plan::{ErrorClass, Failure, Format};
use reqwest::{
    Response, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER},
};
use std::{
    path::PathBuf,
    time::{Duration, SystemTime},
};
use tokio::io::AsyncWriteExt as _;

/// The largest answer that becomes a value.
const MOST_BYTES: u64 = 64 << 20;

/// The largest answer that becomes a file or table.
const MOST_FILE_BYTES: u64 = 4 << 30;

/// How much of a bad answer is looked at.
const SNIPPET_BYTES: u64 = 2 << 10;

/// A server that asks for more is not waited for that long.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// The value of an answer that reports success.
pub(super) async fn take(attempt: &Attempt<'_>, mut response: Response) -> Result<Outcome, Failure> {
    let returns = &attempt.call.step.returns;
    let manner = Manner::of(returns, &attempt.call.program.types);
    if let Some(encoding) = response.headers().get(CONTENT_ENCODING).filter(|encoding| *encoding != "identity") {
        return Err(unreadable(format!("the answer is compressed ({encoding:?}), which was not asked for")));
    }
    match manner {
        Manner::Nothing => return Ok(Outcome::new(Value::Unit)),
        Manner::File | Manner::Table => return take_file(attempt, response, manner).await,
        Manner::Text | Manner::Json => {}
    }
    let bytes = body(&mut response, MOST_BYTES).await?;
    let received = Some(bytes.len() as u64);
    let described = describe(&response, &bytes);
    let not_text = |_| unreadable(format!("expected text in UTF-8, but the answer is {described}"));
    let text = String::from_utf8(bytes).map_err(not_text)?;
    let json = match manner {
        Manner::Text => serde_json::Value::from(text),
        _ if text.is_empty() && matches!(returns, Type::Optional(_)) => serde_json::Value::Null,
        _ => codec::parse_json_as(&text, returns, attempt.context().types)
            .map_err(|error| not_json(&described, &text, &error))?,
    };
    let decoded = codec::decode(&json, returns, attempt.call.step.name.short(), &attempt.context());
    let value = decoded.map_err(|errors| malformed(&errors).detail(format!("the answer is {described}")))?;
    Ok(Outcome { value, rows: None, bytes: received })
}

/// A file, or a table in the format that the content's type names.
async fn take_file(attempt: &Attempt<'_>, mut response: Response, manner: Manner) -> Result<Outcome, Failure> {
    let path = attempt.call.scratch.join("answer");
    let bytes = Some(save(&mut response, path.clone()).await?);
    let name = response.url().path_segments().and_then(|mut parts| parts.next_back().map(str::to_owned));
    if manner == Manner::File {
        let name = name.filter(|name| !name.is_empty()).unwrap_or_else(|| attempt.call.step.name.short().to_owned());
        let value = attempt.handover.take_file(&path, &name).await?;
        return Ok(Outcome { value, rows: None, bytes });
    }
    let kind = content_type(&response);
    let format = match kind.trim_matches('`').split(';').next().unwrap_or_default().trim() {
        "text/csv" | "application/csv" => Format::Csv,
        "application/vnd.apache.parquet" => Format::Parquet,
        "application/x-ndjson" | "application/jsonl" | "application/jsonlines" => Format::Jsonl,
        "application/json" => {
            rows_of_json(&path, &attempt.call.step.returns, attempt.context().types).await?;
            Format::Jsonl
        }
        _ => {
            let message = format!("expected a table (CSV, JSON, JSON lines or Parquet), but the answer is {kind}");
            return Err(unreadable(message));
        }
    };
    let Type::Table(record) = attempt.call.step.returns.required() else { return Err(internal("a table of no type")) };
    let (program, now) = (&attempt.call.program, attempt.call.now);
    let value = attempt
        .handover
        .take_table(TakenTable { path: &path, name: "the answer", format, record, program, now })
        .await?;
    let rows = if let Value::Table(table) = &value { Some(table.rows) } else { None };
    Ok(Outcome { value, rows, bytes })
}

/// Rewrites an array of objects as one object a line.
async fn rows_of_json(path: &std::path::Path, returns: &Type, types: &TypeTable) -> Result<(), Failure> {
    let text = tokio::fs::read_to_string(path).await;
    let text = text.map_err(|error| unreadable(format!("expected a JSON array of rows: {error}")))?;
    let rows = match codec::parse_json_as(&text, returns, types) {
        Ok(serde_json::Value::Array(rows)) => rows,
        Ok(_) => return Err(unreadable("expected a JSON array of rows, but the answer is no array")),
        Err(error) => {
            return Err(unreadable(format!("expected a JSON array of rows, but the answer is not JSON: {error}")));
        }
    };
    let lines: String = rows.iter().map(|row| format!("{row}\n")).collect();
    tokio::fs::write(path, lines).await.map_err(|error| internal(format!("the answer cannot be kept: {error}")))
}

/// The body, unless it is larger than that.
async fn body(response: &mut Response, most: u64) -> Result<Vec<u8>, Failure> {
    if response.content_length().is_some_and(|length| length > most) {
        return Err(too_large(most));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = chunk(response).await? {
        if (bytes.len() + chunk.len()) as u64 > most {
            return Err(too_large(most));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Writes the body to a file, gives its length.
pub(super) async fn save(response: &mut Response, path: PathBuf) -> Result<u64, Failure> {
    let failure = |error| internal(format!("the answer cannot be kept: {error}"));
    let mut file = tokio::fs::File::create(path).await.map_err(failure)?;
    let mut length = 0;
    while let Some(chunk) = chunk(response).await? {
        length += chunk.len() as u64;
        if length > MOST_FILE_BYTES {
            return Err(too_large(MOST_FILE_BYTES));
        }
        file.write_all(&chunk).await.map_err(failure)?;
    }
    file.flush().await.map_err(failure)?;
    Ok(length)
}

async fn chunk(response: &mut Response) -> Result<Option<impl AsRef<[u8]> + std::ops::Deref<Target = [u8]>>, Failure> {
    let url = response.url().clone();
    response.chunk().await.map_err(|error| no_answer(&url, &error))
}

fn too_large(most: u64) -> Failure {
    let message = format!("the answer is larger than {} MiB", most >> 20);
    let failure = Failure::new(ErrorClass::Malformed, codes::R0105.as_str(), message);
    if most == MOST_BYTES {
        failure.detail("let the step return a File, which is kept as an artifact")
    } else {
        failure
    }
}

/// What an answer that reports no success means.
pub(super) async fn status_failure(mut response: Response) -> Failure {
    let status = response.status();
    let class = match status {
        StatusCode::TOO_MANY_REQUESTS => ErrorClass::RateLimited,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            ErrorClass::Auth
        }
        StatusCode::REQUEST_TIMEOUT => ErrorClass::Timeout,
        status if status.is_server_error() => ErrorClass::ServerError,
        _ => ErrorClass::ClientError,
    };
    let wait =
        response.headers().get(RETRY_AFTER).and_then(|value| retry_after(value.to_str().ok()?, SystemTime::now()));
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() as u64 > SNIPPET_BYTES {
            break;
        }
    }
    let failure = Failure::new(class, codes::R0122.as_str(), format!("the server answered {status}")).retry_after(wait);
    if bytes.is_empty() { failure } else { failure.detail(format!("its answer is {}", describe(&response, &bytes))) }
}

/// `Retry-After`: seconds, or a date.
fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    let wait = match text.trim().parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(text.trim()).ok()?.duration_since(now).unwrap_or_default(),
    };
    Some(wait.min(LONGEST_WAIT))
}

fn content_type(response: &Response) -> String {
    let value = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.map_or_else(|| "of no named type".to_owned(), |value| format!("`{}`", value.to_ascii_lowercase()))
}

/// An answer in a few words: its type and how it begins.
fn describe(response: &Response, bytes: &[u8]) -> String {
    let beginning = &bytes[..bytes.len().min(300)];
    let text = String::from_utf8_lossy(beginning);
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let snippet: String = one_line.chars().filter(|character| !character.is_control()).take(200).collect();
    format!("{}, {} bytes: {snippet}", content_type(response), bytes.len())
}

fn not_json(described: &str, text: &str, error: &serde_json::Error) -> Failure {
    if text.is_empty() {
        return unreadable("expected JSON, but the answer is empty");
    }
    let is_page = text.trim_start().starts_with('<');
    let failure = unreadable(if is_page {
        "expected JSON, but the answer is a page of HTML or XML".to_owned()
    } else {
        format!("expected JSON, but the answer is not: {error}")
    });
    failure.detail(format!("the answer is {described}"))
}

fn unreadable(message: impl Into<String>) -> Failure {
    Failure::new(ErrorClass::Malformed, codes::R0123.as_str(), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = httpdate::parse_http_date("Sun, 22 Nov 2026 10:00:00 GMT").unwrap();
        let wait = |text| retry_after(text, now).map(|wait| wait.as_secs());
        assert_eq!(wait("120"), Some(120));
        assert_eq!(wait(" 0 "), Some(0));
        assert_eq!(wait("Sun, 22 Nov 2026 10:00:30 GMT"), Some(30));
        assert_eq!(wait("Sun, 22 Nov 2026 09:00:00 GMT"), Some(0));
        assert_eq!(wait("99999999999"), Some(24 * 60 * 60));
        assert_eq!(wait("soon"), None);
        assert_eq!(wait("-5"), None);
    }
}
