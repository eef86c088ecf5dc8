//! Where a project's service listens, for other commands of the same user: `.flow/server.json`, which nobody else may read.

#![expect(clippy::disallowed_methods, reason = "this is where files are looked at")]

use crate::{exit::Failure, project::Project};
use flow_store::{Layout, LockHolder, SCHEDULER};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// How a service is spoken to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Address {
    /// `http://127.0.0.1:4650`.
    pub(crate) url: String,
    /// Good for everything.
    pub(crate) token: String,
    /// What the project is called there.
    pub(crate) project: String,
    /// The process.
    pub(crate) pid: u32,
}

/// An address that is there for as long as the value lives.
#[derive(Debug)]
pub(crate) struct Published {
    path: PathBuf,
    pid: u32,
}

impl Address {
    fn path(root: &Path) -> PathBuf {
        root.join(".flow").join("server.json")
    }

    /// The service of a project, if it is there: what was killed has not said goodbye.
    pub(crate) fn of(project: &Project) -> Option<Self> {
        let address = Self::read(&Self::path(&project.root))?;
        let holder = LockHolder::now(&Layout::new(&project.root)).ok()??;
        (&*holder.run == SCHEDULER && holder.pid == address.pid).then_some(address)
    }

    fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    /// Says where the service of a project is.
    pub(crate) fn publish(&self, project: &Project) -> Result<Published, Failure> {
        let path = Self::path(&project.root);
        let beside = path.with_extension(format!("{}.tmp", self.pid));
        let write = || -> std::io::Result<()> {
            fs::create_dir_all(project.root.join(".flow"))?;
            let _ = fs::remove_file(&beside);
            let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
            file.write_all(serde_json::to_string(self).unwrap_or_default().as_bytes())?;
            fs::rename(&beside, &path)
        };
        write().map_err(|error| Failure::io("writing", &path, &error))?;
        Ok(Published { path, pid: self.pid })
    }
}

impl Drop for Published {
    fn drop(&mut self) {
        // Another service may have the project by now.
        if Address::read(&self.path).is_some_and(|address| address.pid == self.pid) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A new token: 256 bits of the system's randomness, in hex.
pub(crate) fn secret() -> Result<String, Failure> {
    let path = Path::new("/dev/urandom");
    let mut bytes = [0u8; 32];
    let read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut bytes));
    read.map_err(|error| Failure::io("reading", path, &error))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
