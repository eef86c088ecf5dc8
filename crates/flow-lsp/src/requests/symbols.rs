//! `textDocument/documentSymbol` and `workspace/symbol`.

use crate::snapshot::{Failure, Snapshot, View};
use flow_ide::{Found, Symbol, SymbolKind};
use lsp_types::{
    DocumentSymbol, DocumentSymbolParams, DocumentSymbolResponse, OneOf, WorkspaceSymbol, WorkspaceSymbolParams,
    WorkspaceSymbolResponse,
};

pub(crate) fn document(
    snapshot: &Snapshot,
    params: DocumentSymbolParams,
) -> Result<Option<DocumentSymbolResponse>, Failure> {
    let Some(text) = snapshot.text(&params.text_document.uri) else { return Ok(None) };
    let parse = flow_syntax::parse(flow_diag::FileId(0), &text);
    let symbols = snapshot.around.with_lines(&text, |lines| {
        let found = flow_ide::document_symbols(&parse);
        found.into_iter().map(|found| symbol(lines, found)).collect()
    });
    Ok(Some(DocumentSymbolResponse::Nested(symbols)))
}

#[expect(deprecated, reason = "the protocol's type has a field that nobody uses any more")]
fn symbol(lines: &crate::convert::Text<'_>, found: Symbol) -> DocumentSymbol {
    let children: Vec<DocumentSymbol> = found.children.into_iter().map(|child| symbol(lines, child)).collect();
    DocumentSymbol {
        // Editors refuse an empty one.
        name: if found.name.is_empty() { "…".to_owned() } else { found.name },
        detail: Some(found.detail).filter(|detail| !detail.is_empty()),
        kind: kind(found.kind),
        tags: None,
        deprecated: None,
        range: lines.range(found.whole.start, found.whole.end),
        selection_range: lines.range(found.at.start, found.at.end),
        children: (!children.is_empty()).then_some(children),
    }
}

fn kind(of: SymbolKind) -> lsp_types::SymbolKind {
    match of {
        SymbolKind::Field => lsp_types::SymbolKind::FIELD,
        SymbolKind::Variant => lsp_types::SymbolKind::ENUM_MEMBER,
        SymbolKind::Local => lsp_types::SymbolKind::VARIABLE,
        SymbolKind::Declaration(keyword) => match keyword {
            "type" => lsp_types::SymbolKind::STRUCT,
            "const" | "var" => lsp_types::SymbolKind::CONSTANT,
            "secret" => lsp_types::SymbolKind::KEY,
            "dataset" => lsp_types::SymbolKind::ARRAY,
            "fn" | "guard" => lsp_types::SymbolKind::FUNCTION,
            "step" => lsp_types::SymbolKind::METHOD,
            "flow" => lsp_types::SymbolKind::CLASS,
            "test" => lsp_types::SymbolKind::EVENT,
            "policy" | "label" => lsp_types::SymbolKind::INTERFACE,
            _ => lsp_types::SymbolKind::OBJECT,
        },
    }
}

pub(crate) fn workspace(
    snapshot: &Snapshot,
    params: WorkspaceSymbolParams,
) -> Result<Option<WorkspaceSymbolResponse>, Failure> {
    let mut all = vec![];
    for view in &snapshot.views {
        let found = flow_ide::workspace_symbols(&view.analysis, &params.query);
        all.extend(found.into_iter().filter_map(|found| found_symbol(view, found)));
    }
    Ok(Some(WorkspaceSymbolResponse::Nested(all)))
}

fn found_symbol(view: &View, found: Found) -> Option<WorkspaceSymbol> {
    Some(WorkspaceSymbol {
        name: found.name,
        kind: kind(found.kind),
        tags: None,
        container_name: Some(found.inside).filter(|inside| !inside.is_empty()),
        location: OneOf::Left(view.location(found.at)?),
        data: None,
    })
}
