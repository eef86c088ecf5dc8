//! Quoted texts: as they stand, but for the indentation of blocks.
//!
//! A block's text is what remains when the blanks that all its lines begin with are removed
//! ([`flow_syntax::ast::StringLit`]). So these may be replaced: the text stands one level deeper than the line
//! that opens it, the closing quotes at that line's level. Blocks whose text begins in the line of the opening
//! quotes are left alone.

use crate::layout::{Element, kind_of};
use crate::printer::{Gap, Printer};
use flow_syntax::SyntaxKind::*;
use flow_syntax::{GreenNode, NodeOrToken};

impl<'tree> Printer<'tree> {
    /// A text between quotes.
    pub(crate) fn string(&mut self, node: &'tree GreenNode) {
        let children: Vec<Element<'tree>> = node.children().collect();
        let indent = block_indent(&children).filter(|_| self.may_break());
        let last = children.iter().rposition(|child| kind_of(*child) == STRING_TEXT);
        for (number, child) in children.iter().enumerate() {
            match child {
                NodeOrToken::Token(token) if kind_of(*child) == STRING_TEXT => {
                    let closes = Some(number) == last && number + 2 == children.len();
                    match &indent {
                        Some(old) => {
                            let text = self.reindented(token.text(), old, number == 1, closes);
                            self.gap = Some(Gap::None);
                            self.token(&text, (STRING_TEXT, STRING));
                        }
                        None => self.token(token.text(), (STRING_TEXT, STRING)),
                    }
                }
                _ => self.element(*child, STRING),
            }
        }
    }

    /// One stretch of a block's text with other blanks at the starts of its lines.
    fn reindented(&self, text: &str, old: &str, first: bool, closes: bool) -> String {
        let level = |levels: usize| "  ".repeat(levels);
        let mut out = String::with_capacity(text.len() + 64);
        let mut lines = text.split('\n').enumerate().peekable();
        while let Some((number, line)) = lines.next() {
            let is_last = lines.peek().is_none();
            let line = if is_last { line } else { line.strip_suffix('\r').unwrap_or(line) };
            let is_blank = line.bytes().all(|byte| matches!(byte, b' ' | b'\t'));
            if number == 0 {
                // The rest of the line of the opening quotes is blank, or this goes on after a hole.
                out.push_str(if first { "" } else { line });
                continue;
            }
            out.push('\n');
            if is_blank && is_last && closes {
                out.push_str(&level(self.indent));
            } else if !is_blank || is_last {
                out.push_str(&level(self.indent + 1));
                out.push_str(line.strip_prefix(old).unwrap_or(line.trim_start_matches([' ', '\t'])));
            }
        }
        out
    }
}

/// The blanks that all lines of a block begin with; `None` if it is no block, or its text begins in the first
/// line.
fn block_indent<'tree>(children: &[Element<'tree>]) -> Option<&'tree str> {
    let Some(NodeOrToken::Token(open)) = children.first() else { return None };
    let Some(NodeOrToken::Token(first)) = children.get(1) else { return None };
    let first_line = first.text().split('\n').next().unwrap_or_default();
    let begins_below = first.text().contains('\n') && first_line.trim_matches([' ', '\t', '\r']).is_empty();
    if !open.text().ends_with("\"\"\"") || kind_of(children[1]) != STRING_TEXT || !begins_below {
        return None;
    }
    let mut common: Option<&'tree str> = None;
    for (number, child) in children.iter().enumerate() {
        let NodeOrToken::Token(token) = *child else { continue };
        if kind_of(*child) != STRING_TEXT {
            continue;
        }
        let before_hole = children.get(number + 1).is_some_and(|next| kind_of(*next) == HOLE);
        let mut lines = token.text().split('\n').skip(1).peekable();
        while let Some(line) = lines.next() {
            let content = line.trim_start_matches([' ', '\t']);
            let is_blank = content.is_empty() || content == "\r";
            if is_blank && (lines.peek().is_some() || !before_hole) {
                continue;
            }
            let indent = &line[..line.len() - content.len()];
            let shared = common.map_or(indent.len(), |common| {
                common.bytes().zip(indent.bytes()).take_while(|(left, right)| left == right).count()
            });
            common = Some(&indent[..shared]);
        }
    }
    Some(common.unwrap_or_default())
}
