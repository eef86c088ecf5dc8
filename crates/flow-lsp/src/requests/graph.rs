//! `flow/graph`: the system of a file's project as SVG, or the part of it that a selector chooses.

use crate::snapshot::{Failure, Snapshot};
use lsp_types::{TextDocumentIdentifier, request::Request};
use serde::{Deserialize, Serialize};

/// The request.
pub(crate) enum Graph {}

/// What is drawn.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Params {
    /// A file of the project.
    #[serde(rename = "textDocument")]
    _text_document: TextDocumentIdentifier,
    /// The part, as in `flowc graph '+board_note'`; all without it.
    select: Option<String>,
}

/// The picture.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Picture {
    svg: String,
}

impl Request for Graph {
    type Params = Params;
    type Result = Picture;
    const METHOD: &'static str = "flow/graph";
}

pub(crate) fn answer(snapshot: &Snapshot, params: Params) -> Result<Picture, Failure> {
    let Some((view, _)) = &snapshot.current else { return Err(Failure::refused("the file is part of no program")) };
    let svg = flow_ide::graph(&view.analysis, params.select.as_deref()).map_err(Failure::refused)?;
    Ok(Picture { svg })
}
