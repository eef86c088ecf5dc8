//! Which clauses and statements may stand in a block.

use crate::words::{self, Word};
use flow_syntax::{SyntaxKind, SyntaxNode};

/// The words that may begin something in a block.
pub(crate) fn words_of(block: &SyntaxNode) -> Option<&'static [Word]> {
    let parent = block.parent();
    let parent = parent.as_ref().map(SyntaxNode::kind);
    Some(match (block.kind(), parent) {
        (SyntaxKind::MODULE, _) => words::DECLARATIONS,
        (SyntaxKind::STEP_BLOCK, _) => words::STEP,
        (SyntaxKind::RETRY_BLOCK, _) => words::RETRY,
        (SyntaxKind::CLAUSE_BLOCK, Some(SyntaxKind::DATASET_DECL)) => words::DATASET,
        (SyntaxKind::CLAUSE_BLOCK, Some(SyntaxKind::AI_BODY)) => words::AI,
        (SyntaxKind::CLAUSE_BLOCK, Some(SyntaxKind::HTTP_BODY)) => words::HTTP,
        (SyntaxKind::BLOCK, _) if block.ancestors().any(|above| above.kind() == SyntaxKind::TEST_DECL) => words::TEST,
        (SyntaxKind::BLOCK, _) if block.ancestors().any(|above| above.kind() == SyntaxKind::FLOW_DECL) => words::FLOW,
        _ => return None,
    })
}
