//! A folder with a project, and flowc in it.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

/// The binary under test.
pub(crate) const FLOWC: &str = env!("CARGO_BIN_EXE_flowc");

/// A folder that is removed at the end.
pub(crate) struct Sandbox {
    folder: tempfile::TempDir,
}

/// What flowc said and how it ended.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Sandbox {
    /// An empty folder.
    pub(crate) fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// What `flowc new` makes.
    pub(crate) fn new_project() -> Self {
        let sandbox = Self::empty();
        sandbox.flowc(&["new", "--name", "shop"]).ends(0);
        sandbox
    }

    /// A project of one file, `main.flow`.
    pub(crate) fn program(text: &str) -> Self {
        let sandbox = Self::empty();
        sandbox.write("flow.toml", "name = \"test\"\nedition = \"2026\"\n");
        sandbox.write("main.flow", text);
        sandbox
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Replaces one text in a file.
    pub(crate) fn change(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{path} does not hold {from:?}:\n{text}");
        self.write(path, text.replacen(from, to, 1));
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(FLOWC);
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        for name in ["NO_COLOR", "FLOW_PROFILE", "COLUMNS"] {
            command.env_remove(name);
        }
        command
    }

    pub(crate) fn flowc(&self, arguments: &[&str]) -> Said {
        said(self.command(arguments).output().unwrap())
    }
}

pub(crate) fn said(output: Output) -> Said {
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Said {
    /// Fails unless it ended so.
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "\n--- out\n{}\n--- err\n{}", self.out, self.err);
        self
    }

    /// Fails unless standard error holds the text.
    pub(crate) fn tells(self, text: &str) -> Self {
        assert!(self.err.contains(text), "{text:?} is not in\n{}", self.err);
        self
    }

    /// Fails unless standard output holds the text.
    pub(crate) fn gives(self, text: &str) -> Self {
        assert!(self.out.contains(text), "{text:?} is not in\n{}", self.out);
        self
    }
}
