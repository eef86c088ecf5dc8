//! What each word is, for colours: from the tree, and for names from what they refer to.
//!
//! SQL, shell and Python in quotes are marked word by word with small lists of their keywords: what an editor has no grammar
//! for at that place gets colours all the same. Prompts are texts with holes. No colour is decided here.

use crate::{Analysis, embedded, place::span};
use flow_diag::{FileId, Span};
use flow_sema::index::{DefinitionKind, Index};
use flow_syntax::{NodeOrToken, SyntaxKind, SyntaxToken};

/// What a word is, as editors name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TokenKind {
    /// A word of the language.
    Keyword,
    /// A comment.
    Comment,
    /// Text.
    String,
    /// A number, a time, an amount.
    Number,
    /// A sign.
    Operator,
    /// A type.
    Type,
    /// A variant.
    EnumMember,
    /// A field or setting.
    Property,
    /// A parameter.
    Parameter,
    /// A value with a name.
    Variable,
    /// A function or guard.
    Function,
    /// A step or flow.
    Method,
    /// A dataset.
    Struct,
    /// A model, connection, pool, secret, retry policy.
    Class,
    /// A label.
    Decorator,
    /// A module.
    Namespace,
    /// A hole's braces, an escape.
    Escape,
}

impl TokenKind {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 17] = [
        Self::Keyword,
        Self::Comment,
        Self::String,
        Self::Number,
        Self::Operator,
        Self::Type,
        Self::EnumMember,
        Self::Property,
        Self::Parameter,
        Self::Variable,
        Self::Function,
        Self::Method,
        Self::Struct,
        Self::Class,
        Self::Decorator,
        Self::Namespace,
        Self::Escape,
    ];
}

/// A word with what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// The word; on one line, but for comments and texts.
    pub at: Span,
    /// What it is.
    pub kind: TokenKind,
    /// Whether it is named here for the first time.
    pub declares: bool,
    /// Whether it is part of the standard library.
    pub library: bool,
    /// Whether it is a comment that documents.
    pub documents: bool,
}

/// The words of a file, or of a stretch of it, in order.
#[must_use]
pub fn tokens(analysis: &Analysis, file: FileId, within: Option<Span>) -> Vec<Token> {
    let Some(parse) = analysis.compilation.trees.get(&file) else { return vec![] };
    let mut found = vec![];
    let declared = declared(&analysis.compilation.index, file);
    for part in parse.tree().descendants_with_tokens() {
        let NodeOrToken::Token(token) = part else { continue };
        let at = span(file, token.text_range());
        if within.is_some_and(|within| at.end < within.start || within.end < at.start) {
            continue;
        }
        if token.kind() == SyntaxKind::STRING_TEXT
            && let Some(language) = embedded::language(&token)
        {
            found.extend(embedded::tokens(language, token.text()).map(|(start, end, kind)| {
                let at = Span::new(file, at.start + start, at.start + end);
                Token { at, kind, declares: false, library: false, documents: false }
            }));
            continue;
        }
        found.extend(classified(analysis, &declared, &token, at));
    }
    overlaid(analysis, file, &mut found);
    found
}

/// Names of parameters inside code, which the tree has as plain text.
fn overlaid(analysis: &Analysis, file: FileId, found: &mut Vec<Token>) {
    let index = &analysis.compilation.index;
    let start = index.references.partition_point(|reference| reference.at.file < file);
    let here = index.references[start..].iter().take_while(|reference| reference.at.file == file);
    let mut extra: Vec<Token> = vec![];
    for reference in here {
        let Some(position) = found
            .binary_search_by(|token| {
                let (at, wanted) = (token.at, reference.at);
                if at.end <= wanted.start {
                    std::cmp::Ordering::Less
                } else if wanted.start < at.start {
                    std::cmp::Ordering::Greater
                } else {
                    std::cmp::Ordering::Equal
                }
            })
            .ok()
        else {
            continue;
        };
        let token = found[position];
        let is_text = matches!(token.kind, TokenKind::String | TokenKind::Variable | TokenKind::Property);
        if is_text
            && token.at != reference.at
            && token.at.start <= reference.at.start
            && reference.at.end <= token.at.end
        {
            found[position].at.end = reference.at.start;
            extra.push(Token { at: reference.at, kind: TokenKind::Parameter, ..token });
            extra.push(Token { at: Span::new(file, reference.at.end, token.at.end), ..token });
        } else if is_text && token.at == reference.at && token.kind == TokenKind::Variable {
            found[position].kind = kind_of(index, reference.to).unwrap_or(token.kind);
        }
    }
    found.extend(extra);
    found.retain(|token| token.at.start < token.at.end);
    found.sort_by_key(|token| token.at);
}

