//! Policies from outside of a project: a company's file, applied to any program.
//!
//! Such a file is a module of its own, which holds policies and what they are written with. It adds nothing to the
//! program: what runs is refused in it (E1003).

use crate::{Loaded, LoadedModule};
use flow_diag::{FileId, Problem, Problems, Span, codes};
use flow_expr::Name;
use flow_syntax::ast::{self, Decl};
use std::{collections::HashMap, sync::Arc};

/// A file of policies that holds for a program without being a part of it.
#[derive(Clone, Debug)]
pub struct PolicyFile {
    /// Its path, as it is shown.
    pub path: String,
    /// Its text.
    pub text: Arc<str>,
}

/// Adds the files to what is compiled; gives their numbers. One that is a module of the project is there already.
pub(crate) fn add(loaded: &mut Loaded, files: &[PolicyFile]) -> Vec<FileId> {
    let mut added = vec![];
    for (number, policy) in files.iter().enumerate() {
        if loaded.sources.iter().any(|(_, source)| source.path == policy.path) {
            continue;
        }
        let file = loaded.sources.add(policy.path.as_str(), policy.text.clone());
        // Not a name that a path can have, so that nothing of the project is hidden by it.
        let name = Name::new(format!("policies+{number}"));
        loaded.modules.push(LoadedModule { name, file, text: policy.text.clone() });
        added.push(file);
    }
    added
}

/// What does not belong into such files.
pub(crate) fn check(added: &[FileId], trees: &HashMap<FileId, flow_syntax::Parse>) -> Problems {
    let mut problems = Problems::default();
    for file in added {
        let Some(tree) = trees.get(file) else { continue };
        let module: ast::Module = tree.root();
        for decl in module.decls() {
            if matches!(decl, Decl::Use(_) | Decl::Policy(_) | Decl::Fn(_) | Decl::Const(_) | Decl::Type(_)) {
                continue;
            }
            if let Some(name) = decl.name() {
                let range = name.range();
                let at = Span::new(*file, range.start().into(), range.end().into());
                problems.push(NoPolicy { name: name.text(), at });
            }
        }
    }
    problems
}

/// Something else in a file of policies.
struct NoPolicy<'a> {
    name: &'a str,
    at: Span,
}

impl From<NoPolicy<'_>> for Problem {
    fn from(found: NoPolicy<'_>) -> Self {
        let title = format!("`{}` is no policy", found.name);
        Self::error(codes::E1003, found.at, title, "a file of policies adds nothing to the program")
            .help("it may hold `policy`, and `use`, `fn`, `const` and `type` for what policies say")
    }
}
