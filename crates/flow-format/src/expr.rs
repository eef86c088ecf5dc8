//! Expressions that may break: operators, chains of calls, `if`.

use crate::block::is_opened;
use crate::layout::{kind_of, node_kind};
use crate::printer::{Gap, Printer};
use flow_syntax::SyntaxKind::{self, *};
use flow_syntax::{GreenNode, NodeOrToken};

impl<'tree> Printer<'tree> {
    /// Operators in one line, or each at the start of its own.
    pub(crate) fn binary(&mut self, node: &'tree GreenNode) {
        if self.fits(|printer| printer.in_order(node)) {
            return;
        }
        self.indent += 1;
        self.broken_operators(node);
        self.indent -= 1;
    }

    fn broken_operators(&mut self, node: &'tree GreenNode) {
        let operator = operator(node);
        let mut left = true;
        for child in node.children() {
            match child {
                NodeOrToken::Node(operand) if left && same_level(operand, operator) => self.broken_operators(operand),
                NodeOrToken::Node(operand) => self.node(operand),
                NodeOrToken::Token(_) if kind_of(child).is_trivia() => self.element(child, BINARY_EXPR),
                NodeOrToken::Token(_) => {
                    left = false;
                    self.gap = Some(Gap::LINE);
                    self.element(child, BINARY_EXPR);
                }
            }
        }
    }

    /// Fields and calls: two and more calls of methods that do not fit one line begin lines of their own.
    pub(crate) fn chain(&mut self, node: &'tree GreenNode) {
        if method_calls(node) < 2 {
            self.in_order(node);
        } else if !self.fits(|printer| printer.in_order(node)) {
            self.indent += 1;
            self.broken_chain(node, false);
            self.indent -= 1;
        }
    }

    fn broken_chain(&mut self, node: &'tree GreenNode, called: bool) {
        let kind = node_kind(node);
        let on_new_line = called && kind == FIELD_EXPR && !is_name(node);
        for (number, child) in node.children().enumerate() {
            match child {
                NodeOrToken::Node(inner) if number == 0 && matches!(node_kind(inner), CALL_EXPR | FIELD_EXPR) => {
                    self.broken_chain(inner, kind == CALL_EXPR);
                }
                NodeOrToken::Token(_) if on_new_line && kind_of(child) == DOT => {
                    self.gap = Some(Gap::LINE);
                    self.element(child, kind);
                }
                _ => self.element(child, kind),
            }
        }
    }

    /// All blocks in one line, or none.
    pub(crate) fn if_else(&mut self, node: &'tree GreenNode) {
        if !has_opened_block(node) && self.fits(|printer| printer.in_order(node)) {
            return;
        }
        let in_lines = self.may_break();
        for child in node.children() {
            match child {
                NodeOrToken::Node(block) if node_kind(block) == BLOCK && in_lines => self.braces(block, Some(true)),
                NodeOrToken::Node(next) if node_kind(next) == IF_EXPR => self.else_if(next),
                _ => self.element(child, IF_EXPR),
            }
        }
    }

    fn else_if(&mut self, node: &'tree GreenNode) {
        for child in node.children() {
            match child {
                NodeOrToken::Node(block) if node_kind(block) == BLOCK && self.may_break() => {
                    self.braces(block, Some(true));
                }
                NodeOrToken::Node(next) if node_kind(next) == IF_EXPR => self.else_if(next),
                _ => self.element(child, IF_EXPR),
            }
        }
    }
}

fn operator(node: &GreenNode) -> Option<&str> {
    let token = node.children().filter_map(NodeOrToken::into_token);
    token.filter(|token| !SyntaxKind::of_green(token.kind()).is_trivia()).map(|token| token.text()).next()
}

/// Whether a left operand belongs to the same chain: `a + b - c`, `a and b and c`.
fn same_level(node: &GreenNode, operator: Option<&str>) -> bool {
    let level = |operator: &str| match operator {
        "+" | "-" => 1,
        "*" | "/" | "%" => 2,
        "and" => 3,
        "or" => 4,
        "??" => 5,
        _ => 0,
    };
    let own = self::operator(node).map_or(0, level);
    node_kind(node) == BINARY_EXPR && own > 0 && operator.map(level) == Some(own)
}

/// How many calls of methods a chain has.
fn method_calls(node: &GreenNode) -> usize {
    let mut count = 0;
    let mut current = node;
    loop {
        let Some(NodeOrToken::Node(inner)) = current.children().next() else { return count };
        match (node_kind(current), node_kind(inner)) {
            (CALL_EXPR, FIELD_EXPR) => count += 1,
            (CALL_EXPR | FIELD_EXPR | INDEX_EXPR, _) => {}
            _ => return count,
        }
        current = inner;
    }
}

/// Whether the receiver of a field is just a name: it keeps its first method beside it.
fn is_name(field: &GreenNode) -> bool {
    field.children().next().is_some_and(|receiver| kind_of(receiver) == NAME_EXPR)
}

fn has_opened_block(node: &GreenNode) -> bool {
    node.children().filter_map(NodeOrToken::into_node).any(|child| match node_kind(child) {
        BLOCK => {
            let inside: Vec<_> = child.children().skip(1).collect();
            is_opened(&inside)
        }
        IF_EXPR => has_opened_block(child),
        _ => false,
    })
}
