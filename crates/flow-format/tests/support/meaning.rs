//! What of a text means something, for tests that formatting keeps it. Shared by the properties and the fuzz target.

use flow_syntax::ast::{AstNode, StringLit, StringPart};
use flow_syntax::{NodeOrToken, Parse, SyntaxKind};

/// Everything that means something, in order: tokens but optional commas and bars, texts decoded, comments.
pub(crate) fn meaning(parse: &Parse) -> (Vec<String>, Vec<String>) {
    let (mut tokens, mut comments) = (vec![], vec![]);
    for element in parse.tree().descendants_with_tokens() {
        match element {
            NodeOrToken::Node(node) => {
                let Some(text) = StringLit::cast(node) else { continue };
                let parts = text.parts().into_iter().map(|part| match part {
                    StringPart::Text { text, .. } => text,
                    StringPart::Hole(_) => "{}".to_owned(),
                });
                tokens.push(format!("{:?}", parts.collect::<Vec<_>>()));
            }
            NodeOrToken::Token(token) => match token.kind() {
                SyntaxKind::COMMENT | SyntaxKind::DOC_COMMENT | SyntaxKind::MODULE_DOC => {
                    comments.push(token.text().trim_end().to_owned());
                }
                SyntaxKind::WHITESPACE | SyntaxKind::COMMA | SyntaxKind::PIPE | SyntaxKind::STRING_TEXT => {}
                kind => tokens.push(format!("{kind:?} {}", token.text())),
            },
        }
    }
    (tokens, comments)
}
