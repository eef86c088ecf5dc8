//! Which layout each kind of node has, and the layouts of modules, clauses and enums.

use crate::block::is_opened;
use crate::printer::{Gap, Printer};
use flow_syntax::SyntaxKind::{self, *};
use flow_syntax::{GreenNode, GreenToken, NodeOrToken};

/// A child of a green node.
pub(crate) type Element<'tree> = NodeOrToken<&'tree GreenNode, &'tree GreenToken>;

/// The kind of a node or token.
pub(crate) fn kind_of(element: Element<'_>) -> SyntaxKind {
    SyntaxKind::of_green(match element {
        NodeOrToken::Node(node) => node.kind(),
        NodeOrToken::Token(token) => token.kind(),
    })
}

/// The kind of a node.
pub(crate) fn node_kind(node: &GreenNode) -> SyntaxKind {
    SyntaxKind::of_green(node.kind())
}

impl<'tree> Printer<'tree> {
    /// A whole file.
    pub(crate) fn module(&mut self, module: &'tree GreenNode) {
        let mut before = None;
        for child in module.children() {
            let kind = kind_of(child);
            if !kind.is_trivia() {
                let groups = matches!(kind, USE_DECL | LABEL_DECL | CONST_DECL | VAR_DECL | SECRET_DECL | TYPE_DECL);
                let force_empty = before.is_some_and(|before| before != kind || !groups);
                self.gap = Some(Gap::Line { force_empty, keep_empty: true });
                before = Some(kind);
            }
            self.element(child, MODULE);
        }
    }

    /// A node or token, with the blanks that its neighbours need.
    pub(crate) fn element(&mut self, element: Element<'tree>, parent: SyntaxKind) {
        match element {
            NodeOrToken::Node(node) => self.node(node),
            NodeOrToken::Token(token) => {
                let kind = SyntaxKind::of_green(token.kind());
                if kind.is_trivia() {
                    self.trivia(token, kind);
                } else {
                    self.token(token.text(), (kind, parent));
                }
            }
        }
    }

    /// A node in the layout of its kind.
    pub(crate) fn node(&mut self, node: &'tree GreenNode) {
        if self.has_failed() {
            return;
        }
        let kind = node_kind(node);
        match kind {
            RECORD_BODY | CLAUSE_BLOCK | STEP_BLOCK | RETRY_BLOCK | BLOCK | MATCH_ARM_LIST | CHECK_EXPR => {
                self.braces(node, None);
            }
            USE_GROUP | PARAM_LIST | ARG_LIST | LIST_EXPR | MAP_EXPR | TYPE_ARG_LIST | TYPE_PARAM_LIST
            | PATTERN_FIELD_LIST | LAMBDA_PARAM_LIST => self.list(node),
            VARIANT => self.variant(node, false),
            ENUM_BODY => self.enum_body(node),
            BINARY_EXPR => self.binary(node),
            CALL_EXPR | FIELD_EXPR => self.chain(node),
            IF_EXPR => self.if_else(node),
            STRING => self.string(node),
            HOLE => self.solid(|printer| printer.in_order(node)),
            GUARD_CLAUSE | REQUIRE_STMT | EXPECT_CLAUSE | LET_STMT | DO_STMT => self.with_otherwise(node),
            _ => self.in_order(node),
        }
    }

    /// The children one after another.
    pub(crate) fn in_order(&mut self, node: &'tree GreenNode) {
        let kind = node_kind(node);
        for child in node.children() {
            self.element(child, kind);
        }
    }

    /// Something with `else …`, which goes to the next line if all does not fit one.
    fn with_otherwise(&mut self, node: &'tree GreenNode) {
        let is_otherwise = |child: &Element<'_>| match child {
            NodeOrToken::Node(node) => node_kind(node) == ACTION,
            NodeOrToken::Token(token) => token.text() == "else",
        };
        let ends_in_block = node.children().last().is_some_and(|last| kind_of(last) == BLOCK);
        let has_otherwise = node.children().any(|child| is_otherwise(&child));
        if !has_otherwise || ends_in_block || self.fits(|printer| printer.in_order(node)) {
            if !has_otherwise || ends_in_block {
                self.in_order(node);
            }
            return;
        }
        for child in node.children() {
            if is_otherwise(&child) {
                self.indent += 1;
                self.gap = Some(Gap::LINE);
                self.element(child, node_kind(node));
                self.indent -= 1;
            } else {
                self.element(child, node_kind(node));
            }
        }
    }

    /// `= A | B`, or one variant per line.
    fn enum_body(&mut self, body: &'tree GreenNode) {
        let mut children = body.children();
        let variants: Vec<&'tree GreenNode> =
            body.children().filter_map(NodeOrToken::into_node).filter(|node| node_kind(node) == VARIANT).collect();
        // The sign, and whether the author ended the line after it.
        for child in children.by_ref() {
            self.element(child, ENUM_BODY);
            if kind_of(child) == EQ {
                break;
            }
        }
        let rest: Vec<Element<'tree>> = children.collect();
        let comments = rest.iter().any(|child| kind_of(*child).is_trivia() && kind_of(*child) != WHITESPACE);
        let opened = comments || is_opened(&rest);
        let in_line = |printer: &mut Self| {
            for (number, variant) in variants.iter().enumerate() {
                printer.variant(variant, number > 0 || variants.len() == 1);
            }
        };
        if !opened && self.fits(in_line) {
            return;
        }
        self.indent += 1;
        for child in rest {
            match child {
                NodeOrToken::Node(variant) => {
                    self.gap = Some(Gap::ITEM);
                    self.variant(variant, true);
                }
                NodeOrToken::Token(_) => self.element(child, ENUM_BODY),
            }
        }
        self.indent -= 1;
    }

    /// A variant, with or without the bar before it.
    fn variant(&mut self, variant: &'tree GreenNode, bar: bool) {
        let mut begun = false;
        for child in variant.children() {
            let kind = kind_of(child);
            if kind.is_trivia() {
                self.element(child, VARIANT);
                continue;
            }
            if !begun {
                begun = true;
                if bar {
                    self.token("|", (PIPE, VARIANT));
                }
            }
            match kind {
                PIPE => {}
                L_PAREN => {
                    self.list(variant);
                    return;
                }
                _ => self.element(child, VARIANT),
            }
        }
    }
}
