//! How fast text becomes a tree: `cargo bench -p flow-syntax`. The aim is 50 MB/s on one core.

#[path = "support/corpus.rs"]
mod corpus;

use divan::Bencher;
use divan::counter::BytesCount;
use flow_diag::FileId;
use flow_syntax::parse;

/// The same as the program's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}

/// A program as people write it, with comments, SQL and prompts.
#[divan::bench]
fn whole_program(bencher: Bencher<'_, '_>) {
    let text = corpus::mixed(1 << 20);
    bencher.counter(BytesCount::of_str(&text)).bench(|| parse(FileId(0), &text));
}

/// Nothing but small declarations: the worst case per byte that is likely.
#[divan::bench]
fn dense_code(bencher: Bencher<'_, '_>) {
    let text = corpus::dense(1 << 20);
    bencher.counter(BytesCount::of_str(&text)).bench(|| parse(FileId(0), &text));
}
