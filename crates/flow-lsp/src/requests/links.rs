//! `textDocument/documentLink`.

use crate::{
    snapshot::{Failure, Snapshot, View},
    uri,
};
use flow_diag::FileId;
use flow_ide::Target;
use lsp_types::{DocumentLink, DocumentLinkParams, Uri};
use std::str::FromStr;

pub(crate) fn answer(snapshot: &Snapshot, _: DocumentLinkParams) -> Result<Option<Vec<DocumentLink>>, Failure> {
    let Some((view, file)) = snapshot.file() else { return Ok(None) };
    let link = |link: flow_ide::Link| {
        Some(DocumentLink {
            range: view.range(link.at),
            target: Some(target(view, file, &link.target)?),
            tooltip: None,
            data: None,
        })
    };
    Ok(Some(flow_ide::links(&view.analysis, file).into_iter().filter_map(link).collect()))
}

fn target(view: &View, from: FileId, target: &Target) -> Option<Uri> {
    match target {
        Target::Module(file) => view.uri(*file),
        Target::Web(address) => Uri::from_str(address).ok(),
        Target::InProject(path) => uri::of_path(&view.key.root.join(path)),
        Target::BesideFile(path) => {
            let file = view.key.root.join(&view.analysis.source(from)?.path);
            uri::of_path(&file.parent()?.join(path))
        }
    }
}
