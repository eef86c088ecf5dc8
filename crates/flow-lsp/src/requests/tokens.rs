//! `textDocument/semanticTokens`: full, of a range, and what changed since the last answer.
//!
//! A result's id is a hash of its numbers, with the last few kept: who asks with another id gets all of them.

use crate::snapshot::{Failure, Snapshot, View};
use flow_diag::Span;
use flow_ide::{Token, TokenKind};
use lsp_types::{
    SemanticToken, SemanticTokenModifier, SemanticTokenType, SemanticTokens, SemanticTokensDelta,
    SemanticTokensDeltaParams, SemanticTokensEdit, SemanticTokensFullDeltaResult, SemanticTokensLegend,
    SemanticTokensParams, SemanticTokensRangeParams, SemanticTokensRangeResult, SemanticTokensResult,
};
use std::{
    collections::VecDeque,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, PoisonError},
};

/// The last results, by id.
#[derive(Default)]
pub(crate) struct Kept(Mutex<VecDeque<(String, Vec<SemanticToken>)>>);

/// As many as a few open files need.
const MOST_KEPT: usize = 16;

impl Kept {
    fn keep(&self, data: &[SemanticToken]) -> String {
        let mut hasher = DefaultHasher::new();
        for token in data {
            (token.delta_line, token.delta_start, token.length, token.token_type).hash(&mut hasher);
            token.token_modifiers_bitset.hash(&mut hasher);
        }
        let id = format!("{:x}", hasher.finish());
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(known, _)| *known != id);
        kept.push_back((id.clone(), data.to_vec()));
        while kept.len() > MOST_KEPT {
            kept.pop_front();
        }
        id
    }

    fn find(&self, id: &str) -> Option<Vec<SemanticToken>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(known, _)| known == id).map(|(_, data)| data.clone())
    }
}

/// What the numbers of kinds and modifiers mean.
pub(crate) fn legend() -> SemanticTokensLegend {
    let kind = |kind: TokenKind| match kind {
        TokenKind::Keyword => SemanticTokenType::KEYWORD,
        TokenKind::Comment => SemanticTokenType::COMMENT,
        TokenKind::String => SemanticTokenType::STRING,
        TokenKind::Number => SemanticTokenType::NUMBER,
        TokenKind::Operator => SemanticTokenType::OPERATOR,
        TokenKind::Type => SemanticTokenType::TYPE,
        TokenKind::EnumMember => SemanticTokenType::ENUM_MEMBER,
        TokenKind::Property => SemanticTokenType::PROPERTY,
        TokenKind::Parameter => SemanticTokenType::PARAMETER,
        TokenKind::Variable => SemanticTokenType::VARIABLE,
        TokenKind::Function => SemanticTokenType::FUNCTION,
        TokenKind::Method => SemanticTokenType::METHOD,
        TokenKind::Struct => SemanticTokenType::STRUCT,
        TokenKind::Class => SemanticTokenType::CLASS,
        TokenKind::Decorator => SemanticTokenType::DECORATOR,
        TokenKind::Namespace => SemanticTokenType::NAMESPACE,
        TokenKind::Escape => SemanticTokenType::MACRO,
    };
    SemanticTokensLegend {
        token_types: TokenKind::ALL.into_iter().map(kind).collect(),
        token_modifiers: vec![
            SemanticTokenModifier::DECLARATION,
            SemanticTokenModifier::DEFAULT_LIBRARY,
            SemanticTokenModifier::DOCUMENTATION,
        ],
    }
}

pub(crate) fn full(snapshot: &Snapshot, _: SemanticTokensParams) -> Result<Option<SemanticTokensResult>, Failure> {
    Ok(all(snapshot).map(SemanticTokensResult::Tokens))
}

fn all(snapshot: &Snapshot) -> Option<SemanticTokens> {
    let (view, file) = snapshot.file()?;
    let data = encoded(view, &flow_ide::tokens(&view.analysis, file, None));
    Some(SemanticTokens { result_id: Some(snapshot.around.tokens.keep(&data)), data })
}

pub(crate) fn range(
    snapshot: &Snapshot,
    params: SemanticTokensRangeParams,
) -> Result<Option<SemanticTokensRangeResult>, Failure> {
    let Some((view, within)) = snapshot.stretch(params.range) else { return Ok(None) };
    let data = encoded(view, &flow_ide::tokens(&view.analysis, within.file, Some(within)));
    Ok(Some(SemanticTokensRangeResult::Tokens(SemanticTokens { result_id: None, data })))
}

pub(crate) fn delta(
    snapshot: &Snapshot,
    params: SemanticTokensDeltaParams,
) -> Result<Option<SemanticTokensFullDeltaResult>, Failure> {
    let before = snapshot.around.tokens.find(&params.previous_result_id);
    let Some(now) = all(snapshot) else { return Ok(None) };
    let Some(before) = before else { return Ok(Some(SemanticTokensFullDeltaResult::Tokens(now))) };
    let edits = change(&before, &now.data).into_iter().collect();
    let delta = SemanticTokensDelta { result_id: now.result_id, edits };
    Ok(Some(SemanticTokensFullDeltaResult::TokensDelta(delta)))
}

/// The stretch in which two results differ; five numbers make a token.
fn change(before: &[SemanticToken], now: &[SemanticToken]) -> Option<SemanticTokensEdit> {
    let number = |length: usize| u32::try_from(length * 5).unwrap_or(u32::MAX);
    let prefix = before.iter().zip(now).take_while(|(a, b)| a == b).count();
    let suffix = before[prefix..].iter().rev().zip(now[prefix..].iter().rev()).take_while(|(a, b)| a == b).count();
    let data = now[prefix..now.len() - suffix].to_vec();
    let gone = before.len() - prefix - suffix;
    (gone > 0 || !data.is_empty()).then(|| SemanticTokensEdit {
        start: number(prefix),
        delete_count: number(gone),
        data: Some(data),
    })
}

/// The tokens as differences; one of several lines becomes one for each.
fn encoded(view: &View, tokens: &[Token]) -> Vec<SemanticToken> {
    let Some(text) = tokens.first().and_then(|token| view.text(token.at.file)) else { return vec![] };
    let (mut data, mut line, mut column) = (vec![], 0, 0);
    for token in tokens {
        let stretch = view.analysis.text_of(token.at);
        let mut start = token.at.start;
        for part in stretch.split_inclusive('\n') {
            let end = start + u32::try_from(part.len()).unwrap_or(0);
            let shown = part.trim_end_matches(['\n', '\r']);
            let blank = u32::try_from(shown.len() - shown.trim_start().len()).unwrap_or(0);
            let at = Span::new(token.at.file, start + blank, start + u32::try_from(shown.len()).unwrap_or(0));
            start = end;
            if at.start >= at.end {
                continue;
            }
            let range = text.range(at.start, at.end);
            let same_line = range.start.line == line;
            data.push(SemanticToken {
                delta_line: range.start.line - line,
                delta_start: if same_line { range.start.character - column } else { range.start.character },
                length: range.end.character - range.start.character,
                token_type: TokenKind::ALL.iter().position(|kind| *kind == token.kind).map_or(0, |at| at as u32),
                token_modifiers_bitset: u32::from(token.declares)
                    | u32::from(token.library) << 1
                    | u32::from(token.documents) << 2,
            });
            (line, column) = (range.start.line, range.start.character);
        }
    }
    data
}
