//! What can be opened from a text: files that hold code, data at a path, addresses on the web, modules of `use`s.

use crate::{Analysis, goto, place::span};
use flow_diag::{FileId, Span};
use flow_syntax::{SyntaxKind, SyntaxNode, ast, ast::AstNode};

/// What a link leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A path, from the folder of the file that it stands in.
    BesideFile(String),
    /// A path from the project's root.
    InProject(String),
    /// A file of the program.
    Module(FileId),
    /// An address.
    Web(String),
}

/// A stretch of text that leads somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The stretch.
    pub at: Span,
    /// Where it leads.
    pub target: Target,
}

/// The links of a file, in order.
#[must_use]
pub fn links(analysis: &Analysis, file: FileId) -> Vec<Link> {
    let Some(parse) = analysis.compilation.trees.get(&file) else { return vec![] };
    parse.tree().descendants().filter_map(|node| link(analysis, file, &node)).collect()
}

fn link(analysis: &Analysis, file: FileId, node: &SyntaxNode) -> Option<Link> {
    if let Some(path) = ast::Path::cast(node.clone()).filter(|_| is_use(node)) {
        let module = goto::module_file(analysis, &path.text()).or_else(|| {
            let (module, _) = path.text().rsplit_once('.').map(|(a, b)| (a.to_owned(), b.to_owned()))?;
            goto::module_file(analysis, &module)
        })?;
        return Some(Link { at: span(file, path.range()), target: Target::Module(module) });
    }
    let text = ast::StringLit::cast(node.clone())?;
    let plain = text.plain_text()?;
    let at = inside(&text, file);
    if plain.starts_with("https://") || plain.starts_with("http://") {
        let is_whole = !plain.chars().any(char::is_whitespace);
        return is_whole.then_some(Link { at, target: Target::Web(plain) });
    }
    let is_code = node.parent().is_some_and(|parent| parent.kind() == SyntaxKind::CODE_FILE);
    let is_data = node.ancestors().any(|above| above.kind() == SyntaxKind::AT_CLAUSE);
    match (is_code, is_data && plain.contains('.') && !plain.contains("://")) {
        (true, _) => Some(Link { at, target: Target::BesideFile(plain) }),
        (false, true) => Some(Link { at, target: Target::InProject(plain) }),
        _ => None,
    }
}

fn is_use(node: &SyntaxNode) -> bool {
    node.parent().is_some_and(|parent| parent.kind() == SyntaxKind::USE_DECL)
}

/// A text without its quotes.
fn inside(text: &ast::StringLit, file: FileId) -> Span {
    let whole = span(file, text.range());
    let quotes = text.open().map_or(1, |open| u32::from(open.text_range().len()));
    if text.is_block() { whole } else { Span::new(file, whole.start + quotes, whole.end.saturating_sub(1)) }
}
