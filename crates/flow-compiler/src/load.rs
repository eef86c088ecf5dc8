//! From a world to texts: the manifest, the modules of the source folders, and the standard library.
//!
//! What cannot be read is a problem of that file; the others are loaded all the same. Knows no syntax of
//! Flow: a module's name comes from its path alone.

use crate::{
    World, WorldError,
    problems::{NoProgram, NotText, SameModule, Unreadable},
};
use flow_diag::{FileId, Problems, Sources, Span};
use flow_expr::Name;
use flow_sema::manifest::Manifest;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Files larger than this are refused.
pub const MAX_FILE_BYTES: u64 = flow_syntax::MAX_BYTES as u64;

/// The texts of a program.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// All files, with the manifest and the standard library.
    pub sources: Sources,
    /// The project's settings; the default where there is no `flow.toml`.
    pub manifest: Manifest,
    /// The modules that could be read, those of the project first.
    pub modules: Vec<LoadedModule>,
    /// What is wrong with files.
    pub problems: Problems,
}

/// A module's text.
#[derive(Clone, Debug)]
pub struct LoadedModule {
    /// Its name, from its path under the source folder: `a/b.flow` is `a.b`.
    pub name: Name,
    /// Its number in the sources.
    pub file: FileId,
    /// Its text.
    pub text: Arc<str>,
}

/// Loads a project: all `.flow` files of its source folders, or only the given ones.
#[must_use]
pub fn load(world: &dyn World, only: &[String]) -> Loaded {
    let mut loaded = Loaded::default();
    load_manifest(world, &mut loaded);
    let paths = if only.is_empty() { listed(world, &mut loaded) } else { given(only, &loaded.manifest) };
    let mut files: BTreeMap<Name, FileId> = BTreeMap::new();
    for (name, path) in paths {
        let Some((file, text)) = load_text(world, &path, &mut loaded) else { continue };
        if let Some(first) = files.get(&name) {
            let first = loaded.sources.get(*first).map(|source| source.path.clone()).unwrap_or_default();
            loaded.problems.push(SameModule { name, first, at: whole(file) });
            continue;
        }
        files.insert(name.clone(), file);
        loaded.modules.push(LoadedModule { name, file, text });
    }
    for (name, path, text) in crate::stdlib::MODULES {
        let file = loaded.sources.add(*path, *text);
        loaded.modules.push(LoadedModule { name: Name::new(*name), file, text: Arc::from(*text) });
    }
    loaded
}

/// The project's settings alone, as far as they can be read; what is wrong with them is for [`load`] to say.
#[must_use]
pub fn manifest(world: &dyn World) -> Manifest {
    let mut loaded = Loaded::default();
    load_manifest(world, &mut loaded);
    loaded.manifest
}

fn load_manifest(world: &dyn World, loaded: &mut Loaded) {
    if world.read("flow.toml") == Err(WorldError::NotFound) {
        return;
    }
    let Some((file, text)) = load_text(world, "flow.toml", loaded) else { return };
    let (manifest, problems) = Manifest::parse(file, &text);
    loaded.manifest = manifest;
    loaded.problems.extend(problems);
}

/// The modules of the manifest's source folders, with their paths, in the order of the paths.
fn listed(world: &dyn World, loaded: &mut Loaded) -> Vec<(Name, String)> {
    let mut found = vec![];
    let mut seen = BTreeSet::new();
    for folder in loaded.manifest.sources.clone() {
        match world.list(&folder) {
            Ok(mut paths) => {
                paths.sort();
                paths.retain(|path| seen.insert(path.clone()));
                found.extend(paths.into_iter().map(|path| (module_name(&path, &folder), path)));
            }
            Err(error) => {
                let file = loaded.sources.add(folder.as_ref(), "");
                loaded.problems.push(Unreadable { path: folder.to_string(), error, at: whole(file) });
            }
        }
    }
    if found.is_empty() && loaded.problems.is_empty() {
        let file = loaded.sources.add("flow.toml", "");
        loaded.problems.push(NoProgram { folders: loaded.manifest.sources.clone(), at: whole(file) });
    }
    found
}

/// The given files as modules of the source folder that they stand in, else of the root.
fn given(only: &[String], manifest: &Manifest) -> Vec<(Name, String)> {
    let folder_of = |path: &str| {
        let holds = |folder: &&Arc<str>| path.strip_prefix(&***folder).is_some_and(|rest| rest.starts_with('/'));
        manifest.sources.iter().filter(holds).max_by_key(|folder| folder.len()).map_or(".", |folder| folder)
    };
    only.iter().map(|path| (module_name(path, folder_of(path)), path.clone())).collect()
}

