//! Limits of the system: open files, memory, processes, sizes of files, a memory cgroup, a full file system.
//!
//! Under a limit a run succeeds, or stops with an error that says what is wrong: it does not hang, panic or lie. Without
//! the limit it then comes to its end. Every limit is tried before the first that was not withstood is told. Limits are set
//! by `prlimit`. Tested by being run.

use super::{Bench, Outcome, cgroup, project::Said, recovery, recovery::Way, world::World};
use anyhow::{Context, bail, ensure};
use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

/// What takes longer under a limit hangs: without one it takes a second.
const HANGS: Duration = Duration::from_secs(60);

/// Runs the words behind it under a limit, without the signal that stands for files that are too large.
const LIMITED: &str = "trap '' XFSZ; exec prlimit \"$0\" -- \"$@\"";

/// The user without rights. Limits on the number of processes do not bind root.
const NOBODY: u32 = 65534;

/// Tries limits one after the other.
pub(super) fn run(bench: &Bench) -> anyhow::Result<Outcome> {
    let (mut tried, mut wrong, mut succeeded, mut told, mut way) = (vec![], vec![], 0, 0, Way::default());
    let (_folder, program) = for_everybody(&bench.program)?;
    for limit in bench.some(limits(&bench.program)?) {
        let world = World::new(&program)?;
        tried.push(limit.clone());
        match under(world, &limit) {
            Ok((code, recovered)) => {
                succeeded += usize::from(code == 0);
                told += usize::from(code != 0);
                way += recovered;
            }
            Err(error) => wrong.push(format!("{limit}: {error:#}")),
        }
    }
    if !wrong.is_empty() {
        bail!("{} of {} limits were not withstood:\n{}", wrong.len(), tried.len(), wrong.join("\n"));
    }
    Ok(Outcome::held(
        format!("`prlimit` {}", tried.join(", ")),
        format!("{succeeded} runs succeeded, {told} said what is wrong; {way}"),
    ))
}

/// The program in a folder that every user may enter, which a target folder in somebody's home is not.
fn for_everybody(program: &Path) -> anyhow::Result<(tempfile::TempDir, PathBuf)> {
    let folder = tempfile::Builder::new().prefix("flowc-program-").tempdir()?;
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
    let there = folder.path().join("flowc");
    if fs::hard_link(program, &there).is_err() {
        fs::copy(program, &there)?;
    }
    Ok((folder, there))
}

/// Limits on open files, sizes of files, memory beyond the program's own, and processes.
fn limits(program: &Path) -> anyhow::Result<Vec<String>> {
    const MIB: u64 = 1 << 20;
    let own = program.metadata()?.len();
    let files = [8, 12, 16, 20, 24, 32, 64].map(|number| format!("--nofile={number}"));
    let sizes = [1, 16, 64, 256].map(|kib| format!("--fsize={}", kib << 10));
    let memory = [100, 300, 700, 1500, 3000].map(|mib| format!("--as={}", own + mib * MIB));
    let processes = [1, 2, 4, 8, 16, 32, 64].map(|number| format!("--nproc={number}"));
    Ok([&files[..], &sizes, &memory, &processes].concat())
}

/// A run under a limit, and what follows without it.
fn under(world: World, limit: &str) -> anyhow::Result<(i32, Way)> {
    let mut world = world.with_limit(HANGS);
    let result = (|| {
        let said = limited(&world, limit)?;
        world.project.kill_leftovers();
        let code = is_success_or_told(&said)?;
        world.readers_see_whole_versions()?;
        let way = recovery::to_the_end(&world, 1, None).with_context(|| format!("after:\n{said}"))?;
        Ok((code, way))
    })();
    world.project.kept_after(result)
}

fn limited(world: &World, limit: &str) -> anyhow::Result<Said> {
    let arguments = World::arguments(1);
    let arguments = arguments.each_ref().map(String::as_str);
    let shell = ["sh", "-c", LIMITED, limit];
    let is_root = world.project.root().metadata()?.uid() == 0;
    if !(limit.starts_with("--nproc") && is_root) {
        return world.project.finish(world.project.wrapped(&shell, &arguments));
    }
    let user = NOBODY.to_string();
    world.project.give_to(NOBODY)?;
    let setpriv = ["setpriv", "--reuid", &user, "--regid", &user, "--clear-groups"];
    let words = [&setpriv[..], &shell].concat();
    let said = world.project.finish(world.project.wrapped(&words, &arguments));
    world.project.give_to(0)?;
    said
}

