//! E1102 to E1105, E1112, E1113: names that a query mentions and that mean nothing, or too much.

use super::{SqlProblem, SqlProblemKind, listed, nearest};
use datafusion::common::Column;
use flow_diag::{Problem, Span, codes};
use std::ops::Range;

/// What is wrong with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameProblem {
    name: String,
    nearest: Option<String>,
    valid: Vec<String>,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Table,
    TableIsScalar,
    Column { table: Option<String> },
    AmbiguousColumn,
    Function,
    NotRepeatable,
    Parameter,
    ParameterIsTable,
    OtherParameter,
}

impl SqlProblem {
    fn name(range: Range<usize>, name: &str, valid: Vec<String>, kind: Kind) -> Self {
        let nearest = nearest(name, valid.iter().map(String::as_str));
        let problem = NameProblem { name: name.to_owned(), nearest, valid, kind };
        Self::new(range, SqlProblemKind::Name(problem))
    }

    pub(crate) fn unknown_table(range: Range<usize>, name: &str, tables: &[&str], params: &[&str]) -> Self {
        let kind = if params.contains(&name) { Kind::TableIsScalar } else { Kind::Table };
        Self::name(range, name, owned(tables), kind)
    }

    pub(crate) fn unknown_parameter(range: Range<usize>, name: &str, params: &[&str], tables: &[&str]) -> Self {
        let kind = if tables.contains(&name) { Kind::ParameterIsTable } else { Kind::Parameter };
        Self::name(range, name, owned(params), kind)
    }

    pub(crate) fn other_parameter(range: Range<usize>, text: &str) -> Self {
        Self::name(range, text, vec![], Kind::OtherParameter)
    }

    pub(crate) fn unknown_function<'a>(range: Range<usize>, name: &str, all: impl Iterator<Item = &'a str>) -> Self {
        let mut problem =
            NameProblem { name: name.to_owned(), nearest: nearest(name, all), valid: vec![], kind: Kind::Function };
        problem.valid.clear();
        Self::new(range, SqlProblemKind::Name(problem))
    }

    pub(crate) fn not_repeatable(range: Range<usize>, name: &str) -> Self {
        Self::name(range, name, vec![], Kind::NotRepeatable)
    }

    pub(crate) fn unknown_column(range: Range<usize>, column: &Column, valid: &[Column]) -> Self {
        let table = column.relation.as_ref().map(|table| table.table().to_owned());
        let of_table = |each: &&Column| match (&table, &each.relation) {
            (Some(table), Some(relation)) => relation.table() == table,
            _ => true,
        };
        let mut names: Vec<_> = valid.iter().filter(of_table).map(|each| each.name.clone()).collect();
        if names.is_empty() {
            names = valid.iter().map(Column::flat_name).collect();
        }
        names.dedup();
        Self::name(range, &column.name, names, Kind::Column { table })
    }

    pub(crate) fn ambiguous_column(range: Range<usize>, name: &str) -> Self {
        Self::name(range, name, vec![], Kind::AmbiguousColumn)
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

impl NameProblem {
    pub(super) fn render(self, span: Span) -> Problem {
        let name = &self.name;
        let problem = match &self.kind {
            Kind::Table => Problem::error(
                codes::E1102,
                span,
                format!("no table `{name}` in this query"),
                "not a parameter of this step",
            )
            .help("a query sees the tables that its step takes as parameters"),
            Kind::TableIsScalar => Problem::error(
                codes::E1102,
                span,
                format!("`{name}` is a value, not a table"),
                "a table is expected here",
            )
            .help(format!("a value is written `:{name}`")),
            Kind::Column { table: None } => Problem::error(
                codes::E1103,
                span,
                format!("no column `{name}`"),
                "not found in the tables of this query",
            ),
            Kind::Column { table: Some(table) } => {
                Problem::error(codes::E1103, span, format!("no column `{name}` in `{table}`"), "not found")
            }
            Kind::AmbiguousColumn => {
                Problem::error(codes::E1113, span, format!("`{name}` is in more than one table"), "which one?")
                    .help(format!("write the table before it: `TABLE.{name}`"))
            }
            Kind::Function => {
                Problem::error(codes::E1104, span, format!("no function `{name}` in SQL"), "not a function")
            }
            Kind::NotRepeatable => Problem::error(
                codes::E1112,
                span,
                format!("`{name}` gives something else each time"),
                "the same query over the same data must give the same rows",
            )
            .help(
                "take it as a parameter of the step, and give it in the flow: `at: Timestamp = now()`, then `:at` here",
            ),
            Kind::Parameter => {
                Problem::error(codes::E1105, span, format!("no parameter `{name}`"), "not a parameter of this step")
            }
            Kind::ParameterIsTable => Problem::error(
                codes::E1105,
                span,
                format!("`{name}` is a table, not a value"),
                "a value is expected here",
            )
            .help(format!("a table is named without the colon: `from {name}`")),
            Kind::OtherParameter => Problem::error(
                codes::E1105,
                span,
                format!("`{name}` is not how a parameter is written"),
                "expected `:name`",
            ),
        };
        self.suggest(problem, span)
    }

    fn suggest(&self, mut problem: Problem, span: Span) -> Problem {
        if !self.valid.is_empty() {
            problem = problem.note(format!("valid names: {}", listed(&self.valid)));
        }
        match (&self.nearest, &self.kind) {
            (Some(nearest), Kind::Parameter) => {
                problem.fix(format!("rename to `:{nearest}`"), span, format!(":{nearest}"))
            }
            (Some(nearest), Kind::Column { table: Some(table) }) => problem
                .help(format!("a similar name exists: `{nearest}`"))
                .fix(format!("rename to `{table}.{nearest}`"), span, format!("{table}.{nearest}")),
            (Some(nearest), _) => problem.fix(format!("rename to `{nearest}`"), span, nearest.clone()),
            (None, _) => problem,
        }
    }
}
