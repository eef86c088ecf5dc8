//! `sh` bodies: a POSIX shell script whose parameters are environment variables.
//!
//! The script is the same bytes for every input, so nothing in a value can become code. It runs under
//! `sh -eu`: the first command that fails ends it, and so does a variable that is not set. An absent
//! value is a variable that is not set. A script that is one plain command is run without the shell ([`direct`]).

mod direct;

use crate::{
    api::Outcome,
    arguments::{self, Argument, ResultPaths},
    attempt::Attempt,
    process::{self, internal},
    result::{self, Manner},
    text::text,
};
use flow_diag::codes;
use flow_expr::Value;
use flow_plan::{ErrorClass, Failure};
use std::{ffi::OsString, path::PathBuf};

/// What Linux allows for one variable: `NAME=value` and a NUL.
const LONGEST_VARIABLE: usize = 128 << 10;

/// One attempt of a shell script.
pub(crate) async fn run(attempt: &Attempt<'_>, script: &str) -> Result<Outcome, Failure> {
    let call = attempt.call;
    let manner = Manner::of(&call.step.returns, &call.program.types);
    let paths = ResultPaths::new(&call.scratch, manner == Manner::Table);
    let arguments = attempt.bounded(arguments::prepare(attempt)).await?;
    let mut environment = arguments::base_environment(attempt);
    for (name, path) in paths.variables(&call.step.returns) {
        environment.push((name.into(), path.into()));
    }
    for (name, argument) in arguments {
        if let Some(text) = variable(&name, argument)? {
            environment.push((name.into(), text));
        }
    }
    let path = environment.iter().find(|(name, _)| name == "PATH").map(|(_, path)| path.clone()).unwrap_or_default();
    let (program, arguments, name) = match direct::command(script, &path) {
        Some(direct::Command { name, program, arguments }) => (program.into(), arguments, Some(name)),
        None => {
            let file = call.scratch.join("step.sh");
            let written = std::fs::write(&file, script);
            written.map_err(|error| internal(format!("{} cannot be written: {error}", file.display())))?;
            // With its whole path it is started without a copy of this process.
            let shell = direct::on_path("sh", &path).map_or_else(|| "sh".into(), PathBuf::into_os_string);
            (shell, vec!["-eu".into(), file.into()], None)
        }
    };
    let program = process::Program {
        program,
        arguments,
        environment,
        folder: attempt.root,
        scratch: &call.scratch,
        deadline: attempt.deadline,
        timeout: call.timeout,
        result_limit: manner.limit(),
        in_place_of_shell: name,
    };
    let finished = process::run(program, attempt.log.clone(), &attempt.scrubber, attempt.cancel).await?;
    attempt.bounded(result::take(attempt, finished.stdout, &paths)).await
}

/// The text of one variable; none for an absent value.
fn variable(name: &str, argument: Argument) -> Result<Option<OsString>, Failure> {
    let text = match argument {
        Argument::Value(Value::Absent) => return Ok(None),
        Argument::Value(value) => OsString::from(text(&value)),
        Argument::Path(path) => path.into(),
        Argument::Secret(secret) => secret.reveal().into(),
    };
    let bytes = text.as_encoded_bytes();
    if bytes.contains(&0) {
        return Err(not_passed(format!("`{name}` holds a NUL character, which no variable can")));
    }
    if name.len() + bytes.len() + 2 > LONGEST_VARIABLE {
        let message = format!("`{name}` has {} bytes, more than a variable can hold", bytes.len());
        return Err(not_passed(message).detail("pass it as a File or a Table, which arrives as a path"));
    }
    Ok(Some(text))
}

fn not_passed(message: String) -> Failure {
    Failure::new(ErrorClass::ClientError, codes::R0107.as_str(), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_variable_can_hold_is_named() {
        for text in ["a\0b".to_owned(), "x".repeat(LONGEST_VARIABLE)] {
            let failure = variable("note", Argument::Value(Value::String(text.into()))).unwrap_err();
            assert_eq!(&*failure.code, "R0107");
            assert!(failure.message.starts_with("`note` "), "{}", failure.message);
        }
        assert_eq!(variable("note", Argument::Value(Value::Absent)).unwrap(), None);
    }
}
