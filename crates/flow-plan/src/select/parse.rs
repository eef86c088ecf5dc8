//! From a selector's text to its tree.

use super::SelectorError;
use pest::{Parser, iterators::Pair};
use std::{num::NonZeroUsize, ops::Range};

/// Longest selector, in bytes: people type them.
const LONGEST: usize = 4096;
/// Deepest nesting of brackets and `not`.
const DEEPEST: usize = 64;
/// Steps that the parser may take. pest backtracks, and a selector may come from anywhere.
const MOST_CALLS: usize = 1_000_000;

#[derive(pest_derive::Parser)]
#[grammar = "../../../grammar/selector.pest"]
struct Grammar;

/// A parsed selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// Its text.
    pub text: String,
    /// What it means.
    pub term: Term,
}

/// A part of a selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term {
    /// `a, b`: what any of them selects.
    Union(Vec<Term>),
    /// `a b` or `a & b`: what all of them select.
    Intersection(Vec<Term>),
    /// `not a`.
    Not(Box<Term>),
    /// `2+a+`: what is selected and its surroundings.
    Closure {
        /// How far up: none for not at all, `Some(None)` for all the way.
        up: Option<Option<u32>>,
        /// What is selected.
        of: Box<Term>,
        /// How far down.
        down: Option<Option<u32>>,
    },
    /// `tag:finance`, or a name alone.
    Match {
        /// `tag`, `owner`, `dataset`, `step`, `flow`; none for a name of any kind.
        method: Option<String>,
        /// The name, with `*` and `?`.
        pattern: String,
        /// Where it stands.
        at: Range<usize>,
    },
}

impl Selector {
    /// Parses a selector.
    ///
    /// # Errors
    /// Where and why the text is no selector.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let error =
            |at: Range<usize>, message: String| SelectorError { text: text.into(), at, message, nearest: vec![] };
        if text.trim().is_empty() {
            return Err(error(0..text.len(), "a selector is empty: name a step, dataset or flow".into()));
        }
        if text.len() > LONGEST {
            let message = format!("a selector has {} bytes; at most {LONGEST} are read", text.len());
            return Err(SelectorError { text: text.chars().take(60).collect(), at: 0..0, message, nearest: vec![] });
        }
        if let Some(at) = too_deep(text) {
            return Err(error(at..at + 1, format!("a selector nests more than {DEEPEST} deep")));
        }
        pest::set_call_limit(NonZeroUsize::new(MOST_CALLS));
        let mut pairs = Grammar::parse(Rule::selector, text).map_err(|failure| {
            let at = match failure.location {
                pest::error::InputLocation::Pos(at) => at..at,
                pest::error::InputLocation::Span((start, end)) => start..end,
            };
            let found = text[at.start..].chars().next();
            let message = match found {
                Some(found) => format!("`{found}` cannot stand here: expected {}", expected(&failure)),
                None => format!("the selector ends too early: expected {}", expected(&failure)),
            };
            error(at, message)
        })?;
        let union = pairs.next().and_then(|selector| selector.into_inner().next());
        let term = union.map(term).transpose().map_err(|(at, message)| error(at, message))?;
        let term = term.unwrap_or(Term::Union(vec![]));
        Ok(Self { text: text.into(), term })
    }
}

/// The first place that nests too deeply, found before the parser, which recurses, gets to see it.
fn too_deep(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b'n' if text[at..].starts_with("not ") => depth += 1,
            b',' => {}
            _ => continue,
        }
        if depth > DEEPEST {
            return Some(at);
        }
    }
    None
}

fn expected(failure: &pest::error::Error<Rule>) -> String {
    let pest::error::ErrorVariant::ParsingError { positives, .. } = &failure.variant else {
        return "a simpler selector".into();
    };
    let mut words: Vec<&str> = positives
        .iter()
        .filter_map(|rule| match rule {
            Rule::EOI => Some("the end"),
            Rule::name | Rule::quoted | Rule::atom | Rule::closure | Rule::term | Rule::intersection => Some("a name"),
            Rule::distance | Rule::up | Rule::down => Some("`+`"),
            _ => None,
        })
        .collect();
    words.sort_unstable();
    words.dedup();
    if words.is_empty() { "a name".into() } else { words.join(" or ") }
}

type Wrong = (Range<usize>, String);

fn term(pair: Pair<'_, Rule>) -> Result<Term, Wrong> {
    let rule = pair.as_rule();
    match rule {
        Rule::union | Rule::intersection => {
            let mut terms = pair.into_inner().map(term).collect::<Result<Vec<_>, _>>()?;
            Ok(match (terms.len(), rule) {
                (1, _) => terms.remove(0),
                (_, Rule::union) => Term::Union(terms),
                _ => Term::Intersection(terms),
            })
        }
        Rule::negation => {
            let inner = pair.into_inner().last().map_or(Ok(Term::Union(vec![])), term)?;
            Ok(Term::Not(Box::new(inner)))
        }
        Rule::closure => closure(pair),
        Rule::matched => Ok(matched(pair)),
        // Rules of one part: `selector`, `term`, `atom`, `group`.
        _ => pair.into_inner().next().map_or(Ok(Term::Union(vec![])), term),
    }
}

fn closure(pair: Pair<'_, Rule>) -> Result<Term, Wrong> {
    let (mut up, mut down, mut of) = (None, None, Term::Union(vec![]));
    for part in pair.into_inner() {
        match part.as_rule() {
            Rule::up => up = Some(distance(part)?),
            Rule::down => down = Some(distance(part)?),
            _ => of = term(part)?,
        }
    }
    Ok(match (up, down) {
        (None, None) => of,
        _ => Term::Closure { up, of: Box::new(of), down },
    })
}

fn distance(pair: Pair<'_, Rule>) -> Result<Option<u32>, Wrong> {
    let span = pair.as_span();
    let Some(number) = pair.into_inner().next() else { return Ok(None) };
    let too_far = |_| (span.start()..span.end(), "a distance is at most 4,294,967,295".to_owned());
    number.as_str().parse().map(Some).map_err(too_far)
}

fn matched(pair: Pair<'_, Rule>) -> Term {
    let mut method = None;
    let (mut pattern, mut at) = (String::new(), 0..0);
    for part in pair.into_inner() {
        let span = part.as_span();
        match part.as_rule() {
            Rule::method => method = Some(part.as_str().to_owned()),
            _ => {
                pattern = part.as_str().trim_matches('"').to_owned();
                at = span.start()..span.end();
            }
        }
    }
    Term::Match { method, pattern, at }
}
