//! Scripts that are one plain command, which needs no shell: `pay --all` is started as `sh -eu` would start it.
//!
//! Plain are words of letters, digits and `_ - . / : @ % + , =`, the first of which is the name of a program, and no word
//! that a shell gives a meaning of its own. What is not certain to mean the same goes to the shell. Tested below and by
//! `tests/steps/shell.rs`.

use std::{
    collections::HashMap,
    ffi::{OsStr, OsString},
    io::Read as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::{LazyLock, Mutex, PoisonError},
};

/// A command that is started without a shell.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Command {
    /// As it stands in the script.
    pub(super) name: OsString,
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<OsString>,
}

/// What a shell does itself, in the shells that `sh` may be; but for `true` and `false`, which are programs as well.
const OWN: &str = ". : [ alias bg bind break builtin caller case cd chdir command compgen complete continue coproc declare \
    dirs disown do done echo elif else enable esac eval exec exit export fc fg fi for function getopts hash help hist \
    history if in jobs kill let local login logout mapfile newgrp popd print printf pushd pwd read readarray readonly \
    return rehash select set setopt shift shopt sleep source stop suspend test then time times trap type typeset ulimit \
    umask unalias unset until wait wait4path whence where which while";

/// The script as a command, if it is nothing more, and its program is there.
pub(super) fn command(script: &str, path: &OsStr) -> Option<Command> {
    let mut words = script.trim().split([' ', '\t']).filter(|word| !word.is_empty());
    let first = words.next().filter(|word| is_plain(word) && !word.contains('='))?;
    if OWN.split_whitespace().any(|own| own == first) {
        return None;
    }
    let arguments = words.map(|word| is_plain(word).then(|| OsString::from(word))).collect::<Option<_>>()?;
    // One with a folder in its name depends on where it runs.
    let program = if first.contains('/') { None } else { on_path(first, path) }?;
    Some(Command { name: first.into(), program, arguments })
}

fn is_plain(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_alphanumeric() || "_-./:@%+,=".contains(c))
}

/// Where a program is that the system can start by itself. Whether a file begins as one is looked at once.
pub(super) fn on_path(name: &str, path: &OsStr) -> Option<PathBuf> {
    type Known = HashMap<(String, OsString), PathBuf>;
    static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);
    let key = (name.to_owned(), path.to_owned());
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = known().get(&key).filter(|found| is_program(found)) {
        return Some(found.clone());
    }
    // The first of that name is the one; where it cannot be started, a shell knows what to do.
    let mut folders = std::env::split_paths(path).take_while(|folder| folder.is_absolute());
    let found = folders.find_map(|folder| Some(folder.join(name)).filter(|file| is_program(file)))?;
    let found = Some(found).filter(|file| begins_as_program(file))?;
    known().insert(key, found.clone());
    Some(found)
}

fn is_program(file: &Path) -> bool {
    std::fs::metadata(file).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// Whether the system starts it: a binary, or a script that says by what.
fn begins_as_program(file: &Path) -> bool {
    let mut first = [0; 4];
    let read = std::fs::File::open(file).and_then(|mut file| file.read(&mut first));
    read.is_ok_and(|length| first[..length].starts_with(b"#!") || first[..length].starts_with(b"\x7fELF"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(script: &str) -> Option<Vec<String>> {
        let found = command(script, OsStr::new("/usr/bin:/bin"))?;
        let program = found.program.file_name().map(OsStr::to_owned);
        Some(program.iter().chain(&found.arguments).map(|word| word.to_string_lossy().into_owned()).collect())
    }

    #[test]
    fn plain_commands_need_no_shell() {
        assert_eq!(words("true").unwrap(), ["true"]);
        assert_eq!(words("  ls -l\t--color=never /tmp/a.b \n").unwrap(), ["ls", "-l", "--color=never", "/tmp/a.b"]);
    }

    #[test]
    fn what_a_shell_gives_a_meaning_goes_to_it() {
        let scripts = [
            "",
            "ls; ls",
            "ls\nls",
            "ls $x",
            "ls \"a\"",
            "ls 'a'",
            "ls *",
            "ls ~",
            "ls a?",
            "ls > a",
            "ls | cat",
            "ls &",
            "A=1 ls",
            "cd /tmp",
            "exit",
            "echo a",
            "sleep 1",
            "test -e a",
            "if",
            "! ls",
            "{ ls",
            "ls # why",
            "ls \\a",
            "./here",
            "/bin/ls",
            "no-such-program-anywhere",
            "ls {a,b}",
            "ls `a`",
            "ls (a)",
            "ls é",
        ];
        for script in scripts {
            assert_eq!(words(script), None, "{script}");
        }
    }

    #[test]
    fn the_first_of_a_name_is_the_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ls");
        std::fs::write(&file, "echo mine").unwrap();
        let path = OsString::from(format!("{}:/usr/bin:/bin", folder.path().display()));
        // No program: a shell passes it over as well.
        assert_ne!(on_path("ls", &path).unwrap(), file);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = OsString::from(format!("{}:/bin:/usr/bin", folder.path().display()));
        // Without a first line that says by what, it is a shell's.
        assert_eq!(on_path("ls", &path), None);
    }
}
