//! Makes a constant for every page in `pages/`.
#![allow(clippy::disallowed_methods, reason = "a build script reads the folder that it turns into code")]

use std::{env, fmt::Write as _, fs, path::Path};

fn main() {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("pages");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut codes: Vec<String> = fs::read_dir(&folder)
        .expect("crates/flow-diag/pages exists")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".md").map(str::to_owned))
        .collect();
    codes.sort();
    let mut out = String::from("/// One constant per registered code.\npub mod codes {\n    use super::Code;\n");
    for code in &codes {
        writeln!(
            out,
            "    #[doc = include_str!({:?})]\n    pub const {code}: Code = Code({code:?});",
            folder.join(format!("{code}.md"))
        )
        .expect("writing to a string");
    }
    out.push_str("}\nstatic PAGES: &[(Code, &str)] = &[\n");
    for code in &codes {
        writeln!(out, "    (codes::{code}, include_str!({:?})),", folder.join(format!("{code}.md")))
            .expect("writing to a string");
    }
    out.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR").expect("cargo sets it")).join("codes.rs"), out).expect("writing OUT_DIR");
}
