//! `textDocument/definition` and `textDocument/typeDefinition`.

use crate::snapshot::{Failure, Snapshot};
use flow_diag::Span;
use flow_ide::Analysis;
use lsp_types::{GotoDefinitionParams, GotoDefinitionResponse};

type Answer = Result<Option<GotoDefinitionResponse>, Failure>;

pub(crate) fn definition(snapshot: &Snapshot, params: GotoDefinitionParams) -> Answer {
    Ok(go(snapshot, &params, flow_ide::definition))
}

pub(crate) fn type_definition(snapshot: &Snapshot, params: GotoDefinitionParams) -> Answer {
    Ok(go(snapshot, &params, flow_ide::type_definition))
}

fn go(
    snapshot: &Snapshot,
    params: &GotoDefinitionParams,
    find: fn(&Analysis, Span) -> Option<Span>,
) -> Option<GotoDefinitionResponse> {
    let (view, at) = snapshot.place(params.text_document_position_params.position)?;
    Some(GotoDefinitionResponse::Scalar(view.location(find(&view.analysis, at)?)?))
}
