//! `sql select … from orders`: a query over datasets and tables that were bound, typed and run as in a step.
//!
//! What it gives is known from its columns alone, so it becomes a record and a step, declared for this entry only; then it
//! is a step like any other.

use crate::{
    Host, Session,
    answer::{Valued, only_named},
    session::{Outcome, errors},
    show,
};
use flow_compiler::{Compilation, Prompt};
use flow_expr::{
    Name, Type, TypeTable, Value,
    redact::{labels_in, mark},
};
use flow_plan::Program;
use flow_sql::{Column, LineageColumn, LineageSource, TableColumns, Through, Used, lineage, type_query};
use std::{collections::BTreeSet, fmt::Write as _, sync::Arc};

/// The step and the record that a query becomes.
const STEP: &str = "sql_query";
const ROW: &str = "SqlRow";

/// A table that a query mentions.
struct Mentioned {
    name: String,
    ty: Type,
    /// Labels of all its columns, beyond those that its type names.
    labels: Vec<Name>,
    data: Source,
}

enum Source {
    Dataset(Name),
    Value(Value),
}

impl Session {
    pub(crate) fn query(&mut self, text: &str, host: &mut dyn Host) -> Outcome {
        match self.queried(text, host) {
            Ok(valued) => {
                let shown = valued.shown(host);
                self.keep_last(valued);
                Outcome::done(shown)
            }
            Err(outcome) => outcome,
        }
    }

    fn queried(&mut self, text: &str, host: &mut dyn Host) -> Result<Valued, Outcome> {
        let compiled = self.compiled(host);
        let tables = self.mentioned(text, &compiled.program);
        let declared = declarations(text, &tables, &compiled.program.types)?;
        let prompt = Prompt { declarations: declared, ..Prompt::default() };
        let compilation = self.compile(prompt, host);
        let wrong = errors(&compilation, |path| path == Prompt::MODULE);
        if !wrong.0.is_empty() {
            return Err(Outcome::failed(self.rendered(&wrong, &compilation)));
        }
        let program = Arc::new(compilation.program.clone());
        let name = Name::new(format!("{}.{STEP}", Prompt::MODULE));
        let Some(step) = program.steps.get(&name) else {
            return Err(Outcome::failed(not_understood(&compilation)));
        };
        let step = Arc::new(step.clone());
        let beyond: Vec<Name> = tables.iter().flat_map(|table| table.labels.iter().cloned()).collect();
        let mut args = vec![];
        for table in tables {
            let value = match table.data {
                Source::Value(value) => value,
                Source::Dataset(name) => {
                    host.read(&program, &name).map_err(|trouble| Outcome::trouble(&trouble))?.value
                }
            };
            args.push((Arc::from(table.name), value));
        }
        let value = host.run(&program, &step, args).map_err(|mut trouble| {
            // The types tell whoever runs it what to keep to itself; these labels only the session knows.
            if !beyond.is_empty() {
                trouble.message = format!("the query failed; what is said of {} data is not shown", mark(&beyond));
                trouble.details.clear();
            }
            Outcome::trouble(&trouble)
        })?;
        Ok(Valued { value, ty: step.returns.clone(), labels: vec![], program })
    }

    /// The tables whose names are words of a query.
    fn mentioned(&self, text: &str, program: &Program) -> Vec<Mentioned> {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let words: Vec<&str> = text.split(|c: char| !is_word(c)).filter(|word| !word.is_empty()).collect();
        let mut found: Vec<Mentioned> = vec![];
        for word in words {
            if found.iter().any(|known| known.name == word) {
                continue;
            }
            let bound = self.bound.iter().find(|bound| *bound.name == *word && matches!(bound.ty, Type::Table(_)));
            if let Some(bound) = bound {
                let (ty, data) = (bound.ty.clone(), Source::Value(bound.value.clone()));
                found.push(Mentioned { name: word.to_owned(), ty, labels: bound.labels.clone(), data });
            } else if let Some(name) = only_named(program.datasets.keys(), word)
                && let Some(dataset) = program.datasets.get(&name)
                && matches!(dataset.ty, Type::Table(_))
                && dataset.partition.is_empty()
            {
                let labels = program.carried.by_dataset(&name).to_vec();
                found.push(Mentioned {
                    name: word.to_owned(),
                    ty: dataset.ty.clone(),
                    labels,
                    data: Source::Dataset(name),
                });
            }
        }
        found
    }
}

fn not_understood(compilation: &Compilation) -> String {
    let all = errors(compilation, |_| true);
    let first = all.0.first().map_or(String::new(), |problem| problem.title.clone());
    format!("error: the query is not understood: {first}\n")
}

