//! PostgreSQL for tests: `initdb` in a folder, loopback only, a password, an unprivileged user.
//!
//! Durability is switched off, since nothing here is to be kept. The server refuses to run as root, so
//! root runs it as `postgres` (or `nobody`); when that user cannot reach the target folder (a home of
//! mode 0700), the data lie in the folder for temporary files. Tested by `.ci/run`, twice in a row.

use super::Running;
use anyhow::{Context, bail};
use std::{
    fs,
    io::Read,
    net::TcpListener,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The variable that holds the URL.
const VARIABLE: &str = "FLOWC_TEST_POSTGRES";

/// Enough for tests that run side by side, small enough for a laptop.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 60
shared_buffers = 32MB
fsync = off
synchronous_commit = off
full_page_writes = off
";

/// Starts the server unless it runs.
pub(super) fn up(wanted: &Path) -> anyhow::Result<Running> {
    let programs = programs().or_else(|| install().then(programs).flatten()).context(
        "PostgreSQL is not installed; as root: `apt-get install postgresql` (or run this as root, which does it)",
    )?;
    let cluster = Cluster::at(wanted, programs)?;
    if !cluster.data().join("PG_VERSION").exists() {
        cluster.create()?;
    }
    if !cluster.is_running()? {
        cluster.start()?;
    }
    Ok(Running { variable: VARIABLE, url: cluster.url()? })
}

/// Stops the server if it runs.
pub(super) fn down(wanted: &Path) -> anyhow::Result<()> {
    let Some(programs) = programs() else { return Ok(()) };
    let cluster = Cluster::at(wanted, programs)?;
    if cluster.data().join("PG_VERSION").exists() && cluster.is_running()? {
        cluster.control(&["stop", "-m", "fast", "-w"])?;
    }
    Ok(())
}

/// The folder of the newest installed version's programs.
fn programs() -> Option<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, bin)| bin.join("initdb").exists())
        .collect();
    found.sort();
    found.pop().map(|(_, bin)| bin).or_else(|| {
        let output = Command::new("pg_config").arg("--bindir").output().ok()?;
        let bin = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
        bin.join("initdb").exists().then_some(bin)
    })
}

/// Installs Debian's package, which only root can; whether that worked.
fn install() -> bool {
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
        // What this prints is for people; stdout is for the line to `eval`.
        command.stdout(std::io::stderr()).status().is_ok_and(|status| status.success())
    };
    let package = ["install", "-y", "-qq", "--no-install-recommends", "postgresql"];
    is_root() && (apt(&package) || (apt(&["update", "-qq"]) && apt(&package)))
}

fn is_root() -> bool {
    Path::new("/proc/self").metadata().is_ok_and(|own| own.uid() == 0)
}

/// An unprivileged account.
#[derive(Clone, Copy)]
struct Account {
    user: u32,
    group: u32,
}

impl Account {
    /// The first of these names that the system knows.
    fn find(names: &[&str]) -> Option<Self> {
        let accounts = fs::read_to_string("/etc/passwd").ok()?;
        names.iter().find_map(|name| {
            let line = accounts.lines().find(|line| line.split(':').next() == Some(name))?;
            let fields: Vec<&str> = line.split(':').collect();
            Some(Self { user: fields.get(2)?.parse().ok()?, group: fields.get(3)?.parse().ok()? })
        })
    }

    /// A command that runs a program as this account.
    fn command(self, program: &Path) -> Command {
        let mut command = Command::new("setpriv");
        command.arg(format!("--reuid={}", self.user)).arg(format!("--regid={}", self.group));
        command.arg("--clear-groups").arg("--").arg(program);
        command
    }

    /// Whether the account can enter the folder.
    fn reaches(self, folder: &Path) -> bool {
        self.command(Path::new("test")).arg("-x").arg(folder).status().is_ok_and(|status| status.success())
    }
}

/// A server's files and how to command it.
struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    account: Option<Account>,
}

