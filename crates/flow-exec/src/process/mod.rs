//! A program run as one attempt: in its own group, with its output captured, ended whole.
//!
//! Knows nothing of languages: what a shell script or a Python program is, and what its output means, is
//! said elsewhere. `tests/processes.rs` runs programs that hang, fork, flood and die.

mod group;
mod output;
mod runaways;

pub(crate) use group::MARKER;
pub use group::{end_leftovers, interrupt};

use crate::{
    Scrubber,
    api::{Cancel, LogSink, Stream},
    log::{BoundedLog, KEPT_BYTES},
};
use flow_diag::codes;
use flow_plan::{ErrorClass, Failure};
use group::Group;
use output::{Output, TooLong};
use rustix::process::Signal;
use std::{
    ffi::OsString,
    os::unix::process::ExitStatusExt as _,
    path::Path,
    pin::Pin,
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep_until, timeout},
};

/// After the program has ended, how long what it left behind may still write before it is asked to end.
const LINGER: Duration = Duration::from_millis(250);

/// How long a program may take to end after being asked to.
const LONGEST_GRACE: Duration = Duration::from_secs(5);

/// How long the system may take to end what was killed.
const DRAIN: Duration = Duration::from_secs(2);

/// A program to run.
#[derive(Debug)]
pub(crate) struct Program<'a> {
    /// Its path, or its name on `PATH`.
    pub(crate) program: OsString,
    /// Its arguments.
    pub(crate) arguments: Vec<OsString>,
    /// All of its environment but the marker.
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// Where it runs.
    pub(crate) folder: &'a Path,
    /// The attempt's own folder.
    pub(crate) scratch: &'a Path,
    /// When it must have ended.
    pub(crate) deadline: Instant,
    /// How long the attempt may take in all, for messages.
    pub(crate) timeout: Duration,
    /// How many bytes of standard output are kept as the result; none if it is only logged.
    pub(crate) result_limit: Option<usize>,
    /// The name under which a shell would have called it: a signal that ends it is then told as a shell tells it, by the
    /// status 128 and the signal's number.
    pub(crate) in_place_of_shell: Option<OsString>,
}

/// What a program that succeeded left.
#[derive(Debug)]
pub(crate) struct Finished {
    /// Standard output, if it was to be kept.
    pub(crate) stdout: Vec<u8>,
}

/// How it came to an end.
enum Stop {
    Ended,
    TimedOut,
    Cancelled,
    TooLong,
}

/// Runs a program to its end, whatever that is. Nothing that it started is alive afterwards.
pub(crate) async fn run(
    program: Program<'_>,
    log: Arc<dyn LogSink>,
    scrubber: &Scrubber,
    cancel: &Cancel,
) -> Result<Finished, Failure> {
    if cancel.is_cancelled() {
        return Err(cancelled());
    }
    let log = BoundedLog::new(log, KEPT_BYTES);
    let mut out = Output::new(Stream::Out, scrubber, program.result_limit);
    let mut err = Output::new(Stream::Err, scrubber, None);
    let mut child = start(&program)?;
    let ended = attend(&mut child, &program, (&mut out, &mut err), &log, cancel).await;
    out.finish(&log);
    err.finish(&log);
    log.finish();
    let tail = err.tail();
    match ended? {
        (Stop::Ended, status) => {
            verdict(status, program.in_place_of_shell.is_some()).map(|()| Finished { stdout: out.into_kept() })
        }
        (Stop::TimedOut, _) => Err(timed_out(program.timeout)),
        (Stop::Cancelled, _) => Err(cancelled()),
        (Stop::TooLong, _) => Err(too_long(program.result_limit.unwrap_or_default())),
    }
    .map_err(|failure| failure.stderr_tail(tail))
}

fn start(program: &Program<'_>) -> Result<Child, Failure> {
    let mut command = Command::new(&program.program);
    command.args(&program.arguments).env_clear().envs(program.environment.iter().map(|(name, value)| (name, value)));
    command.env(MARKER, program.scratch).current_dir(program.folder);
    if let Some(name) = &program.in_place_of_shell {
        command.arg0(name);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).kill_on_drop(true);
    command.spawn().map_err(|error| cannot_start(program, &error))
}

/// Reads and waits until the program has ended by itself or for us, then ends what is left of it.
async fn attend(
    child: &mut Child,
    program: &Program<'_>,
    (out, err): (&mut Output, &mut Output),
    log: &BoundedLog,
    cancel: &Cancel,
) -> Result<(Stop, ExitStatus), Failure> {
    let lost = || internal("the process was lost by the system");
    let mut group = child.id().and_then(|id| Group::new(id, program.scratch)).ok_or_else(lost)?;
    let (stdout, stderr) = child.stdout.take().zip(child.stderr.take()).ok_or_else(lost)?;
    let both = async { tokio::try_join!(out.pump(stdout, log), err.pump(stderr, log)).map(|_| ()) };
    let mut reading = std::pin::pin!(both);
    let mut read = None;
    let stop = {
        let mut leader = std::pin::pin!(group.leader_ended());
        loop {
            tokio::select! {
                biased;
                () = cancel.cancelled() => break Stop::Cancelled,
                () = sleep_until(program.deadline) => break Stop::TimedOut,
                result = &mut reading, if read.is_none() => {
                    read = Some(result);
                    if result == Err(TooLong) {
                        break Stop::TooLong;
                    }
                }
                () = &mut leader => break Stop::Ended,
            }
        }
    };
    // From here on everything is bounded: reading goes on only as long as there is something to wait for.
    let grace = LONGEST_GRACE.min(program.timeout / 10).max(LINGER);
    match stop {
        Stop::Ended if read.is_none() => {
            read = timeout(LINGER, reading.as_mut()).await.ok();
            if read.is_none() {
                log.note("the program has ended; what it left running is ended too");
                group.terminate();
                read = timeout(grace, reading.as_mut()).await.ok();
            }
        }
        Stop::Ended => {}
        Stop::TimedOut | Stop::Cancelled | Stop::TooLong => {
            group.terminate();
            let _ = timeout(grace, read_until(group.leader_ended(), reading.as_mut(), &mut read)).await;
        }
    }
    group.kill();
    if read.is_none() {
        read = timeout(DRAIN, reading).await.ok();
    }
    let status = timeout(DRAIN, child.wait()).await.ok().and_then(Result::ok).ok_or_else(lost)?;
    let overflowed = read == Some(Err(TooLong)) && matches!(stop, Stop::Ended);
    Ok((if overflowed { Stop::TooLong } else { stop }, status))
}

