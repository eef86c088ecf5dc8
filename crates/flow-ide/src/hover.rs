//! What stands at a place: how it is declared, what it is for, its contract, and what is proved of it.

use crate::{
    Analysis, goto,
    place::{self, span, token_at, tree},
    words,
};
use flow_diag::Span;
use flow_sema::index::{Definition, DefinitionKind};
use flow_syntax::{SyntaxKind, SyntaxNode, SyntaxToken, TextSize};

/// What to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hover {
    /// What it is about.
    pub at: Span,
    /// In Markdown.
    pub text: String,
}

/// Longer declarations are cut.
const MOST_LINES: usize = 24;

/// What to show at a place.
#[must_use]
pub fn hover(analysis: &Analysis, at: Span) -> Option<Hover> {
    let root = tree(analysis, at.file)?;
    let token = token_at(&root, at.start)?;
    let index = &analysis.compilation.index;
    let found = index.definition_at(at).and_then(|id| index.definition(id));
    let whole = span(at.file, token.text_range());
    if let Some(definition) = found {
        return Some(Hover { at: mention(analysis, at).unwrap_or(whole), text: described(analysis, definition) });
    }
    if token.kind() == SyntaxKind::KEYWORD
        && let Some(docs) = keyword(&token)
    {
        return Some(Hover { at: whole, text: format!("```flow\n{}\n```\n\n{docs}", token.text()) });
    }
    if let Some(file) = goto::definition(analysis, at).map(|place| place.file) {
        let docs = analysis.compilation.trees.get(&file)?.root().docs().unwrap_or_default();
        let path = &analysis.source(file)?.path;
        return Some(Hover { at: whole, text: format!("module `{path}`\n\n{docs}") });
    }
    let typed = index.type_at(at).filter(|_| !token.kind().is_trivia())?;
    Some(Hover { at: typed.at, text: format!("```flow\n{}\n```", typed.ty) })
}

/// The mention that a place is in.
fn mention(analysis: &Analysis, at: Span) -> Option<Span> {
    let references = &analysis.compilation.index.references;
    let after = references.partition_point(|found| (found.at.file, found.at.start) <= (at.file, at.start));
    let found = references.get(after.checked_sub(1)?)?.at;
    (found.file == at.file && at.start <= found.end).then_some(found)
}

/// A definition in Markdown.
#[must_use]
pub fn described(analysis: &Analysis, definition: &Definition) -> String {
    let mut text = format!("```flow\n{}\n```", declaration(analysis, definition));
    if let Some((inside, _)) = definition.name.as_str().rsplit_once('.') {
        text.push_str(&format!("\n`{inside}`"));
    }
    if let Some(docs) = definition.docs.as_deref().map(str::to_owned).or_else(|| docs(analysis, definition)) {
        text.push_str(&format!("\n\n{docs}"));
    }
    if let DefinitionKind::Declaration("step" | "flow" | "dataset") = definition.kind
        && let Some(facts) = analysis.facts(&definition.name)
    {
        text.push_str("\n\n---\n");
        facts.lines.iter().for_each(|line| text.push_str(&format!("\n- {line}")));
    }
    text
}

/// The doc comment of a field or variant.
fn docs(analysis: &Analysis, definition: &Definition) -> Option<String> {
    let node = node_at(analysis, definition.at)?;
    let lines = node.children_with_tokens().filter(|part| part.kind() == SyntaxKind::DOC_COMMENT);
    let lines: Vec<String> = lines.map(|line| line.to_string().trim_start_matches('/').trim().to_owned()).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// The construct whose name stands at a place.
fn node_at(analysis: &Analysis, at: Span) -> Option<SyntaxNode> {
    let root = tree(analysis, at.file)?;
    root.token_at_offset(TextSize::from(at.start)).right_biased()?.parent()
}

/// A declaration as it is written, without what it does.
fn declaration(analysis: &Analysis, definition: &Definition) -> String {
    let name = definition.name.short();
    let ty = definition.ty.as_ref().map(|ty| format!(": {ty}")).unwrap_or_default();
    match definition.kind {
        DefinitionKind::Local => format!("let {name}{ty}"),
        DefinitionKind::Parameter => format!("{name}{ty}"),
        DefinitionKind::Field | DefinitionKind::Variant => {
            let node = node_at(analysis, definition.at);
            node.map_or_else(|| format!("{name}{ty}"), |node| without_docs(&node.text().to_string()))
        }
        DefinitionKind::Declaration(keyword) => {
            let whole =
                place::decl_at(analysis, definition.at).map(|decl| without_docs(&decl.syntax().text().to_string()));
            let whole = whole.unwrap_or_else(|| format!("{keyword} {name}"));
            match keyword {
                "step" | "flow" | "fn" | "guard" | "test" | "policy" => header(&whole).to_owned(),
                _ => cut(&whole),
            }
        }
    }
}

/// Up to the brace of the body.
fn header(text: &str) -> &str {
    let end = text.find(" {\n").or_else(|| text.find(" { ")).unwrap_or(text.len());
    text[..end].trim_end()
}

fn without_docs(text: &str) -> String {
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    text.trim()
        .lines()
        .skip_while(|line| !is_code(line))
        .collect::<Vec<_>>()
        .join("\n")
        .trim_end_matches(',')
        .to_owned()
}

fn cut(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() <= MOST_LINES {
        return text.to_owned();
    }
    format!("{}\n  …", lines[..MOST_LINES].join("\n"))
}

/// What a word of the language does where it stands.
fn keyword(token: &SyntaxToken) -> Option<&'static str> {
    let parent = token.parent()?;
    let list = if parent.parent().is_some_and(|above| above.kind() == SyntaxKind::MODULE) {
        words::DECLARATIONS
    } else {
        crate::scope::words_of(&parent.parent()?)?
    };
    words::docs(list, token.text())
}
