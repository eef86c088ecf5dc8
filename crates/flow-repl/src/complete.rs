//! What could stand where the cursor is: commands, names of the program, what was bound, fields behind a dot.

use crate::{
    Host, Session,
    commands::{FLOWC, OWN},
    show,
};
use flow_compiler::DefinitionKind;
use flow_expr::{Type, TypeTable, builtins::Bindings};

/// A word that could stand there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// The word.
    pub word: String,
    /// What it is, in a few words.
    pub what: String,
}

impl Session {
    /// The words that could stand before a place of an entry, and where the one that is there begins; in bytes.
    pub fn complete(&mut self, text: &str, at: usize, host: &dyn Host) -> (usize, Vec<Candidate>) {
        let before = text.get(..at).unwrap_or(text);
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let start = before
            .rfind(|c: char| !is_word(c))
            .map_or(0, |found| found + before[found..].chars().next().map_or(1, char::len_utf8));
        let (behind, word) = before.split_at(start);
        let mut found = if behind.trim_start() == ":" {
            commands()
        } else if let Some(receiver) = behind.strip_suffix('.') {
            self.members(receiver, host)
        } else {
            self.known(host)
        };
        found.retain(|candidate| candidate.word.starts_with(word) && candidate.word != word);
        found.sort();
        found.dedup_by(|a, b| a.word == b.word);
        (start, found)
    }

    /// Names of the program, of what was bound, and of built-in functions.
    fn known(&mut self, host: &dyn Host) -> Vec<Candidate> {
        let compiled = self.compiled(host);
        let definitions = &compiled.compilation.index.definitions;
        let declared = definitions.iter().filter_map(|known| match known.kind {
            DefinitionKind::Declaration(keyword) => Some(candidate(known.name.short(), keyword)),
            DefinitionKind::Variant => Some(candidate(known.name.short(), "variant")),
            _ => None,
        });
        let bound = self.bound.iter().map(|bound| candidate(&bound.name, &show::short(&bound.ty)));
        declared.chain(bound).collect()
    }

    /// Fields of what stands before the dot, and the functions that can be called on it.
    fn members(&mut self, before: &str, host: &dyn Host) -> Vec<Candidate> {
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
        let receiver = &before[before.rfind(|c: char| !is_part(c)).map_or(0, |found| found + 1)..];
        let Ok((answer, compilation)) = self.understood(receiver, None, host) else { return vec![] };
        let types = &compilation.program.types;
        let fields = types.record(answer.ty.required()).unwrap_or_default().iter();
        let mut found: Vec<Candidate> = fields.map(|field| candidate(&field.name, &show::short(&field.ty))).collect();
        found.extend(methods(&answer.ty, types).into_iter().map(|name| candidate(name, "function")));
        found
    }

    /// The keywords and names that were declared here.
    pub(crate) fn declared_names(&self) -> impl Iterator<Item = &str> {
        self.declared.iter().flat_map(|declared| declared.names.iter().map(String::as_str))
    }
}

fn commands() -> Vec<Candidate> {
    let own = OWN.iter().map(|(name, _, what)| candidate(name, what));
    own.chain(FLOWC.iter().map(|(name, _)| candidate(name, "as `flowc` does")))
        .chain([candidate("start", "runs a flow")])
        .collect()
}

fn candidate(word: &str, what: &str) -> Candidate {
    Candidate { word: word.to_owned(), what: what.to_owned() }
}

/// The built-in functions whose first parameter takes such a value.
fn methods(ty: &Type, types: &TypeTable) -> Vec<&'static str> {
    let takes = |builtin: &&flow_expr::builtins::Builtin| {
        let first = builtin.signature().params.first();
        first.is_some_and(|first| Bindings::default().bind(&first.ty, ty, types))
    };
    flow_expr::builtins::builtins().filter(takes).map(|builtin| builtin.name).collect()
}
