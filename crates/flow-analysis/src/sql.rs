//! E11: the queries of all steps against their tables and declared results, at their places in the text.
//!
//! In process, a query is typed by the planner that will run it. On a connection only its syntax and its
//! parameters are known; the rows are checked when they arrive. Where labels are followed it is planned as well, over the
//! datasets that are declared in its database: what it is made from is then known, if our dialect can tell. Queries that
//! read alike over the same columns are typed once. Knows no SQL itself: `flow-sql` does.

use crate::labels;
use flow_diag::{Problem, Problems};
use flow_expr::{Name, Type, TypeTable};
use flow_plan::{Body, ConnectionKind, Dataset, Location, Program, Step};
use flow_sema::{Places, QueryText};
use flow_sql::{Column, Dialect, Lineage, SqlProblem, TableColumns, check_foreign, check_result, lineage, type_query};
use std::{collections::HashMap, sync::Arc};

/// What was found out about queries, by text, tables, parameters and result.
#[derive(Clone, Debug, Default)]
pub struct Queries {
    known: HashMap<Question, Known>,
    /// Counts checks, so that what the last one did not ask is forgotten.
    round: u64,
    /// What the types were when that was found out, and whether labels were followed.
    types: TypeTable,
    follows: bool,
    /// Columns by record.
    columns: HashMap<Type, Arc<[Column]>>,
    /// What queries are made from, by step, where labels are followed; with where they stand.
    lineages: HashMap<Name, (Arc<Lineage>, QueryText)>,
}

/// What was found out about a query.
#[derive(Clone, Debug, Default)]
struct Known {
    problems: Vec<SqlProblem>,
    /// The check that asked it last.
    round: u64,
    /// Of a query that runs in process, if labels are followed.
    lineage: Option<Arc<Lineage>>,
}

impl Known {
    fn of(problems: Vec<SqlProblem>) -> Self {
        Self { problems, ..Self::default() }
    }
}

/// All that decides what is wrong with a query.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Question {
    text: Arc<str>,
    /// The connection, and whether it speaks PostgreSQL's dialect.
    foreign: Option<(Name, bool)>,
    params: Vec<(Arc<str>, Type)>,
    returns: Type,
}

impl Queries {
    /// Checks the queries of a program's steps. What an earlier check found out is used again where it still holds.
    pub fn check(&mut self, program: &Program, places: &Places) -> Problems {
        let mut problems = Problems::default();
        let follows = labels::concerns(program, &places.annotations);
        self.forget(program, follows);
        for query in &places.queries {
            let Some(step) = program.steps.get(&query.step) else { continue };
            let Some(found) = self.step(program, step, follows) else { continue };
            problems.0.extend(found.problems.iter().map(|problem| in_text(problem.clone(), query)));
            if let Some(lineage) = found.lineage.clone() {
                self.lineages.insert(step.name.clone(), (lineage, query.clone()));
            }
        }
        self.known.retain(|_, known| known.round == self.round);
        problems
    }

    /// Forgets what may be different in this program: all of it where types are, and what rests on connections.
    fn forget(&mut self, program: &Program, follows: bool) {
        if self.types != program.types || self.follows != follows {
            *self = Self { types: program.types.clone(), follows, ..Self::default() };
        }
        self.known.retain(|question, _| question.foreign.is_none());
        self.lineages.clear();
        self.round += 1;
    }

    /// What the columns of a step's query are made from, and where the query stands. Known once it was checked, if
    /// it runs in process, was right, and labels are followed in the program.
    #[must_use]
    pub fn lineage(&self, step: &Name) -> Option<(&Lineage, &QueryText)> {
        self.lineages.get(step).map(|(lineage, text)| (&**lineage, text))
    }

    fn step(&mut self, program: &Program, step: &Step, follows: bool) -> Option<&Known> {
        let Body::Sql { text, connection } = &step.body else { return None };
        let foreign = match connection {
            Some(name) => match program.connections.get(name).map(|connection| &connection.kind) {
                Some(ConnectionKind::Sqlite { .. }) => Some((name.clone(), false)),
                Some(ConnectionKind::Postgres { .. }) => Some((name.clone(), true)),
                // A connection that is wrong, or none for tables, is reported where it is declared or named.
                _ => return None,
            },
            None => None,
        };
        let question = Question {
            text: text.clone(),
            foreign,
            params: step.params.iter().map(|param| (param.name.clone(), param.ty.clone())).collect(),
            returns: step.returns.clone(),
        };
        if !self.known.contains_key(&question) {
            let found = self.ask(program, &question, follows);
            self.known.insert(question.clone(), found);
        }
        let known = self.known.get_mut(&question)?;
        known.round = self.round;
        Some(known)
    }

