//! What the client tells: files that are opened, changed, closed and saved, and those that others change on disk.

use super::Server;
use crate::{
    documents::{self, Document},
    uri,
};
use lsp_server::Notification;
use lsp_types::{
    CancelParams, DidChangeTextDocumentParams, DidChangeWatchedFilesParams, DidChangeWatchedFilesRegistrationOptions,
    DidChangeWorkspaceFoldersParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams, DidSaveTextDocumentParams,
    FileSystemWatcher, GlobPattern, NumberOrString, Registration, RegistrationParams, Uri,
    notification::{
        Cancel, DidChangeTextDocument, DidChangeWatchedFiles, DidChangeWorkspaceFolders, DidCloseTextDocument,
        DidOpenTextDocument, DidSaveTextDocument, Notification as Method,
    },
    request::RegisterCapability,
};

impl Server {
    /// After the handshake: what is to be watched, and the projects that are open from the beginning.
    pub(super) fn begin(&mut self) {
        if self.client.watches {
            // Programs, settings, and what programs read when they are compiled.
            let pattern = GlobPattern::String("**/*.{flow,toml,sql,py,sh}".to_owned());
            let watchers = vec![FileSystemWatcher { glob_pattern: pattern, kind: None }];
            let options = DidChangeWatchedFilesRegistrationOptions { watchers };
            self.ask::<RegisterCapability>(RegistrationParams {
                registrations: vec![Registration {
                    id: "files".to_owned(),
                    method: DidChangeWatchedFiles::METHOD.to_owned(),
                    register_options: serde_json::to_value(options).ok(),
                }],
            });
        }
        self.open_folders(&self.folders.clone());
        self.start_checks();
    }

    pub(super) fn notice(&mut self, notice: Notification) {
        let Notification { method, params } = notice;
        // What is not understood is no reason to stop: the next one may be.
        let _ = match method.as_str() {
            DidOpenTextDocument::METHOD => serde_json::from_value(params).map(|params| self.opened(params)),
            DidChangeTextDocument::METHOD => serde_json::from_value(params).map(|params| self.changed(params)),
            DidCloseTextDocument::METHOD => serde_json::from_value(params).map(|params| self.closed(&params)),
            DidSaveTextDocument::METHOD => serde_json::from_value(params).map(|params| self.saved(&params)),
            DidChangeWatchedFiles::METHOD => serde_json::from_value(params).map(|params| self.touched(&params)),
            DidChangeWorkspaceFolders::METHOD => serde_json::from_value(params).map(|params| self.refolded(&params)),
            Cancel::METHOD => serde_json::from_value(params).map(|params: CancelParams| {
                self.cancel(match params.id {
                    NumberOrString::Number(number) => number.into(),
                    NumberOrString::String(text) => text.into(),
                });
            }),
            _ => Ok(()),
        };
    }

    fn opened(&mut self, params: DidOpenTextDocumentParams) {
        let document = params.text_document;
        let path = uri::path(&document.uri);
        let (uri, version, text) = (document.uri.clone(), document.version, document.text.into());
        self.documents.insert(path, Document { uri, version, text });
        self.settle();
        self.touch_document(&document.uri, true);
    }

    fn changed(&mut self, params: DidChangeTextDocumentParams) {
        let encoding = self.client.encoding;
        let Some(document) = self.documents.get_mut(&uri::path(&params.text_document.uri)) else { return };
        let text = documents::changed(&document.text, params.content_changes, encoding);
        document.version = params.text_document.version;
        document.text = text.into();
        self.touch_document(&params.text_document.uri, false);
    }

    fn closed(&mut self, params: &DidCloseTextDocumentParams) {
        self.documents.remove(&uri::path(&params.text_document.uri));
        self.touch_document(&params.text_document.uri, true);
        self.settle();
    }

    /// What is saved may be a text that is not open here: settings, a script beside a module.
    fn saved(&mut self, params: &DidSaveTextDocumentParams) {
        if !self.documents.contains_key(&uri::path(&params.text_document.uri)) {
            self.touch_document(&params.text_document.uri, false);
        }
    }

    fn touched(&mut self, params: &DidChangeWatchedFilesParams) {
        self.settle();
        for change in &params.changes {
            let path = uri::path(&change.uri);
            // What is open counts as the editor has it.
            if self.documents.contains_key(&path) {
                continue;
            }
            if let Some(key) = self.key_of(&path).filter(|key| self.projects.contains_key(key)) {
                self.touch(key);
            }
        }
    }

    fn refolded(&mut self, params: &DidChangeWorkspaceFoldersParams) {
        let gone: Vec<_> = params.event.removed.iter().map(|folder| uri::path(&folder.uri)).collect();
        self.folders.retain(|folder| !gone.contains(folder));
        let added: Vec<_> = params.event.added.iter().map(|folder| uri::path(&folder.uri)).collect();
        self.open_folders(&added);
        self.folders.extend(added);
        self.settle();
    }

    /// An open file changed; `who_tells` if it was opened or closed, which decides who is to tell of its diagnostics.
    fn touch_document(&mut self, uri: &Uri, who_tells: bool) {
        let path = uri::path(uri);
        // The library does not change, whatever is typed into a copy.
        if self.host.shelved(&path).is_some() {
            return;
        }
        let Some(key) = self.key_of(&path) else { return };
        if who_tells && let Some(relative) = key.relative(&path) {
            self.publish_one(&key, &relative);
        }
        self.touch(key);
    }
}
