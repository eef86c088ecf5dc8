//! `textDocument/references` and `textDocument/documentHighlight`.

use crate::snapshot::{Failure, Snapshot};
use lsp_types::{DocumentHighlight, DocumentHighlightKind, DocumentHighlightParams, Location, ReferenceParams};

pub(crate) fn references(snapshot: &Snapshot, params: ReferenceParams) -> Result<Option<Vec<Location>>, Failure> {
    let Some((view, at)) = snapshot.place(params.text_document_position.position) else { return Ok(None) };
    let mentions = flow_ide::references(&view.analysis, at).into_iter();
    let wanted = mentions.filter(|mention| params.context.include_declaration || !mention.declares);
    Ok(Some(wanted.filter_map(|mention| view.location(mention.at)).collect()))
}

pub(crate) fn highlights(
    snapshot: &Snapshot,
    params: DocumentHighlightParams,
) -> Result<Option<Vec<DocumentHighlight>>, Failure> {
    let position = params.text_document_position_params.position;
    let Some((view, at)) = snapshot.place(position) else { return Ok(None) };
    let highlight = |mention: flow_ide::Mention| DocumentHighlight {
        range: view.range(mention.at),
        kind: Some(if mention.declares { DocumentHighlightKind::WRITE } else { DocumentHighlightKind::READ }),
    };
    Ok(Some(flow_ide::highlights(&view.analysis, at).into_iter().map(highlight).collect()))
}
