//! Programs that hang, fork, flood and die: nothing that a step starts outlives it, and nothing fills memory.

use crate::support::{Bench, Counter, is_alive, string};
use flow_exec::api::CancelSource;
use flow_expr::{Type, Value};
use flow_plan::ErrorClass;
use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

/// The processes whose numbers a script wrote to `pids`.
fn survivors(bench: &Bench) -> Vec<String> {
    let pids = std::fs::read_to_string(bench.root().join("pids")).unwrap();
    assert!(!pids.trim().is_empty());
    // The system may take a moment to take away what was killed.
    for _ in 0..50 {
        if !pids.lines().any(is_alive) {
            return vec![];
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    pids.lines().filter(|pid| is_alive(pid)).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_step_that_never_ends_is_ended() {
    let bench = Bench::shell("echo $$ > pids; sleep 1000", Type::Unit).timeout(Duration::from_millis(500));
    let start = Instant::now();
    let failure = bench.failure().await;
    assert_eq!((failure.class, &*failure.code), (ErrorClass::Timeout, "R0103"));
    assert!(failure.message.contains("500ms"), "{failure:?}");
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(survivors(&bench), [""; 0]);
}

#[tokio::test]
async fn a_step_that_ignores_the_request_is_killed() {
    let script = "trap '' TERM; echo $$ > pids; while :; do sleep 0.1; done";
    let bench = Bench::shell(script, Type::Unit).timeout(Duration::from_millis(500));
    assert_eq!(bench.failure().await.class, ErrorClass::Timeout);
    assert_eq!(survivors(&bench), [""; 0]);
}

#[tokio::test]
async fn a_step_may_clean_up_when_asked_to_end() {
    let script = "trap 'echo clean > cleaned; exit 0' TERM; echo $$ > pids; sleep 1000 & wait";
    let bench = Bench::shell(script, Type::Unit).timeout(Duration::from_millis(500));
    assert_eq!(bench.failure().await.class, ErrorClass::Timeout);
    assert!(bench.root().join("cleaned").exists());
    assert_eq!(survivors(&bench), [""; 0]);
}

#[tokio::test]
async fn grandchildren_end_with_the_step() {
    // One that holds the pipes open, one that closed them, one that left the group.
    let script = "sleep 1000 & echo $! >> pids
                  sleep 1000 >/dev/null 2>&1 & echo $! >> pids
                  setsid sh -c 'echo $$ >> pids; exec sleep 1000' &
                  while [ $(wc -l < pids) -lt 3 ]; do sleep 0.02; done
                  echo done";
    let bench = Bench::shell(script, Type::String);
    let start = Instant::now();
    assert_eq!(bench.value().await, string("done"));
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    assert_eq!(survivors(&bench), [""; 0]);
    assert!(bench.logged().contains("left running"), "{}", bench.logged());
}

#[tokio::test]
async fn a_grandchild_that_ignores_the_request_is_killed() {
    let script = "setsid sh -c 'trap \"\" TERM; echo $$ >> pids; while :; do sleep 0.1; done' &
                  while [ ! -s pids ]; do sleep 0.02; done
                  kill -9 $$";
    let bench = Bench::shell(script, Type::Unit);
    let failure = bench.failure().await;
    assert_eq!(failure.class, ErrorClass::Signal(9));
    assert!(failure.message.contains("SIGKILL") && failure.details[0].contains("memory"), "{failure:?}");
    assert_eq!(survivors(&bench), [""; 0]);
}

#[tokio::test]
async fn a_cancel_ends_everything() {
    let bench = Bench::shell("sleep 1000 & echo $! > pids; wait", Type::Unit);
    let (source, cancel) = CancelSource::new();
    let canceller = async {
        // The file is there before what is written to it.
        while std::fs::read_to_string(bench.root().join("pids")).unwrap_or_default().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        source.cancel();
    };
    let (result, ()) = tokio::join!(bench.run_until(&cancel), canceller);
    assert_eq!(&*result.unwrap_err().code, "R0104");
    assert_eq!(survivors(&bench), [""; 0]);
    // A request that came before the start: nothing is started at all.
    let late = Bench::shell("touch started", Type::Unit);
    assert_eq!(&*late.run_until(&cancel).await.unwrap_err().code, "R0104");
    assert!(!late.root().join("started").exists());
}

#[tokio::test]
async fn an_attempt_that_is_dropped_ends_everything() {
    let bench = Bench::shell("sleep 1000 & echo $! > pids; wait", Type::Unit);
    let _ = tokio::time::timeout(Duration::from_millis(500), bench.run()).await.unwrap_err();
    assert_eq!(survivors(&bench), [""; 0]);
}

#[tokio::test]
async fn a_flood_is_bounded() {
    // 100 MB of lines, then one line to see that the end is kept.
    let script = "yes 'a line of forty characters, more or less' | head -c 100000000; echo; echo THE END";
    let bench = Bench::shell(script, Type::Unit);
    let counter = Arc::new(Counter::default());
    let steps = bench.steps();
    steps.run(&bench.call(), counter.clone(), &flow_exec::api::Cancel::never()).await.unwrap();
    let logged = counter.0.load(Ordering::Relaxed);
    assert!(logged > 1 << 20 && logged <= flow_exec::KEPT_BYTES, "{logged}");
}

#[tokio::test]
async fn an_endless_result_is_refused_at_once() {
    let bench = Bench::shell("echo $$ > pids; yes", Type::String);
    let start = Instant::now();
    let failure = bench.failure().await;
    assert_eq!((failure.class, &*failure.code), (ErrorClass::Malformed, "R0105"));
    assert!(failure.message.contains("64 MiB"), "{failure:?}");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert_eq!(survivors(&bench), [""; 0]);
}

#[tokio::test]
async fn many_at_once_do_not_mix() {
    let runs = (0..16).map(|number| async move {
        let bench = Bench::shell("sleep 0.0$n; echo $n", Type::Int).arg("n", Type::Int, Value::Int(number));
        assert_eq!(bench.value().await, Value::Int(number));
    });
    futures::future::join_all(runs).await;
}

/// Alone, since it looks at the whole process: `cargo test --workspace --test steps gigabyte -- --ignored`.
#[tokio::test]
#[ignore = "must run alone: `cargo xtask ci` has a stage for such tests"]
async fn a_gigabyte_does_not_fill_memory() {
    for script in ["yes 'a line like any other in a log' | head -c 1000000000", "head -c 1000000000 /dev/zero"] {
        let bench = Bench::shell(script, Type::Unit).timeout(Duration::from_secs(120));
        let counter = Arc::new(Counter::default());
        let start = Instant::now();
        bench.steps().run(&bench.call(), counter.clone(), &flow_exec::api::Cancel::never()).await.unwrap();
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap().trim();
        let logged = counter.0.load(Ordering::Relaxed);
        eprintln!("{:?} for 1 GB, {logged} bytes logged, peak {peak}", start.elapsed());
        let peak: u64 = peak.trim_end_matches(" kB").parse().unwrap();
        assert!(peak < 150_000, "{peak} kB");
    }
}

#[tokio::test]
async fn what_a_killed_runtime_left_can_be_ended() {
    let folder = tempfile::tempdir().unwrap();
    let start = |scratch: &str| {
        let mut command = std::process::Command::new("sleep");
        command.arg("1000").env("FLOW_SCRATCH", folder.path().join(scratch)).spawn().unwrap()
    };
    let (mut left, mut other) = (start("scratch/run-1/0-1"), start("scratches/run-1/0-1"));
    flow_exec::end_leftovers(&folder.path().join("scratch"));
    assert!(left.wait().unwrap().code().is_none());
    assert!(other.try_wait().unwrap().is_none());
    other.kill().unwrap();
    other.wait().unwrap();
}
