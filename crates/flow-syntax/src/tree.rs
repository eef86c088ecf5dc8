//! Builds the lossless tree: rowan's green nodes, with what the parser needs besides.
//!
//! rowan has a builder of its own. This one knows the height of what it built, because dropping and walking
//! trees recurses and must be bounded; and it looks up only what is
//! cheap to look up and likely to repeat, short tokens and nodes around a single child, which makes it faster.

use crate::kind::SyntaxKind;
use rowan::{GreenNode, GreenToken, NodeOrToken};

/// Slots for tokens that were made before; a newer one replaces an older one in the same slot.
const SLOTS: usize = 1 << 11;
/// Longer tokens are not looked up: they rarely repeat.
const LONGEST_CACHED: usize = 24;

/// A place in the list of children where a node may begin later.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checkpoint(usize);

#[derive(Debug)]
struct Child {
    element: NodeOrToken<GreenNode, GreenToken>,
    height: u32,
}

/// The tree as far as it is built.
#[derive(Debug)]
pub(crate) struct TreeBuilder {
    open: Vec<(SyntaxKind, usize)>,
    children: Vec<Child>,
    slots: Vec<Option<GreenToken>>,
    nodes: Vec<Option<GreenNode>>,
}

impl TreeBuilder {
    pub(crate) fn new() -> Self {
        Self { open: vec![], children: vec![], slots: vec![None; SLOTS], nodes: vec![None; SLOTS] }
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
        let height = self.children[first..].iter().map(|child| child.height).max().unwrap_or(0) + 1;
        let node = if self.children.len() == first + 1 {
            self.wrapped(kind)
        } else {
            GreenNode::new(kind.into(), self.children.drain(first..).map(|child| child.element))
        };
        self.children.push(Child { element: NodeOrToken::Node(node), height });
    }

    /// A node around the last child alone. Names and literals repeat, and so do the nodes around them.
    fn wrapped(&mut self, kind: SyntaxKind) -> GreenNode {
        let Some(child) = self.children.pop() else { return GreenNode::new(kind.into(), []) };
        let address = address(&child.element);
        let slot = (address >> 4 ^ (kind as usize) << 3) & (SLOTS - 1);
        match &self.nodes[slot] {
            Some(node) if node.kind() == kind.into() && holds(node, address) => node.clone(),
            _ => {
                let node = GreenNode::new(kind.into(), [child.element]);
                self.nodes[slot] = Some(node.clone());
                node
            }
        }
    }

    pub(crate) fn token(&mut self, kind: SyntaxKind, text: &str) {
        let token =
            if text.len() > LONGEST_CACHED { GreenToken::new(kind.into(), text) } else { self.cached(kind, text) };
        self.children.push(Child { element: NodeOrToken::Token(token), height: 0 });
    }

    /// The height of the node that was closed last.
    pub(crate) fn last_height(&self) -> u32 {
        self.children.last().map_or(0, |child| child.height)
    }

    /// The finished tree. All nodes must be closed.
    pub(crate) fn done(mut self) -> GreenNode {
        debug_assert!(self.open.is_empty() && self.children.len() == 1, "one root, closed");
        match self.children.pop().map(|child| child.element) {
            Some(NodeOrToken::Node(node)) => node,
            _ => GreenNode::new(SyntaxKind::MODULE.into(), []),
        }
    }

    fn cached(&mut self, kind: SyntaxKind, text: &str) -> GreenToken {
        let slot = hash(kind, text.as_bytes()) as usize & (SLOTS - 1);
        match &self.slots[slot] {
            Some(token) if token.kind() == kind.into() && token.text() == text => token.clone(),
            _ => {
                let token = GreenToken::new(kind.into(), text);
                self.slots[slot] = Some(token.clone());
                token
            }
        }
    }
}

/// Where the child lies in memory: the same child, the same place, as long as anything holds it.
fn address(element: &NodeOrToken<GreenNode, GreenToken>) -> usize {
    match element {
        NodeOrToken::Node(node) => std::ptr::from_ref::<rowan::GreenNodeData>(node).addr(),
        NodeOrToken::Token(token) => std::ptr::from_ref::<rowan::GreenTokenData>(token).addr(),
    }
}

/// Whether the node's only child lies there.
fn holds(node: &GreenNode, address: usize) -> bool {
    match node.children().next() {
        Some(NodeOrToken::Node(node)) => std::ptr::from_ref(node).addr() == address,
        Some(NodeOrToken::Token(token)) => std::ptr::from_ref(token).addr() == address,
        None => false,
    }
}

/// Mixes up to 24 bytes; quality matters little, a collision costs one allocation.
fn hash(kind: SyntaxKind, bytes: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut state = (kind as u64) << 8 | bytes.len() as u64;
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        let word = u64::from_le_bytes(chunk.try_into().unwrap_or_default());
        state = (state ^ word).wrapping_mul(FACTOR).rotate_left(29);
    }
    let mut tail = 0_u64;
    for &byte in chunks.remainder() {
        tail = tail << 8 | u64::from(byte);
    }
    ((state ^ tail).wrapping_mul(FACTOR)) >> 32
}
