//! What can be folded: blocks, texts of several lines, runs of comments, groups of `use`. Syntax alone.

use flow_syntax::{NodeOrToken, Parse, SyntaxKind, SyntaxNode, TextRange};

/// What a fold is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoldKind {
    /// A block or a text.
    Region,
    /// Comments.
    Comment,
    /// `use`s.
    Imports,
}

/// Something that can be folded: from the end of its first line to its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fold {
    /// What is folded.
    pub range: TextRange,
    /// What it is.
    pub kind: FoldKind,
}

/// The folds of a file, in order.
#[must_use]
pub fn folds(parse: &Parse) -> Vec<Fold> {
    let root = parse.tree();
    let mut found = vec![];
    runs(&root, &mut found);
    for part in root.descendants_with_tokens() {
        let is_fold = match &part {
            NodeOrToken::Node(node) => matches!(
                node.kind(),
                SyntaxKind::STEP_BLOCK
                    | SyntaxKind::CLAUSE_BLOCK
                    | SyntaxKind::RETRY_BLOCK
                    | SyntaxKind::BLOCK
                    | SyntaxKind::RECORD_BODY
                    | SyntaxKind::STRING
                    | SyntaxKind::MATCH_ARM_LIST
                    | SyntaxKind::ARG_LIST
                    | SyntaxKind::LIST_EXPR
                    | SyntaxKind::MAP_EXPR
                    | SyntaxKind::PARAM_LIST
                    | SyntaxKind::USE_GROUP
            ),
            NodeOrToken::Token(_) => false,
        };
        let range = part.as_node().map_or(part.text_range(), trimmed);
        if is_fold && root.text().slice(range).contains_char('\n') {
            found.push(Fold { range, kind: FoldKind::Region });
        }
    }
    found.sort_by_key(|fold| (fold.range.start(), fold.range.end()));
    found
}

/// A node without the blanks and comments before it.
pub(crate) fn trimmed(node: &SyntaxNode) -> TextRange {
    let first = node.children_with_tokens().find(|part| !part.kind().is_trivia());
    first.map_or(node.text_range(), |first| TextRange::new(first.text_range().start(), node.text_range().end()))
}

/// Runs of comments and of `use`s.
fn runs(root: &SyntaxNode, found: &mut Vec<Fold>) {
    let uses = root.children().filter(|node| node.kind() == SyntaxKind::USE_DECL);
    let uses: Vec<TextRange> = uses.map(|node| trimmed(&node)).collect();
    if let [first, .., last] = uses[..] {
        found.push(Fold { range: first.cover(last), kind: FoldKind::Imports });
    }
    let mut run: Option<(TextRange, usize)> = None;
    let mut end = |run: &mut Option<(TextRange, usize)>| {
        if let Some((range, lines)) = run.take()
            && lines > 1
        {
            found.push(Fold { range, kind: FoldKind::Comment });
        }
    };
    for token in root.descendants_with_tokens().filter_map(NodeOrToken::into_token) {
        match token.kind() {
            SyntaxKind::COMMENT | SyntaxKind::DOC_COMMENT | SyntaxKind::MODULE_DOC => {
                let (range, lines) = run.unwrap_or((token.text_range(), 0));
                run = Some((range.cover(token.text_range()), lines + 1));
            }
            SyntaxKind::WHITESPACE if token.text().matches('\n').count() < 2 => {}
            _ => end(&mut run),
        }
    }
    end(&mut run);
}
