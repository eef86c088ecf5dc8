//! How fast a tree becomes text: `cargo bench -p flow-format`. The aim is 20 MB/s on one core, with parsing.

#[path = "../../flow-syntax/benches/support/corpus.rs"]
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

/// Text to text: what `flowc fmt` does with a file in memory.
#[divan::bench]
fn parse_and_format(bencher: Bencher<'_, '_>) {
    let text = corpus::mixed(1 << 20);
    bencher.counter(BytesCount::of_str(&text)).bench(|| flow_format::format(&parse(FileId(0), &text)));
}

/// The formatter alone, on small declarations.
#[divan::bench]
fn dense_code(bencher: Bencher<'_, '_>) {
    let text = corpus::dense(1 << 20);
    let tree = parse(FileId(0), &text);
    bencher.counter(BytesCount::of_str(&text)).bench(|| flow_format::format(&tree));
}
