//! Plays seeds of [`flow_sim::crash`] on all cores, for so many seeds or minutes, and prints what does not hold with the
//! line that plays it again. `cargo xtask sim` builds and runs it. Knows nothing of what is played.

#![allow(clippy::disallowed_methods, reason = "a program for developers looks at the clock")]

use flow_sim::crash::{Played, simulate, sweep};
use std::{
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// What is wanted.
struct Wanted {
    first: u64,
    seeds: u64,
    minutes: Option<u64>,
    /// Each seed is cut at every transaction, too.
    sweep: bool,
}

fn main() -> ExitCode {
    let wanted = match arguments() {
        Ok(wanted) => wanted,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::FAILURE;
        }
    };
    let began = Instant::now();
    let until = wanted.minutes.map(|minutes| began + Duration::from_secs(minutes * 60));
    let (next, found) = (AtomicU64::new(0), AtomicBool::new(false));
    let (all, compared) = (Mutex::new(Played::default()), AtomicU64::new(0));
    let work = || {
        while !found.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let is_over = until.map_or(number >= wanted.seeds, |until| Instant::now() >= until);
            if is_over {
                next.fetch_sub(1, Ordering::Relaxed);
                return;
            }
            let seed = wanted.first + number;
            let swept = if wanted.sweep { sweep(seed).map(drop) } else { Ok(()) };
            match swept.and_then(|()| simulate(seed)) {
                Ok(played) => {
                    compared.fetch_add(u64::from(played.compared), Ordering::Relaxed);
                    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
                    *all = std::mem::take(&mut *all).and(played);
                }
                Err(finding) => {
                    found.store(true, Ordering::Relaxed);
                    println!("{finding}");
                }
            }
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..cores).for_each(|_| drop(scope.spawn(work))));
    let seeds = next.load(Ordering::Relaxed);
    let seconds = began.elapsed().as_secs_f64();
    let Played { events, cuts, runs, .. } = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!(
        "{seeds} seeds from {} in {seconds:.1} s, {:.0} a second: {runs} runs, {cuts} cuts, {events} events; \
         {} held against the run without faults",
        wanted.first,
        seeds as f64 / seconds,
        compared.load(Ordering::Relaxed)
    );
    if found.load(Ordering::Relaxed) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn arguments() -> Result<Wanted, String> {
    let mut wanted = Wanted { first: 1, seeds: 1, minutes: None, sweep: false };
    let mut given = std::env::args().skip(1);
    while let Some(option) = given.next() {
        if option == "--sweep" {
            wanted.sweep = true;
            continue;
        }
        let number = given.next().and_then(|text| text.parse().ok());
        let number = number.ok_or_else(|| format!("{option} wants a number"))?;
        match &*option {
            "--seed" => wanted.first = number,
            "--seeds" => wanted.seeds = number,
            "--minutes" => wanted.minutes = Some(number),
            _ => return Err(format!("there is no {option}: --seed, --seeds, --minutes, --sweep")),
        }
    }
    Ok(wanted)
}
