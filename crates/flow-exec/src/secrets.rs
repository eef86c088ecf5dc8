//! Secrets: from the name in a program to the value, at the last moment.
//!
//! The value has no `Debug`, no `Display` and no stored form; it is handed to what needs it and to the
//! [`Scrubber`]. Read once a process, since a command may ask a person. Knows not what a secret is for.

use crate::{Scrubber, process};
use flow_diag::codes;
use flow_expr::Name;
use flow_plan::{ErrorClass, Failure, Program, SecretSource};
use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError},
    time::Duration,
};
use tokio::sync::Mutex;

/// How long a secret's command may take: enough for a person to unlock something.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(60);

/// More than any key.
const MOST_BYTES: usize = 64 << 10;

/// A secret's value. Shows itself to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretValue(Arc<str>);

impl SecretValue {
    /// The value, for the one place that needs it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The secrets of a project, read when first needed.
#[derive(Debug)]
pub struct Secrets {
    root: PathBuf,
    known: Mutex<BTreeMap<Name, (SecretSource, SecretValue)>>,
    /// What takes out those that were read, for who cannot wait.
    scrubber: std::sync::Mutex<Scrubber>,
}

impl Secrets {
    /// The secrets of the project in this folder.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), known: Mutex::default(), scrubber: std::sync::Mutex::default() }
    }

    /// The value of a secret of the program.
    ///
    /// # Errors
    /// With class `auth` when its source does not give it.
    pub async fn get(&self, program: &Program, name: &Name) -> Result<SecretValue, Failure> {
        let source = program.secrets.get(name).ok_or_else(|| unavailable(name, "the program does not declare it"))?;
        // Held while reading, so that a command which asks a person asks once.
        let mut known = self.known.lock().await;
        if let Some((same, value)) = known.get(name)
            && same == source
        {
            return Ok(value.clone());
        }
        let value = self.read(name, source).await?;
        known.insert(name.clone(), (source.clone(), value.clone()));
        let scrubber = Scrubber::new(known.values().map(|(_, value)| value.reveal().as_bytes()));
        *self.scrubber.lock().unwrap_or_else(PoisonError::into_inner) = scrubber;
        Ok(value)
    }

    /// A scrubber for every secret that was read so far.
    #[must_use]
    pub fn scrubber(&self) -> Scrubber {
        self.scrubber.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn read(&self, name: &Name, source: &SecretSource) -> Result<SecretValue, Failure> {
        let bytes = match source {
            SecretSource::Env(variable) => std::env::var_os(&**variable)
                .ok_or_else(|| unavailable(name, format!("the environment variable {variable} is not set")))?
                .into_encoded_bytes(),
            SecretSource::File(path) => read_file(&self.root.join(&**path))
                .await
                .map_err(|error| unavailable(name, format!("the file {path} cannot be read: {error}")))?,
            SecretSource::Command(arguments) => self.run(name, arguments).await?,
        };
        let text = String::from_utf8(bytes).map_err(|_| unavailable(name, "its value is not UTF-8 text"))?;
        let text = match source {
            SecretSource::Env(_) => text.as_str(),
            SecretSource::File(_) | SecretSource::Command(_) => process::without_line_end(&text),
        };
        if text.is_empty() {
            return Err(unavailable(name, "its value is empty"));
        }
        if text.len() > MOST_BYTES {
            return Err(unavailable(name, format!("its value has more than {MOST_BYTES} bytes")));
        }
        Ok(SecretValue(text.into()))
    }

    /// What a command prints. It is the user's own tool, so it gets the user's environment.
    async fn run(&self, name: &Name, arguments: &[Arc<str>]) -> Result<Vec<u8>, Failure> {
        let Some((program, rest)) = arguments.split_first() else {
            return Err(unavailable(name, "its command is empty"));
        };
        let mut command = tokio::process::Command::new(&**program);
        command.args(rest.iter().map(|argument| &**argument)).current_dir(&self.root);
        command.stdin(std::process::Stdio::null()).kill_on_drop(true);
        let output = tokio::time::timeout(COMMAND_TIMEOUT, command.output())
            .await
            .map_err(|_| unavailable(name, format!("`{program}` did not end within {COMMAND_TIMEOUT:?}")))?
            .map_err(|error| unavailable(name, format!("`{program}` cannot be started: {error}")))?;
        if !output.status.success() {
            // What it printed on standard output may be half of the secret, so only standard error is told.
            let said = String::from_utf8_lossy(&output.stderr);
            let failure = unavailable(name, format!("`{program}` ended with {}", output.status));
            return Err(failure.stderr_tail(Some(said.trim_end().to_owned())));
        }
        Ok(output.stdout)
    }
}

async fn read_file(path: &Path) -> std::io::Result<Vec<u8>> {
    use tokio::io::AsyncReadExt as _;
    let mut bytes = Vec::new();
    tokio::fs::File::open(path).await?.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

fn unavailable(name: &Name, why: impl fmt::Display) -> Failure {
    let message = format!("the secret `{}` is not available: {why}", name.short());
    Failure::new(ErrorClass::Auth, codes::R0131.as_str(), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(source: SecretSource) -> Program {
        Program { secrets: [(Name::new("main.key"), source)].into(), ..Program::default() }
    }

    async fn get(root: &Path, source: SecretSource) -> Result<SecretValue, Failure> {
        Secrets::new(root).get(&program(source), &Name::new("main.key")).await
    }

    #[tokio::test]
    async fn sources_give_the_value_without_its_line_end() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("key"), "from a file\n").unwrap();
        let value = get(folder.path(), SecretSource::File("key".into())).await.unwrap();
        assert_eq!(value.reveal(), "from a file");
        let words = ["printf", "%s\\n", "$(from) a command"].map(Arc::from);
        let value = get(folder.path(), SecretSource::Command(words.into())).await.unwrap();
        assert_eq!(value.reveal(), "$(from) a command");
        let value = get(folder.path(), SecretSource::Env("PATH".into())).await.unwrap();
        assert_eq!(value.reveal(), std::env::var("PATH").unwrap());
        assert_eq!(format!("{value:?}"), "***");
    }

    #[tokio::test]
    async fn what_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("empty"), "\n").unwrap();
        let cases = [
            (SecretSource::Env("FLOWC_NO_SUCH_VARIABLE".into()), "FLOWC_NO_SUCH_VARIABLE is not set"),
            (SecretSource::File("nowhere".into()), "nowhere cannot be read"),
            (SecretSource::File("empty".into()), "empty"),
            (SecretSource::Command(["no-such-program".into()].into()), "cannot be started"),
            (SecretSource::Command(["false".into()].into()), "ended with exit status: 1"),
        ];
        for (source, expected) in cases {
            let failure = get(folder.path(), source).await.unwrap_err();
            assert_eq!(failure.class, ErrorClass::Auth);
            assert!(failure.message.contains(expected), "{}", failure.message);
        }
    }
}
