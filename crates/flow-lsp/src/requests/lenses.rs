//! `textDocument/codeLens`: commands that the editor carries out, with the project's folder and the name as arguments.

use crate::{
    snapshot::{Failure, Snapshot},
    uri,
};
use flow_ide::LensKind;
use lsp_types::{CodeLens, CodeLensParams, Command};
use serde_json::json;

pub(crate) fn answer(snapshot: &Snapshot, params: CodeLensParams) -> Result<Option<Vec<CodeLens>>, Failure> {
    let uri = params.text_document.uri;
    let Some(text) = snapshot.text(&uri) else { return Ok(None) };
    let root = snapshot.around.host.project(&uri::path(&uri));
    let parse = flow_syntax::parse(flow_diag::FileId(0), &text);
    let lenses = snapshot.around.with_lines(&text, |lines| {
        let lens = |lens: flow_ide::Lens| {
            let (title, command) = match lens.kind {
                LensKind::Run => ("▶ run", "flow.run"),
                LensKind::Plan => ("plan", "flow.plan"),
                LensKind::Test => ("▶ test", "flow.test"),
                LensKind::Graph => ("graph", "flow.graph"),
            };
            let arguments = json!({ "uri": uri, "project": root, "name": lens.name });
            CodeLens {
                range: lines.range(lens.at.start, lens.at.end),
                command: Some(Command::new(title.to_owned(), command.to_owned(), Some(vec![arguments]))),
                data: None,
            }
        };
        flow_ide::lenses(&parse).into_iter().map(lens).collect()
    });
    Ok(Some(lenses))
}
