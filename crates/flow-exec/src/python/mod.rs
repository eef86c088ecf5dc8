//! `python` bodies: a Python program whose parameters are variables of those names.
//!
//! Parameters travel in a file that a prelude decodes, so that a `Date` is a `datetime.date` and a `Decimal`
//! a `decimal.Decimal`, and so that nothing in a value can become code. Errors show the program's own lines,
//! with the numbers that they have in the `.flow` file. Results are as for `sh`.

mod lines;
mod values;

use crate::{
    api::Outcome,
    arguments::{self, Argument, ResultPaths},
    attempt::Attempt,
    process::{self, internal},
    result::{self, Manner},
};
use flow_plan::{ErrorClass, Failure};
use serde_json::{Map, json};
use std::{
    ffi::OsString,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// What runs the program.
const PRELUDE: &str = include_str!("prelude.py");

/// One attempt of a Python program.
pub(crate) async fn run(attempt: &Attempt<'_>, source: &str, file: Option<&str>) -> Result<Outcome, Failure> {
    let call = attempt.call;
    let manner = Manner::of(&call.step.returns, &call.program.types);
    let paths = ResultPaths::new(&call.scratch, manner == Manner::Table);
    let arguments = attempt.bounded(arguments::prepare(attempt)).await?;
    let mut parameters = Map::new();
    for (name, path) in paths.variables(&call.step.returns) {
        parameters.insert(name.to_owned(), path_text(path)?);
    }
    for (name, argument) in arguments {
        let value = match argument {
            Argument::Value(value) => values::encode(&value),
            Argument::Path(path) => path_text(&path)?,
            Argument::Secret(secret) => secret.reveal().into(),
        };
        parameters.insert(name, value);
    }
    let place = lines::place(attempt, source, file).await;
    let folder = file.and_then(|file| Path::new(file).parent()).map_or(attempt.root.into(), |at| attempt.root.join(at));
    let sidecar = json!({
        "name": place.name, "lines_before": place.lines_before, "source": source,
        "folder": path_text(&folder)?, "parameters": parameters,
    });
    let prelude = write(&call.scratch, "prelude.py", PRELUDE)?;
    let sidecar = write(&call.scratch, "call.json", &sidecar.to_string())?;
    let mut environment = arguments::base_environment(attempt);
    // The same program with the same input gives the same output: sets of strings have an order of their own.
    environment.push(("PYTHONHASHSEED".into(), "0".into()));
    let options = ["-u", "-B", "-X", "utf8"].map(OsString::from);
    let program = process::Program {
        program: interpreter(attempt.root),
        arguments: options.into_iter().chain([prelude.into(), sidecar.into()]).collect(),
        environment,
        folder: attempt.root,
        scratch: &call.scratch,
        deadline: attempt.deadline,
        timeout: call.timeout,
        result_limit: manner.limit(),
        in_place_of_shell: None,
    };
    let finished = process::run(program, attempt.log.clone(), &attempt.scrubber, attempt.cancel).await;
    let finished = finished.map_err(with_exception)?;
    attempt.bounded(result::take(attempt, finished.stdout, &paths)).await
}

/// `$FLOW_PYTHON`, relative to the project if it is a relative path; else `python3`.
fn interpreter(root: &Path) -> OsString {
    let named = std::env::var_os("FLOW_PYTHON").filter(|name| !name.is_empty());
    match named {
        None => "python3".into(),
        Some(name) if name.as_encoded_bytes().contains(&b'/') => root.join(name).into(),
        Some(name) => name,
    }
}

/// Files of the attempt that nobody else reads.
fn write(folder: &Path, name: &str, text: &str) -> Result<PathBuf, Failure> {
    let path = folder.join(name);
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(&path);
    file.and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()))
        .map_err(|error| internal(format!("{} cannot be written: {error}", path.display())))?;
    Ok(path)
}

fn path_text(path: &Path) -> Result<serde_json::Value, Failure> {
    let text = path.to_str().ok_or_else(|| internal(format!("the path {} is not UTF-8", path.display())))?;
    Ok(text.into())
}

/// The failure with the exception in its sentence rather than only at the end of standard error.
fn with_exception(mut failure: Failure) -> Failure {
    let exception = failure.stderr_tail.as_deref().and_then(lines::exception);
    if let (ErrorClass::Exit(1), Some(exception)) = (failure.class, exception) {
        failure.message = exception.text;
        failure.details.extend(exception.at.map(|at| format!("raised at {at}")));
    }
    failure
}