/// `flows/a/b.flow` in `flows` is `a.b`.
fn module_name(path: &str, folder: &str) -> Name {
    let folder = folder.trim_start_matches("./").trim_end_matches('/');
    let path = path.strip_prefix("./").unwrap_or(path);
    let inside = path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')).unwrap_or(path);
    Name::new(inside.strip_suffix(".flow").unwrap_or(inside).trim_matches('/').replace('/', "."))
}

/// Adds a file to the sources; its text if it is text.
fn load_text(world: &dyn World, path: &str, loaded: &mut Loaded) -> Option<(FileId, Arc<str>)> {
    let bytes = world.read(path).and_then(|bytes| {
        let size = bytes.len() as u64;
        if size > MAX_FILE_BYTES { Err(WorldError::TooLarge(size)) } else { Ok(bytes) }
    });
    match bytes.map(String::from_utf8) {
        Ok(Ok(text)) => {
            let text: Arc<str> = text.into();
            Some((loaded.sources.add(path, text.clone()), text))
        }
        Ok(Err(error)) => {
            let place = u32::try_from(error.utf8_error().valid_up_to()).unwrap_or(u32::MAX);
            let bytes = error.into_bytes();
            let byte = bytes.get(place as usize).copied().unwrap_or_default();
            let shown = &bytes[..bytes.len().min(place as usize + 200)];
            let file = loaded.sources.add(path, String::from_utf8_lossy(shown).as_ref());
            let at = Span::new(file, place, place + 3);
            loaded.problems.push(NotText { path: path.into(), byte, offset: place, at, binary: bytes.contains(&0) });
            None
        }
        Err(error) => {
            let file = loaded.sources.add(path, "");
            loaded.problems.push(Unreadable { path: path.into(), error, at: whole(file) });
            None
        }
    }
}

/// A span for what concerns a whole file.
fn whole(file: FileId) -> Span {
    Span::new(file, 0, 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryWorld;

    fn codes(loaded: &Loaded) -> Vec<&str> {
        loaded.problems.0.iter().map(|problem| problem.code.as_str()).collect()
    }

    fn project_modules(loaded: &Loaded) -> Vec<&str> {
        let names = loaded.modules.iter().map(|module| module.name.as_str());
        names.filter(|name| !name.starts_with("std")).collect()
    }

    #[test]
    fn modules_are_named_after_paths_under_their_folder() {
        let world = MemoryWorld::new([
            ("flow.toml", "name = \"shop\"\nsources = [\"flows\", \"shared\"]"),
            ("flows/a/b.flow", ""),
            ("flows/z.flow", ""),
            ("shared/types.flow", ""),
            ("elsewhere/x.flow", ""),
        ]);
        let loaded = load(&world, &[]);
        assert_eq!(project_modules(&loaded), ["a.b", "z", "types"]);
        assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
        let one = load(&world, &["flows/a/b.flow".to_owned()]);
        assert_eq!(project_modules(&one), ["a.b"]);
    }

    #[test]
    fn one_bad_file_does_not_hide_the_others() {
        let mut world = MemoryWorld::new([("good.flow", "// fine")]);
        world.insert("binary.flow", b"\x7fELF\0\xff".to_vec());
        world.insert("latin.flow", b"// caf\xe9".to_vec());
        world.insert("long.flow", vec![b'x'; MAX_FILE_BYTES as usize + 1]);
        world.insert_error("secret.flow", WorldError::Forbidden);
        let loaded = load(&world, &[]);
        assert_eq!(project_modules(&loaded), ["good"]);
        assert_eq!(codes(&loaded), ["E0151", "E0151", "E0150", "E0150"]);
        assert_eq!(loaded.problems.0[1].span().start, 6);
    }

    #[test]
    fn what_is_not_there() {
        let world = MemoryWorld::new([("flow.toml", "name = \"x\"\nsources = [\"flows\"]"), ("folder/a.flow", "")]);
        assert_eq!(codes(&load(&world, &[])), ["E0150"]);
        assert_eq!(codes(&load(&world, &["nope.flow".into(), "folder".into()])), ["E0150", "E0150"]);
        assert_eq!(codes(&load(&MemoryWorld::default(), &[])), ["E0153"]);
    }

    #[test]
    fn two_folders_with_one_module() {
        let world = MemoryWorld::new([
            ("flow.toml", "name = \"x\"\nsources = [\"a\", \"b\"]"),
            ("a/m.flow", ""),
            ("b/m.flow", ""),
        ]);
        assert_eq!(codes(&load(&world, &[])), ["E0152"]);
    }
}
