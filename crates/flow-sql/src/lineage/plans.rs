//! Lineage through relations: what each column of a plan is made from.

use super::{LineageSource, Made, Through, join};
use crate::parse::Lines;
use datafusion::{
    common::{Column, DFSchemaRef, JoinType},
    logical_expr::{
        Aggregate, Distinct, Expr, Join, LogicalPlan, RecursiveQuery, SortExpr, Values, utils::grouping_set_to_exprlist,
    },
};
use std::{cell::OnceCell, collections::HashMap, sync::Arc};

/// More rounds through a recursive query than it takes to reach what does not change.
const MOST_ROUNDS: usize = 64;

/// What the columns of a relation are made from, under their names.
pub(super) struct Relation {
    schema: DFSchemaRef,
    columns: Vec<Made>,
    /// Places of columns by name, once one is asked for: a table may have thousands.
    places: OnceCell<HashMap<String, Vec<usize>>>,
}

impl Relation {
    fn new(schema: DFSchemaRef, columns: Vec<Made>) -> Self {
        Self { schema, columns, places: OnceCell::new() }
    }

    /// The same, for sub-queries inside of it.
    pub(super) fn again(&self) -> Self {
        Self::new(self.schema.clone(), self.columns.clone())
    }

    /// What a column is made from.
    pub(super) fn column(&self, column: &Column) -> Option<&Made> {
        self.columns.get(self.place(column)?)
    }

    /// As the planner resolves names: a table's column, where the table is named; else the first of that name.
    fn place(&self, column: &Column) -> Option<usize> {
        let by_name = self.places.get_or_init(|| {
            let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
            for (place, field) in self.schema.fields().iter().enumerate() {
                by_name.entry(field.name().clone()).or_default().push(place);
            }
            by_name
        });
        let is_meant = |place: &&usize| {
            let (table, _) = self.schema.qualified_field(**place);
            match (&column.relation, table) {
                (Some(meant), Some(table)) => meant.resolved_eq(table),
                // A table in the place of a name that was given to its columns one by one.
                (Some(_), None) => false,
                (None, _) => true,
            }
        };
        by_name.get(&column.name)?.iter().find(is_meant).copied()
    }

    /// What anything in it is made from.
    pub(super) fn everything(&self) -> Made {
        let mut all = Made::new();
        self.columns.iter().for_each(|made| join(&mut all, made, Through::Value));
        all
    }
}