/// Goes on reading until something has happened.
async fn read_until<R: Future<Output = Result<(), TooLong>>>(
    event: impl Future<Output = ()>,
    mut reading: Pin<&mut R>,
    read: &mut Option<Result<(), TooLong>>,
) {
    let mut event = std::pin::pin!(event);
    loop {
        tokio::select! {
            () = &mut event => return,
            result = reading.as_mut(), if read.is_none() => *read = Some(result),
        }
    }
}

/// What the way in which a program ended means.
fn verdict(status: ExitStatus, in_place_of_shell: bool) -> Result<(), Failure> {
    let as_shell = status.signal().filter(|_| in_place_of_shell).map(|signal| 128 + signal);
    match (status.code().or(as_shell), status.signal()) {
        (Some(0), _) => Ok(()),
        (Some(code), _) => {
            let meaning = match code {
                126 => ": a program that it calls cannot be executed",
                127 => ": a program that it calls was not found",
                _ => "",
            };
            let message = format!("the program ended with status {code}{meaning}");
            Err(Failure::new(ErrorClass::Exit(code), codes::R0101.as_str(), message))
        }
        (None, signal) => {
            let signal = signal.unwrap_or_default();
            let message = format!("the program was ended by {}", signal_name(signal));
            let failure = Failure::new(ErrorClass::Signal(signal), codes::R0102.as_str(), message);
            let out_of_memory = "nothing here sent it: the usual sender is the system, out of memory";
            Err(if signal == Signal::KILL.as_raw() { failure.detail(out_of_memory) } else { failure })
        }
    }
}

/// `SIGKILL` and the like, as people know them.
fn signal_name(signal: i32) -> String {
    const NAMES: [(Signal, &str); 12] = [
        (Signal::HUP, "SIGHUP (its terminal went away)"),
        (Signal::INT, "SIGINT (interrupted)"),
        (Signal::QUIT, "SIGQUIT"),
        (Signal::ILL, "SIGILL (an illegal instruction)"),
        (Signal::ABORT, "SIGABRT (it gave up by itself)"),
        (Signal::BUS, "SIGBUS (a bad memory access)"),
        (Signal::FPE, "SIGFPE (an arithmetic error)"),
        (Signal::KILL, "SIGKILL"),
        (Signal::SEGV, "SIGSEGV (a bad memory access)"),
        (Signal::PIPE, "SIGPIPE (nobody read what it wrote)"),
        (Signal::TERM, "SIGTERM (asked to end)"),
        (Signal::XCPU, "SIGXCPU (its processor time was used up)"),
    ];
    let known = NAMES.iter().find(|(known, _)| known.as_raw() == signal);
    known.map_or_else(|| format!("signal {signal}"), |(_, name)| (*name).to_owned())
}

fn cannot_start(program: &Program<'_>, error: &std::io::Error) -> Failure {
    let name = program.program.display();
    let failure = |message| Failure::new(ErrorClass::Internal, codes::R0106.as_str(), message);
    match error.kind() {
        // The folder may be what is missing, too.
        std::io::ErrorKind::NotFound if !program.folder.exists() => {
            failure(format!("`{name}` cannot be started in {}, which does not exist", program.folder.display()))
        }
        std::io::ErrorKind::NotFound => failure(format!("`{name}` is not installed, or not on PATH")),
        std::io::ErrorKind::ArgumentListTooLong => {
            let message = "the arguments together are more than the system passes to a program";
            let advice = "pass large values as a File or a Table, which arrive as a path";
            Failure::new(ErrorClass::Internal, codes::R0107.as_str(), message).detail(advice)
        }
        _ => failure(format!("`{name}` cannot be started: {error}")),
    }
}

/// The attempt took longer than it may.
pub(crate) fn timed_out(timeout: Duration) -> Failure {
    Failure::new(ErrorClass::Timeout, codes::R0103.as_str(), format!("it did not end within {}", text(timeout)))
}

/// Somebody asked to stop.
pub(crate) fn cancelled() -> Failure {
    Failure::new(ErrorClass::Internal, codes::R0104.as_str(), "it was cancelled")
}

fn too_long(limit: usize) -> Failure {
    let message = format!("its standard output is its result, and is longer than {} MiB", limit >> 20);
    Failure::new(ErrorClass::Malformed, codes::R0105.as_str(), message)
        .detail("let the step return a Table or a File, and write it to `$out`")
}

/// Something that the attempt itself needs failed.
pub(crate) fn internal(message: impl Into<String>) -> Failure {
    Failure::new(ErrorClass::Internal, codes::R0110.as_str(), message)
}

/// A length of time as the language writes it.
fn text(duration: Duration) -> String {
    jiff::SignedDuration::try_from(duration).map_or_else(|_| format!("{duration:?}"), flow_expr::render::duration_text)
}

/// The text without the one line end at its end.
pub(crate) fn without_line_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}
