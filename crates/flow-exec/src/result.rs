//! A program's result: what it printed, or what it wrote to `$out`, as a value of the step's type.
//!
//! `String` is the text on standard output without the line end at its end, `Unit` nothing, `Table` and
//! `File` what is at `$out`, everything else JSON on standard output. Knows no languages.

use crate::{
    api::Outcome,
    arguments::ResultPaths,
    attempt::Attempt,
    handover::TakenTable,
    mismatch::malformed,
    process::{internal, without_line_end},
};
use flow_diag::codes;
use flow_expr::{Type, TypeDef, TypeTable, Value, codec, redact::labels_in};
use flow_plan::{ErrorClass, Failure, Format};
use std::path::Path;

/// How much a step may print as its result.
const MOST_BYTES: usize = 64 << 20;

/// How a program gives a result of some type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Not at all.
    Nothing,
    /// As text on standard output.
    Text,
    /// As JSON on standard output.
    Json,
    /// In one of the files of [`ResultPaths`].
    Table,
    /// In the file `$out`.
    File,
}

impl Manner {
    /// How a result of this type is given.
    pub(crate) fn of(ty: &Type, types: &TypeTable) -> Self {
        match ty {
            Type::Unit => Self::Nothing,
            Type::String => Self::Text,
            Type::Named(name) => match types.get(name) {
                Some(TypeDef::Refined { base, .. }) => Self::of(base, types),
                _ => Self::Json,
            },
            other => match other.required() {
                Type::Table(_) => Self::Table,
                Type::File => Self::File,
                _ => Self::Json,
            },
        }
    }

    /// How much of standard output is to be kept.
    pub(crate) fn limit(self) -> Option<usize> {
        matches!(self, Self::Text | Self::Json).then_some(MOST_BYTES)
    }
}

/// The result of a program that succeeded.
pub(crate) async fn take(attempt: &Attempt<'_>, stdout: Vec<u8>, paths: &ResultPaths) -> Result<Outcome, Failure> {
    let returns = &attempt.call.step.returns;
    let bytes = Some(stdout.len() as u64);
    let value = match Manner::of(returns, &attempt.call.program.types) {
        Manner::Nothing => return Ok(Outcome::new(Value::Unit)),
        Manner::Table => return take_table(attempt, paths).await,
        Manner::File => return take_file(attempt, paths).await,
        Manner::Text => decode(attempt, &serde_json::Value::from(without_line_end(&text(stdout)?)))?,
        Manner::Json => decode(attempt, &json(attempt, &text(stdout)?)?)?,
    };
    Ok(Outcome { value, rows: None, bytes })
}

fn decode(attempt: &Attempt<'_>, json: &serde_json::Value) -> Result<Value, Failure> {
    let step = &attempt.call.step;
    codec::decode(json, &step.returns, step.name.short(), &attempt.context()).map_err(|errors| malformed(&errors))
}

fn text(stdout: Vec<u8>) -> Result<String, Failure> {
    String::from_utf8(stdout).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        unreadable(format!("its standard output is its result, and is not UTF-8 from byte {at} on"))
    })
}

/// Whether a result that cannot be read may be quoted: not if there should be labelled data in it.
fn may_be_quoted(attempt: &Attempt<'_>) -> bool {
    labels_in(&attempt.call.step.returns, &attempt.call.program.types).is_empty()
}

fn json(attempt: &Attempt<'_>, text: &str) -> Result<serde_json::Value, Failure> {
    codec::parse_json_as(text, &attempt.call.step.returns, attempt.context().types).map_err(|error| {
        if text.trim().is_empty() {
            return unreadable("its standard output is its result as JSON, but it printed nothing");
        }
        let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let begins: String = one_line.chars().take(120).collect();
        let failure = unreadable(format!("its standard output is its result, and is not JSON: {error}"));
        let failure = if may_be_quoted(attempt) { failure.detail(format!("it begins: {begins}")) } else { failure };
        failure.detail("anything that is not the result belongs on standard error")
    })
}

fn unreadable(message: impl Into<String>) -> Failure {
    Failure::new(ErrorClass::Malformed, codes::R0108.as_str(), message)
}

/// Whether a regular file is there. A link could name anything on the machine, so it is none.
async fn is_file(path: &Path) -> Result<bool, Failure> {
    match tokio::fs::symlink_metadata(path).await {
        Ok(found) if found.is_file() => Ok(true),
        Ok(_) => Err(no_result(format!("{} is not a file", file_name(path)))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(internal(format!("{} cannot be looked at: {error}", path.display()))),
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn no_result(message: impl Into<String>) -> Failure {
    Failure::new(ErrorClass::Malformed, codes::R0109.as_str(), message)
}

async fn take_table(attempt: &Attempt<'_>, paths: &ResultPaths) -> Result<Outcome, Failure> {
    let candidates = [
        ("$out", &paths.out, Format::Csv),
        ("$out_parquet", &paths.parquet, Format::Parquet),
        ("$out_jsonl", &paths.jsonl, Format::Jsonl),
    ];
    let mut written = Vec::new();
    for candidate in candidates {
        if is_file(candidate.1).await? {
            written.push(candidate);
        }
    }
    let returns = &attempt.call.step.returns;
    let (name, path, format) = match (&written[..], returns) {
        ([written], _) => *written,
        ([], Type::Optional(_)) => return Ok(Outcome::new(Value::Absent)),
        ([], _) => return Err(no_result("it did not write its table to `$out`, `$out_parquet` or `$out_jsonl`")),
        (several, _) => {
            let names: Vec<_> = several.iter().map(|(name, ..)| format!("`{name}`")).collect();
            return Err(no_result(format!("it wrote its table to {}: which is the result?", names.join(" and "))));
        }
    };
    let Type::Table(record) = returns.required() else { return Err(internal("a table of no type")) };
    let (program, now) = (&attempt.call.program, attempt.call.now);
    let bytes = tokio::fs::metadata(path).await.ok().map(|found| found.len());
    let value = attempt.handover.take_table(TakenTable { path, name, format, record, program, now }).await?;
    let rows = if let Value::Table(table) = &value { Some(table.rows) } else { None };
    Ok(Outcome { value, rows, bytes })
}

async fn take_file(attempt: &Attempt<'_>, paths: &ResultPaths) -> Result<Outcome, Failure> {
    let step = &attempt.call.step;
    if !is_file(&paths.out).await? {
        return match &step.returns {
            Type::Optional(_) => Ok(Outcome::new(Value::Absent)),
            _ => Err(no_result("it did not write its file to `$out`")),
        };
    }
    let value = attempt.handover.take_file(&paths.out, step.name.short()).await?;
    let bytes = if let Value::File(file) = &value { Some(file.bytes) } else { None };
    Ok(Outcome { value, rows: None, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use flow_expr::Name;
    use std::sync::Arc;

    #[test]
    fn each_type_has_its_manner() {
        let record = Arc::new(Type::Named(Name::new("m.R")));
        let cases = [
            (Type::Unit, Manner::Nothing),
            (Type::String, Manner::Text),
            (Type::String.optional(), Manner::Json),
            (Type::Int, Manner::Json),
            (Type::Named(Name::new("m.R")), Manner::Json),
            (Type::Table(record.clone()), Manner::Table),
            (Type::Table(record).optional(), Manner::Table),
            (Type::File, Manner::File),
        ];
        for (ty, manner) in cases {
            assert_eq!(Manner::of(&ty, &TypeTable::default()), manner, "{ty}");
        }
    }
}
