//! What a selector selects in a graph.

use super::{Selector, SelectorError, Term};
use crate::graph::{Graph, Vertex, VertexId, VertexKind};

/// The vertices that a selector means, sorted. A flow's name means the flow and all that belongs to it.
///
/// # Errors
/// A name, tag or owner without `*` or `?` that the graph does not have, with the nearest that it has.
pub fn select(graph: &Graph, selector: &Selector) -> Result<Vec<VertexId>, SelectorError> {
    let chosen = Evaluation { graph, selector }.term(&selector.term)?;
    Ok(graph.ids().filter(|id| chosen[*id as usize]).collect())
}

struct Evaluation<'e> {
    graph: &'e Graph,
    selector: &'e Selector,
}

impl Evaluation<'_> {
    fn term(&self, term: &Term) -> Result<Vec<bool>, SelectorError> {
        match term {
            Term::Union(terms) => self.fold(terms, false, |a, b| a || b),
            Term::Intersection(terms) => self.fold(terms, true, |a, b| a && b),
            Term::Not(inner) => Ok(self.term(inner)?.into_iter().map(|chosen| !chosen).collect()),
            Term::Closure { up, of, down } => {
                let chosen = self.term(of)?;
                let from: Vec<VertexId> = self.graph.ids().filter(|id| chosen[*id as usize]).collect();
                let mut around = chosen;
                let above = up.map(|distance| self.graph.upstream(&from, distance));
                let below = down.map(|distance| self.graph.downstream(&from, distance));
                for id in above.into_iter().chain(below).flatten() {
                    around[id as usize] = true;
                }
                Ok(around)
            }
            Term::Match { method, pattern, at } => self.matched(method.as_deref(), pattern, at),
        }
    }

    fn fold(&self, terms: &[Term], start: bool, join: fn(bool, bool) -> bool) -> Result<Vec<bool>, SelectorError> {
        let mut chosen = vec![start; self.graph.vertices().len()];
        for term in terms {
            for (chosen, other) in chosen.iter_mut().zip(self.term(term)?) {
                *chosen = join(*chosen, other);
            }
        }
        Ok(chosen)
    }

    fn matched(
        &self,
        method: Option<&str>,
        pattern: &str,
        at: &std::ops::Range<usize>,
    ) -> Result<Vec<bool>, SelectorError> {
        let glob = Glob::new(pattern);
        let mut chosen = vec![false; self.graph.vertices().len()];
        let mut any = false;
        for id in self.graph.ids() {
            let vertex = self.graph.vertex(id);
            if !texts(method, vertex).any(|text| glob.fits(text)) {
                continue;
            }
            any = true;
            chosen[id as usize] = true;
            if vertex.kind == VertexKind::Flow {
                self.graph.members(&vertex.name).iter().for_each(|member| chosen[*member as usize] = true);
            }
        }
        if any || glob.has_wildcard {
            return Ok(chosen);
        }
        let what = match method {
            Some("tag") => "nothing has the tag",
            Some("owner") => "nothing has the owner",
            Some("dataset") => "there is no dataset",
            Some("step") => "there is no step",
            Some("flow") => "there is no flow",
            _ => "there is no step, dataset or flow",
        };
        let known = self.graph.vertices().iter().flat_map(|vertex| texts(method, vertex));
        Err(SelectorError {
            text: self.selector.text.clone(),
            at: at.clone(),
            message: format!("{what} `{pattern}`"),
            nearest: nearest(pattern, known),
        })
    }
}

/// The texts of a vertex that a method looks at.
fn texts<'v>(method: Option<&str>, vertex: &'v Vertex) -> Box<dyn Iterator<Item = &'v str> + 'v> {
    let names = [vertex.name.short(), vertex.name.as_str(), &*vertex.label];
    let of_kind = |kind| if vertex.kind == kind { names } else { [""; 3] }.into_iter().filter(|text| !text.is_empty());
    match method {
        Some("tag") => Box::new(vertex.tags.iter().map(|tag| &**tag)),
        Some("owner") => Box::new(vertex.owner.iter().map(|owner| &**owner)),
        Some("dataset") => Box::new(of_kind(VertexKind::Dataset)),
        Some("step") => Box::new(of_kind(VertexKind::Step)),
        Some("flow") => Box::new(of_kind(VertexKind::Flow)),
        // Values are named by their label alone: their name is their flow's.
        _ if vertex.kind == VertexKind::Value => Box::new(std::iter::once(&*vertex.label)),
        _ => Box::new(names.into_iter()),
    }
}

/// The closest known texts, best first, none of them far.
#[must_use]
pub fn nearest<'k>(wanted: &str, known: impl Iterator<Item = &'k str>) -> Vec<String> {
    let allowed = (wanted.chars().count() / 3).max(1);
    let mut close: Vec<(usize, &str)> = known
        .filter(|text| text.len().abs_diff(wanted.len()) <= allowed * 4)
        .map(|text| (strsim::damerau_levenshtein(wanted, text), text))
        .filter(|(distance, _)| *distance <= allowed)
        .collect();
    close.sort_unstable();
    close.dedup();
    close.into_iter().take(3).map(|(_, text)| text.to_owned()).collect()
}

/// A pattern with `*` and `?`, matched in time linear in pattern times text.
struct Glob {
    pattern: Vec<char>,
    has_wildcard: bool,
}

impl Glob {
    fn new(pattern: &str) -> Self {
        Self { pattern: pattern.chars().collect(), has_wildcard: pattern.contains(['*', '?']) }
    }

    fn fits(&self, text: &str) -> bool {
        if !self.has_wildcard {
            return self.pattern.iter().copied().eq(text.chars());
        }
        let text: Vec<char> = text.chars().collect();
        // Only the last `*` ever needs to be gone back to.
        let (mut at, mut p, mut star) = (0, 0, None);
        while at < text.len() {
            match self.pattern.get(p) {
                Some('*') => {
                    star = Some((p, at));
                    p += 1;
                }
                Some(char) if *char == '?' || *char == text[at] => {
                    p += 1;
                    at += 1;
                }
                _ => {
                    let Some((back, from)) = star else { return false };
                    star = Some((back, from + 1));
                    p = back + 1;
                    at = from + 1;
                }
            }
        }
        self.pattern[p..].iter().all(|char| *char == '*')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (pattern, text, fits) in [
            ("a", "a", true),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("a*c*e", "abcde", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*", "", true),
            ("*b", "abc", false),
            ("a.*", "a.b.c", true),
        ] {
            assert_eq!(Glob::new(pattern).fits(text), fits, "{pattern} {text}");
        }
        let hard = Glob::new(&"a*".repeat(40));
        assert!(!hard.fits(&("a".repeat(30_000) + "b")) || hard.pattern.ends_with(&['*']));
    }
}
