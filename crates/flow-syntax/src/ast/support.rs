//! What all typed nodes share: the trait, names, and the few ways of finding a child.
//!
//! Knows the tree, no single construct.

use crate::kind::{SyntaxKind, SyntaxNode, SyntaxToken};
use rowan::{NodeOrToken, TextRange};

/// A typed handle on a node of the tree.
pub trait AstNode: Sized {
    /// The node as this type, if it is one.
    fn cast(node: SyntaxNode) -> Option<Self>;

    /// The node behind the handle.
    fn syntax(&self) -> &SyntaxNode;

    /// From the first to the last real token.
    fn range(&self) -> TextRange {
        node_range(self.syntax())
    }
}

/// A construct that `///` comments describe.
pub trait Documented: AstNode {
    /// The text of the `///` lines above, without slashes and one leading blank, joined by line ends.
    fn docs(&self) -> Option<String> {
        doc_text(self.syntax(), SyntaxKind::DOC_COMMENT, "///")
    }
}

/// A name where it is declared or used: a word, or any text between backticks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name(pub(crate) SyntaxToken);

impl Name {
    /// The name, without backticks.
    #[must_use]
    pub fn text(&self) -> &str {
        let text = self.0.text();
        text.strip_prefix('`').map_or(text, |rest| rest.strip_suffix('`').unwrap_or(rest))
    }

    /// Whether it stands between backticks, where it is a name whatever it says.
    #[must_use]
    pub fn is_quoted(&self) -> bool {
        self.0.text().starts_with('`')
    }

    /// Where it stands.
    #[must_use]
    pub fn range(&self) -> TextRange {
        self.0.text_range()
    }

    /// The token.
    #[must_use]
    pub fn syntax(&self) -> &SyntaxToken {
        &self.0
    }
}

/// The range of a node without the comments that document it.
fn node_range(node: &SyntaxNode) -> TextRange {
    let whole = node.text_range();
    let first = node.children_with_tokens().find(|child| !child.kind().is_trivia());
    first.map_or(whole, |first| TextRange::new(first.text_range().start(), whole.end()))
}

/// The comments of one kind before the first real child, as text.
pub(super) fn doc_text(node: &SyntaxNode, kind: SyntaxKind, marker: &str) -> Option<String> {
    let leading = node.children_with_tokens().take_while(|child| child.kind().is_trivia());
    let lines: Vec<String> = leading
        .filter_map(NodeOrToken::into_token)
        .filter(|token| token.kind() == kind)
        .map(|token| {
            let line = token.text().trim_start_matches(marker).trim_end();
            line.strip_prefix(' ').unwrap_or(line).to_owned()
        })
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// The first child of that type.
pub(super) fn child<N: AstNode>(node: &SyntaxNode) -> Option<N> {
    node.children().find_map(N::cast)
}

/// All children of that type, in order.
pub(super) fn children<N: AstNode>(node: &SyntaxNode) -> impl Iterator<Item = N> + use<N> {
    node.children().filter_map(N::cast)
}

/// The first token child of that kind.
pub(super) fn token(node: &SyntaxNode, kind: SyntaxKind) -> Option<SyntaxToken> {
    tokens(node).find(|token| token.kind() == kind)
}

/// The token children that are not blanks or comments.
pub(super) fn tokens(node: &SyntaxNode) -> impl Iterator<Item = SyntaxToken> + use<> {
    node.children_with_tokens().filter_map(NodeOrToken::into_token).filter(|token| !token.kind().is_trivia())
}

/// The first name among the token children.
pub(super) fn name(node: &SyntaxNode) -> Option<Name> {
    token(node, SyntaxKind::IDENT).map(Name)
}

/// All names among the token children.
pub(super) fn names(node: &SyntaxNode) -> impl Iterator<Item = Name> + use<> {
    tokens(node).filter(|token| token.kind() == SyntaxKind::IDENT).map(Name)
}

/// The token child that is this word of the language.
pub(super) fn keyword(node: &SyntaxNode, text: &str) -> Option<SyntaxToken> {
    tokens(node).find(|token| token.kind() == SyntaxKind::KEYWORD && token.text() == text)
}

/// The `number`th (from 0) word of the language among the token children.
pub(super) fn nth_keyword(node: &SyntaxNode, number: usize) -> Option<SyntaxToken> {
    tokens(node).filter(|token| token.kind() == SyntaxKind::KEYWORD).nth(number)
}

/// The first child of that type after the given word of the language.
pub(super) fn after_keyword<N: AstNode>(node: &SyntaxNode, text: &str) -> Option<N> {
    let start = keyword(node, text)?.text_range().end();
    node.children().filter(|child| child.text_range().start() >= start).find_map(N::cast)
}

/// The first child of that type after the first token of that kind.
pub(super) fn after_token<N: AstNode>(node: &SyntaxNode, kind: SyntaxKind) -> Option<N> {
    let start = token(node, kind)?.text_range().end();
    node.children().filter(|child| child.text_range().start() >= start).find_map(N::cast)
}

/// Declares node types: `/// doc  Name = KIND`.
macro_rules! node {
    ($($(#[$doc:meta])* $name:ident = $kind:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name($crate::kind::SyntaxNode);

        impl $crate::ast::AstNode for $name {
            fn cast(node: $crate::kind::SyntaxNode) -> Option<Self> {
                (node.kind() == $crate::kind::SyntaxKind::$kind).then_some(Self(node))
            }

            fn syntax(&self) -> &$crate::kind::SyntaxNode {
                &self.0
            }
        }

        impl $name {
            /// The node behind the handle.
            #[must_use]
            pub fn syntax(&self) -> &$crate::kind::SyntaxNode {
                &self.0
            }

            /// From the first to the last real token.
            #[must_use]
            pub fn range(&self) -> rowan::TextRange {
                $crate::ast::AstNode::range(self)
            }
        }
    )*};
}

/// Declares an enum over node types: `/// doc  Name { Variant(Type = KIND), … }`.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident($node:ident = $kind:ident),)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant($node),)*
        }

        impl $crate::ast::AstNode for $name {
            fn cast(node: $crate::kind::SyntaxNode) -> Option<Self> {
                match node.kind() {
                    $($crate::kind::SyntaxKind::$kind => $node::cast(node).map(Self::$variant),)*
                    _ => None,
                }
            }

            fn syntax(&self) -> &$crate::kind::SyntaxNode {
                match self {
                    $(Self::$variant(node) => node.syntax(),)*
                }
            }
        }

        impl $name {
            /// The node behind the handle.
            #[must_use]
            pub fn syntax(&self) -> &$crate::kind::SyntaxNode {
                $crate::ast::AstNode::syntax(self)
            }

            /// From the first to the last real token.
            #[must_use]
            pub fn range(&self) -> rowan::TextRange {
                $crate::ast::AstNode::range(self)
            }
        }
    };
}

pub(super) use {choice, node};
