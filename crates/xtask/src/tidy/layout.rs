//! The root folder is fixed, and every crate inherits the workspace's lints and versions.

use super::Project;

/// All that may be in the root besides dotfiles.
const ROOT: [&str; 9] =
    ["Cargo.toml", "Cargo.lock", "README.md", "crates", "grammar", "stdlib", "examples", "tests", "editors"];

/// Complaints about where things are.
pub(super) fn check(project: &Project) -> Vec<String> {
    let strangers = project.root_entries.iter().filter(|entry| !entry.starts_with('.') && !ROOT.contains(&&***entry));
    let mut complaints: Vec<String> =
        strangers.map(|entry| format!("{entry}: only {} and dotfiles belong in the root", ROOT.join(", "))).collect();
    for file in &project.files {
        // A fuzz target has a manifest deeper down, since it is no member of the workspace.
        let parts: Vec<&str> = file.path.split('/').collect();
        if let ["crates", _, "Cargo.toml"] = parts[..] {
            complaints.extend(manifest(&file.text).into_iter().map(|text| format!("{}: {text}", file.path)));
        }
    }
    complaints
}

/// Complaints about one crate's manifest.
fn manifest(text: &str) -> Vec<String> {
    let table: toml::Table = match text.parse() {
        Ok(table) => table,
        Err(error) => return vec![format!("not TOML: {error}")],
    };
    let flag = |path: [&str; 2]| table.get(path[0]).and_then(|part| part.get(path[1])).and_then(toml::Value::as_bool);
    let mut complaints = Vec::new();
    if flag(["lints", "workspace"]) != Some(true) {
        complaints.push("`[lints] workspace = true` is missing".to_owned());
    }
    for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let dependencies = table.get(section).and_then(toml::Value::as_table);
        for (name, value) in dependencies.into_iter().flatten() {
            if value.get("workspace").and_then(toml::Value::as_bool) != Some(true) {
                complaints.push(format!("`{name}` takes its version from elsewhere than the workspace"));
            }
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_in_the_root_is_named() {
        let project =
            Project { root_entries: vec!["crates".into(), ".ci".into(), "notes".into()], ..Project::default() };
        let complaints = check(&project);
        assert_eq!(complaints.len(), 1);
        assert!(complaints[0].starts_with("notes: "));
    }

    #[test]
    fn lints_and_versions_come_from_the_workspace() {
        assert_eq!(manifest("[lints]\nworkspace = true\n[dependencies]\nserde.workspace = true\n"), [""; 0]);
        let complaints = manifest("[dependencies]\nserde = \"1\"\n");
        assert_eq!(complaints.len(), 2, "{complaints:?}");
    }
}
