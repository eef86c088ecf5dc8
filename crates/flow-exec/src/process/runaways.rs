//! Processes that left their group, found by the marker in their environment.
//!
//! Only Linux shows environments without special rights; elsewhere nothing is found. A process that clears
//! its environment and leaves its group is not found either. Knows nothing of groups.

use rustix::process::Pid;
use std::{path::Path, time::Duration};

/// Ends every process with exactly this marker, which the first of them brought along that long ago.
pub(super) fn kill(marker: &Path, first: Pid, age: Duration) {
    #[cfg(target_os = "linux")]
    linux::kill_all(&linux::entry(marker), false, Some(first).filter(|_| age < linux::SHORT));
    #[cfg(not(target_os = "linux"))]
    let _ = (marker, first, age);
}

/// Ends every process whose marker is a path below this folder.
pub(super) fn kill_below(folder: &Path) {
    #[cfg(target_os = "linux")]
    linux::kill_all(&[linux::entry(folder), b"/".to_vec()].concat(), true, None);
    #[cfg(not(target_os = "linux"))]
    let _ = folder;
}

#[cfg(target_os = "linux")]
mod linux {
    //! By `/proc/PID/environ`.

    use crate::process::MARKER;
    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
    use std::{ops::RangeInclusive, os::unix::ffi::OsStrExt as _, path::Path, time::Duration};

    /// One that forks while being looked for is found in the next round.
    const ROUNDS: usize = 16;

    /// Rounds in which one is waited for that is just starting.
    const PAUSES: usize = 5;

    /// In so short a time the system does not come round to numbers again that it has given before.
    pub(super) const SHORT: Duration = Duration::from_millis(100);

    /// More numbers than this are not tried one by one.
    const TRIED: i32 = 256;

    /// What is known of a process.
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Found {
        Other,
        Marked,
        /// It is between two programs, and has no environment yet.
        Starting,
    }

    pub(super) fn entry(marker: &Path) -> Vec<u8> {
        [MARKER.as_bytes(), b"=", marker.as_os_str().as_bytes()].concat()
    }

    /// Numbers are given in turn: what a process started has a later one, if it started a `SHORT` time ago.
    pub(super) fn kill_all(wanted: &[u8], as_beginning: bool, first: Option<Pid>) {
        let is_marker = |variable: &[u8]| variable == wanted || (as_beginning && variable.starts_with(wanted));
        let mut pauses = 0;
        for _ in 0..ROUNDS {
            let (mut killed, mut starting) = (false, false);
            let later = first.and_then(later_than);
            let all = || later.is_none().then(processes).into_iter().flatten();
            for pid in later.iter().flat_map(|later| later.clone().filter_map(Pid::from_raw)).chain(all()) {
                match look(pid, &is_marker) {
                    Found::Other => {}
                    Found::Marked => killed |= kill_marked(pid, &is_marker),
                    Found::Starting => starting = true,
                }
            }
            if starting && pauses < PAUSES {
                pauses += 1;
                std::thread::sleep(Duration::from_millis(1));
            } else if !killed {
                return;
            }
        }
    }

    fn processes() -> impl Iterator<Item = Pid> {
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        entries.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?))
    }

    /// The numbers that were given after this one; none if there are many, or the system came round to the smallest.
    fn later_than(first: Pid) -> Option<RangeInclusive<i32>> {
        let load = std::fs::read_to_string("/proc/loadavg").ok()?;
        let last: i32 = load.split_whitespace().last()?.parse().ok()?;
        let first = first.as_raw_nonzero().get();
        (first..=first.saturating_add(TRIED)).contains(&last).then_some(first + 1..=last)
    }

    fn look(pid: Pid, is_marker: &dyn Fn(&[u8]) -> bool) -> Found {
        let file = |name| format!("/proc/{}/{name}", pid.as_raw_nonzero());
        match std::fs::read(file("environ")) {
            Ok(environment) if environment.is_empty() => {
                let status = std::fs::read_to_string(file("stat")).unwrap_or_default();
                if has_memory(&status) { Found::Starting } else { Found::Other }
            }
            Ok(environment) if environment.split(|byte| *byte == 0).any(is_marker) => Found::Marked,
            Ok(_) | Err(_) => Found::Other,
        }
    }

    /// Whether it is a program: neither dead nor a part of the system, which have none.
    fn has_memory(status: &str) -> bool {
        const SIZE: usize = 20;
        let fields = status.rsplit_once(") ").map(|(_, fields)| fields).unwrap_or_default();
        let mut fields = fields.split(' ');
        let state = fields.next().unwrap_or("X");
        !["Z", "X"].contains(&state) && fields.nth(SIZE - 1).is_some_and(|size| size != "0")
    }

    /// Looks again once the number is pinned: in between, it may have become another process's.
    fn kill_marked(pid: Pid, is_marker: &dyn Fn(&[u8]) -> bool) -> bool {
        pidfd_open(pid, PidfdFlags::empty()).is_ok_and(|pinned| {
            look(pid, is_marker) == Found::Marked && pidfd_send_signal(&pinned, Signal::KILL).is_ok()
        })
    }

    #[cfg(test)]
    mod tests {
        #[test]
        fn programs_have_memory_and_the_dead_have_none() {
            let own = std::fs::read_to_string("/proc/self/stat").unwrap();
            assert!(super::has_memory(&own), "{own}");
            let zombie = "7 (a) b) Z 1 7 7 0 -1 4227084 0 0 0 0 0 0 0 0 20 0 1 0 100 0 0 1";
            assert!(!super::has_memory(zombie));
            let of_the_system = zombie.replace(" Z ", " S ");
            assert!(!super::has_memory(&of_the_system));
            assert!(!super::has_memory(""));
        }
    }
}
