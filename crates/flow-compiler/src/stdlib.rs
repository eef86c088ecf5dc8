//! The standard library, embedded: the modules of `stdlib/` at the repository's root.

/// Declares a module of the library by its name.
macro_rules! modules {
    ($($name:literal)*) => {
        /// Name, path as shown, and text of every module.
        pub(crate) const MODULES: &[(&str, &str, &str)] = &[$((
            concat!("std.", $name),
            concat!("std/", $name, ".flow"),
            include_str!(concat!("../../../stdlib/", $name, ".flow")),
        )),*];
    };
}

modules! { "guard" "json" "list" "map" "notify" "number" "option" "people" "policy" "retry" "stats" "system" "table" "text" "time" }

#[cfg(test)]
mod tests {
    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test looks whether a file was forgotten")]
    fn every_file_is_embedded() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../stdlib");
        let files = std::fs::read_dir(folder).expect("it is in the repository").flatten();
        let names = files.filter_map(|file| file.file_name().to_str()?.strip_suffix(".flow").map(str::to_owned));
        let mut names: Vec<String> = names.map(|name| format!("std.{name}")).collect();
        names.sort();
        let embedded: Vec<&str> = super::MODULES.iter().map(|(name, ..)| *name).collect();
        assert_eq!(embedded, names);
    }
}
