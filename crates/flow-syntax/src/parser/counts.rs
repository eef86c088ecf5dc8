//! How often things may stand in a block: a step has exactly one body, most clauses stand at most once.
//!
//! The grammar cannot say this without losing its shape, so it is counted while parsing.

use super::Parser;
use super::body::BODIES;
use crate::lexer::Token;
use crate::problem::{SyntaxProblem, What};

/// Where each clause of a block was seen first: its word, or body, and the bytes of that word.
#[derive(Debug, Default)]
pub(super) struct Seen {
    clauses: Vec<(Token, u32, u32)>,
    body: Option<(u32, u32)>,
}

/// The words of clauses that may stand several times: `guard`, rules, entries, statements in braces.
fn may_repeat(word: Token) -> bool {
    matches!(word, Token::Guard | Token::Expect | Token::Header | Token::Query | Token::Form | Token::Partition)
}

impl Parser<'_> {
    /// Notes the clause that began at a real token, and reports a second one.
    pub(super) fn note_clause(&mut self, seen: &mut Seen, position: usize) {
        let Some(word) = self.real.get(position).map(|real| real.token) else { return };
        let (start, end) = self.place(position);
        if word == Token::Ident {
            return self.note_setting(seen, position);
        }
        if may_repeat(word) || BODIES.contains(&word) {
            return;
        }
        match seen.clauses.iter().find(|(known, ..)| *known == word) {
            Some(&(_, first, first_end)) => {
                self.problems.push(SyntaxProblem { what: What::ClauseTwice { first, first_end }, start, end });
            }
            None => seen.clauses.push((word, start, end)),
        }
    }

    /// Notes a statement, and reports a second one of those that a flow has at most once.
    pub(super) fn note_statement(&mut self, seen: &mut Seen, position: usize) {
        let word = self.real.get(position).map(|real| real.token);
        let once = [Token::Finish, Token::Overlap, Token::Catch, Token::Budget, Token::Owner, Token::Tags, Token::Doc];
        if word.is_some_and(|word| once.contains(&word)) {
            self.note_clause(seen, position);
        }
    }

    /// A setting's key is any word, so it is compared as text.
    fn note_setting(&mut self, seen: &mut Seen, position: usize) {
        let (start, end) = self.place(position);
        let text = |start: u32, end: u32| self.source.get(start as usize..end as usize);
        let same = |seen: &&(Token, u32, u32)| text(seen.1, seen.2) == text(start, end);
        match seen.clauses.iter().find(same) {
            Some(&(_, first, first_end)) => {
                self.problems.push(SyntaxProblem { what: What::ClauseTwice { first, first_end }, start, end });
            }
            None => seen.clauses.push((Token::Ident, start, end)),
        }
    }

    /// Notes the body that began at a real token, and reports a second one.
    pub(super) fn note_body(&mut self, seen: &mut Seen, position: usize) {
        let (start, end) = self.place(position);
        match seen.body {
            Some((first, first_end)) => {
                self.problems.push(SyntaxProblem { what: What::SecondBody { first, first_end }, start, end });
            }
            None => seen.body = Some((start, end)),
        }
    }

    /// Reports a block without a body, at its brace, unless it was broken anyway.
    pub(super) fn require_body(&mut self, seen: &Seen, brace: usize, problems_before: usize) {
        if seen.body.is_none() && self.problems.len() == problems_before {
            let (start, end) = self.place(brace);
            self.problems.push(SyntaxProblem { what: What::NoBody, start, end });
        }
    }

    fn place(&self, position: usize) -> (u32, u32) {
        let (start, end) = self.range_at(position);
        (u32::try_from(start).unwrap_or(u32::MAX), u32::try_from(end).unwrap_or(u32::MAX))
    }
}
