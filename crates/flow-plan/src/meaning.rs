//! What a step means with everything that it uses: the hash that decides whether a result may be reused.
//!
//! A step's own clauses, and the functions, types and connections that it reaches, however far. Each
//! definition is hashed once per program; a step then costs a walk over the names it reaches.

use crate::{
    Clause, Clauses, Program, Step, clause_hashes,
    clauses::decides_result,
    meaning_hash,
    uses::{self, Use},
    words::{self, Variables},
};
use flow_expr::{Function, Name, TypeDef};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

/// What a step means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// Hash of all that decides its result: for the same inputs and the same hash, a result may be reused.
    pub hash: Arc<str>,
    /// Its clauses, and under `fn NAME`, `type NAME` and `connection NAME` what it uses.
    pub clauses: Clauses,
}

/// The definitions that a step can reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Definition<'p> {
    Connection(&'p Name),
    /// A function, or a guard whose verdict is a model's.
    Function(&'p Name),
    Model(&'p Name),
    /// A step that a model may call.
    Tool(&'p Name),
    Type(&'p Name),
}

/// The meanings of a program's steps, remembering what was hashed before.
pub struct Meanings<'p> {
    program: &'p Program,
    definitions: HashMap<Definition<'p>, (Clause, Vec<Definition<'p>>)>,
}

impl<'p> Meanings<'p> {
    /// Nothing is hashed until it is asked for.
    #[must_use]
    pub fn new(program: &'p Program) -> Self {
        Self { program, definitions: HashMap::new() }
    }

    /// What a step means; none if the program has no such step.
    pub fn step(&mut self, name: &Name) -> Option<Meaning> {
        let step = self.program.steps.get(name)?;
        let mut clauses = clause_hashes(step);
        let mut first = Vec::new();
        uses::of_step(step, &mut |used| first.extend(definition(used)));
        for reached in self.reach(first) {
            let key = match reached {
                Definition::Connection(name) => format!("connection {}", name.short()),
                Definition::Function(name) if self.program.judges.contains_key(name) => {
                    format!("guard {}", name.short())
                }
                Definition::Function(name) => format!("fn {}", name.short()),
                Definition::Model(name) => format!("model {}", name.short()),
                Definition::Tool(name) => format!("tool {}", name.short()),
                Definition::Type(name) => format!("type {}", name.short()),
            };
            // Two modules may use one short name; the whole name tells them apart.
            let key = if clauses.contains_key(&*key) { format!("{key} of {}", reached.name().module()) } else { key };
            if let Some((clause, _)) = self.definitions.get(&reached) {
                clauses.insert(key.into(), clause.clone());
            }
        }
        let deciding: Vec<_> = clauses
            .iter()
            .filter(|(name, _)| decides_result(name))
            .map(|(name, clause)| (name, &clause.hash))
            .collect();
        Some(Meaning { hash: meaning_hash(&deciding), clauses })
    }

    /// Hash of an expression or any other part of a plan, together with all that it uses.
    ///
    /// For nodes that are no steps: a `let` that calls a function means something else when the function changes.
    pub fn expr(&mut self, expr: &'p flow_expr::Expr) -> Arc<str> {
        let mut first = Vec::new();
        uses::of_expr(expr, &mut |used| first.extend(definition(used)));
        let reached = self.reach(first);
        let hashes: Vec<_> = reached
            .into_iter()
            .filter_map(|reached| Some((reached.name(), self.definitions.get(&reached)?.0.hash.clone())))
            .collect();
        meaning_hash(&(expr, hashes))
    }

    /// Everything that can be reached, sorted. Afterwards all of it is in `definitions`.
    fn reach(&mut self, first: Vec<Definition<'p>>) -> BTreeSet<Definition<'p>> {
        let mut reached = BTreeSet::new();
        let mut stack = first;
        while let Some(next) = stack.pop() {
            if !reached.contains(&next)
                && let Some((_, uses)) = self.look(next)
            {
                stack.extend(uses);
                reached.insert(next);
            }
        }
        reached
    }

    fn look(&mut self, wanted: Definition<'p>) -> Option<&(Clause, Vec<Definition<'p>>)> {
        if !self.definitions.contains_key(&wanted) {
            let mut uses = Vec::new();
            let mut see = |used| uses.extend(definition(used));
            let clause = match wanted {
                Definition::Connection(name) => {
                    let connection = self.program.connections.get(name)?;
                    uses::of_connection(connection, &mut see);
                    Clause::new(&connection.kind, name.short())
                }
                Definition::Function(name) if self.program.judges.contains_key(name) => {
                    let judge = self.program.judges.get(name)?;
                    uses::of_step(judge, &mut see);
                    step_clause(judge)
                }
                Definition::Tool(name) => {
                    let step = self.program.steps.get(name)?;
                    uses::of_step(step, &mut see);
                    step_clause(step)
                }
                Definition::Function(name) => {
                    let function = self.program.functions.get(name)?;
                    uses::of_function(function, &mut see);
                    Clause::new(function, function_text(function))
                }
                Definition::Model(name) => {
                    let model = self.program.models.get(name)?;
                    // What it costs, how often it may be asked and by what key decide no answer.
                    let meaning = (&model.provider, &model.model, &model.max_tokens, &model.temperature);
                    Clause::new(&meaning, &*model.model)
                }
                Definition::Type(name) => {
                    let def = self.program.types.get(name)?;
                    uses::of_type_def(def, &mut see);
                    Clause::new(def, type_text(def))
                }
            };
            self.definitions.insert(wanted, (clause, uses));
        }
        self.definitions.get(&wanted)
    }
}

impl<'p> Definition<'p> {
    fn name(self) -> &'p Name {
        match self {
            Self::Connection(name) | Self::Function(name) | Self::Model(name) | Self::Tool(name) | Self::Type(name) => {
                name
            }
        }
    }
}

fn definition(used: Use<'_>) -> Option<Definition<'_>> {
    match used {
        Use::Type(name) => Some(Definition::Type(name)),
        Use::Function(name) => Some(Definition::Function(name)),
        Use::Connection(name) => Some(Definition::Connection(name)),
        Use::Model(name) => Some(Definition::Model(name)),
        Use::Step(name) => Some(Definition::Tool(name)),
        // Where a secret comes from does not decide a result, and its value is in no hash.
        Use::Flow(_) | Use::Reads(_) | Use::Writes(_) | Use::Secret(_) => None,
    }
}

/// A step as one clause of another's meaning: what decides its results.
fn step_clause(step: &Step) -> Clause {
    let clauses = clause_hashes(step);
    let deciding: Vec<_> =
        clauses.iter().filter(|(name, _)| decides_result(name)).map(|(name, clause)| (name, &clause.hash)).collect();
    let text = clauses.get("body").map_or_else(|| "".into(), |body| body.text.clone());
    Clause::new(&deciding, text)
}

pub(crate) fn function_text(function: &Function) -> String {
    words::expr(&function.body, &Variables::default())
}

pub(crate) fn type_text(def: &TypeDef) -> String {
    let fields = |fields: &[flow_expr::Field]| {
        let fields = fields.iter().map(|field| {
            let rule = field.refinement.as_ref().map_or("", |rule| &*rule.text);
            format!("{}: {}{}", field.name, field.ty, labelled(&field.labels, rule))
        });
        fields.collect::<Vec<_>>().join(", ")
    };
    match def {
        TypeDef::Record(own) => format!("{{ {} }}", fields(own)),
        TypeDef::Enum(variants) => {
            let variants = variants.iter().map(|variant| match variant.payload[..] {
                [] => variant.name.to_string(),
                _ => format!("{}({})", variant.name, fields(&variant.payload)),
            });
            variants.collect::<Vec<_>>().join(" | ")
        }
        TypeDef::Refined { base, refinement, labels } => format!("{base}{}", labelled(labels, &refinement.text)),
    }
}

/// What follows a type: ` @pii where it >= 0`.
fn labelled(labels: &[Name], rule: &str) -> String {
    let labels: String = labels.iter().map(|label| format!(" @{}", label.short())).collect();
    if rule.is_empty() { labels } else { format!("{labels} where {rule}") }
}
