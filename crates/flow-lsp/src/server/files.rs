//! Files and projects: which there are, when they are checked, what is published of them.

use super::{Event, Server};
use crate::{
    check::{Check, Found},
    project::{Key, Project},
    snapshot::{Around, View},
    uri,
};
use lsp_types::{
    Diagnostic, MessageType, PublishDiagnosticsParams,
    notification::{LogMessage, PublishDiagnostics},
    request::{CodeLensRefresh, InlayHintRefreshRequest, SemanticTokensRefresh, WorkspaceDiagnosticRefresh},
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

impl Server {
    /// The project that a file belongs to. A module of the library belongs to whichever project there is.
    pub(super) fn key_of(&self, file: &Path) -> Option<Key> {
        if self.host.shelved(file).is_some() {
            return self.projects.keys().next().cloned();
        }
        if let Some(root) = self.host.project(file) {
            return Some(Key { root, only: None });
        }
        let is_flow = file.extension().is_none_or(|extension| extension == "flow");
        let name = file.file_name()?.to_string_lossy().into_owned();
        is_flow.then(|| Key { root: file.parent().unwrap_or(Path::new("/")).to_path_buf(), only: Some(name) })
    }

    /// The path of a file as its project names it.
    pub(super) fn path_in(&self, key: &Key, file: &Path) -> Option<String> {
        self.host.shelved(file).or_else(|| key.relative(file))
    }

    /// Says that files of a project changed; it is known from now on.
    pub(super) fn touch(&mut self, key: Key) {
        self.projects.entry(key).or_default().revision += 1;
    }

    /// The projects of the folders that the client has opened.
    pub(super) fn open_folders(&mut self, folders: &[PathBuf]) {
        for folder in folders {
            // As if a file in the folder were asked about.
            if let Some(root) = self.host.project(&folder.join("flow.toml")) {
                self.touch(Key { root, only: None });
            }
        }
    }

    /// Looks again which projects the open files belong to, and drops those that nobody has open.
    pub(super) fn settle(&mut self) {
        let mut wanted: Vec<Key> = self.documents.keys().filter_map(|path| self.key_of(path)).collect();
        for key in &wanted {
            self.projects.entry(key.clone()).or_default();
        }
        let roots = self.folders.iter().filter_map(|folder| self.host.project(&folder.join("flow.toml")));
        wanted.extend(roots.map(|root| Key { root, only: None }));
        let unwanted = self.projects.keys().filter(|key| !wanted.contains(key));
        let unwanted: Vec<Key> = unwanted.filter(|key| key.only.is_some()).cloned().collect();
        for key in unwanted {
            let Some(project) = self.projects.remove(&key) else { continue };
            for path in project.published.into_keys() {
                self.publish(&key, &path, vec![]);
            }
        }
    }

    /// Begins the checks that are due.
    pub(super) fn start_checks(&mut self) {
        let due = self.projects.iter().filter(|(_, project)| !project.is_fresh() && !project.is_checking);
        let due: Vec<Key> = due.map(|(key, _)| key.clone()).collect();
        for key in due {
            let open = self.open_in(&key);
            let Some(project) = self.projects.get_mut(&key) else { continue };
            project.is_checking = true;
            let (revision, kept) = (project.revision, project.kept.clone());
            let check = Check { key: key.clone(), open, kept, around: self.around() };
            let events = self.events.clone();
            self.checks.run(move || {
                let _ = events.send(Event::Checked { key, revision, result: check.run() });
            });
        }
    }

    /// The open files of a project, by path from its root.
    fn open_in(&self, key: &Key) -> BTreeMap<String, Arc<str>> {
        let inside = |path: &PathBuf| self.host.shelved(path).is_none() && self.key_of(path).as_ref() == Some(key);
        let open = self.documents.iter().filter(|(path, _)| inside(path));
        open.filter_map(|(path, document)| Some((key.relative(path)?, document.text.clone()))).collect()
    }

    /// Takes what a check found.
    pub(super) fn checked(&mut self, key: &Key, revision: u64, result: Result<Found, String>) {
        let Some(project) = self.projects.get_mut(key) else { return };
        project.is_checking = false;
        project.checked = revision;
        match result {
            Ok(Found { analysis, diagnostics }) => {
                let old = project.analysis.replace(analysis);
                // A whole program takes a while to be given back.
                self.checks.run(move || drop(old));
                self.publish_all(key, diagnostics);
            }
            Err(panic) => {
                let message = format!("the check of {} failed: {panic}", key.root.display());
                self.notify::<LogMessage>(lsp_types::LogMessageParams { typ: MessageType::ERROR, message });
            }
        }
    }

    pub(super) fn around(&self) -> Around {
        Around {
            client: self.client,
            host: self.host.clone(),
            documents: self.documents.clone(),
            tokens: self.tokens.clone(),
        }
    }

    pub(super) fn view(&self, key: &Key) -> Option<View> {
        let analysis = self.projects.get(key)?.analysis.clone()?;
        Some(View { key: key.clone(), analysis, around: self.around() })
    }

    /// Publishes what changed since the last time.
    fn publish_all(&mut self, key: &Key, found: BTreeMap<String, Vec<Diagnostic>>) {
        let Some(project) = self.projects.get_mut(key) else { return };
        let before = std::mem::replace(&mut project.published, found.clone());
        let changed = |path: &&String| found.get(*path) != before.get(*path);
        let mut paths: Vec<&String> = found.keys().chain(before.keys()).filter(changed).collect();
        paths.sort();
        paths.dedup();
        let mut pulled = false;
        for path in paths {
            if self.is_pulled(key, path) {
                pulled = true;
            } else {
                self.publish(key, path, found.get(path).cloned().unwrap_or_default());
            }
        }
        if pulled {
            self.ask::<WorkspaceDiagnosticRefresh>(());
        }
        self.refresh();
    }

    /// Asks the client to ask again for what depends on the whole program.
    fn refresh(&mut self) {
        if self.client.refreshes_hints {
            self.ask::<InlayHintRefreshRequest>(());
        }
        if self.client.refreshes_lenses {
            self.ask::<CodeLensRefresh>(());
        }
        if self.client.refreshes_tokens {
            self.ask::<SemanticTokensRefresh>(());
        }
    }

    /// Whether the client asks for the diagnostics of a file itself: it does so for open ones.
    fn is_pulled(&self, key: &Key, path: &str) -> bool {
        self.client.pulls && self.documents.contains_key(&key.root.join(path))
    }

    /// Publishes the diagnostics of one file again, or takes them back: it was opened or closed.
    pub(super) fn publish_one(&mut self, key: &Key, path: &str) {
        if !self.client.pulls {
            return;
        }
        let found = self.projects.get(key).and_then(|project| project.published.get(path)).cloned();
        let found = if self.is_pulled(key, path) { vec![] } else { found.unwrap_or_default() };
        self.publish(key, path, found);
    }

    fn publish(&self, key: &Key, path: &str, diagnostics: Vec<Diagnostic>) {
        let full = key.root.join(path);
        let document = self.documents.get(&full);
        let uri = document.map_or_else(|| uri::of_path(&full), |document| Some(document.uri.clone()));
        // Without a version where a newer text has been typed since.
        let is_fresh = self.projects.get(key).is_some_and(Project::is_fresh);
        let version = document.filter(|_| is_fresh).map(|document| document.version);
        if let Some(uri) = uri {
            self.notify::<PublishDiagnostics>(PublishDiagnosticsParams { uri, diagnostics, version });
        }
    }
}
