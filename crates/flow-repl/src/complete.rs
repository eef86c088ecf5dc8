//! What could stand where the cursor is: commands, names of the program, what was bound, fields behind a dot, columns.
//!
//! Behind a dot the compiler is asked: what is written so far, with a made-up name at the cursor, is checked as an entry is,
//! and what stands before the dot has a type then, also inside a call that is not closed yet.

use crate::{
    Host, Session,
    commands::{FLOWC, OWN},
    entry::{Entry, entry},
    show,
};
use flow_compiler::{Compilation, DefinitionKind, Prompt};
use flow_diag::{FileId, Span};
use flow_expr::{
    Type, TypeTable,
    builtins::{Bindings, Builtin, builtins},
};
use flow_syntax::{SyntaxToken, TextSize, ast, ast::AstNode};

/// A word that could stand there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// How far down it belongs; 0 is the top.
    pub rank: u8,
    /// The word.
    pub word: String,
    /// What it is, in a few words.
    pub what: String,
}

/// The made-up name. Nobody writes it.
const MARKER: &str = "zzhere";

/// Commands whose argument is an expression.
const ON_EXPRESSIONS: [&str; 4] = ["type", "try", "run", "ask"];

impl Session {
    /// The words that could stand before a place of an entry, and where the one that is there begins; in bytes.
    pub fn complete(&mut self, text: &str, at: usize, host: &dyn Host) -> (usize, Vec<Candidate>) {
        let before = text.get(..at).unwrap_or(text);
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let start = before
            .rfind(|c: char| !is_word(c))
            .map_or(0, |found| found + before[found..].chars().next().map_or(1, char::len_utf8));
        let word = &before[start..];
        let mut found = self.offers(before, word, host);
        found.retain(|candidate| candidate.word.starts_with(word) && candidate.word != word);
        found.sort();
        found.dedup_by(|a, b| a.word == b.word);
        (start, found)
    }

    fn offers(&mut self, before: &str, word: &str, host: &dyn Host) -> Vec<Candidate> {
        match entry(before) {
            Entry::Command(name, "") if name == word && !before.ends_with(char::is_whitespace) => commands(),
            Entry::Command("assume", rest) if rest.split_whitespace().count() == 1 + usize::from(!word.is_empty()) => {
                ["late", "takes", "down"].map(|verb| candidate(verb, "is assumed of it")).into()
            }
            Entry::Command(name, rest) if ON_EXPRESSIONS.contains(&name) => self.in_expression(rest, word, host),
            Entry::Let(_, value) => self.in_expression(value, word, host),
            Entry::Expression(text) => self.in_expression(text, word, host),
            Entry::Query(query) => self.in_query(query, host),
            Entry::Nothing | Entry::Command(..) | Entry::Declaration(_) => self.known(host),
        }
    }

    fn in_expression(&mut self, text: &str, word: &str, host: &dyn Host) -> Vec<Candidate> {
        let marked = format!("{text}{MARKER}");
        let Some(token) = marker(&marked) else { return self.known(host) };
        let field = token.parent().and_then(ast::FieldExpr::cast);
        let receiver = field.and_then(|field| field.receiver());
        let compilation = self.compile(self.asked(&marked), host);
        if let Some(receiver) = receiver {
            let ty = type_at(&compilation, receiver.range().start(), receiver.range().end());
            return ty.map_or(vec![], |ty| members(&ty, &compilation.program.types));
        }
        let mut found = self.known(host);
        found.extend(locals(&compilation));
        if !word.is_empty() {
            found.extend(builtins().map(function));
        }
        found
    }

    /// Names of the program, of what was bound, and of modules.
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

    /// Tables, and the columns of those that a query mentions.
    fn in_query(&mut self, query: &str, host: &dyn Host) -> Vec<Candidate> {
        let compiled = self.compiled(host);
        let (datasets, types) = (&compiled.program.datasets, &compiled.program.types);
        let of_program = datasets.values().map(|dataset| (dataset.name.short().to_owned(), dataset.ty.clone()));
        let of_session = self.bound.iter().map(|bound| (bound.name.to_string(), bound.ty.clone()));
        let mut found = vec![];
        for (name, ty) in of_program.chain(of_session) {
            let Type::Table(row) = &ty else { continue };
            let is_mentioned = query.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name);
            if is_mentioned {
                let columns = types.record(row).unwrap_or_default();
                found.extend(columns.iter().map(|column| candidate(&column.name, &show::short(&column.ty))));
            }
            found.push(candidate(&name, &show::short(&ty)));
        }
        found
    }

    /// The names that were declared here.
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
    Candidate { rank: 0, word: word.to_owned(), what: what.to_owned() }
}

/// The made-up name in the tree of an expression.
fn marker(marked: &str) -> Option<SyntaxToken> {
    let tree = flow_syntax::parse_expression(FileId(0), marked).tree();
    let at = TextSize::try_from(marked.len() - MARKER.len()).ok()?;
    tree.token_at_offset(at).right_biased().filter(|token| token.text().ends_with(MARKER))
}

/// The type of what stands at a place of the expression that was asked for.
fn type_at(compilation: &Compilation, start: TextSize, end: TextSize) -> Option<Type> {
    let file = expression(compilation)?;
    let at = Span::new(file, start.into(), end.into());
    let typed = compilation.index.types.iter().find(|typed| typed.at == at)?;
    Some(typed.ty.clone())
}

fn expression(compilation: &Compilation) -> Option<FileId> {
    let (file, _) = compilation.sources.iter().find(|(_, source)| source.path == Prompt::EXPRESSION)?;
    Some(file)
}

/// Names that are bound inside the expression.
fn locals(compilation: &Compilation) -> Vec<Candidate> {
    let Some(file) = expression(compilation) else { return vec![] };
    let is_local = |kind| matches!(kind, DefinitionKind::Local | DefinitionKind::Parameter);
    let found = compilation.index.definitions.iter().filter(|known| known.at.file == file && is_local(known.kind));
    found.map(|known| candidate(known.name.short(), &known.ty.as_ref().map_or(String::new(), show::short))).collect()
}

/// Fields, and the functions that take such a value first.
fn members(ty: &Type, types: &TypeTable) -> Vec<Candidate> {
    let fields = types.record(ty.required()).unwrap_or_default().iter();
    let fields = fields.map(|field| candidate(&field.name, &show::short(&field.ty)));
    let takes = |builtin: &&Builtin| {
        let first = builtin.signature().params.first();
        first.is_some_and(|first| Bindings::default().bind(&first.ty, ty, types))
    };
    fields.chain(builtins().filter(takes).map(function)).collect()
}

fn function(builtin: &Builtin) -> Candidate {
    Candidate { rank: 1, ..candidate(builtin.name, builtin.docs.split(['.', '\n']).next().unwrap_or_default()) }
}
