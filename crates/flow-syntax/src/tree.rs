//! Builds the lossless tree: rowan's green nodes, with what the parser needs besides.
//!
//! rowan has a builder of its own. This one knows the height of what it built, because dropping and walking
//! trees recurses and must be bounded; and it looks up only what is cheap to look up and likely to repeat: signs,
//! short tokens, and nodes around a single child.
//!
//! Sharing a token or node costs an atomic count, which is a good part of all the work. So a token stays a piece
//! of the text until the node around it is closed: a name or literal is then found together with its node, at the
//! cost of one count instead of three.

use crate::kind::SyntaxKind;
use rowan::{GreenNode, GreenToken, NodeOrToken};

/// Slots for tokens and nodes that were made before; a newer one replaces an older one in the same slot.
const SLOTS: usize = 1 << 11;
/// Longer tokens are not looked up: they rarely repeat.
const LONGEST_CACHED: usize = 24;
/// Signs, whose kind alone says how they are spelled.
const SIGNS: std::ops::RangeInclusive<usize> = SyntaxKind::L_BRACE as usize..=SyntaxKind::AT as usize;
const _: () = assert!(*SIGNS.end() < 64, "kinds of tokens come first, so a small table holds all signs");

/// A place in the list of children where a node may begin later.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checkpoint(usize);

#[derive(Debug)]
enum Element<'text> {
    Node(GreenNode),
    /// A token that is not made yet.
    Token(SyntaxKind, &'text str),
}

#[derive(Debug)]
struct Child<'text> {
    element: Element<'text>,
    height: u32,
}

/// The tree as far as it is built.
#[derive(Debug)]
pub(crate) struct TreeBuilder<'text> {
    open: Vec<(SyntaxKind, usize)>,
    children: Vec<Child<'text>>,
    made: Made,
}

impl<'text> TreeBuilder<'text> {
    pub(crate) fn new() -> Self {
        Self { open: vec![], children: vec![], made: Made::new() }
    }

    pub(crate) fn start(&mut self, kind: SyntaxKind) {
        self.open.push((kind, self.children.len()));
    }

    pub(crate) fn checkpoint(&self) -> Checkpoint {
        Checkpoint(self.children.len())
    }

    pub(crate) fn start_at(&mut self, checkpoint: Checkpoint, kind: SyntaxKind) {
        debug_assert!(checkpoint.0 <= self.children.len(), "nothing was closed since the checkpoint");
        self.open.push((kind, checkpoint.0));
    }

    pub(crate) fn finish(&mut self) {
        let Some((kind, first)) = self.open.pop() else { return };
        if self.children.len() == first + 1 {
            self.wrap(kind);
            return;
        }
        let made = &mut self.made;
        let mut height = 0;
        let children = self.children.drain(first..).map(|child| {
            height = height.max(child.height);
            made.element(child.element)
        });
        let node = GreenNode::new(kind.into(), children);
        self.children.push(Child { element: Element::Node(node), height: height + 1 });
    }

    /// Puts a node around the last child alone. Names and literals repeat, and so do the nodes around them.
    fn wrap(&mut self, kind: SyntaxKind) {
        let Some(last) = self.children.last_mut() else { return };
        last.height += 1;
        let wrapped = match &last.element {
            Element::Token(token, text) => self.made.around_token(kind, *token, text),
            Element::Node(node) => self.made.around_node(kind, node),
        };
        last.element = Element::Node(wrapped);
    }

    pub(crate) fn token(&mut self, kind: SyntaxKind, text: &'text str) {
        self.children.push(Child { element: Element::Token(kind, text), height: 0 });
    }

    /// The height of the node that was closed last.
    pub(crate) fn last_height(&self) -> u32 {
        self.children.last().map_or(0, |child| child.height)
    }

    /// The finished tree. All nodes must be closed.
    pub(crate) fn done(mut self) -> GreenNode {
        debug_assert!(self.open.is_empty() && self.children.len() == 1, "one root, closed");
        match self.children.pop().map(|child| child.element) {
            Some(Element::Node(node)) => node,
            _ => GreenNode::new(SyntaxKind::MODULE.into(), []),
        }
    }
}

/// What was made before.
#[derive(Debug)]
struct Made {
    signs: [Option<GreenToken>; 64],
    /// A single blank between words.
    blank: Option<GreenToken>,
    tokens: Vec<Option<GreenToken>>,
    nodes: Vec<Option<GreenNode>>,
}

impl Made {
    fn new() -> Self {
        Self { signs: [const { None }; 64], blank: None, tokens: vec![None; SLOTS], nodes: vec![None; SLOTS] }
    }

