//! Writes the large program of the benches to a folder: `cargo run --release -p flow-compiler --example
//! generate -- FOLDER [FILES] [STEPS]`; or checks it in memory and says what that took, if the folder is `-`.
#![allow(clippy::disallowed_methods, reason = "a tool for people, which writes files and measures")]

#[path = "../benches/generate/mod.rs"]
mod generate;

use flow_compiler::{MemoryWorld, Options, compile};
use std::{env, fs, path::Path, time::Instant};

fn main() {
    let mut args = env::args().skip(1);
    let folder = args.next().unwrap_or_else(|| "-".into());
    let mut number = |default| args.next().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (files, steps) = (number(500), number(50));
    let project = generate::project(files, steps);
    if folder == "-" {
        return measure(&project);
    }
    for (path, text) in &project {
        let path = Path::new(&folder).join(path);
        fs::create_dir_all(path.parent().expect("it has a folder")).expect("the folder can be made");
        fs::write(path, text).expect("the file can be written");
    }
    println!("{} lines in {} files", generate::lines(&project), project.len());
}

fn measure(project: &[(String, String)]) {
    let world = MemoryWorld::new(project.iter().cloned());
    let start = Instant::now();
    let compilation = compile(&world, &Options::default());
    let took = start.elapsed();
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM: unknown");
    println!(
        "{} lines, {} steps, {} problems in {took:.2?}; {peak}",
        generate::lines(project),
        compilation.program.steps.len(),
        compilation.problems.0.len(),
    );
    for problem in compilation.problems.0.iter().take(3) {
        println!("{} {} {:?}", problem.code, problem.title, problem.labels);
    }
}
