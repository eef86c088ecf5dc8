//! The tutorial has nothing wrong with it, not even a warning; nor has the library.

use crate::repository::{compile_text, files, root, shown};
use flow_compiler::{MemoryWorld, Options, compile};
use std::{collections::BTreeMap, fs};

#[test]
fn the_tutorial_is_clean() {
    let all = files(&root().join("examples"));
    // What stands in no project is refused, as the tutorial shows.
    let folders: Vec<String> =
        all.iter().filter_map(|(path, _)| Some(path.strip_suffix("flow.toml")?.into())).collect();
    let mut projects: BTreeMap<&str, Vec<(String, Vec<u8>)>> = BTreeMap::new();
    for (path, content) in &all {
        if let Some(folder) = folders.iter().find(|folder| path.starts_with(&**folder)) {
            projects.entry(folder).or_default().push((path[folder.len()..].to_owned(), content.clone()));
        }
    }
    assert!(projects.len() >= 7, "only {} examples were found", projects.len());
    for (project, files) in projects {
        let compilation = compile(&MemoryWorld::new(files), &Options::default());
        assert!(compilation.problems.is_empty(), "{project}:\n{}", shown(&compilation));
        assert!(compilation.flows().count() > 0, "{project} has no flow");
    }
}

#[test]
fn the_template_is_clean() {
    let folder = root().join("crates/flowc/template");
    if folder.is_dir() {
        let compilation = compile(&MemoryWorld::new(files(&folder)), &Options::default());
        assert!(compilation.problems.is_empty(), "{}", shown(&compilation));
    }
}

#[test]
fn profiles_and_settings_reach_the_program() {
    let world = MemoryWorld::new(files(&root().join("examples/05-modules")));
    let options = Options { profile: Some("prod".into()), ..Options::default() };
    let prod = compile(&world, &options);
    assert!(prod.problems.is_empty(), "{}", shown(&prod));
    let value =
        |compilation: &flow_compiler::Compilation| format!("{:?}", compilation.program.settings.values().next());
    assert!(value(&prod).contains("10"), "{}", value(&prod));
    let set = Options { set: vec![("settings.minimum_amount".into(), "7.5".into())], ..options };
    assert!(value(&compile(&world, &set)).contains("7.5"));
    let wrong = Options { set: vec![("minimum".into(), "1".into())], ..Options::default() };
    assert!(compile(&world, &wrong).problems.has_errors());
}

#[test]
fn a_file_beside_the_module_is_code() {
    let flow = "step fit() -> Int { python file(\"code/fit.py\") }\nflow run_it -> Int { fit() }\n";
    let world = MemoryWorld::new([("models/main.flow", flow), ("models/code/fit.py", "print(42)\n")]);
    let compilation = compile(&world, &Options::default());
    assert!(compilation.problems.is_empty(), "{}", shown(&compilation));
    let step = compilation.program.steps.values().find(|step| step.name.short() == "fit").expect("it is declared");
    let flow_plan::Body::Python { source, file } = &step.body else { panic!("{:?}", step.body) };
    assert_eq!((&**source, file.as_deref()), ("print(42)\n", Some("models/code/fit.py")));
    let escape = flow.replace("code/fit.py", "../../fit.py");
    let world = MemoryWorld::new([("models/main.flow", escape.as_str())]);
    assert_eq!(compile(&world, &Options::default()).problems.0[0].code.as_str(), "E0162");
}

#[test]
fn the_readme_program_is_clean() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap_or_default();
    for block in readme.split("```flow\n").skip(1) {
        let text = block.split("```").next().unwrap_or_default();
        let compilation = compile_text(text);
        assert!(!compilation.problems.has_errors(), "{}\nin\n{text}", shown(&compilation));
    }
}
