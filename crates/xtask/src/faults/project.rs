//! A project in a temporary folder, and the built program in it: started, waited for within bounds, killed.
//!
//! What the program says goes to files, so that it never waits for a reader. Its environment is the same on every
//! machine. Knows no fault and no program. Tested by what uses it.

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;
use std::{
    fs,
    fs::File,
    os::unix::{
        fs::PermissionsExt as _,
        process::{CommandExt as _, ExitStatusExt as _},
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Longer than anything takes here by far: what is not over by then hangs.
const HANGS: Duration = Duration::from_secs(120);

/// The variable that marks everything that an attempt starts; its value is below the project's folder.
const MARKER: &[u8] = b"FLOW_SCRATCH=";

/// A project; its folder is removed with this value.
pub(super) struct Project {
    program: PathBuf,
    folder: tempfile::TempDir,
    limit: Duration,
}

/// What the program said and how it ended.
#[derive(Debug)]
pub(super) struct Said {
    /// Its exit code; none if a signal ended it.
    pub(super) code: Option<i32>,
    /// The signal that ended it.
    pub(super) signal: Option<i32>,
    pub(super) out: String,
    pub(super) err: String,
    /// The most memory that it had, in KiB, as far as was seen.
    pub(super) peak_kib: u64,
}

/// A program that was started.
pub(super) struct Running {
    child: Child,
    out: PathBuf,
    err: PathBuf,
    peak_kib: u64,
}

impl Project {
    /// A project of one file.
    pub(super) fn new(program: &Path, text: &str) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("flowc-faults-").tempdir()?;
        let project = Self { program: program.to_owned(), folder, limit: HANGS };
        fs::create_dir(project.root())?;
        fs::create_dir(project.said())?;
        project.write("flow.toml", "name = \"faults\"\nedition = \"2026\"\n")?;
        project.write("main.flow", text)?;
        Ok(project)
    }

    /// As it is, but what takes longer than this hangs.
    pub(super) fn with_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Where the project is.
    pub(super) fn root(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// A folder beside the project.
    pub(super) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn said(&self) -> PathBuf {
        self.beside("said")
    }

    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    pub(super) fn write(&self, path: &str, content: &str) -> anyhow::Result<()> {
        let path = self.path(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, content).with_context(|| path.display().to_string())
    }

    /// The text of a file; empty if there is none.
    pub(super) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_default()
    }

    /// After an error the folder stays, to be looked at, and the error names it.
    pub(super) fn kept_after<T>(&mut self, result: anyhow::Result<T>) -> anyhow::Result<T> {
        result.map_err(|error| {
            self.folder.disable_cleanup(true);
            error.context(format!("the project is kept in {}", self.root().display()))
        })
    }

    /// The program with arguments.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        self.wrapped(&[], arguments)
    }

    /// The program with arguments, started by another one, such as a tracer.
    pub(super) fn wrapped(&self, by: &[&str], arguments: &[&str]) -> Command {
        let program = self.program.to_string_lossy().into_owned();
        let mut words = by.iter().copied().chain([&*program]).chain(arguments.iter().copied());
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).current_dir(self.root()).stdin(Stdio::null()).process_group(0);
        command.env_clear().env("FLOW_YEAR", "2026").env("USER", "ada").env("LANG", "C.UTF-8");
        for name in ["PATH", "HOME", "TMPDIR"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
    }

    /// Starts a command in a process group of its own.
    pub(super) fn start(&self, mut command: Command) -> anyhow::Result<Running> {
        let number = fs::read_dir(self.said())?.count();
        let [out, err] = ["out", "err"].map(|name| self.said().join(format!("{number}.{name}")));
        let child = command.stdout(File::create(&out)?).stderr(File::create(&err)?).spawn();
        let child = child.with_context(|| format!("{:?} cannot be started", command.get_program()))?;
        Ok(Running { child, out, err, peak_kib: 0 })
    }

    /// Runs flowc to its end.
    pub(super) fn flowc(&self, arguments: &[&str]) -> anyhow::Result<Said> {
        self.finish(self.command(arguments)).with_context(|| format!("flowc {}", arguments.join(" ")))
    }

    /// Runs a command to its end.
    pub(super) fn finish(&self, command: Command) -> anyhow::Result<Said> {
        self.start(command)?.wait(self.limit)
    }

    /// Runs flowc and expects an exit code.
    pub(super) fn ends(&self, code: i32, arguments: &[&str]) -> anyhow::Result<Said> {
        let said = self.flowc(arguments)?;
        if said.code != Some(code) {
            bail!("`flowc {}` was to end with {code}:\n{said}", arguments.join(" "));
        }
        Ok(said)
    }

    /// Gives all files to a user, and lets everybody find the way to them and to the program.
    pub(super) fn give_to(&self, user: u32) -> anyhow::Result<()> {
        fs::set_permissions(self.folder.path(), fs::Permissions::from_mode(0o755))?;
        let mut open = vec![self.root()];
        while let Some(path) = open.pop() {
            std::os::unix::fs::lchown(&path, Some(user), Some(user))?;
            if path.is_dir() {
                open.extend(fs::read_dir(&path)?.flatten().map(|entry| entry.path()));
            }
        }
        Ok(())
    }

    /// What `flowc show` tells of a run, as data.
    pub(super) fn show(&self, run: &str) -> anyhow::Result<Value> {
        let said = self.ends(0, &["show", run, "--format", "json"])?;
        let mut shown: Value = serde_json::from_str(&said.out).with_context(|| said.to_string())?;
        Ok(shown["run"].take())
    }

    /// What attempts started and nobody has ended.
    pub(super) fn leftovers(&self) -> Vec<Pid> {
        let mut marker = MARKER.to_vec();
        // The program may name the folder by another way to it.
        let root = self.root().canonicalize().unwrap_or_else(|_| self.root());
        marker.extend(root.to_string_lossy().bytes());
        let is_ours = |pid: &Pid| {
            let environment = fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero())).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable.starts_with(&marker))
        };
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?));
        pids.filter(is_ours).collect()
    }

    /// Ends what attempts left running, as the end of the machine does.
    pub(super) fn kill_leftovers(&self) {
        for _ in 0..50 {
            let left = self.leftovers();
            if left.is_empty() {
                return;
            }
            for pid in left {
                let _ = kill_process(pid, Signal::KILL);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        self.kill_leftovers();
    }
}

impl Running {
    /// Its number.
    pub(super) fn pid(&self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.child.id()).ok()?)
    }

    /// Whether it goes on.
    pub(super) fn is_running(&mut self) -> anyhow::Result<bool> {
        let memory = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let peak = memory.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|text| text.trim().strip_suffix("kB")?.trim().parse().ok());
        self.peak_kib = self.peak_kib.max(peak.unwrap_or(0));
        Ok(self.child.try_wait()?.is_none())
    }

    /// Sends a signal to it and to what is in its group.
    pub(super) fn signal(&self, signal: Signal) {
        if let Some(pid) = self.pid() {
            let _ = kill_process_group(pid, signal);
        }
    }

    /// Waits until something is so, or the program has ended.
    pub(super) fn until(&mut self, mut is_so: impl FnMut() -> bool) -> anyhow::Result<bool> {
        let begin = Instant::now();
        while !is_so() {
            if !self.is_running()? {
                return Ok(is_so());
            }
            if begin.elapsed() > HANGS {
                self.signal(Signal::KILL);
                bail!("waited in vain; until then it said:\n{}", self.said()?);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(true)
    }

    /// Waits until it has ended. What does not end is killed, and an error.
    pub(super) fn wait(mut self, limit: Duration) -> anyhow::Result<Said> {
        let begin = Instant::now();
        let mut pause = Duration::from_millis(1);
        while self.is_running()? {
            if begin.elapsed() > limit {
                self.signal(Signal::KILL);
                let said = self.said()?;
                bail!("it hangs: not over after {} s\n{said}", limit.as_secs());
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        }
        self.said()
    }

    /// Kills it, with what is in its group; what it had said.
    pub(super) fn kill(mut self) -> anyhow::Result<Said> {
        self.signal(Signal::KILL);
        self.said()
    }

    fn said(&mut self) -> anyhow::Result<Said> {
        let status = self.child.wait()?;
        let text = |path: &Path| fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Ok(Said {
            code: status.code(),
            signal: status.signal(),
            out: text(&self.out)?,
            err: text(&self.err)?,
            peak_kib: self.peak_kib,
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            self.signal(Signal::CONT);
            self.signal(Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

impl Said {
    /// Whether the program itself went wrong, whatever it was told to do.
    pub(super) fn is_sound(&self) -> anyhow::Result<()> {
        if self.err.contains("panicked at") {
            bail!("it panicked:\n{self}");
        }
        match self.signal {
            Some(signal) => bail!("signal {signal} ended it:\n{self}"),
            None => Ok(()),
        }
    }
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        /// Longest text that is shown of what a program said.
        const MOST: usize = 4000;
        let end = |text: &str| {
            let from = text.char_indices().rev().nth(MOST).map_or(0, |(at, _)| at);
            text[from..].to_owned()
        };
        write!(f, "code {:?}, signal {:?}\n{}\n{}", self.code, self.signal, end(&self.out), end(&self.err))
    }
}
