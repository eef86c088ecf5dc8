//! `textDocument/completion` and `completionItem/resolve`.
//!
//! Answered from the last program that was checked, without waiting for the text that was typed since.

use crate::snapshot::{Failure, Snapshot};
use flow_expr::Name;
use flow_ide::{Completion, CompletionKind};
use lsp_types::{
    CompletionItem, CompletionItemKind, CompletionList, CompletionParams, CompletionResponse, CompletionTextEdit,
    Documentation, InsertTextFormat, MarkupContent, MarkupKind, Range, TextEdit, Uri,
};
use serde_json::json;

pub(crate) fn answer(snapshot: &Snapshot, params: CompletionParams) -> Result<Option<CompletionResponse>, Failure> {
    let place = params.text_document_position;
    let uri = place.text_document.uri;
    let (Some((view, file)), Some(text)) = (snapshot.file(), snapshot.text(&uri)) else { return Ok(None) };
    let list = snapshot.around.with_lines(&text, |lines| {
        let found = flow_ide::complete(&view.analysis, file, &text, lines.offset(place.position));
        let replaces = lines.range(found.replaces.start, found.replaces.end);
        let snippets = snapshot.around.client.snippets;
        let items = found.items.into_iter().enumerate().map(|(number, found)| {
            let import = found
                .import
                .clone()
                .map(|edit| TextEdit { range: lines.range(edit.at.start, edit.at.end), new_text: edit.text });
            item(found, number, replaces, import, (snippets, &uri))
        });
        // What was typed since the last check may add names: the client asks again with each letter.
        CompletionList { is_incomplete: true, items: items.collect() }
    });
    Ok(Some(CompletionResponse::List(list)))
}

fn item(
    found: Completion,
    number: usize,
    replaces: Range,
    import: Option<TextEdit>,
    (snippets, uri): (bool, &Uri),
) -> CompletionItem {
    let is_snippet = found.is_snippet && snippets;
    let new_text = if found.is_snippet && !snippets { plain(&found.insert) } else { found.insert };
    CompletionItem {
        kind: Some(kind(found.kind)),
        detail: found.detail,
        documentation: found.docs.map(markdown),
        sort_text: Some(format!("{number:04}")),
        filter_text: Some(found.label.clone()),
        label: found.label,
        insert_text_format: Some(if is_snippet { InsertTextFormat::SNIPPET } else { InsertTextFormat::PLAIN_TEXT }),
        text_edit: Some(CompletionTextEdit::Edit(TextEdit { range: replaces, new_text })),
        additional_text_edits: import.map(|edit| vec![edit]),
        data: found.declaration.map(|name| json!({ "uri": uri, "declaration": name.as_str() })),
        ..CompletionItem::default()
    }
}

/// A snippet for who has none: what stands in its places, without the places.
fn plain(snippet: &str) -> String {
    let (mut text, mut rest) = (String::new(), snippet);
    while let Some(at) = rest.find('$') {
        let before = &rest[..at];
        rest = &rest[at + 1..];
        if let Some(before) = before.strip_suffix('\\') {
            text.push_str(before);
            text.push('$');
            continue;
        }
        text.push_str(before);
        if let Some(inner) = rest.strip_prefix('{') {
            let end = inner.find('}').unwrap_or(inner.len());
            text.push_str(inner[..end].split_once(':').map_or("", |(_, default)| default));
            rest = inner.get(end + 1..).unwrap_or_default();
        } else {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        }
    }
    text + rest
}

fn markdown(value: String) -> Documentation {
    Documentation::MarkupContent(MarkupContent { kind: MarkupKind::Markdown, value })
}

fn kind(of: CompletionKind) -> CompletionItemKind {
    match of {
        CompletionKind::Keyword => CompletionItemKind::KEYWORD,
        CompletionKind::Field => CompletionItemKind::FIELD,
        CompletionKind::Variant => CompletionItemKind::ENUM_MEMBER,
        CompletionKind::Local => CompletionItemKind::VARIABLE,
        CompletionKind::Module => CompletionItemKind::MODULE,
        CompletionKind::Value => CompletionItemKind::VALUE,
        CompletionKind::Declaration(keyword) => match keyword {
            "fn" | "guard" => CompletionItemKind::FUNCTION,
            "step" | "flow" => CompletionItemKind::METHOD,
            "type" => CompletionItemKind::STRUCT,
            "const" | "var" => CompletionItemKind::CONSTANT,
            "dataset" => CompletionItemKind::CLASS,
            _ => CompletionItemKind::REFERENCE,
        },
    }
}

pub(crate) fn resolve(snapshot: &Snapshot, mut item: CompletionItem) -> Result<CompletionItem, Failure> {
    let declaration = item.data.as_ref().and_then(|data| data["declaration"].as_str()).map(Name::new);
    if let (Some((view, _)), Some(declaration)) = (&snapshot.current, declaration) {
        item.documentation = flow_ide::resolve(&view.analysis, &declaration).map(markdown);
    }
    Ok(item)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_snippet_without_its_places() {
        let cases = [
            ("f($1)", "f()"),
            ("timeout ${1:5m}", "timeout 5m"),
            ("a ${1:b} ${2} $0", "a b  "),
            ("budget \\$${1:1} per", "budget $1 per"),
        ];
        for (snippet, text) in cases {
            assert_eq!(super::plain(snippet), text);
        }
    }
}