    fn ask(&mut self, program: &Program, question: &Question, follows: bool) -> Known {
        let Question { text, foreign, params, returns } = question;
        let types = &program.types;
        if let Some((connection, is_postgres)) = foreign {
            let dialect = if *is_postgres { Dialect::Postgres } else { Dialect::Sqlite };
            let names: Vec<&str> = params.iter().map(|(name, _)| &**name).collect();
            let problems = check_foreign(text, dialect, &names).err().unwrap_or_default();
            let lineage = if follows { self.foreign_lineage(program, question, connection) } else { None };
            return Known { problems, lineage, round: 0 };
        }
        let (mut tables, mut scalars) = (vec![], vec![]);
        for (name, ty) in params {
            match ty {
                Type::Table(row) => {
                    let columns = self.columns_of(row, types);
                    // What has no type was reported where it is declared; a query over it would only echo that.
                    if columns.iter().any(|column| *column.ty.required() == Type::Unknown) {
                        return Known::default();
                    }
                    tables.push((name, columns));
                }
                Type::Unknown => return Known::default(),
                scalar => scalars.push((&**name, scalar.clone())),
            }
        }
        let tables: Vec<TableColumns<'_>> = tables
            .iter()
            .map(|(name, columns)| TableColumns { name: name.as_ref(), columns: columns.as_ref() })
            .collect();
        match type_query(text, &tables, &scalars, types) {
            Ok(query) => {
                let names: Vec<&str> = scalars.iter().map(|(name, _)| *name).collect();
                let lineage = follows.then(|| Arc::new(lineage(text, &query, &names)));
                Known { problems: check_result(&query.columns, returns, types, 0..text.len()), lineage, round: 0 }
            }
            Err(problems) => Known::of(problems),
        }
    }

    /// What a query on a connection is made from, if it is one over declared datasets that our dialect understands.
    fn foreign_lineage(&mut self, program: &Program, question: &Question, connection: &Name) -> Option<Arc<Lineage>> {
        let tables: Vec<(&str, Arc<[Column]>)> = tables_in(program, connection)
            .filter_map(|(table, dataset)| match &dataset.ty {
                Type::Table(row) => Some((table, self.columns_of(row, &program.types))),
                _ => None,
            })
            .collect();
        let tables: Vec<TableColumns<'_>> =
            tables.iter().map(|(name, columns)| TableColumns { name, columns: columns.as_ref() }).collect();
        if tables.is_empty() {
            return None;
        }
        let scalars: Vec<(&str, Type)> = question.params.iter().map(|(name, ty)| (&**name, ty.clone())).collect();
        let text = without_schemas(&question.text, tables_in(program, connection));
        let query = type_query(&text, &tables, &scalars, &program.types).ok()?;
        let names: Vec<&str> = scalars.iter().map(|(name, _)| *name).collect();
        Some(Arc::new(lineage(&text, &query, &names)))
    }

    fn columns_of(&mut self, row: &Type, types: &TypeTable) -> Arc<[Column]> {
        if let Some(columns) = self.columns.get(row) {
            return columns.clone();
        }
        let fields = types.record(row).unwrap_or_default();
        let columns = fields.iter().map(|field| Column {
            name: field.name.clone(),
            ty: field.ty.clone(),
            labels: field.labels.clone(),
        });
        let columns: Arc<[Column]> = columns.collect();
        self.columns.insert(row.clone(), columns.clone());
        columns
    }
}

/// The schemas that tables are in where no other is said: of PostgreSQL, of SQLite.
const USUAL: [&str; 2] = ["public", "main"];

/// The datasets of a database whose tables a text names, with their schema or without.
pub(crate) fn named_in<'a>(program: &'a Program, connection: &Name, text: &str) -> Vec<&'a Dataset> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '.' || c == '"';
    let words: Vec<String> =
        text.split(|c: char| !is_word(c)).map(|word| word.replace('"', "").to_lowercase()).collect();
    let is_named = |dataset: &Dataset, table: &str| {
        let table = table.to_lowercase();
        words.iter().any(|word| match word.rsplit_once('.') {
            Some((schema, name)) if name == table => schemas(dataset).any(|its| its == schema),
            _ => *word == table || word.starts_with(&format!("{table}.")),
        })
    };
    tables_in(program, connection)
        .filter(|(table, dataset)| is_named(dataset, table))
        .map(|(_, dataset)| dataset)
        .collect()
}

/// The schemas that a dataset's table may be said to be in.
fn schemas(dataset: &Dataset) -> impl Iterator<Item = String> {
    let own = match &dataset.location {
        Location::Table { table, .. } => table.rsplit_once('.').map(|(schema, _)| schema.to_lowercase()),
        Location::File { .. } => None,
    };
    let usual = if own.is_none() { &USUAL[..] } else { &[] };
    usual.iter().map(|schema| (*schema).to_owned()).chain(own)
}

/// The text with blanks in place of the schemas of these tables, so that all else stays where it is.
fn without_schemas<'a>(text: &str, tables: impl Iterator<Item = (&'a str, &'a Dataset)>) -> String {
    let mut text = text.to_owned();
    for (table, dataset) in tables {
        for schema in schemas(dataset) {
            let qualified = format!("{schema}.{}", table.to_lowercase());
            let mut from = 0;
            while let Some(at) = text.get(from..).and_then(|rest| rest.to_ascii_lowercase().find(&qualified)) {
                let (start, end) = (from + at, from + at + schema.len() + 1);
                let is_part = text[..start].ends_with(|c: char| c.is_alphanumeric() || "_.\"".contains(c));
                if !is_part {
                    text.replace_range(start..end, &" ".repeat(end - start));
                }
                from = end;
            }
        }
    }
    text
}

/// The datasets that are declared as tables of a database, by the names of those tables without their schemas.
pub(crate) fn tables_in<'a>(program: &'a Program, connection: &Name) -> impl Iterator<Item = (&'a str, &'a Dataset)> {
    program.datasets.values().filter_map(move |dataset| match &dataset.location {
        Location::Table { connection: its, table } if its == connection => {
            Some((table.rsplit('.').next().unwrap_or(table), dataset))
        }
        _ => None,
    })
}

/// A problem inside a query at its place in the program.
fn in_text(problem: SqlProblem, query: &QueryText) -> Problem {
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    problem.into_problem(|range| query.span(offset(range.start), offset(range.end)))
}
