//! `textDocument/selectionRange`.

use crate::snapshot::{Failure, Snapshot};
use lsp_types::{SelectionRange, SelectionRangeParams};

pub(crate) fn answer(
    snapshot: &Snapshot,
    params: SelectionRangeParams,
) -> Result<Option<Vec<SelectionRange>>, Failure> {
    let Some(text) = snapshot.text(&params.text_document.uri) else { return Ok(None) };
    let parse = flow_syntax::parse(flow_diag::FileId(0), &text);
    let answer = snapshot.around.with_lines(&text, |lines| {
        let selection = |position: &lsp_types::Position| {
            let ranges = flow_ide::selections(&parse, lines.offset(*position));
            let outermost_first = ranges.into_iter().rev();
            let nested = outermost_first.fold(None, |parent: Option<SelectionRange>, range| {
                let range = lines.range(range.start().into(), range.end().into());
                Some(SelectionRange { range, parent: parent.map(Box::new) })
            });
            nested.unwrap_or(SelectionRange {
                range: lsp_types::Range { start: *position, end: *position },
                parent: None,
            })
        };
        params.positions.iter().map(selection).collect()
    });
    Ok(Some(answer))
}
