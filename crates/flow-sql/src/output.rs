//! The columns that a query gives: names, types, whether they may be absent, and where each is written.

use crate::{nullability::nullable_columns, parse::Lines, planner::Planned, type_name};
use datafusion::{
    arrow::datatypes::DataType,
    sql::sqlparser::ast::{Query, Select, SelectItem, SetExpr, Spanned, Statement},
};
use std::{ops::Range, sync::Arc};

/// A column of a result.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputColumn {
    /// Its name.
    pub name: Arc<str>,
    /// Its type.
    pub data: DataType,
    /// Whether a row may have no value in it.
    pub nullable: bool,
    /// Where it is written: the item of the `select`, or the whole query.
    pub range: Range<usize>,
}

impl OutputColumn {
    /// Its type in Flow's words.
    #[must_use]
    pub fn type_name(&self) -> String {
        type_name(&self.data)
    }
}

pub(crate) fn output_columns(planned: &Planned, lines: &Lines<'_>) -> Vec<OutputColumn> {
    let nullable = nullable_columns(&planned.plan);
    let fields = planned.plan.schema().fields();
    let places = places(&planned.statement, lines, fields.len());
    let columns = fields.iter().zip(nullable).zip(places);
    let columns = columns.map(|((field, nullable), range)| OutputColumn {
        name: field.name().as_str().into(),
        data: field.data_type().clone(),
        nullable,
        range,
    });
    columns.collect()
}

/// One place per column. With a `*` among the items only those before and after it can be told apart.
fn places(statement: &Statement, lines: &Lines<'_>, count: usize) -> Vec<Range<usize>> {
    let select = match statement {
        Statement::Query(query) => first_select(query),
        _ => None,
    };
    let items = select.map_or(&[][..], |select| &select.projection);
    let star = |item: &SelectItem| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..));
    let Some(first_star) = items.iter().position(star) else {
        let ranges = items.iter().map(|item| lines.range(item.span()));
        return ranges.chain(std::iter::repeat_with(|| lines.whole())).take(count).collect();
    };
    let last_star = items.iter().rposition(star).unwrap_or(first_star);
    let after = items.len() - last_star - 1;
    let place = |index: usize| match index {
        _ if index < first_star => lines.range(items[index].span()),
        _ if index + after >= count => lines.range(items[items.len() + index - count].span()),
        _ => lines.range(items[first_star].span()),
    };
    (0..count).map(place).collect()
}

fn first_select(query: &Query) -> Option<&Select> {
    let mut body = &*query.body;
    loop {
        match body {
            SetExpr::Select(select) => return Some(select),
            SetExpr::Query(query) => body = &query.body,
            SetExpr::SetOperation { left, .. } => body = left,
            _ => return None,
        }
    }
}