/// The record and the step of a query.
fn declarations(text: &str, tables: &[Mentioned], types: &TypeTable) -> Result<String, Outcome> {
    let columns: Vec<(&str, Vec<Column>)> =
        tables.iter().map(|table| (table.name.as_str(), columns(&table.ty, types))).collect();
    let known: Vec<TableColumns<'_>> = columns.iter().map(|(name, columns)| TableColumns { name, columns }).collect();
    let query = type_query(text, &known, &[], types).map_err(|problems| {
        let lines: Vec<String> = problems
            .into_iter()
            .map(|problem| {
                let range = problem.range.clone();
                let problem = problem.into_problem(|_| flow_diag::Span::default());
                let notes: String =
                    problem.notes.iter().chain(&problem.helps).map(|note| format!("  = {note}\n")).collect();
                format!("error[{}]: {}\n{}{notes}", problem.code, problem.title, underlined(text, &range))
            })
            .collect();
        Outcome::failed(lines.concat())
    })?;
    let made = lineage(text, &query, &[]).columns;
    let mut out = format!("type {ROW} {{\n");
    for (place, column) in query.columns.iter().enumerate() {
        let optional = if column.nullable && !column.type_name().ends_with('?') { "?" } else { "" };
        let labels = made.get(place).map_or_else(|| every_label(tables, types), |made| labels_of(made, tables, types));
        let labels: String = labels.iter().map(|label| format!(" @{}", label.short())).collect();
        let _ = writeln!(out, "  {}: {}{optional}{labels}", column_name(&column.name)?, column.type_name());
    }
    let params: Vec<String> =
        tables.iter().map(|table| format!("{}: {}", table.name, show::short(&table.ty))).collect();
    let _ = writeln!(
        out,
        "}}\nstep {STEP}({}) -> Table<{ROW}> {{\n  sql \"\"\"\n    {}\n  \"\"\"\n}}",
        params.join(", "),
        text.replace('\n', "\n    ")
    );
    Ok(out)
}

/// The labels of a column that a query makes, as they are followed through a step: they come off in aggregates over many
/// rows and in hashes, and whether there is a value tells nothing.
fn labels_of(made: &LineageColumn, tables: &[Mentioned], types: &TypeTable) -> BTreeSet<Name> {
    let stays = |used: &&Used| matches!(used.how, Through::Value | Through::Choice);
    let mut found = BTreeSet::new();
    for used in made.from.iter().filter(stays) {
        let LineageSource::Column { table, column } = &used.from else { continue };
        match tables.iter().find(|known| known.name.eq_ignore_ascii_case(table)) {
            Some(known) => found.extend(known.labels_of(Some(column), types)),
            None => found.extend(every_label(tables, types)),
        }
    }
    found
}

/// The labels of all tables.
fn every_label(tables: &[Mentioned], types: &TypeTable) -> BTreeSet<Name> {
    tables.iter().flat_map(|table| table.labels_of(None, types)).collect()
}

impl Mentioned {
    /// The labels of a column, or of all of them.
    fn labels_of(&self, column: Option<&str>, types: &TypeTable) -> BTreeSet<Name> {
        let Type::Table(row) = &self.ty else { return BTreeSet::new() };
        let fields = types.record(row).unwrap_or_default().iter();
        let wanted = fields.filter(|field| column.is_none_or(|column| field.name.eq_ignore_ascii_case(column)));
        let named = wanted.flat_map(|field| field.labels.iter().cloned().chain(labels_in(&field.ty, types)));
        named.chain(self.labels.iter().cloned()).collect()
    }
}

/// The name of a column as a field's.
fn column_name(name: &str) -> Result<&str, Outcome> {
    let is_name = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if is_name {
        return Ok(name);
    }
    Err(Outcome::failed(format!("error: the column `{name}` needs a name: write `… as total`\n")))
}

fn columns(ty: &Type, types: &TypeTable) -> Vec<Column> {
    let Type::Table(row) = ty else { return vec![] };
    let fields = types.record(row).unwrap_or_default().iter();
    fields
        .map(|field| Column { name: field.name.clone(), ty: field.ty.clone(), labels: field.labels.clone() })
        .collect()
}

fn underlined(text: &str, range: &std::ops::Range<usize>) -> String {
    let mut sources = flow_diag::Sources::default();
    let file = sources.add("query", text);
    let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    show::excerpt(&sources, flow_diag::Span::new(file, place(range.start), place(range.end)))
}