/// How a run ended under a limit, if it ended as it may.
fn is_success_or_told(said: &Said) -> anyhow::Result<i32> {
    said.is_sound()?;
    let Some(code @ (0 | 1 | 4)) = said.code else { bail!("not to end so:\n{said}") };
    ensure!(
        code == 0 || said.err.contains("error: ") || said.err.contains("[R"),
        "it does not say what is wrong:\n{said}"
    );
    ensure!(!said.err.contains("is damaged"), "a limit is told as damage:\n{said}");
    Ok(code)
}

/// A run in a memory cgroup that is too small for it, then without.
pub(super) fn memory(bench: &Bench) -> anyhow::Result<Outcome> {
    let group = match cgroup::Group::new() {
        Ok(group) => group,
        Err(error) => return Ok(Outcome::skipped(format!("no cgroup of memory can be made: {error:#}"))),
    };
    let (mut killed, mut way, mut succeeded, mut tried) = (0, Way::default(), 0, vec![]);
    for mib in bench.some([16, 32, 48, 64, 96, 128, 256]) {
        group.limit(mib * 1024 * 1024)?;
        let mut world = World::new(&bench.program)?;
        let result = (|| {
            let enter = group.enter();
            let arguments = World::arguments(1);
            let words = ["sh", "-c", &enter];
            let said =
                world.project.finish(world.project.wrapped(&words, &arguments.each_ref().map(String::as_str)))?;
            world.project.kill_leftovers();
            // The system kills what needs more, without a word.
            if said.signal != Some(9) {
                is_success_or_told(&said)?;
            }
            killed += usize::from(said.signal == Some(9));
            succeeded += usize::from(said.code == Some(0));
            recovery::to_the_end(&world, 1, None).with_context(|| format!("after:\n{said}"))
        })();
        way += world.project.kept_after(result.with_context(|| format!("{mib} MiB")))?;
        tried.push(mib.to_string());
    }
    Ok(Outcome::held(
        format!("a cgroup ({}) of {} MiB", group.version(), tried.join(", ")),
        format!("{killed} killed by the system, {succeeded} succeeded; {way}"),
    ))
}

/// Runs on a file system that is too small, then on a larger one.
pub(super) fn full(bench: &Bench) -> anyhow::Result<Outcome> {
    let (mut told, mut way, mut tried) = (0, Way::default(), vec![]);
    for kib in bench.some([64, 128, 192, 256, 320, 384, 512, 640, 4096]) {
        let mut world = World::new(&bench.program)?;
        let small = match Mount::new(&world, kib) {
            Ok(small) => small,
            Err(error) => return Ok(Outcome::skipped(format!("no file system can be mounted: {error:#}"))),
        };
        let result = (|| {
            let arguments = World::arguments(1);
            let said = world.project.flowc(&arguments.each_ref().map(String::as_str))?;
            world.project.kill_leftovers();
            let code = is_success_or_told(&said)?;
            told += usize::from(code != 0);
            ensure!(code == 0 || said.err.contains("disk is full") || said.err.contains("No space left"), "{said}");
            small.grow()?;
            recovery::to_the_end(&world, 1, None).with_context(|| format!("after:\n{said}"))
        })();
        drop(small);
        way += world.project.kept_after(result.with_context(|| format!("{kib} KiB")))?;
        tried.push(kib.to_string());
    }
    Ok(Outcome::held(
        format!("a file system of {} KiB for `.flow` and `out`", tried.join(", ")),
        format!("{told} said that it is full; with more space {way}"),
    ))
}

/// A small file system under `.flow` and `out` of a project, gone with this value.
struct Mount(std::path::PathBuf);

impl Mount {
    fn new(world: &World, kib: u64) -> anyhow::Result<Self> {
        let place = world.project.beside("small");
        std::fs::create_dir(&place)?;
        mount(Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={kib}k"), "tmpfs"]).arg(&place))?;
        let mounted = Self(place);
        for name in [".flow", "out"] {
            std::fs::create_dir(mounted.0.join(name))?;
            std::os::unix::fs::symlink(mounted.0.join(name), world.project.path(name))?;
        }
        Ok(mounted)
    }

    fn grow(&self) -> anyhow::Result<()> {
        mount(Command::new("mount").args(["-o", "remount,size=64m"]).arg(&self.0))
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

fn mount(command: &mut Command) -> anyhow::Result<()> {
    let output = command.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}
