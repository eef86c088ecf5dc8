//! Lists in brackets: in one line, or one item per line with a comma after each.

use crate::block::{Bracketed, is_opened};
use crate::layout::{Element, kind_of, node_kind};
use crate::printer::{Gap, Printer};
use flow_syntax::GreenNode;
use flow_syntax::SyntaxKind::{self, *};

impl<'tree> Printer<'tree> {
    /// A node whose last part is a list in brackets. (What stands before the bracket of a variant is written.)
    pub(crate) fn list(&mut self, node: &'tree GreenNode) {
        let kind = node_kind(node);
        if kind == MAP_EXPR && node.children().any(|child| kind_of(child) == COLON) {
            // `[:]`
            return self.in_order(node);
        }
        let mut parts = Bracketed::split(node, &[L_PAREN, L_BRACKET, LT, L_BRACE], &[R_PAREN, R_BRACKET, GT, R_BRACE]);
        if kind == VARIANT {
            parts.before.drain(..parts.before.len() - 1);
        }
        for child in &parts.before {
            self.element(*child, kind);
        }
        let items = parts.inside.iter().filter(|child| is_item(**child)).count();
        let comments = parts.inside.iter().any(|child| kind_of(*child).is_trivia() && kind_of(*child) != WHITESPACE);
        let opened = is_opened(&parts.inside) && items > 0;
        let in_line = |printer: &mut Self| printer.items_in_line(&parts, kind);
        if !self.may_break() || (items < 2 && !opened && !comments) {
            // One item holds on to its brackets, however long it is.
            in_line(self);
        } else if opened || comments || !self.fits(in_line) {
            self.items_in_lines(&parts, kind);
        }
    }

    fn items_in_line(&mut self, parts: &Bracketed<'tree>, kind: SyntaxKind) {
        let mut first = true;
        for child in &parts.inside {
            if is_item(*child) {
                if first {
                    self.gap = Some(Gap::None);
                } else {
                    self.sign(",");
                    self.gap = Some(Gap::Blank);
                }
                first = false;
            }
            self.without_comma(*child, kind);
        }
        self.gap = Some(Gap::None);
        for child in &parts.after {
            self.element(*child, kind);
        }
    }

    fn items_in_lines(&mut self, parts: &Bracketed<'tree>, kind: SyntaxKind) {
        self.indent += 1;
        let mut first = true;
        for child in &parts.inside {
            if is_item(*child) {
                self.gap = Some(if first { Gap::LINE } else { Gap::ITEM });
                first = false;
                self.element(*child, kind);
                self.sign(",");
            } else {
                self.without_comma(*child, kind);
            }
        }
        self.indent -= 1;
        self.comments_deeper = 1;
        self.gap = Some(Gap::LINE);
        for child in &parts.after {
            self.element(*child, kind);
        }
    }
}

fn is_item(child: Element<'_>) -> bool {
    let kind = kind_of(child);
    !kind.is_trivia() && kind != COMMA
}
