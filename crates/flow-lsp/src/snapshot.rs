//! What a request is answered from: texts and checked programs as they were when it came, which nothing changes any more.

use crate::{
    client::Client, convert::Text, documents::Documents, host::Host, project::Key, requests::tokens::Kept, uri,
};
use flow_diag::{FileId, LineIndex, Span};
use flow_ide::{Analysis, TextEdit};
use lsp_server::ErrorCode;
use lsp_types::{
    DocumentChangeOperation, DocumentChanges, Location, OneOf, OptionalVersionedTextDocumentIdentifier, Position,
    Range, TextDocumentEdit, Uri, WorkspaceEdit,
};
use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// Why a request has no answer.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
}

impl Failure {
    /// The request itself is at fault, in words for people.
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self { code: ErrorCode::RequestFailed, message: message.into() }
    }
}

/// One checked project.
#[derive(Clone)]
pub(crate) struct View {
    pub(crate) key: Key,
    pub(crate) analysis: Arc<Analysis>,
    pub(crate) around: Around,
}

/// What views have in common.
#[derive(Clone)]
pub(crate) struct Around {
    pub(crate) client: Client,
    pub(crate) host: Arc<dyn Host>,
    pub(crate) documents: Documents,
    /// The last colours that were sent.
    pub(crate) tokens: Arc<Kept>,
}

/// What a request is answered from.
pub(crate) struct Snapshot {
    /// All projects that were checked.
    pub(crate) views: Vec<View>,
    /// The one that the request is about, with the file's path in it.
    pub(crate) current: Option<(View, String)>,
    pub(crate) around: Around,
    /// Set when nobody waits for the answer any more.
    pub(crate) cancelled: Arc<AtomicBool>,
}

impl Snapshot {
    /// Whether nobody waits for the answer any more.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// The text of an open document.
    pub(crate) fn text(&self, of: &Uri) -> Option<Arc<str>> {
        self.around.documents.get(&uri::path(of)).map(|document| document.text.clone())
    }

    /// The project and the file that the request is about.
    pub(crate) fn file(&self) -> Option<(&View, FileId)> {
        let (view, path) = self.current.as_ref()?;
        Some((view, view.analysis.file(path)?))
    }

    /// The place that the request is about.
    pub(crate) fn place(&self, position: Position) -> Option<(&View, Span)> {
        let (view, file) = self.file()?;
        let offset = view.text(file)?.offset(position);
        Some((view, Span::new(file, offset, offset)))
    }

    /// The stretch that the request is about.
    pub(crate) fn stretch(&self, range: Range) -> Option<(&View, Span)> {
        let (view, file) = self.file()?;
        let text = view.text(file)?;
        Some((view, Span::new(file, text.offset(range.start), text.offset(range.end))))
    }
}

impl Around {
    /// Does something with a text and its lines.
    pub(crate) fn with_lines<T>(&self, text: &str, work: impl FnOnce(&Text<'_>) -> T) -> T {
        let lines = LineIndex::new(text);
        work(&Text { text, lines: &lines, encoding: self.client.encoding })
    }
}

impl View {
    /// A file with its lines.
    pub(crate) fn text(&self, file: FileId) -> Option<Text<'_>> {
        let lines = self.analysis.lines(file)?;
        Some(Text { text: self.analysis.text(file), lines, encoding: self.around.client.encoding })
    }

    /// Where a span stands.
    pub(crate) fn range(&self, span: Span) -> Range {
        self.text(span.file).map(|text| text.range(span.start, span.end)).unwrap_or_default()
    }

    /// The address of a file; what is part of the compiler is put where it can be opened.
    pub(crate) fn uri(&self, file: FileId) -> Option<Uri> {
        let source = self.analysis.source(file)?;
        if self.analysis.is_library(file) {
            return uri::of_path(&self.around.host.shelve(&source.path, &source.text)?);
        }
        self.uri_of(&source.path)
    }

    /// The address of a path from the root; an open document's as the client writes it.
    pub(crate) fn uri_of(&self, path: &str) -> Option<Uri> {
        let full: PathBuf = self.key.root.join(path);
        match self.around.documents.get(&full) {
            Some(document) => Some(document.uri.clone()),
            None => uri::of_path(&full),
        }
    }

    /// Where a span stands, with its file.
    pub(crate) fn location(&self, span: Span) -> Option<Location> {
        Some(Location { uri: self.uri(span.file)?, range: self.range(span) })
    }

    /// Changes of texts as the client takes them; nothing of the library is changed.
    pub(crate) fn workspace_edit(&self, edits: &[TextEdit]) -> WorkspaceEdit {
        let mut by_file: BTreeMap<FileId, Vec<lsp_types::TextEdit>> = BTreeMap::new();
        for edit in edits.iter().filter(|edit| !self.analysis.is_library(edit.at.file)) {
            let change = lsp_types::TextEdit { range: self.range(edit.at), new_text: edit.text.clone() };
            by_file.entry(edit.at.file).or_default().push(change);
        }
        let by_file = by_file.into_iter().filter_map(|(file, edits)| Some((self.uri(file)?, edits)));
        if !self.around.client.document_changes {
            #[expect(clippy::mutable_key_type, reason = "the protocol's type; nothing changes the addresses")]
            let changes: HashMap<Uri, Vec<lsp_types::TextEdit>> = by_file.collect();
            return WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() };
        }
        let changes = by_file.map(|(uri, edits)| {
            let version = self.around.documents.get(&uri::path(&uri)).map(|document| document.version);
            let text_document = OptionalVersionedTextDocumentIdentifier { uri, version };
            let edits = edits.into_iter().map(OneOf::Left).collect();
            DocumentChangeOperation::Edit(TextDocumentEdit { text_document, edits })
        });
        let changes = DocumentChanges::Operations(changes.collect());
        WorkspaceEdit { document_changes: Some(changes), ..WorkspaceEdit::default() }
    }
}
