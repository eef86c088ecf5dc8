//! Files that appear whole or not at all, hashes of files, and what the system says when it refuses.

use flow_diag::codes;
use flow_plan::{ErrorClass, Failure};
use std::{
    fs::File,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;

/// A file in the making, in the folder where it will be; gone if it is not published.
pub(crate) struct StagedFile {
    temporary: NamedTempFile,
    target: PathBuf,
}

impl StagedFile {
    /// Begins a file that will be at `target`. Folders on the way are made.
    pub(crate) fn new(target: &Path) -> Result<Self, Failure> {
        let failed = |error: io::Error| write_failure(target, &error);
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        make_durably(folder).map_err(failed)?;
        if target.is_dir() {
            return Err(write_failure(target, &io::Error::from(io::ErrorKind::IsADirectory)));
        }
        let temporary =
            tempfile::Builder::new().prefix(".flow-").suffix(".part").tempfile_in(folder).map_err(failed)?;
        Ok(Self { temporary, target: target.to_owned() })
    }

    pub(crate) fn file(&mut self) -> &mut File {
        self.temporary.as_file_mut()
    }

    /// Another handle on the same file, for writers that own theirs.
    pub(crate) fn handle(&self) -> Result<File, Failure> {
        self.temporary.reopen().map_err(|error| write_failure(&self.target, &error))
    }

    /// Makes it durable, then visible, in one step. Readers see the old file or this one.
    pub(crate) fn publish(self) -> Result<(), Failure> {
        let target = self.target.clone();
        self.publish_inner().map_err(|error| write_failure(&target, &error))
    }

    /// As [`Self::publish`], at another place of the same file system.
    pub(crate) fn publish_as(mut self, target: &Path) -> Result<(), Failure> {
        if let Some(folder) = target.parent() {
            make_durably(folder).map_err(|error| write_failure(target, &error))?;
        }
        self.target = target.to_owned();
        self.publish()
    }

    fn publish_inner(self) -> io::Result<()> {
        self.temporary.as_file().sync_all()?;
        permissions(self.temporary.as_file(), &self.target)?;
        self.temporary.persist(&self.target).map_err(|error| error.error)?;
        if let Some(folder) = self.target.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }
}

/// A folder with all above it. The name of each new one is synced, as a disk may keep names one by one.
fn make_durably(folder: &Path) -> io::Result<()> {
    let new: Vec<&Path> = folder.ancestors().take_while(|above| !above.exists()).collect();
    std::fs::create_dir_all(folder)?;
    for above in new.iter().rev().filter_map(|made| made.parent()) {
        let above = if above.as_os_str().is_empty() { Path::new(".") } else { above };
        File::open(above)?.sync_all()?;
    }
    Ok(())
}

/// Temporary files are private; published ones are as those that any program makes, or as the old one was.
#[cfg(unix)]
fn permissions(file: &File, target: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(target).map_or(0o644, |old| old.permissions().mode() & 0o777);
    file.set_permissions(std::fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn permissions(_: &File, _: &Path) -> io::Result<()> {
    Ok(())
}

/// BLAKE3 (hex) of a file's bytes, and how many there are.
pub(crate) fn hash_file(path: &Path) -> Result<(String, u64), Failure> {
    let mut file = File::open(path).map_err(|error| read_failure(path, &error))?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        match file.read(&mut buffer).map_err(|error| read_failure(path, &error))? {
            0 => return Ok((hasher.finalize().to_hex().to_string(), bytes)),
            read => {
                hasher.update(&buffer[..read]);
                bytes += read as u64;
            }
        }
    }
}

/// Copies a file's bytes into a staged one.
pub(crate) fn copy_into(from: &Path, staged: &mut StagedFile) -> Result<u64, Failure> {
    let mut file = File::open(from).map_err(|error| read_failure(from, &error))?;
    let target = staged.target.clone();
    let copied = io::copy(&mut file, staged.file()).map_err(|error| write_failure(&target, &error))?;
    staged.file().flush().map_err(|error| write_failure(&target, &error))?;
    Ok(copied)
}

/// A file that cannot be read.
pub(crate) fn read_failure(path: &Path, error: &io::Error) -> Failure {
    let (code, why) = match error.kind() {
        io::ErrorKind::NotFound => (codes::R0301, "there is no such file".to_owned()),
        io::ErrorKind::PermissionDenied => (codes::R0302, "the permission to read it is missing".to_owned()),
        io::ErrorKind::IsADirectory => (codes::R0302, "it is a folder, a file is expected".to_owned()),
        _ => (codes::R0302, error.to_string()),
    };
    Failure::new(ErrorClass::Internal, code.as_str(), format!("cannot read {}: {why}", path.display()))
}

/// A file that cannot be written. Nothing was published.
pub(crate) fn write_failure(path: &Path, error: &io::Error) -> Failure {
    let why = match error.kind() {
        io::ErrorKind::PermissionDenied => "the permission to write there is missing".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_owned(),
        io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        io::ErrorKind::IsADirectory => "a folder is in its place".to_owned(),
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => "a file is in the place of a folder".to_owned(),
        _ => error.to_string(),
    };
    let message = format!("cannot write {}: {why}; what was there is unchanged", path.display());
    Failure::new(ErrorClass::Internal, codes::R0306.as_str(), message)
}
