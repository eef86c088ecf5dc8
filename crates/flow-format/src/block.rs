//! Braces around clauses, fields, statements and arms.
//!
//! In one line, items are separated by commas, statements not at all (so at most one statement stands in a
//! line). In lines of their own nothing separates them but, as the grammar wants it, arms.

use crate::layout::{Element, kind_of, node_kind};
use crate::printer::{Gap, Printer};
use flow_syntax::SyntaxKind::{self, *};
use flow_syntax::{GreenNode, NodeOrToken};

/// Whether a line's end follows the opening bracket, or a comment does: the author opened it.
pub(crate) fn is_opened(inside: &[Element<'_>]) -> bool {
    for element in inside {
        match kind_of(*element) {
            WHITESPACE => {
                if matches!(element, NodeOrToken::Token(token) if token.text().contains('\n')) {
                    return true;
                }
            }
            kind => return kind.is_trivia(),
        }
    }
    false
}

/// The children of a bracketed node: before, inside, and from the closing bracket on.
pub(crate) struct Bracketed<'tree> {
    pub(crate) before: Vec<Element<'tree>>,
    pub(crate) inside: Vec<Element<'tree>>,
    pub(crate) after: Vec<Element<'tree>>,
}

impl<'tree> Bracketed<'tree> {
    /// Splits at the first opening and the last closing bracket of these kinds.
    pub(crate) fn split(node: &'tree GreenNode, opens: &[SyntaxKind], closes: &[SyntaxKind]) -> Self {
        let all: Vec<Element<'tree>> = node.children().collect();
        let open = all.iter().position(|child| opens.contains(&kind_of(*child))).map_or(all.len(), |open| open + 1);
        let close = all.iter().rposition(|child| closes.contains(&kind_of(*child))).unwrap_or(all.len()).max(open);
        Self { before: all[..open].to_vec(), inside: all[open..close].to_vec(), after: all[close..].to_vec() }
    }
}

impl<'tree> Printer<'tree> {
    /// A node with braces. `open` overrides what the author wrote.
    pub(crate) fn braces(&mut self, node: &'tree GreenNode, open: Option<bool>) {
        let kind = node_kind(node);
        let parts = Bracketed::split(node, &[L_BRACE], &[R_BRACE]);
        for child in &parts.before {
            self.element(*child, kind);
        }
        let items = parts.inside.iter().filter(|child| matches!(child, NodeOrToken::Node(_))).count();
        let comments = parts.inside.iter().any(|child| kind_of(*child).is_trivia() && kind_of(*child) != WHITESPACE);
        if items == 0 && !comments {
            self.gap = Some(Gap::None);
            self.close(&parts, kind);
            return;
        }
        let opened = open.unwrap_or_else(|| is_opened(&parts.inside)) || (kind == BLOCK && items > 1);
        if (!opened || !self.may_break()) && self.fits(|printer| printer.in_one_line(&parts, kind)) {
            return;
        }
        self.in_lines(&parts, kind);
    }

    fn in_one_line(&mut self, parts: &Bracketed<'tree>, kind: SyntaxKind) {
        let mut first = true;
        for child in &parts.inside {
            match child {
                NodeOrToken::Node(item) => {
                    if !first && kind != BLOCK {
                        self.sign(",");
                    }
                    first = false;
                    self.gap = Some(Gap::Blank);
                    self.node(item);
                }
                NodeOrToken::Token(_) => self.without_comma(*child, kind),
            }
        }
        self.gap = Some(Gap::Blank);
        self.close(parts, kind);
    }

    fn in_lines(&mut self, parts: &Bracketed<'tree>, kind: SyntaxKind) {
        self.indent += 1;
        let mut first = true;
        for child in &parts.inside {
            match child {
                NodeOrToken::Node(item) => {
                    self.gap = Some(if first { Gap::LINE } else { Gap::ITEM });
                    first = false;
                    self.node(item);
                    let ends_in_block = item.children().last().is_some_and(|last| kind_of(last) == BLOCK);
                    if kind == MATCH_ARM_LIST && !ends_in_block {
                        self.sign(",");
                    }
                }
                NodeOrToken::Token(_) => self.without_comma(*child, kind),
            }
        }
        self.indent -= 1;
        self.comments_deeper = 1;
        self.gap = Some(Gap::LINE);
        self.close(parts, kind);
    }

    fn close(&mut self, parts: &Bracketed<'tree>, kind: SyntaxKind) {
        for child in &parts.after {
            self.element(*child, kind);
        }
    }

    /// Blanks and comments; commas are written where the layout wants them.
    pub(crate) fn without_comma(&mut self, child: Element<'tree>, kind: SyntaxKind) {
        if kind_of(child) != COMMA {
            self.element(child, kind);
        }
    }
}
