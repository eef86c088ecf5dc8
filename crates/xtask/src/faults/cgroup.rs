//! A control group that bounds memory: of version 2 where the machine has it, else of version 1; or why there is none.
//!
//! Knows nothing of what runs in it. Tested by what uses it.

use anyhow::{Context, bail};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A group; it is removed with this value.
pub(super) struct Group {
    folder: PathBuf,
    version: u8,
}

impl Group {
    pub(super) fn new() -> anyhow::Result<Self> {
        let root = Path::new("/sys/fs/cgroup");
        let controllers = fs::read_to_string(root.join("cgroup.subtree_control")).unwrap_or_default();
        let name = format!("flowc-faults-{}", std::process::id());
        let (folder, version) = if controllers.split_whitespace().any(|name| name == "memory") {
            (root.join(name), 2)
        } else if root.join("memory/memory.limit_in_bytes").exists() {
            (root.join("memory").join(name), 1)
        } else {
            bail!("neither version of them bounds memory");
        };
        fs::create_dir(&folder).with_context(|| folder.display().to_string())?;
        Ok(Self { folder, version })
    }

    pub(super) fn version(&self) -> String {
        format!("version {}", self.version)
    }

    /// Bounds its memory from now on.
    pub(super) fn limit(&self, bytes: u64) -> anyhow::Result<()> {
        let file = self.folder.join(if self.version == 2 { "memory.max" } else { "memory.limit_in_bytes" });
        fs::write(&file, bytes.to_string()).with_context(|| file.display().to_string())
    }

    /// A shell script that runs its `$0` and `$@` in the group.
    pub(super) fn enter(&self) -> String {
        format!("echo $$ > '{}/cgroup.procs' && exec \"$0\" \"$@\"", self.folder.display())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // What was killed in it leaves it a moment later.
        for _ in 0..100 {
            if fs::remove_dir(&self.folder).is_ok() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}
