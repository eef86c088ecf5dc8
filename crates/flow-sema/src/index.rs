//! Who defines what, who mentions it, and what type stands where: plain data for an editor, for the
//! browser and for "unused" warnings.
//!
//! Knows nothing of how names are resolved; it is told. Tested through `lib.rs`.

use flow_diag::Span;
use flow_expr::{Name, Type};
use std::sync::Arc;

/// A definition's number: its position in [`Index::definitions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DefinitionId(pub u32);

impl DefinitionId {
    /// Of what is in no index.
    pub(crate) const NONE: Self = Self(u32::MAX);
}

/// What a definition is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DefinitionKind {
    /// A declaration of a module, with its keyword: `step`, `type`, `dataset`, …
    Declaration(&'static str),
    /// A field of a record or payload.
    Field,
    /// A variant of an enum.
    Variant,
    /// A parameter of a function, guard, step, flow or lambda, or a partition key.
    Parameter,
    /// A `let`, a loop variable or a name in a pattern.
    Local,
}

/// A thing with a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// What it is.
    pub kind: DefinitionKind,
    /// Its qualified name; fields and variants are `module.Type.field`, locals have their short name.
    pub name: Name,
    /// Its name in the text.
    pub at: Span,
    /// Its type, where it has one.
    pub ty: Option<Type>,
    /// Its doc comment, without the slashes.
    pub docs: Option<Arc<str>>,
}

/// A mention of a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Where it is mentioned.
    pub at: Span,
    /// What is mentioned.
    pub to: DefinitionId,
}

/// The type of an expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Typed {
    /// The expression.
    pub at: Span,
    /// Its type.
    pub ty: Type,
}

/// Definitions, references and types of a whole program.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Index {
    /// All definitions, in the order in which they were found; what is bound in bodies only for an editor.
    pub definitions: Vec<Definition>,
    /// All mentions; by place after [`Index::finish`]. Only for an editor.
    pub references: Vec<Reference>,
    /// Types of names, calls and field accesses; by place after [`Index::finish`]. Only for an editor.
    pub types: Vec<Typed>,
    /// Whether something mentions each definition.
    used: Vec<bool>,
    for_editor: bool,
}

/// How much was in an index at some point.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    references: usize,
    types: usize,
}

impl Index {
    /// An empty one; for an editor it keeps types, and is in order in the end.
    pub(crate) fn new(for_editor: bool) -> Self {
        Self { for_editor, ..Self::default() }
    }

    /// Whether mentions and types are kept.
    pub(crate) fn is_for_editor(&self) -> bool {
        self.for_editor
    }

    /// Adds a definition.
    pub(crate) fn define(&mut self, definition: Definition) -> DefinitionId {
        let id = DefinitionId(u32::try_from(self.definitions.len()).unwrap_or(u32::MAX));
        self.definitions.push(definition);
        self.used.push(false);
        id
    }

    /// Adds what is bound in a body, which only an editor asks for.
    pub(crate) fn define_local(&mut self, definition: impl FnOnce() -> Definition) -> DefinitionId {
        if self.for_editor { self.define(definition()) } else { DefinitionId::NONE }
    }

    /// Adds a mention.
    pub(crate) fn mention(&mut self, at: Span, to: DefinitionId) {
        if let Some(used) = self.used.get_mut(to.0 as usize) {
            *used = true;
        }
        if self.for_editor {
            self.references.push(Reference { at, to });
        }
    }

    /// How much there is.
    pub(crate) fn mark(&self) -> Mark {
        Mark { references: self.references.len(), types: self.types.len() }
    }

    /// Takes back the mentions and types since: what they were found for is looked at again.
    pub(crate) fn back_to(&mut self, mark: Mark) {
        self.references.truncate(mark.references);
        self.types.truncate(mark.types);
    }

    /// All definitions, each with whether something mentions it.
    pub fn mentioned(&self) -> impl Iterator<Item = (&Definition, bool)> {
        self.definitions.iter().zip(self.used.iter().copied())
    }

    /// Adds the type of an expression.
    pub(crate) fn typed(&mut self, at: Span, ty: &Type) {
        if self.for_editor && *ty != Type::Unknown {
            self.types.push(Typed { at, ty: ty.clone() });
        }
    }

    /// Sorts by place, so that the queries below can search.
    pub(crate) fn finish(&mut self) {
        if !self.for_editor {
            return;
        }
        self.references.sort_unstable_by_key(|reference| reference.at);
        self.types.sort_by_key(|typed| typed.at);
    }

    /// The definition.
    #[must_use]
    pub fn definition(&self, id: DefinitionId) -> Option<&Definition> {
        self.definitions.get(id.0 as usize)
    }

    /// What the name at a place (file and offset of `at`'s start) refers to, or defines.
    #[must_use]
    pub fn definition_at(&self, at: Span) -> Option<DefinitionId> {
        let after =
            self.references.partition_point(|reference| (reference.at.file, reference.at.start) <= (at.file, at.start));
        let mention = after.checked_sub(1).map(|position| self.references[position]);
        if let Some(found) = mention.filter(|found| found.at.file == at.file && at.start <= found.at.end) {
            return Some(found.to);
        }
        let covers = |span: Span| span.file == at.file && span.start <= at.start && at.start <= span.end;
        let position = self.definitions.iter().position(|definition| covers(definition.at))?;
        u32::try_from(position).ok().map(DefinitionId)
    }

    /// All mentions of a definition, by place.
    pub fn mentions(&self, of: DefinitionId) -> impl Iterator<Item = Span> + '_ {
        self.references.iter().filter(move |reference| reference.to == of).map(|reference| reference.at)
    }

    /// The type of the smallest expression around a place.
    #[must_use]
    pub fn type_at(&self, at: Span) -> Option<&Typed> {
        let after = self.types.partition_point(|typed| (typed.at.file, typed.at.start) <= (at.file, at.start));
        self.types[..after]
            .iter()
            .rev()
            .take_while(|typed| typed.at.file == at.file)
            .take(512)
            .filter(|typed| at.start <= typed.at.end)
            .min_by_key(|typed| typed.at.end - typed.at.start)
    }
}
