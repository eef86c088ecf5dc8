//! A checked program with what an editor needs to find its way: files by path, lines by file.
//!
//! Immutable, so that every thread may ask it; a change of a text makes the next one. Tested through the features.

use crate::facts::{self, Facts};
use flow_compiler::Compilation;
use flow_diag::{FileId, LineIndex, Source, Span};
use flow_expr::Name;
use flow_sema::index::{Definition, DefinitionKind};
use std::{collections::HashMap, sync::OnceLock};

/// One state of a program, checked.
#[derive(Debug)]
pub struct Analysis {
    /// What the compiler found, with its index for editors.
    pub compilation: Compilation,
    files: HashMap<String, FileId>,
    lines: Vec<OnceLock<LineIndex>>,
    facts: OnceLock<facts::ByName>,
    declarations: OnceLock<HashMap<Name, usize>>,
}

impl Analysis {
    /// Of a program that was compiled for an editor.
    #[must_use]
    pub fn new(compilation: Compilation) -> Self {
        let files: HashMap<String, FileId> =
            compilation.sources.iter().map(|(file, source)| (source.path.clone(), file)).collect();
        let lines = compilation.sources.iter().map(|_| OnceLock::new()).collect();
        Self { compilation, files, lines, facts: OnceLock::new(), declarations: OnceLock::new() }
    }

    /// The file at a path from the project's root.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<FileId> {
        self.files.get(path).copied()
    }

    /// A file's path and text.
    #[must_use]
    pub fn source(&self, file: FileId) -> Option<&Source> {
        self.compilation.sources.get(file)
    }

    /// A file's text; empty if there is no such file.
    #[must_use]
    pub fn text(&self, file: FileId) -> &str {
        self.source(file).map_or("", |source| &source.text)
    }

    /// What stands at a place.
    #[must_use]
    pub fn text_of(&self, span: Span) -> &str {
        self.text(span.file).get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// The lines of a file.
    #[must_use]
    pub fn lines(&self, file: FileId) -> Option<&LineIndex> {
        let lines = self.lines.get(file.0 as usize)?;
        Some(lines.get_or_init(|| LineIndex::new(self.text(file))))
    }

    /// The declaration of that qualified name.
    #[must_use]
    pub fn declaration(&self, name: &Name) -> Option<&Definition> {
        let definitions = &self.compilation.index.definitions;
        let declarations = self.declarations.get_or_init(|| {
            let declared = definitions.iter().enumerate();
            let declared = declared.filter(|(_, found)| matches!(found.kind, DefinitionKind::Declaration(_)));
            declared.map(|(number, found)| (found.name.clone(), number)).collect()
        });
        declarations.get(name).map(|number| &definitions[*number])
    }

    /// What is proved of a flow, a dataset or a step.
    #[must_use]
    pub fn facts(&self, name: &Name) -> Option<Facts> {
        if let Some(step) = self.compilation.program.steps.get(name) {
            return Some(facts::of_step(self, step));
        }
        self.facts.get_or_init(|| facts::of_program(self)).get(name).cloned()
    }

    /// Whether the file is one of the standard library, which nobody edits.
    #[must_use]
    pub fn is_library(&self, file: FileId) -> bool {
        self.source(file).is_some_and(|source| source.path.starts_with("std/"))
    }
}

/// Threads share it.
const _: fn() = || {
    fn shared<T: Send + Sync>() {}
    shared::<Analysis>();
};
