//! Restate: its server and a service of ours, up for as long as a value lives.
//!
//! What is timed is one call of a handler, made and timed by a client in Node; server and service are already up.

use super::{
    Place,
    pairs::{Side, Stepped},
};
use anyhow::{Context, bail};
use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// A running server with our handlers.
pub(super) struct Restate {
    script: PathBuf,
    ingress: u16,
    // Ended when dropped.
    _processes: [Process; 2],
}

/// A process that ends with this value.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Restate {
    /// Installs what is missing, starts server and service, and has the one know the other.
    pub(super) fn start(place: &Place) -> anyhow::Result<Self> {
        let installed = place.tools.restate()?;
        // Beside the SDK, where Node finds it.
        let script = installed.join("restate.mjs");
        fs::write(&script, include_str!("peers/restate.mjs"))?;
        let folder = place.empty("peer-restate")?;
        let [ingress, admin, node, service] = free_ports()?;
        let port = |name: &str, port: u16| (format!("RESTATE_{name}"), port.to_string());
        let log = |name: &str| fs::File::create(folder.join(name));
        let server = Command::new(server(&installed)?)
            .args(["--no-logo", "--bind-ip", "127.0.0.1", "--listen-mode", "tcp", "--base-dir"])
            .arg(folder.join("data"))
            .envs([port("INGRESS__BIND_PORT", ingress), port("ADMIN__BIND_PORT", admin), port("BIND_PORT", node)])
            .env("DO_NOT_TRACK", "1")
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(log("server.log")?)
            .stderr(log("server.err")?)
            .spawn()
            .map(Process)
            .context("starting restate-server")?;
        let handlers = Command::new("node")
            .arg(&script)
            .args(["serve", &service.to_string()])
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(log("service.log")?)
            .stderr(log("service.err")?)
            .spawn()
            .map(Process)
            .context("starting node")?;
        register(&script, admin, service)?;
        Ok(Self { script, ingress, _processes: [server, handlers] })
    }

    /// Calls of a handler, `chain` or `fan`, with one and with many steps.
    pub(super) fn runs(&self, handler: &str, steps: usize) -> anyhow::Result<Stepped> {
        let (script, ingress) = (self.script.to_string_lossy(), format!("http://127.0.0.1:{}", self.ingress));
        Stepped::new(steps, |steps| {
            let command = ["node", &*script, "call", &*ingress, handler, &steps.to_string()].map(str::to_owned);
            Ok(Side::program("restate", &command).telling_time())
        })
    }
}

/// The server itself: what npm puts on the path is a launcher, whose end would leave the server running.
fn server(installed: &Path) -> anyhow::Result<PathBuf> {
    let packages = fs::read_dir(installed.join("node_modules/@restatedev"))?;
    let mut programs = packages.filter_map(|package| Some(package.ok()?.path().join("bin/restate-server")));
    programs.find(|program| program.exists()).context("npm has no server for this machine")
}

/// Tells the server where the service is; the client waits until both are up.
fn register(script: &Path, admin: u16, service: u16) -> anyhow::Result<()> {
    let (admin, service) = (format!("http://127.0.0.1:{admin}"), format!("http://127.0.0.1:{service}"));
    let output = Command::new("node").arg(script).args(["register", &admin, &service]).output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("the service cannot be registered: {}", said.trim_end().lines().last().unwrap_or_default());
    }
    Ok(())
}

/// Ports that nobody listens on.
fn free_ports<const N: usize>() -> anyhow::Result<[u16; N]> {
    let mut ports = [0; N];
    // All are held until all are known, so that they differ.
    let mut held = Vec::with_capacity(N);
    for port in &mut ports {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}

#[cfg(test)]
mod tests {
    #[test]
    fn free_ports_differ() {
        let [a, b, c] = super::free_ports().unwrap();
        assert!(a != 0 && a != b && b != c && a != c);
    }
}
