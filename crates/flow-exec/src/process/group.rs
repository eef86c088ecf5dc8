//! A process group: ended whole, together with what ran away from it.
//!
//! The leader is left unreaped until its group is gone: as long as it is a zombie, its number, which is
//! the group's, cannot belong to anybody else. A process that leaves the group (`setsid`) still carries
//! the attempt's marker in its environment; on Linux it is found by that. Knows nothing of output.

use super::runaways;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use tokio::signal::unix::{SignalKind, signal};

/// A child's end is told by a signal. Should one be lost, the end is seen then.
const LOOKS_AGAIN: Duration = Duration::from_millis(500);

/// The variable that marks everything that an attempt starts; its value is the attempt's own folder.
pub(crate) const MARKER: &str = "FLOW_SCRATCH";

/// A running group. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Group {
    leader: Pid,
    marker: PathBuf,
    started: Instant,
    ended: bool,
}

impl Group {
    /// The group of a leader that was just started with the marker in its environment.
    pub(crate) fn new(leader: u32, marker: &Path) -> Option<Self> {
        let leader = Pid::from_raw(i32::try_from(leader).ok()?)?;
        Some(Self { leader, marker: marker.to_owned(), started: Instant::now(), ended: false })
    }

    /// Ends when the leader has, without reaping it.
    pub(crate) async fn leader_ended(&self) {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        // Listened to before it is looked, so that no end is missed. No thread waits: there may be many groups.
        let mut children = signal(SignalKind::child()).ok();
        loop {
            match waitid(WaitId::Pid(self.leader), options) {
                Ok(None) | Err(rustix::io::Errno::INTR) => {}
                // No such child: it is gone.
                Ok(Some(_)) | Err(_) => return,
            }
            match &mut children {
                Some(children) => drop(tokio::time::timeout(LOOKS_AGAIN, children.recv()).await),
                None => tokio::time::sleep(LOOKS_AGAIN / 50).await,
            }
        }
    }

    /// Asks every process to end.
    pub(crate) fn terminate(&self) {
        let _ = kill_process_group(self.leader, Signal::TERM);
    }

    /// Ends every process, also those that left the group. Must be called before the leader is reaped.
    pub(crate) fn kill(&mut self) {
        self.ended = true;
        let _ = kill_process_group(self.leader, Signal::KILL);
        runaways::kill(&self.marker, self.leader, self.started.elapsed());
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.ended {
            self.kill();
        }
    }
}

/// Ends what attempts left running whose own folders were in this one: their runtime was killed, so nobody
/// ended them. Only for who knows that no attempt there is alive any more.
pub fn end_leftovers(folder: &Path) {
    runaways::kill_below(folder);
}

/// Asks another flowc to end, as Ctrl-C in its terminal does. Only for who knows that it is one, as by the lock that it holds.
///
/// # Errors
/// There is no such process, or it belongs to somebody else.
pub fn interrupt(process: u32) -> std::io::Result<()> {
    let process = i32::try_from(process).ok().and_then(Pid::from_raw);
    let process = process.ok_or_else(|| std::io::Error::from(std::io::ErrorKind::NotFound))?;
    Ok(rustix::process::kill_process(process, Signal::INT)?)
}