/// The state of one query.
pub(super) struct Walk<'a> {
    pub(super) lines: &'a Lines<'a>,
    pub(super) params: &'a [&'a str],
    pub(super) decides: Made,
    /// Relations around the sub-query that is being looked at, the innermost last.
    pub(super) outer: Vec<Relation>,
    /// What queries that mention themselves give so far.
    recursive: HashMap<String, Vec<Made>>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(lines: &'a Lines<'a>, params: &'a [&'a str]) -> Self {
        Self { lines, params, decides: Made::new(), outer: vec![], recursive: HashMap::new() }
    }

    /// What each column of a plan is made from.
    pub(super) fn plan(&mut self, plan: &LogicalPlan) -> Vec<Made> {
        match plan {
            LogicalPlan::TableScan(scan) => self.scan(scan.table_name.table(), &scan.projected_schema),
            LogicalPlan::Projection(node) => {
                let input = self.relation(&node.input);
                node.expr.iter().map(|expr| self.made(expr, &input)).collect()
            }
            LogicalPlan::Filter(node) => {
                let input = self.relation(&node.input);
                self.decided_by([&node.predicate], &input);
                input.columns
            }
            LogicalPlan::Sort(node) => {
                let input = self.relation(&node.input);
                self.decided_by(node.expr.iter().map(|sort| &sort.expr), &input);
                input.columns
            }
            LogicalPlan::Window(node) => {
                let mut input = self.relation(&node.input);
                let made: Vec<Made> = node.window_expr.iter().map(|expr| self.made(expr, &input)).collect();
                input.columns.extend(made);
                input.columns
            }
            LogicalPlan::Aggregate(node) => self.aggregate(node),
            LogicalPlan::Join(node) => self.join(node, plan),
            LogicalPlan::Union(node) => {
                let mut all = vec![Made::new(); node.schema.fields().len()];
                for input in &node.inputs {
                    let columns = self.plan(input);
                    all.iter_mut().zip(&columns).for_each(|(all, made)| join(all, made, Through::Value));
                }
                all
            }
            LogicalPlan::Distinct(Distinct::On(node)) => {
                let input = self.relation(&node.input);
                let order = node.sort_expr.iter().flatten().map(|sort: &SortExpr| &sort.expr);
                self.decided_by(node.on_expr.iter().chain(order), &input);
                node.select_expr.iter().map(|expr| self.made(expr, &input)).collect()
            }
            LogicalPlan::Distinct(Distinct::All(input)) => self.plan(input),
            LogicalPlan::Limit(node) => {
                let input = self.relation(&node.input);
                self.decided_by(node.skip.as_deref().into_iter().chain(node.fetch.as_deref()), &input);
                self.plan(&node.input)
            }
            LogicalPlan::Repartition(node) => self.plan(&node.input),
            LogicalPlan::SubqueryAlias(node) => self.plan(&node.input),
            LogicalPlan::Subquery(node) => self.plan(&node.subquery),
            LogicalPlan::Values(node) => self.values(node),
            LogicalPlan::EmptyRelation(node) => vec![Made::new(); node.schema.fields().len()],
            LogicalPlan::Unnest(node) => {
                let input = self.plan(&node.input);
                let from = node.dependency_indices.iter().map(|index| input.get(*index).cloned().unwrap_or_default());
                from.collect()
            }
            LogicalPlan::RecursiveQuery(node) => self.recursive(node),
            other => {
                let inputs: Vec<Made> = other.inputs().into_iter().flat_map(|input| self.plan(input)).collect();
                self.unknown(other, &inputs)
            }
        }
    }

    fn join(&mut self, node: &Join, plan: &LogicalPlan) -> Vec<Made> {
        // What stands to the left is what a `lateral` to the right may look at.
        let left = self.relation(&node.left);
        self.outer.push(left);
        let right = self.plan(&node.right);
        let left = self.outer.pop().map(|left| left.columns).unwrap_or_default();
        let widths = (left.len(), right.len());
        let columns: Vec<Made> = left.into_iter().chain(right).collect();
        let Ok(schema) = node.left.schema().join(node.right.schema()) else { return self.unknown(plan, &columns) };
        let both = Relation::new(Arc::new(schema), columns);
        let keys = node.on.iter().flat_map(|(left, right)| [left, right]);
        self.decided_by(keys.chain(&node.filter), &both);
        joined(node.join_type, widths, both.columns)
    }

    fn values(&mut self, node: &Values) -> Vec<Made> {
        let nothing = Relation::new(node.schema.clone(), vec![]);
        let mut all = vec![Made::new(); node.schema.fields().len()];
        for row in &node.values {
            for (all, expr) in all.iter_mut().zip(row) {
                join(all, &self.made(expr, &nothing), Through::Value);
            }
        }
        all
    }

    /// A plan under the names of its columns.
    pub(super) fn relation(&mut self, plan: &LogicalPlan) -> Relation {
        let columns = self.plan(plan);
        Relation::new(plan.schema().clone(), columns)
    }

    /// Every column is made of everything.
    fn unknown(&self, plan: &LogicalPlan, inputs: &[Made]) -> Vec<Made> {
        let mut all = Made::new();
        inputs.iter().for_each(|made| join(&mut all, made, Through::Value));
        vec![all; plan.schema().fields().len()]
    }

    fn scan(&self, table: &str, schema: &DFSchemaRef) -> Vec<Made> {
        if let Some(known) = self.recursive.get(table) {
            return known.clone();
        }
        let columns = schema.fields().iter().map(|field| {
            let source = LineageSource::Column { table: table.into(), column: field.name().as_str().into() };
            Made::from([((source, Through::Value), None)])
        });
        columns.collect()
    }

    /// These expressions decide which rows there are.
    fn decided_by<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>, input: &Relation) {
        for expr in exprs {
            let made = self.made(expr, input);
            join(&mut self.decides, &made, Through::Value);
        }
    }

    fn aggregate(&mut self, node: &Aggregate) -> Vec<Made> {
        let input = self.relation(&node.input);
        let groups = node.schema.fields().len() - node.aggr_expr.len();
        let keys = grouping_set_to_exprlist(&node.group_expr).unwrap_or_default();
        let mut columns: Vec<Made> = keys.iter().map(|key| self.made(key, &input)).collect();
        // Which of several sets of keys a row is for stands behind the keys.
        columns.resize(groups, Made::new());
        self.decided_by(keys, &input);
        for expr in &node.aggr_expr {
            let made = self.made(expr, &input);
            columns.push(made);
        }
        columns
    }

    fn recursive(&mut self, node: &RecursiveQuery) -> Vec<Made> {
        let mut all = self.plan(&node.static_term);
        for _ in 0..MOST_ROUNDS {
            let before = self.recursive.insert(node.name.clone(), all.clone());
            let next = self.plan(&node.recursive_term);
            match before {
                Some(outside) => self.recursive.insert(node.name.clone(), outside),
                None => self.recursive.remove(&node.name),
            };
            let mut grown = all.clone();
            grown.iter_mut().zip(&next).for_each(|(all, made)| join(all, made, Through::Value));
            if grown.iter().zip(&all).all(|(grown, all)| grown.len() == all.len()) {
                break;
            }
            all = grown;
        }
        all
    }
}

/// The columns that a join keeps.
fn joined(kind: JoinType, (left, right): (usize, usize), mut columns: Vec<Made>) -> Vec<Made> {
    match kind {
        JoinType::LeftSemi | JoinType::LeftAnti => columns.truncate(left),
        JoinType::RightSemi | JoinType::RightAnti => drop(columns.drain(..left)),
        JoinType::LeftMark => {
            columns.truncate(left);
            columns.push(Made::new());
        }
        JoinType::RightMark => {
            columns.drain(..left);
            columns.truncate(right);
            columns.push(Made::new());
        }
        _ => {}
    }
    columns
}
