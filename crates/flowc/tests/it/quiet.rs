//! `check`, `plan` and `fmt` run nothing, connect to nothing, and write nothing outside the project.

use crate::sandbox::{FLOWC, Sandbox};
use std::{path::Path, process::Command};

/// The system calls of a command, one line each; none if they cannot be traced here.
fn trace(project: &Sandbox, arguments: &[&str]) -> Option<Vec<String>> {
    let log = tempfile::NamedTempFile::new().unwrap();
    let calls = "trace=execve,execveat,connect,bind,listen,openat,open,creat,mkdir,mkdirat,rename,renameat,renameat2,\
                 unlink,unlinkat,link,linkat,symlink,symlinkat,truncate,chmod,fchmodat,rmdir,mknod,mknodat,fork,vfork";
    let status = Command::new("strace")
        .args(["-f", "-qq", "-s", "4096", "-e", "signal=none", "-e", calls, "-o"])
        .arg(log.path())
        .arg(FLOWC)
        .args(arguments)
        .current_dir(project.path("."))
        .output();
    let output = status.ok()?;
    let lines: Vec<String> = std::fs::read_to_string(log.path()).ok()?.lines().map(str::to_owned).collect();
    if !lines.iter().any(|line| line.contains("execve(")) {
        return None;
    }
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(lines)
}

/// Calls that run, connect, or write outside a folder.
fn offences(lines: &[String], root: &Path) -> Vec<String> {
    let mut execs = 0;
    let is_outside = |line: &str| {
        let path = line.split('"').nth(1).unwrap_or_default();
        let path = if path.starts_with('/') { path.into() } else { root.join(path) };
        !path.starts_with(root) && !path.starts_with("/dev") && !path.starts_with("/proc/self")
    };
    let offends = |line: &&String| {
        let call = line.split_whitespace().nth(1).unwrap_or_default();
        if line.contains(" = -1 ") || line.contains("resumed>") {
            return false;
        }
        match call.split('(').next().unwrap_or_default() {
            "execve" | "execveat" => {
                execs += 1;
                execs > 1
            }
            "connect" | "bind" | "listen" | "fork" | "vfork" => true,
            "openat" | "open" => {
                ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"].iter().any(|flag| line.contains(flag)) && is_outside(line)
            }
            "+++" | "---" | "" => false,
            _ => is_outside(line),
        }
    };
    lines.iter().filter(offends).cloned().collect()
}

fn is_quiet(project: &Sandbox, arguments: &[&str]) -> bool {
    let Some(lines) = trace(project, arguments) else {
        flow_testing::skip("a working strace", "apt-get install strace, and allow ptrace");
        return false;
    };
    let root = project.path(".").canonicalize().unwrap();
    let offences = offences(&lines, &root);
    assert!(offences.is_empty(), "flowc {arguments:?}:\n{}", offences.join("\n"));
    true
}

#[test]
fn check_plan_and_fmt_keep_to_themselves() {
    let project = Sandbox::new_project();
    project.write(
        "more.flow",
        "secret key = command(\"touch\", \"pwned\")\n\
         connection api { http \"http://127.0.0.1:9\" }\n\
         step shell() -> String { sh \"touch pwned\" }\n\
         step fetch() -> String { http GET \"http://127.0.0.1:9/x\" }\n\
         flow other -> String { do shell()\n return fetch() }\n",
    );
    // Nothing listens there, and a secret that cannot be had would be an error.
    project.write(
        "warehouse.flow",
        "secret address = command(\"touch\", \"pwned\")\n\
         connection pg { provider postgres, url address }\n\
         connection near { sqlite \"near.db\" }\n\
         type Row { id: Int }\n\
         dataset orders: Table<Row> { at pg.table(\"orders\"), arrives by hand }\n\
         dataset local: Table<Row> { at near.table(\"local\"), arrives by hand }\n\
         dataset far: Table<Row> { at csv(\"http://127.0.0.1:9/far.csv\"), arrives by hand }\n\
         dataset copy: Table<Row> { at pg.table(\"copy\") }\n\
         step both(a: Table<Row>, b: Table<Row>, c: Table<Row>) -> Table<Row> {\n\
           sql \"select id from a union all select id from b union all select id from c\"\n}\n\
         flow gather {\n  require orders fresh within 1h else warn\n  write copy = both(orders, local, far)\n}\n",
    );
    let files = ["flow.toml", "sales.flow", "more.flow", "warehouse.flow"];
    let before: Vec<String> = files.iter().map(|path| project.read(path)).collect();
    for arguments in [
        &["check"][..],
        &["plan", "other"],
        &["plan", "publish"],
        &["plan", "gather"],
        &["fmt", "--check", "sales.flow"],
    ] {
        if !is_quiet(&project, arguments) {
            return;
        }
    }
    assert_eq!(before, files.iter().map(|path| project.read(path)).collect::<Vec<_>>());
    assert!(!project.path(".flow").exists() && !project.path("pwned").exists());
    project.flowc(&["plan", "gather"]).ends(0).gives("what orders holds now is not known");
    project.flowc(&["run", "publish"]).ends(0);
    is_quiet(&project, &["plan", "publish"]);
    is_quiet(&project, &["fmt"]);
}

#[test]
fn offences_are_seen() {
    let root = Path::new("/project");
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let quiet = lines(
        "1 execve(\"/bin/flowc\", [], 0x0) = 0\n1 openat(AT_FDCWD, \"/etc/x\", O_RDONLY) = 3\n\
         1 openat(AT_FDCWD, \"/project/.flow/x\", O_RDWR|O_CREAT) = 3\n1 unlink(\"/other\") = -1 ENOENT (No)\n1 +++ exited with 0 +++",
    );
    assert_eq!(offences(&quiet, root), [""; 0]);
    let loud = lines(
        "1 execve(\"/bin/flowc\", [], 0x0) = 0\n2 execve(\"/bin/sh\", [], 0x0) = 0\n1 connect(3, {}) = 0\n\
         1 openat(AT_FDCWD, \"/tmp/x\", O_WRONLY|O_CREAT) = 3\n1 unlink(\"/tmp/x\") = 0",
    );
    assert_eq!(offences(&loud, root).len(), 4);
}
