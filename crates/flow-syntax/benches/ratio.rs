//! Parsing against two yardsticks in the same run, so that a busy machine does not spoil the answer: logos alone,
//! and one pass over the bytes. `cargo bench -p flow-syntax --bench ratio`. Each number is the best of many turns.

#![allow(clippy::disallowed_methods, reason = "it measures time")]

#[path = "support/corpus.rs"]
mod corpus;
#[path = "../src/lexer/token.rs"]
#[expect(dead_code, reason = "the lexer's own tokens, of which only the scanner is used here")]
mod token;

/// What `token.rs` finds under this name in its own crate.
mod kind {
    pub(crate) use flow_syntax::SyntaxKind;
}

use flow_diag::FileId;
use logos::Logos;
use std::hint::black_box;
use std::time::{Duration, Instant};

const TURNS: usize = 60;

/// The same as the program's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    for (name, text) in [("dense code", corpus::dense(1 << 20)), ("whole program", corpus::mixed(1 << 20))] {
        let mut best = [Duration::MAX; 3];
        for _ in 0..TURNS {
            let turn = [
                timed(|| text.bytes().filter(|byte| *byte == b'\n').count()),
                timed(|| token::Token::lexer(&text).count()),
                timed(|| flow_syntax::parse(FileId(0), &text)),
            ];
            best = std::array::from_fn(|index| best[index].min(turn[index]));
        }
        let [bytes, tokens, tree] = best.map(|time| text.len() as f64 / 1e6 / time.as_secs_f64());
        println!(
            "{name:14} bytes {bytes:7.0} MB/s   logos {tokens:6.1} MB/s   parse {tree:6.1} MB/s   parse/logos {:.2}",
            tree / tokens
        );
    }
}

/// How long it takes, without the time to free what it made.
fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    let made = black_box(work());
    let time = start.elapsed();
    drop(made);
    time
}
