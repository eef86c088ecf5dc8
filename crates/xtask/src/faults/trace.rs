//! What a run did to the files of its project, from strace's record of system calls, in the order in which they ended.
//!
//! Knows the few calls that flowc and its steps use, and that a record with any other change of a file would be wrong to
//! go on with. SQLite's shared memory is left out: it is made anew from the log. Tests: lines as strace prints them.

use anyhow::{Context, bail};
use std::{collections::HashMap, path::Path};

/// The calls that are recorded.
pub(super) const CALLS: &str = "trace=openat,open,creat,write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,\
    fallocate,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,fsync,fdatasync,link,linkat,symlink,lseek,\
    copy_file_range,sendfile";

/// One change of a file or folder; paths are relative to the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Opened to be written to; made if it was not there, emptied if so wanted.
    Open {
        path: String,
        empties: bool,
    },
    Write {
        path: String,
        at: u64,
        bytes: Vec<u8>,
    },
    Resize {
        path: String,
        length: u64,
    },
    Rename {
        from: String,
        to: String,
    },
    Remove {
        path: String,
    },
    Folder {
        path: String,
    },
    /// What was written to the file, or changed in the folder, is durable.
    Sync {
        path: String,
    },
}

/// Reads records of programs that ran one after the other; paths below a folder count.
pub(super) struct Reader {
    root: String,
    /// Calls of a thread that have begun and not ended.
    begun: HashMap<String, String>,
    /// Where the next `write` to a path lands; none if at its end.
    places: HashMap<String, Option<u64>>,
    lengths: HashMap<String, u64>,
    changes: Vec<Change>,
}

impl Reader {
    pub(super) fn new(root: &Path) -> Self {
        let root = format!("{}/", root.display());
        Self { root, begun: HashMap::new(), places: HashMap::new(), lengths: HashMap::new(), changes: vec![] }
    }

    /// The changes in the record of one program.
    pub(super) fn read(&mut self, text: &str) -> anyhow::Result<Vec<Change>> {
        self.begun.clear();
        for line in text.lines() {
            self.line(line).with_context(|| line.chars().take(300).collect::<String>())?;
        }
        Ok(std::mem::take(&mut self.changes))
    }

    fn line(&mut self, line: &str) -> anyhow::Result<()> {
        let (thread, rest) = line.split_once(' ').context("a line begins with its thread")?;
        let rest = rest.trim_start();
        if let Some(begin) = rest.strip_suffix("<unfinished ...>") {
            self.begun.insert(thread.into(), begin.trim_end().into());
            return Ok(());
        }
        let whole = match rest.strip_prefix("<... ") {
            Some(end) => {
                let begin = self.begun.remove(thread).unwrap_or_default();
                begin + end.split_once("resumed>").map_or("", |(_, end)| end)
            }
            None => rest.to_owned(),
        };
        let Some((call, rest)) = whole.split_once('(') else { return Ok(()) };
        let Some((arguments, result)) = rest.rsplit_once(" = ") else { return Ok(()) };
        let arguments = arguments.trim_end().strip_suffix(')').unwrap_or(arguments);
        let result: i64 = result.split(['<', ' ']).next().unwrap_or_default().parse().unwrap_or(-1);
        if result < 0 { Ok(()) } else { self.call(call, &split(arguments), result.cast_unsigned()) }
    }

    fn call(&mut self, call: &str, arguments: &[&str], result: u64) -> anyhow::Result<()> {
        let first = arguments.first().copied().unwrap_or_default();
        match call {
            "openat" => self.open(first, &arguments[1..]),
            "open" | "creat" if self.named(None, first).is_some() => bail!("an old way to open files"),
            "fsync" | "fdatasync" => {
                if let Some(path) = self.of_handle(first) {
                    self.changes.push(Change::Sync { path });
                }
                Ok(())
            }
            "write" | "pwrite64" | "lseek" | "ftruncate" => match self.of_handle(first) {
                Some(path) => self.at_handle(call, path, arguments, result),
                None => Ok(()),
            },
            "rename" | "renameat" | "renameat2" => {
                let (from, to) = if call == "rename" {
                    ((None, first), (None, arguments[1]))
                } else {
                    ((Some(first), arguments[1]), (Some(arguments[2]), arguments[3]))
                };
                if let (Some(from), Some(to)) = (self.named(from.0, from.1), self.named(to.0, to.1)) {
                    let length = self.lengths.remove(&from).unwrap_or(0);
                    self.lengths.insert(to.clone(), length);
                    self.changes.push(Change::Rename { from, to });
                }
                Ok(())
            }
            "unlink" | "rmdir" => self.remove(None, first),
            "unlinkat" => self.remove(Some(first), arguments[1]),
            "mkdir" => self.folder(None, first),
            "mkdirat" => self.folder(Some(first), arguments[1]),
            _ if arguments.iter().any(|argument| self.of_handle(argument).is_some()) => {
                bail!("`{call}` is not followed")
            }
            _ => Ok(()),
        }
    }

    fn open(&mut self, folder: &str, arguments: &[&str]) -> anyhow::Result<()> {
        let flags = arguments.get(1).context("opened with flags")?;
        let Some(path) = self.named(Some(folder), arguments[0]) else { return Ok(()) };
        if !flags.contains("O_WRONLY") && !flags.contains("O_RDWR") {
            return Ok(());
        }
        self.places.insert(path.clone(), if flags.contains("O_APPEND") { None } else { Some(0) });
        let empties = flags.contains("O_TRUNC");
        if empties {
            self.lengths.insert(path.clone(), 0);
        }
        self.changes.push(Change::Open { path, empties });
        Ok(())
    }

