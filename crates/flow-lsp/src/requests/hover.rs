//! `textDocument/hover`.

use crate::snapshot::{Failure, Snapshot};
use lsp_types::{Hover, HoverContents, HoverParams, MarkupContent, MarkupKind};

pub(crate) fn answer(snapshot: &Snapshot, params: HoverParams) -> Result<Option<Hover>, Failure> {
    let position = params.text_document_position_params.position;
    let Some((view, at)) = snapshot.place(position) else { return Ok(None) };
    let hover = flow_ide::hover(&view.analysis, at).map(|hover| Hover {
        range: Some(view.range(hover.at)),
        contents: HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value: hover.text }),
    });
    Ok(hover)
}