impl Cluster {
    fn at(wanted: &Path, programs: PathBuf) -> anyhow::Result<Self> {
        fs::create_dir_all(wanted).with_context(|| format!("{} cannot be made", wanted.display()))?;
        let mut folder = wanted.canonicalize()?;
        let mut account = None;
        if is_root() {
            let found = Account::find(&["postgres", "nobody"]).context("there is no account `postgres` or `nobody`")?;
            if !found.reaches(&folder) {
                folder = std::env::temp_dir().join(format!("flowc-servers-{:016x}", fingerprint(&folder)));
                fs::create_dir_all(&folder)?;
                let owner = folder.symlink_metadata()?;
                // Anybody may make a link or folder of that name first.
                if !owner.is_dir() || ![0, found.user].contains(&owner.uid()) {
                    bail!("{} is somebody else's", folder.display());
                }
            }
            chown(&folder, Some(found.user), Some(found.group))?;
            account = Some(found);
        }
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
        Ok(Self { folder, programs, account })
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = self.account.map_or_else(|| Command::new(&program), |account| account.command(&program));
        // The server must not hold on to the terminal, nor to the pipe of `eval "$(…)"`.
        command.current_dir(&self.folder).stdin(Stdio::null()).env("LC_ALL", "C.UTF-8");
        command
    }

    /// A new password, a new cluster that only it opens.
    fn create(&self) -> anyhow::Result<()> {
        let mut random = [0_u8; 16];
        fs::File::open("/dev/urandom")?.read_exact(&mut random)?;
        let password: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let file = self.folder.join("password");
        fs::write(&file, &password)?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
        if let Some(account) = self.account {
            chown(&file, Some(account.user), Some(account.group))?;
        }
        let mut initdb = self.command("initdb");
        initdb.arg("--pgdata").arg(self.data()).arg("--pwfile").arg(&file);
        initdb.args(["--username=flowc", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]);
        finish(initdb)?;
        let configuration = self.data().join("postgresql.conf");
        let text = fs::read_to_string(&configuration)? + SETTINGS;
        fs::write(&configuration, text)?;
        Ok(())
    }

    fn is_running(&self) -> anyhow::Result<bool> {
        let mut status = self.command("pg_ctl");
        status.args(["status", "--pgdata"]).arg(self.data());
        Ok(status.output().context("pg_ctl cannot be started")?.status.success())
    }

    /// Starts on the port of last time if it is free, else on any.
    fn start(&self) -> anyhow::Result<()> {
        let last = self.port().unwrap_or(0);
        let listener = TcpListener::bind(("127.0.0.1", last)).or_else(|_| TcpListener::bind(("127.0.0.1", 0)))?;
        let port = listener.local_addr()?.port();
        drop(listener);
        fs::write(self.folder.join("port"), port.to_string())?;
        let log = self.folder.join("log");
        let log = log.to_str().context("the target folder's path is not UTF-8")?;
        self.control(&["start", "-w", "-l", log, "-o", &format!("-p {port}")]).with_context(|| {
            let said = fs::read_to_string(log).unwrap_or_default();
            let tail: Vec<&str> = said.lines().rev().take(5).collect();
            format!("the server said:\n{}", tail.into_iter().rev().collect::<Vec<_>>().join("\n"))
        })
    }

    fn control(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let mut command = self.command("pg_ctl");
        command.args(arguments).arg("--pgdata").arg(self.data()).stdout(Stdio::null()).stderr(Stdio::null());
        let status = command.status().context("pg_ctl cannot be started")?;
        if !status.success() {
            bail!("`pg_ctl {}` ended with {status}", arguments[0]);
        }
        Ok(())
    }

    fn port(&self) -> Option<u16> {
        fs::read_to_string(self.folder.join("port")).ok()?.trim().parse().ok()
    }

    fn url(&self) -> anyhow::Result<String> {
        let port = self.port().context("the server's port is not on record; `cargo xtask down postgres` first")?;
        let password = fs::read_to_string(self.folder.join("password"))?;
        Ok(format!("postgres://flowc:{}@127.0.0.1:{port}/postgres", password.trim()))
    }
}

fn finish(mut command: Command) -> anyhow::Result<()> {
    let output = command.output().with_context(|| format!("{:?} cannot be started", command.get_program()))?;
    if !output.status.success() {
        bail!("{:?} ended with {}:\n{}", command.get_program(), output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// A short name for a path, the same every time.
fn fingerprint(path: &Path) -> u64 {
    // FNV-1a: the standard library promises no stable hash.
    path.as_os_str()
        .as_encoded_bytes()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}
