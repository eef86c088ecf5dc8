//! Checking a large program from cold, on one core: texts in memory to a program without problems.
//!
//! The aim: 100,000 lines in under a second. Run with `cargo bench -p flow-compiler`.

mod generate;

use flow_compiler::{MemoryWorld, Options, compile};

fn main() {
    divan::main();
}

#[divan::bench(args = [50, 500], sample_count = 5, sample_size = 1)]
fn check(bencher: divan::Bencher<'_, '_>, files: usize) {
    let project = generate::project(files, 50);
    let world = MemoryWorld::new(project.iter().cloned());
    let lines = generate::lines(&project);
    bencher.counter(divan::counter::ItemsCount::new(lines)).bench_local(|| {
        let compilation = compile(&world, &Options::default());
        assert!(compilation.problems.is_empty(), "{:?}", compilation.problems.0.first());
        compilation
    });
}