    #[inline]
    fn element(&mut self, element: Element<'_>) -> NodeOrToken<GreenNode, GreenToken> {
        match element {
            Element::Node(node) => NodeOrToken::Node(node),
            Element::Token(kind, text) => NodeOrToken::Token(self.token(kind, text)),
        }
    }

    #[inline]
    fn token(&mut self, kind: SyntaxKind, text: &str) -> GreenToken {
        if SIGNS.contains(&(kind as usize)) {
            let sign = self.signs[kind as usize].get_or_insert_with(|| GreenToken::new(kind.into(), text));
            debug_assert_eq!(sign.text(), text, "a sign has one spelling");
            return sign.clone();
        }
        if kind == SyntaxKind::WHITESPACE && text == " " {
            return self.blank.get_or_insert_with(|| GreenToken::new(kind.into(), text)).clone();
        }
        if text.len() > LONGEST_CACHED {
            return GreenToken::new(kind.into(), text);
        }
        let slot = &mut self.tokens[hash(kind as u64, text.as_bytes()) & (SLOTS - 1)];
        match slot {
            Some(token) if is_token(token, kind, text) => token.clone(),
            _ => slot.insert(GreenToken::new(kind.into(), text)).clone(),
        }
    }

    /// A node around one token.
    fn around_token(&mut self, kind: SyntaxKind, token: SyntaxKind, text: &str) -> GreenNode {
        if text.len() > LONGEST_CACHED {
            return GreenNode::new(kind.into(), [NodeOrToken::Token(GreenToken::new(token.into(), text))]);
        }
        let slot = hash((kind as u64) << 16 | token as u64, text.as_bytes()) & (SLOTS - 1);
        match &self.nodes[slot] {
            Some(node) if node.kind() == kind.into() && holds_token(node, token, text) => node.clone(),
            _ => {
                let token = self.token(token, text);
                let node = GreenNode::new(kind.into(), [NodeOrToken::Token(token)]);
                self.nodes[slot].insert(node).clone()
            }
        }
    }

    /// A node around one node.
    fn around_node(&mut self, kind: SyntaxKind, inner: &GreenNode) -> GreenNode {
        let address = address(inner);
        let slot = &mut self.nodes[(address >> 4 ^ (kind as usize) << 3) & (SLOTS - 1)];
        match slot {
            Some(node) if node.kind() == kind.into() && holds_node(node, address) => node.clone(),
            _ => slot.insert(GreenNode::new(kind.into(), [NodeOrToken::Node(inner.clone())])).clone(),
        }
    }
}

fn is_token(made: &rowan::GreenTokenData, kind: SyntaxKind, text: &str) -> bool {
    made.kind() == kind.into() && made.text() == text
}

/// Whether the node's only child is this token.
fn holds_token(node: &GreenNode, kind: SyntaxKind, text: &str) -> bool {
    matches!(node.children().next(), Some(NodeOrToken::Token(made)) if is_token(made, kind, text))
}

/// Where the node lies in memory: the same node, the same place, as long as anything holds it.
fn address(node: &rowan::GreenNodeData) -> usize {
    std::ptr::from_ref(node).addr()
}

/// Whether the node's only child lies there.
fn holds_node(node: &GreenNode, place: usize) -> bool {
    matches!(node.children().next(), Some(NodeOrToken::Node(made)) if address(made) == place)
}

/// Mixes up to 24 bytes; quality matters little, a collision costs one allocation.
#[inline]
fn hash(seed: u64, bytes: &[u8]) -> usize {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let eight = |at: usize| bytes[at..].first_chunk().map_or(0, |chunk| u64::from_le_bytes(*chunk));
    let four = |at: usize| bytes[at..].first_chunk().map_or(0, |chunk| u64::from(u32::from_le_bytes(*chunk)));
    // The first and the last bytes of a piece may overlap: nothing is left out, and nothing is counted.
    let (first, last) = match bytes.len() {
        0 => (0, 0),
        length @ 1..4 => (u64::from(bytes[0]) << 8 | u64::from(bytes[length / 2]), u64::from(bytes[length - 1])),
        length @ 4..8 => (four(0), four(length - 4)),
        length @ 8..=16 => (eight(0), eight(length - 8)),
        length => (eight(0) ^ eight(8).rotate_left(23), eight(length - 8)),
    };
    let state = (first ^ seed << 8 ^ bytes.len() as u64).wrapping_mul(FACTOR).rotate_left(29) ^ last;
    (state.wrapping_mul(FACTOR) >> 40) as usize
}
