//! A process group: ended whole, together with what ran away from it.
//!
//! The leader is left unreaped until its group is gone: as long as it is a zombie, its number, which is
//! the group's, cannot belong to anybody else. A process that leaves the group (`setsid`) still carries
//! the attempt's marker in its environment; on Linux it is found by that. Knows nothing of output.

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use std::path::{Path, PathBuf};

/// The variable that marks everything that an attempt starts; its value is the attempt's own folder.
pub(crate) const MARKER: &str = "FLOW_SCRATCH";

/// A running group. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Group {
    leader: Pid,
    marker: PathBuf,
    ended: bool,
}

impl Group {
    /// The group of a leader that was just started with the marker in its environment.
    pub(crate) fn new(leader: u32, marker: &Path) -> Option<Self> {
        let leader = Pid::from_raw(i32::try_from(leader).ok()?)?;
        Some(Self { leader, marker: marker.to_owned(), ended: false })
    }

    /// Ends when the leader has, without reaping it.
    pub(crate) async fn leader_ended(&self) {
        let leader = self.leader;
        let wait = move || loop {
            match waitid(WaitId::Pid(leader), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
                Err(rustix::io::Errno::INTR) => {}
                // No such child: it is gone.
                Ok(_) | Err(_) => return,
            }
        };
        // A cancelled wait goes on in its thread until the group is ended, which dropping it does.
        let _ = tokio::task::spawn_blocking(wait).await;
    }

    /// Asks every process to end.
    pub(crate) fn terminate(&self) {
        let _ = kill_process_group(self.leader, Signal::TERM);
    }

    /// Ends every process, also those that left the group. Must be called before the leader is reaped.
    pub(crate) fn kill(&mut self) {
        self.ended = true;
        let _ = kill_process_group(self.leader, Signal::KILL);
        runaways::kill(&self.marker);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.ended {
            self.kill();
        }
    }
}

#[cfg(target_os = "linux")]
mod runaways {
    //! Processes that left the group, by the marker in `/proc/PID/environ`.

    use super::MARKER;
    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
    use std::{os::unix::ffi::OsStrExt as _, path::Path};

    /// One that forks while being looked for is found in the next round.
    const ROUNDS: usize = 16;

    pub(super) fn kill(marker: &Path) {
        let mut entry = format!("{MARKER}=").into_bytes();
        entry.extend_from_slice(marker.as_os_str().as_bytes());
        for _ in 0..ROUNDS {
            let marked = processes().filter(|pid| is_marked(*pid, &entry));
            if marked.map(|pid| kill_marked(pid, &entry)).filter(|killed| *killed).count() == 0 {
                return;
            }
        }
    }

    fn processes() -> impl Iterator<Item = Pid> {
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        entries.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?))
    }

    /// Zombies have no environment any more, so what was killed is not found again.
    fn is_marked(pid: Pid, entry: &[u8]) -> bool {
        std::fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero()))
            .is_ok_and(|environment| environment.split(|byte| *byte == 0).any(|variable| variable == entry))
    }

    /// Looks again once the number is pinned: in between, it may have become another process's.
    fn kill_marked(pid: Pid, entry: &[u8]) -> bool {
        pidfd_open(pid, PidfdFlags::empty())
            .is_ok_and(|pinned| is_marked(pid, entry) && pidfd_send_signal(&pinned, Signal::KILL).is_ok())
    }
}

#[cfg(not(target_os = "linux"))]
mod runaways {
    //! Other systems have no way to find them without special rights.

    pub(super) fn kill(_: &std::path::Path) {}
}
