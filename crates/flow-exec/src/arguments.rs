//! A step's arguments as a program gets them: plain values, paths of tables and files, and the variables
//! that every program has.
//!
//! Knows no language: `shell.rs` turns them into environment variables, `python.rs` into Python values.
//! Values are never part of any code.

use crate::{
    attempt::{Attempt, secret_arguments},
    process,
};
use flow_expr::{Type, Value};
use flow_plan::{Failure, Format};
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::Arc,
};

/// One parameter's value.
pub(crate) enum Argument {
    /// As it is; also absent.
    Value(Value),
    /// A table or file as the path to it.
    Path(PathBuf),
    /// A secret, revealed to the program alone.
    Secret(crate::SecretValue),
}

/// Where a program leaves its result, if that is a table or a file.
pub(crate) struct ResultPaths {
    /// `$out`.
    pub(crate) out: PathBuf,
    /// `$out_parquet`, for tables.
    pub(crate) parquet: PathBuf,
    /// `$out_jsonl`, for tables.
    pub(crate) jsonl: PathBuf,
}

impl ResultPaths {
    /// The paths in an attempt's folder.
    pub(crate) fn new(scratch: &Path, is_table: bool) -> Self {
        let out = scratch.join(if is_table { "out.csv" } else { "out" });
        Self { out, parquet: scratch.join("out.parquet"), jsonl: scratch.join("out.jsonl") }
    }

    /// The variables that name them.
    pub(crate) fn variables(&self, returns: &Type) -> Vec<(&'static str, &Path)> {
        match returns.required() {
            Type::Table(_) => vec![("out", &self.out), ("out_parquet", &self.parquet), ("out_jsonl", &self.jsonl)],
            Type::File => vec![("out", &self.out)],
            _ => vec![],
        }
    }
}

/// Every argument by the name of its variable: `orders` and `orders_parquet` for a table.
pub(crate) async fn prepare(attempt: &Attempt<'_>) -> Result<Vec<(String, Argument)>, Failure> {
    let call = attempt.call;
    let folder = call.scratch.join("in");
    // What takes microseconds is not worth a thread.
    let make = |path: &Path| {
        std::fs::create_dir_all(path)
            .map_err(|error| process::internal(format!("{} cannot be made: {error}", path.display())))
    };
    if call.args.iter().any(|(_, value)| matches!(value, Value::Table(_) | Value::File(_))) {
        make(&folder)?;
    }
    let secrets: Vec<(&Arc<str>, _)> = secret_arguments(call).collect();
    let mut arguments = Vec::new();
    for (name, value) in &call.args {
        if !is_variable(name) {
            return Err(process::internal(format!("`{name}` cannot be the name of a variable")));
        }
        if let Some((_, secret)) = secrets.iter().find(|(param, _)| *param == name) {
            arguments.push((name.to_string(), Argument::Secret(attempt.secrets.get(secret)?.clone())));
            continue;
        }
        match value {
            // Anything but a name would reach the program as an empty secret.
            _ if is_secret(attempt, name) && !matches!(value, Value::Absent) => {
                return Err(process::internal(format!("`{name}` is a secret, but its argument names none")));
            }
            Value::Table(table) => {
                let csv = attempt.handover.table_path(table, Format::Csv, &folder, &call.program).await?;
                arguments.push((name.to_string(), Argument::Path(csv)));
                let parquet = format!("{name}_parquet");
                if call.args.iter().all(|(other, _)| **other != *parquet) {
                    let path = attempt.handover.table_path(table, Format::Parquet, &folder, &call.program).await?;
                    arguments.push((parquet, Argument::Path(path)));
                }
            }
            Value::File(file) => {
                let path = attempt.handover.file_path(file, &folder).await?;
                arguments.push((name.to_string(), Argument::Path(path)));
            }
            plain => arguments.push((name.to_string(), Argument::Value(plain.clone()))),
        }
    }
    Ok(arguments)
}

fn is_secret(attempt: &Attempt<'_>, name: &str) -> bool {
    let mut params = attempt.call.step.params.iter();
    params.any(|param| &*param.name == name && *param.ty.required() == Type::Secret)
}

/// The language's own rule for names of values. So none can be `PATH`, `IFS` or `LD_PRELOAD`.
fn is_variable(name: &str) -> bool {
    let starts = name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_');
    starts && name.chars().all(|rest| rest.is_ascii_lowercase() || rest.is_ascii_digit() || rest == '_')
}

/// The variables that every program has, whatever its language: a few of the user's own, and the attempt's.
pub(crate) fn base_environment(attempt: &Attempt<'_>) -> Vec<(OsString, OsString)> {
    // The last two: whom the machine trusts. Without them TLS would fail where it works outside.
    const INHERITED: [&str; 9] =
        ["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR"];
    const DEFAULTS: [(&str, &str); 2] = [("PATH", "/usr/local/bin:/usr/bin:/bin"), ("LANG", "C.UTF-8")];
    let call = attempt.call;
    let inherited = |name: &&str| {
        let default = DEFAULTS.iter().find(|(known, _)| known == name).map(|(_, value)| OsString::from(value));
        Some((OsString::from(name), std::env::var_os(name).or(default)?))
    };
    let mut environment: Vec<(OsString, OsString)> = INHERITED.iter().filter_map(inherited).collect();
    let own = [
        ("TMPDIR", call.scratch.clone().into_os_string()),
        ("FLOW_RUN", OsString::from(&*call.run)),
        ("FLOW_STEP", OsString::from(&*call.label)),
        ("FLOW_ATTEMPT", OsString::from(call.attempt.to_string())),
    ];
    environment.extend(own.map(|(name, value)| (OsString::from(name), value)));
    if let Some(key) = &call.idempotency_key {
        environment.push(("FLOW_IDEMPOTENCY_KEY".into(), key.into()));
    }
    environment
}

#[cfg(test)]
mod tests {
    use super::is_variable;

    #[test]
    fn no_parameter_can_shadow_what_the_system_uses() {
        for name in ["orders", "a1", "_x", "out_parquet"] {
            assert!(is_variable(name), "{name}");
        }
        for name in ["PATH", "IFS", "LD_PRELOAD", "Path", "1a", "", "a-b", "a=b", "a b", "é", "a\0"] {
            assert!(!is_variable(name), "{name}");
        }
    }
}
