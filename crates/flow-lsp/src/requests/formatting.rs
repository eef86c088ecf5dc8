//! `textDocument/formatting`, `textDocument/rangeFormatting` and `textDocument/onTypeFormatting`.

use crate::snapshot::{Failure, Snapshot};
use flow_diag::{FileId, Span};
use flow_ide::TextEdit;
use lsp_types::{DocumentFormattingParams, DocumentOnTypeFormattingParams, DocumentRangeFormattingParams, Uri};

type Answer = Result<Option<Vec<lsp_types::TextEdit>>, Failure>;

pub(crate) fn whole(snapshot: &Snapshot, params: DocumentFormattingParams) -> Answer {
    let Some(text) = snapshot.text(&params.text_document.uri) else { return Ok(None) };
    Ok(edits(snapshot, &text, flow_ide::format(FileId(0), &text), &params.text_document.uri))
}

pub(crate) fn range(snapshot: &Snapshot, params: DocumentRangeFormattingParams) -> Answer {
    let Some(text) = snapshot.text(&params.text_document.uri) else { return Ok(None) };
    let range = snapshot.around.with_lines(&text, |lines| {
        Span::new(FileId(0), lines.offset(params.range.start), lines.offset(params.range.end))
    });
    Ok(edits(snapshot, &text, flow_ide::format_range(range, &text), &params.text_document.uri))
}

pub(crate) fn typed(snapshot: &Snapshot, params: DocumentOnTypeFormattingParams) -> Answer {
    let DocumentOnTypeFormattingParams { text_document_position: place, ch, .. } = params;
    let Some(text) = snapshot.text(&place.text_document.uri) else { return Ok(None) };
    let Some(typed) = ch.chars().next() else { return Ok(None) };
    let offset = snapshot.around.with_lines(&text, |lines| lines.offset(place.position));
    let found = flow_ide::format_typed(Span::new(FileId(0), offset, offset), typed, &text);
    Ok(edits(snapshot, &text, found, &place.text_document.uri))
}

fn edits(snapshot: &Snapshot, text: &str, edits: Option<Vec<TextEdit>>, of: &Uri) -> Option<Vec<lsp_types::TextEdit>> {
    // A text with mistakes is left as it is. Settings are not ours to format.
    let edits = edits.filter(|_| of.as_str().ends_with(".flow") || !of.as_str().starts_with("file:"))?;
    Some(snapshot.around.with_lines(text, |lines| {
        let edit = |edit: TextEdit| lsp_types::TextEdit {
            range: lines.range(edit.at.start, edit.at.end),
            new_text: edit.text,
        };
        edits.into_iter().map(edit).collect()
    }))
}
