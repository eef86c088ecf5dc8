//! `textDocument/foldingRange`.

use crate::snapshot::{Failure, Snapshot};
use flow_ide::FoldKind;
use lsp_types::{FoldingRange, FoldingRangeKind, FoldingRangeParams};

pub(crate) fn answer(snapshot: &Snapshot, params: FoldingRangeParams) -> Result<Option<Vec<FoldingRange>>, Failure> {
    let Some(text) = snapshot.text(&params.text_document.uri) else { return Ok(None) };
    let parse = flow_syntax::parse(flow_diag::FileId(0), &text);
    let folds = snapshot.around.with_lines(&text, |lines| {
        let fold = |fold: flow_ide::Fold| {
            let range = lines.range(fold.range.start().into(), fold.range.end().into());
            // The line of a closing brace stays to be seen.
            let closes = fold.kind == FoldKind::Region && range.end.line > range.start.line + 1;
            FoldingRange {
                start_line: range.start.line,
                end_line: range.end.line - u32::from(closes),
                kind: match fold.kind {
                    FoldKind::Region => None,
                    FoldKind::Comment => Some(FoldingRangeKind::Comment),
                    FoldKind::Imports => Some(FoldingRangeKind::Imports),
                },
                ..FoldingRange::default()
            }
        };
        flow_ide::folds(&parse).into_iter().map(fold).filter(|fold| fold.end_line > fold.start_line).collect()
    });
    Ok(Some(folds))
}
