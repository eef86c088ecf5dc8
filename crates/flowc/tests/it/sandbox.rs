//! A folder with a project, and flowc in it.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _},
        process::CommandExt as _,
    },
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
        // What is proved is proved over the calendar of a year.
        command.env("FLOW_YEAR", "2026");
        // What tells others of runs: no test's business but those that set it.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("OTEL_") || text.starts_with("OPENLINEAGE_") || text == "TRACEPARENT" {
                command.env_remove(&name);
            }
        }
        command
    }

    /// Nobody but root may read the file from now on.
    pub(crate) fn forbid(&self, path: &str) {
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(0o000)).unwrap();
    }

    /// Anybody may make files in the folder from now on.
    pub(crate) fn open_to_all(&self) {
        fs::set_permissions(self.path("."), fs::Permissions::from_mode(0o777)).unwrap();
    }

    /// Nobody but root may make files in the folder from now on.
    pub(crate) fn close(&self) {
        fs::set_permissions(self.path("."), fs::Permissions::from_mode(0o555)).unwrap();
    }

    /// The owner may make files in the folder again.
    pub(crate) fn reopen(&self) {
        fs::set_permissions(self.path("."), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Whether the tests run as root, whom permissions do not bind.
    pub(crate) fn is_root(&self) -> bool {
        fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
    }

    /// As `flowc`, but as a user who is not root and owns nothing here, if the tests run as root.
    pub(crate) fn flowc_as_nobody(&self, arguments: &[&str]) -> Said {
        let mut command = self.command(arguments);
        if self.is_root() {
            // Temporary folders are closed to others, and so may be what stands above the binary.
            let mode = fs::metadata(self.path(".")).unwrap().permissions().mode() | 0o055;
            fs::set_permissions(self.path("."), fs::Permissions::from_mode(mode)).unwrap();
            let binary = self.folder.path().join(".flowc");
            if fs::hard_link(FLOWC, &binary).is_err() && !binary.exists() {
                fs::copy(FLOWC, &binary).unwrap();
            }
            let mut as_nobody = Command::new(&binary);
            as_nobody.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null()).uid(65534).gid(65534);
            command = as_nobody;
        }
        said(command.output().unwrap())
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