/// Where this file declares names.
fn declared(index: &Index, file: FileId) -> std::collections::HashMap<u32, usize> {
    let here = index.definitions.iter().enumerate().filter(|(_, definition)| definition.at.file == file);
    here.map(|(number, definition)| (definition.at.start, number)).collect()
}

fn classified(
    analysis: &Analysis,
    declared: &std::collections::HashMap<u32, usize>,
    token: &SyntaxToken,
    at: Span,
) -> Option<Token> {
    let plain = |kind| Some(Token { at, kind, declares: false, library: false, documents: false });
    match token.kind() {
        SyntaxKind::KEYWORD => plain(TokenKind::Keyword),
        SyntaxKind::COMMENT => plain(TokenKind::Comment),
        SyntaxKind::DOC_COMMENT | SyntaxKind::MODULE_DOC => {
            Some(Token { at, kind: TokenKind::Comment, declares: false, library: false, documents: true })
        }
        SyntaxKind::STRING_OPEN | SyntaxKind::RAW_OPEN | SyntaxKind::STRING_TEXT | SyntaxKind::STRING_CLOSE => {
            plain(TokenKind::String)
        }
        SyntaxKind::HOLE_OPEN | SyntaxKind::HOLE_CLOSE => plain(TokenKind::Escape),
        kind if is_number(kind) => plain(TokenKind::Number),
        kind if is_operator(kind) => plain(TokenKind::Operator),
        SyntaxKind::AT => plain(TokenKind::Decorator),
        SyntaxKind::IDENT => Some(name(analysis, declared, token, at)),
        _ => None,
    }
}

fn name(analysis: &Analysis, declared: &std::collections::HashMap<u32, usize>, token: &SyntaxToken, at: Span) -> Token {
    let index = &analysis.compilation.index;
    let reference = index.references.binary_search_by_key(&at, |reference| reference.at).ok();
    let reference = reference.map(|position| index.references[position].to);
    let own = declared.get(&at.start).map(|number| &index.definitions[*number]);
    let target = reference.and_then(|id| index.definition(id)).or(own);
    let fallback = || match token.parent().map(|parent| parent.kind()) {
        Some(SyntaxKind::FIELD_EXPR) => TokenKind::Property,
        Some(SyntaxKind::NAMED_TYPE) => TokenKind::Type,
        Some(SyntaxKind::PATH) if is_in_use(token) => TokenKind::Namespace,
        Some(SyntaxKind::LABEL_REF) => TokenKind::Decorator,
        Some(SyntaxKind::SETTING | SyntaxKind::ENTRY | SyntaxKind::ARG) => TokenKind::Property,
        _ if token.text().starts_with(char::is_uppercase) => TokenKind::Type,
        _ => TokenKind::Variable,
    };
    Token {
        at,
        kind: target.map_or_else(fallback, |definition| kind(definition.kind)),
        declares: own.is_some(),
        library: target.is_some_and(|definition| analysis.is_library(definition.at.file)),
        documents: false,
    }
}

fn kind_of(index: &Index, id: flow_sema::index::DefinitionId) -> Option<TokenKind> {
    index.definition(id).map(|definition| kind(definition.kind))
}

fn kind(of: DefinitionKind) -> TokenKind {
    match of {
        DefinitionKind::Field => TokenKind::Property,
        DefinitionKind::Variant => TokenKind::EnumMember,
        DefinitionKind::Parameter => TokenKind::Parameter,
        DefinitionKind::Local | DefinitionKind::Declaration("const" | "var") => TokenKind::Variable,
        DefinitionKind::Declaration(keyword) => match keyword {
            "type" => TokenKind::Type,
            "fn" | "guard" => TokenKind::Function,
            "step" | "flow" => TokenKind::Method,
            "dataset" => TokenKind::Struct,
            "label" => TokenKind::Decorator,
            _ => TokenKind::Class,
        },
    }
}

fn is_in_use(token: &SyntaxToken) -> bool {
    token.parent_ancestors().any(|above| above.kind() == SyntaxKind::USE_DECL)
}

fn is_number(kind: SyntaxKind) -> bool {
    (SyntaxKind::INT..=SyntaxKind::TIMESTAMP).contains(&kind)
}

fn is_operator(kind: SyntaxKind) -> bool {
    (SyntaxKind::EQ..=SyntaxKind::QUESTION2).contains(&kind) || kind == SyntaxKind::DOT2
}
