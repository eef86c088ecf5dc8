//! Values of expressions: checked by the compiler, over data that is read as a run reads it.

use crate::{
    Host, Session,
    session::{Bound, Outcome, errors},
    show,
};
use flow_compiler::{Answer, Compilation, Prompt};
use flow_expr::{
    Name, Type, Value, VarId,
    redact::{labels_in, mark},
};
use flow_plan::Program;
use std::sync::Arc;

/// A value with what may be seen of it.
pub(crate) struct Valued {
    pub(crate) value: Value,
    pub(crate) ty: Type,
    /// Labels of it beyond those that its type names.
    pub(crate) labels: Vec<Name>,
    /// The program that its type is of.
    pub(crate) program: Arc<Program>,
}

impl Valued {
    /// As text, with the first rows of a table, and marks in the place of what is labelled.
    pub(crate) fn shown(&self, host: &mut dyn Host) -> String {
        let Self { value, ty, labels, program } = self;
        let loaded = match value {
            Value::Table(table) if table.data.is_none() && labels.is_empty() => {
                host.first_rows(program, table, show::MOST_ROWS)
            }
            _ => return show::value(value, ty, labels, &program.types),
        };
        match loaded {
            Ok(table) => show::value(&Value::Table(table), ty, labels, &program.types),
            Err(trouble) => Outcome::trouble(&trouble).text,
        }
    }
}

impl Session {
    /// What the compiler makes of an expression.
    pub(crate) fn understood(
        &mut self,
        text: &str,
        expected: Option<&Type>,
        host: &dyn Host,
    ) -> Result<(Answer, Compilation), Outcome> {
        let prompt = Prompt { expected: expected.cloned(), ..self.asked(text) };
        let mut compilation = self.compile(prompt, host);
        let wrong = errors(&compilation, |path| path == Prompt::EXPRESSION);
        if !wrong.0.is_empty() {
            return Err(Outcome::failed(self.rendered(&wrong, &compilation)));
        }
        let answer = compilation.answer.take();
        let answer = answer.filter(|answer| answer.ty != Type::Unknown);
        // What it mentions is wrong where it stands, which is reported there.
        let around = |compilation: &Compilation| {
            let all = errors(compilation, |_| true);
            Outcome::failed(format!("{}\nwhat this mentions is wrong: see above\n", self.rendered(&all, compilation)))
        };
        answer.ok_or_else(|| around(&compilation)).map(|answer| (answer, compilation))
    }

    /// The value of an expression.
    pub(crate) fn value_of(
        &mut self,
        text: &str,
        expected: Option<&Type>,
        host: &mut dyn Host,
    ) -> Result<Valued, Outcome> {
        let (answer, compilation) = self.understood(text, expected, host)?;
        let program = Arc::new(compilation.program.clone());
        let labels = compilation.answer_labels;
        let mut bindings: Vec<(VarId, Value)> =
            answer.bound.iter().map(|(place, var)| (*var, self.bound[*place].value.clone())).collect();
        for (dataset, var) in &answer.datasets {
            let data = host.read(&program, dataset).map_err(|trouble| Outcome::trouble(&trouble))?;
            bindings.push((*var, data.value));
        }
        let seen = labels_of(&answer, &self.bound, &program);
        let value = host.compute(&program, answer.expr, bindings).map_err(|mut trouble| {
            if !seen.is_empty() {
                trouble.unquote(&mark(&seen));
            }
            let at = trouble.at.map(|at| crate::show::excerpt(&compilation.sources, at));
            Outcome::failed(format!("{}{}", Outcome::trouble(&trouble).text, at.unwrap_or_default()))
        })?;
        Ok(Valued { value, ty: answer.ty, labels, program })
    }

    /// A dataset's name alone: what it is, and its first rows.
    pub(crate) fn dataset_named(&mut self, text: &str, host: &mut dyn Host) -> Option<Outcome> {
        let text = text.trim();
        if self.bound.iter().any(|bound| *bound.name == *text) {
            return None;
        }
        let compiled = self.compiled(host);
        let name = only_named(compiled.program.datasets.keys(), text)?;
        let program = compiled.program.clone();
        let dataset = program.datasets.get(&name)?;
        let mut about = show::dataset(dataset, &program);
        if !dataset.partition.is_empty() {
            let keys: Vec<&str> = dataset.partition.iter().map(|key| &*key.name).collect();
            return Some(Outcome::done(format!("{about}its data is by partition ({})\n", keys.join(", "))));
        }
        Some(match host.read(&program, &name) {
            Ok(data) => {
                if let Some(time) = data.time {
                    about.push_str(&show::age(time, host.now()));
                }
                let (ty, labels) = (dataset.ty.clone(), program.carried.by_dataset(&name).to_vec());
                let valued = Valued { value: data.value, ty, labels, program: program.clone() };
                Outcome::done(format!("{about}{}", valued.shown(host)))
            }
            Err(trouble) => {
                Outcome { is_done: false, ..Outcome::done(format!("{about}{}", Outcome::trouble(&trouble).text)) }
            }
        })
    }
}

/// The labels of all that an expression is computed from.
fn labels_of(answer: &Answer, bound: &[Bound], program: &Program) -> Vec<Name> {
    let of_bound = answer.bound.iter().flat_map(|(place, _)| bound[*place].labels.iter().cloned());
    let types = answer.bound.iter().map(|(place, _)| &bound[*place].ty);
    let datasets = answer.datasets.iter().filter_map(|(name, _)| program.datasets.get(name));
    let types = types.chain(datasets.map(|dataset| &dataset.ty));
    let mut labels: Vec<Name> = of_bound.chain(types.flat_map(|ty| labels_in(ty, &program.types))).collect();
    labels.sort();
    labels.dedup();
    labels
}

/// The only one of some names that a text means: whole, or short. What is entered at the prompt comes first.
pub(crate) fn only_named<'n>(names: impl Iterator<Item = &'n Name>, text: &str) -> Option<Name> {
    let mut found: Vec<&Name> = names.filter(|name| name.as_str() == text || name.short() == text).collect();
    let entered = format!("{}.{text}", Prompt::MODULE);
    if found.iter().any(|name| name.as_str() == entered) {
        found.retain(|name| name.as_str() == entered);
    }
    match found[..] {
        [only] => Some(only.clone()),
        _ => None,
    }
}