    fn at_handle(&mut self, call: &str, path: String, arguments: &[&str], result: u64) -> anyhow::Result<()> {
        if call == "lseek" {
            self.places.insert(path, Some(result));
            return Ok(());
        }
        let last = || arguments.last().and_then(|number| number.trim().parse().ok()).context("a number");
        let length = self.lengths.entry(path.clone()).or_default();
        if call == "ftruncate" {
            *length = last()?;
            self.changes.push(Change::Resize { path, length: *length });
            return Ok(());
        }
        let mut bytes = unescaped(arguments[1].trim_matches('"'));
        bytes.truncate(usize::try_from(result)?);
        let place = self.places.entry(path.clone()).or_insert(None);
        let at = if call == "pwrite64" { last()? } else { place.unwrap_or(*length) };
        let end = at + bytes.len() as u64;
        if call == "write" && place.is_some() {
            *place = Some(end);
        }
        *length = end.max(*length);
        self.changes.push(Change::Write { path, at, bytes });
        Ok(())
    }

    fn remove(&mut self, folder: Option<&str>, path: &str) -> anyhow::Result<()> {
        if let Some(path) = self.named(folder, path) {
            self.lengths.remove(&path);
            self.changes.push(Change::Remove { path });
        }
        Ok(())
    }

    fn folder(&mut self, parent: Option<&str>, path: &str) -> anyhow::Result<()> {
        if let Some(path) = self.named(parent, path) {
            self.changes.push(Change::Folder { path });
        }
        Ok(())
    }

    /// The path of `7</p/x>`.
    fn of_handle(&self, argument: &str) -> Option<String> {
        let (_, path) = argument.split_once('<')?;
        self.below(&text(path.strip_suffix('>')?))
    }

    /// The path of a name in a folder, `AT_FDCWD</p>` or `7</p>`.
    fn named(&self, folder: Option<&str>, name: &str) -> Option<String> {
        let name = text(name.trim_matches('"'));
        if name.starts_with('/') {
            return self.below(&name);
        }
        let (_, folder) = folder?.split_once('<')?;
        self.below(&format!("{}/{name}", text(folder.strip_suffix('>')?)))
    }

    /// The path from the project on; of the project itself the empty one.
    fn below(&self, path: &str) -> Option<String> {
        if self.root.strip_suffix('/') == Some(path) {
            return Some(String::new());
        }
        let path = path.strip_prefix(&self.root)?;
        (!path.is_empty() && !path.ends_with("-shm")).then(|| path.trim_start_matches("./").to_owned())
    }
}

/// Arguments between commas. Texts are all hexadecimal, so no comma is in one.
fn split(arguments: &str) -> Vec<&str> {
    arguments.split(", ").map(str::trim).collect()
}

fn text(escaped: &str) -> String {
    String::from_utf8_lossy(&unescaped(escaped)).into_owned()
}

/// `\x41b` is `Ab`.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4);
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = rest.get(2..4).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if rest.starts_with(b"\\x") => {
                bytes.push(byte);
                rest = &rest[4..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::{Change, Reader};
    use std::path::Path;

    #[test]
    fn calls_of_several_threads_become_changes_in_the_order_of_their_ends() {
        let record = r#"7 openat(AT_FDCWD<\x2fp>, "\x61", O_WRONLY|O_CREAT|O_APPEND, 0666) = 3<\x2fp\x2fa>
7 write(1<\x2fp\x2fa>, "\x68\x69", 2 <unfinished ...>
8 mkdir("\x2fp\x2fb", 0777) = 0
7 <... write resumed>) = 2
7 write(1<\x2fp\x2fa>, "\x21", 1) = 1
8 pwrite64(5<\x2fp\x2fb\x2fc>, "\x00\x01", 2, 24) = 2
8 openat(AT_FDCWD<\x2fp>, "\x2fp\x2fd", O_RDONLY) = 3<\x2fp\x2fd>
8 fsync(5<\x2fp\x2fb\x2fc>) = -1 EIO (Input/output error)
8 fsync(5<\x2fp\x2fb>) = 0
8 renameat(AT_FDCWD<\x2fp>, "\x61", AT_FDCWD<\x2fp>, "\x2fp\x2fe") = 0
8 write(2<\x2fdev\x2fnull>, "\x61", 1) = 1
8 +++ exited with 0 +++"#;
        let path = |path: &str| path.to_owned();
        let expected = [
            Change::Open { path: path("a"), empties: false },
            Change::Folder { path: path("b") },
            Change::Write { path: path("a"), at: 0, bytes: b"hi".into() },
            Change::Write { path: path("a"), at: 2, bytes: b"!".into() },
            Change::Write { path: path("b/c"), at: 24, bytes: vec![0, 1] },
            Change::Sync { path: path("b") },
            Change::Rename { from: path("a"), to: path("e") },
        ];
        let mut reader = Reader::new(Path::new("/p"));
        assert_eq!(reader.read(record).unwrap(), expected);
        assert!(reader.read("7 sendfile(3<\\x2fp\\x2fa>, 4, NULL, 9) = 9").is_err());
    }
}
