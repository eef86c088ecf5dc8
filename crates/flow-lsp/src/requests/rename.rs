//! `textDocument/prepareRename` and `textDocument/rename`.

use crate::snapshot::{Failure, Snapshot};
use lsp_types::{PrepareRenameResponse, RenameParams, TextDocumentPositionParams, WorkspaceEdit};

pub(crate) fn prepare(
    snapshot: &Snapshot,
    params: TextDocumentPositionParams,
) -> Result<Option<PrepareRenameResponse>, Failure> {
    let Some((view, at)) = snapshot.place(params.position) else { return Ok(None) };
    let (at, placeholder) = flow_ide::prepare_rename(&view.analysis, at).map_err(Failure::refused)?;
    Ok(Some(PrepareRenameResponse::RangeWithPlaceholder { range: view.range(at), placeholder }))
}

pub(crate) fn rename(snapshot: &Snapshot, params: RenameParams) -> Result<Option<WorkspaceEdit>, Failure> {
    let Some((view, at)) = snapshot.place(params.text_document_position.position) else { return Ok(None) };
    let edits = flow_ide::rename(&view.analysis, at, &params.new_name).map_err(Failure::refused)?;
    Ok(Some(view.workspace_edit(&edits)))
}
