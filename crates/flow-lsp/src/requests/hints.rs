//! `textDocument/inlayHint`.

use crate::snapshot::{Failure, Snapshot};
use flow_ide::HintKind;
use lsp_types::{InlayHint, InlayHintKind, InlayHintLabel, InlayHintParams, InlayHintTooltip};

pub(crate) fn answer(snapshot: &Snapshot, params: InlayHintParams) -> Result<Option<Vec<InlayHint>>, Failure> {
    let Some((view, within)) = snapshot.stretch(params.range) else { return Ok(None) };
    let hint = |hint: flow_ide::Hint| InlayHint {
        position: view.range(hint.at).start,
        label: InlayHintLabel::String(hint.text),
        kind: (hint.kind == HintKind::Type).then_some(InlayHintKind::TYPE),
        text_edits: None,
        tooltip: hint.tooltip.map(InlayHintTooltip::String),
        padding_left: Some(hint.kind == HintKind::Bound),
        padding_right: None,
        data: None,
    };
    Ok(Some(flow_ide::hints(&view.analysis, within).into_iter().map(hint).collect()))
}
