//! `textDocument/diagnostic` and `workspace/diagnostic`: the same that is published, for those who ask.

use crate::{
    publish,
    snapshot::{Failure, Snapshot, View},
};
use lsp_types::{
    DocumentDiagnosticParams, DocumentDiagnosticReport, DocumentDiagnosticReportResult, FullDocumentDiagnosticReport,
    RelatedFullDocumentDiagnosticReport, WorkspaceDiagnosticParams, WorkspaceDiagnosticReport,
    WorkspaceDiagnosticReportResult, WorkspaceDocumentDiagnosticReport, WorkspaceFullDocumentDiagnosticReport,
};

pub(crate) fn document(
    snapshot: &Snapshot,
    _: DocumentDiagnosticParams,
) -> Result<DocumentDiagnosticReportResult, Failure> {
    let found = snapshot.file().filter(|(view, file)| !view.analysis.is_library(*file));
    let items = found.map(|(view, file)| publish::of_file(view, file)).unwrap_or_default();
    Ok(DocumentDiagnosticReportResult::Report(DocumentDiagnosticReport::Full(RelatedFullDocumentDiagnosticReport {
        related_documents: None,
        full_document_diagnostic_report: FullDocumentDiagnosticReport { result_id: None, items },
    })))
}

pub(crate) fn workspace(
    snapshot: &Snapshot,
    _: WorkspaceDiagnosticParams,
) -> Result<WorkspaceDiagnosticReportResult, Failure> {
    let items = snapshot.views.iter().flat_map(of_project).collect();
    Ok(WorkspaceDiagnosticReportResult::Report(WorkspaceDiagnosticReport { items }))
}

fn of_project(view: &View) -> Vec<WorkspaceDocumentDiagnosticReport> {
    let report = |(path, items): (String, _)| {
        let uri = view.uri_of(&path)?;
        let document = view.around.documents.get(&view.key.root.join(&path));
        Some(WorkspaceDocumentDiagnosticReport::Full(WorkspaceFullDocumentDiagnosticReport {
            uri,
            version: document.map(|document| i64::from(document.version)),
            full_document_diagnostic_report: FullDocumentDiagnosticReport { result_id: None, items },
        }))
    };
    publish::by_path(view).into_iter().filter_map(report).collect()
}
