//! What could stand at a place: names, members, clauses, classes of errors, labels, durations, parameters inside code.
//!
//! The text is the editor's, the analysis the last one: while somebody types, it is of a text that was there a moment ago. So
//! the text is parsed with a made-up name at the cursor, which says what kind of thing belongs there; what is known of types is
//! looked up by places that both texts have ([`context`]). Offers; never decides whether a program is right. Tested in `tests/it`.

mod clauses;
mod code;
mod context;
mod import;
mod members;
mod names;

pub(crate) use context::Context;
pub(crate) use names::{Visible, visible};

use crate::{Analysis, TextEdit, symbols::badness};
use flow_diag::{FileId, Span};
use flow_expr::Name;

/// What an offer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompletionKind {
    /// A word of the language.
    Keyword,
    /// A declaration with its keyword.
    Declaration(&'static str),
    /// A field or column.
    Field,
    /// A variant.
    Variant,
    /// A local name or parameter.
    Local,
    /// A module.
    Module,
    /// A value: a duration, a class of errors.
    Value,
}

/// Something that could stand there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// What is shown.
    pub label: String,
    /// What it is.
    pub kind: CompletionKind,
    /// Its type or signature.
    pub detail: Option<String>,
    /// What it does, if that is short; see [`resolve`] for declarations.
    pub docs: Option<String>,
    /// What is written.
    pub insert: String,
    /// Whether that has places to fill in.
    pub is_snippet: bool,
    /// How far down it belongs; 0 is the top.
    pub rank: u32,
    /// A `use` that it needs.
    pub import: Option<TextEdit>,
    /// The declaration, for [`resolve`].
    pub declaration: Option<Name>,
}

impl Completion {
    pub(crate) fn new(label: impl Into<String>, kind: CompletionKind, rank: u32) -> Self {
        let label = label.into();
        Self {
            insert: label.clone(),
            label,
            kind,
            detail: None,
            docs: None,
            is_snippet: false,
            rank,
            import: None,
            declaration: None,
        }
    }

    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}

/// What could stand at a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completions {
    /// What an offer replaces: the word before the place.
    pub replaces: Span,
    /// The offers, the best first.
    pub items: Vec<Completion>,
}

/// More are of no use in a list; typing on makes it shorter.
const MOST: usize = 300;

/// What could stand at a place of a text, which the analysis may not have seen yet.
#[must_use]
pub fn complete(analysis: &Analysis, file: FileId, text: &str, offset: u32) -> Completions {
    let Some(context) = Context::new(analysis, file, text, offset) else { return Completions::default() };
    let mut items = offers(&context);
    items.retain(|item| badness(&context.prefix, &item.label).is_some());
    items.sort_by_cached_key(|item| (badness(&context.prefix, &item.label), item.rank, item.label.clone()));
    items.dedup_by(|a, b| a.label == b.label && a.kind == b.kind && a.import == b.import);
    items.truncate(MOST);
    let start = offset - u32::try_from(context.prefix.len()).unwrap_or(0);
    Completions { replaces: Span::new(file, start, offset), items }
}

fn offers(context: &Context<'_>) -> Vec<Completion> {
    if let Some(items) = code::offers(context) {
        return items;
    }
    if context.is_in_plain_text() {
        return vec![];
    }
    if let Some(items) = members::offers(context).or_else(|| clauses::offers(context)) {
        return items;
    }
    names::offers(context)
}

/// What a declaration that was offered is for, in Markdown.
#[must_use]
pub fn resolve(analysis: &Analysis, declaration: &Name) -> Option<String> {
    let definition = analysis.declaration(declaration)?;
    Some(crate::described(analysis, definition))
}
