//! What the client can do, as far as the server cares.
//!
//! Read from the document that it sent, by path: `lsp-types` looks for the refreshing of diagnostics under another name
//! than the protocol gives it.

use flow_diag::Encoding;
use serde_json::Value;

/// What the client can do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client {
    /// What columns count.
    pub(crate) encoding: Encoding,
    /// Whether it asks for the diagnostics of open files itself, and again when it is told to.
    pub(crate) pulls: bool,
    /// Whether it tells of files that change on disk, once it is asked to.
    pub(crate) watches: bool,
    /// Whether it takes edits with the versions of documents.
    pub(crate) document_changes: bool,
    /// Whether completions may have places to fill in.
    pub(crate) snippets: bool,
    /// Whether it asks again for inlay hints when it is told to.
    pub(crate) refreshes_hints: bool,
    /// The same of code lenses.
    pub(crate) refreshes_lenses: bool,
    /// The same of semantic tokens.
    pub(crate) refreshes_tokens: bool,
}

impl Client {
    /// From the parameters of `initialize`.
    pub(crate) fn of(initialize: &Value) -> Self {
        let at = |path: &str| initialize.pointer(&format!("/capabilities/{path}"));
        let can = |path: &str| at(path).and_then(Value::as_bool) == Some(true);
        let encodings = at("general/positionEncodings").and_then(Value::as_array);
        let has_utf8 = encodings.is_some_and(|encodings| encodings.iter().any(|encoding| encoding == "utf-8"));
        Self {
            encoding: if has_utf8 { Encoding::Utf8 } else { Encoding::Utf16 },
            pulls: at("textDocument/diagnostic").is_some() && can("workspace/diagnostics/refreshSupport"),
            watches: can("workspace/didChangeWatchedFiles/dynamicRegistration"),
            document_changes: can("workspace/workspaceEdit/documentChanges"),
            snippets: can("textDocument/completion/completionItem/snippetSupport"),
            refreshes_hints: can("workspace/inlayHint/refreshSupport"),
            refreshes_lenses: can("workspace/codeLens/refreshSupport"),
            refreshes_tokens: can("workspace/semanticTokens/refreshSupport"),
        }
    }
}
