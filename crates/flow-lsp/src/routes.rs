//! The requests that the server answers: name, what must be known before, and the file that answers.

use crate::{
    requests,
    snapshot::{Failure, Snapshot},
};
use lsp_server::ErrorCode;
use lsp_types::request::{self as methods, Request};
use serde_json::Value;

/// What must be known before a request can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// The texts of open files.
    Texts,
    /// The last program that was checked, which may be of a text a few letters ago.
    Latest,
    /// The program as it is now.
    Program,
    /// All programs as they are now.
    All,
}

type Answer = Box<dyn Fn(&Snapshot, Value) -> Result<Value, Failure> + Send + Sync>;

/// How a request is answered.
pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) needs: Needs,
    pub(crate) answer: Answer,
}

/// All of them.
pub(crate) fn all() -> Vec<Route> {
    vec![
        route::<methods::DocumentDiagnosticRequest>(Needs::Program, requests::diagnostic::document),
        route::<methods::WorkspaceDiagnosticRequest>(Needs::All, requests::diagnostic::workspace),
        route::<methods::Formatting>(Needs::Texts, requests::formatting::whole),
        route::<methods::RangeFormatting>(Needs::Texts, requests::formatting::range),
        route::<methods::OnTypeFormatting>(Needs::Texts, requests::formatting::typed),
        route::<methods::CodeActionRequest>(Needs::Program, requests::code_action::answer),
        route::<methods::Completion>(Needs::Latest, requests::completion::answer),
        route::<methods::ResolveCompletionItem>(Needs::Latest, requests::completion::resolve),
        route::<methods::SignatureHelpRequest>(Needs::Latest, requests::signature::answer),
        route::<methods::CallHierarchyPrepare>(Needs::Program, requests::hierarchy::prepare),
        route::<methods::CallHierarchyIncomingCalls>(Needs::Program, requests::hierarchy::incoming),
        route::<methods::CallHierarchyOutgoingCalls>(Needs::Program, requests::hierarchy::outgoing),
        route::<methods::CodeLensRequest>(Needs::Texts, requests::lenses::answer),
        route::<requests::graph::Graph>(Needs::Program, requests::graph::answer),
        route::<methods::GotoDefinition>(Needs::Program, requests::goto::definition),
        route::<methods::GotoTypeDefinition>(Needs::Program, requests::goto::type_definition),
        route::<methods::References>(Needs::Program, requests::references::references),
        route::<methods::DocumentHighlightRequest>(Needs::Program, requests::references::highlights),
        route::<methods::PrepareRenameRequest>(Needs::Program, requests::rename::prepare),
        route::<methods::Rename>(Needs::Program, requests::rename::rename),
        route::<methods::HoverRequest>(Needs::Program, requests::hover::answer),
        route::<methods::DocumentSymbolRequest>(Needs::Texts, requests::symbols::document),
        route::<methods::WorkspaceSymbolRequest>(Needs::All, requests::symbols::workspace),
        route::<methods::FoldingRangeRequest>(Needs::Texts, requests::folding::answer),
        route::<methods::SelectionRangeRequest>(Needs::Texts, requests::selection::answer),
        route::<methods::DocumentLinkRequest>(Needs::Program, requests::links::answer),
        route::<methods::InlayHintRequest>(Needs::Program, requests::hints::answer),
        route::<methods::SemanticTokensFullRequest>(Needs::Program, requests::tokens::full),
        route::<methods::SemanticTokensFullDeltaRequest>(Needs::Program, requests::tokens::delta),
        route::<methods::SemanticTokensRangeRequest>(Needs::Program, requests::tokens::range),
    ]
}

fn route<R: Request>(needs: Needs, handle: fn(&Snapshot, R::Params) -> Result<R::Result, Failure>) -> Route {
    let answer = move |snapshot: &Snapshot, params: Value| {
        let params = serde_json::from_value(params)
            .map_err(|error| Failure { code: ErrorCode::InvalidParams, message: error.to_string() })?;
        let result = handle(snapshot, params)?;
        serde_json::to_value(result)
            .map_err(|error| Failure { code: ErrorCode::InternalError, message: error.to_string() })
    };
    Route { method: R::METHOD, needs, answer: Box::new(answer) }
}
