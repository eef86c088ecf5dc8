//! Mismatches: the first few in words, all of them counted.

use flow_diag::codes;
use flow_expr::Field;
use flow_plan::{ErrorClass, Failure};
use std::sync::Arc;

/// Mismatches that are told one by one.
const TOLD: usize = 10;

/// Where rows stand, for people.
#[derive(Clone, Debug)]
pub(crate) enum Places {
    /// `orders[17]`, counted from 0.
    Rows(Arc<str>),
    /// `data/orders.csv:17`: the line on which each row of this batch begins; the number of the batch's first row.
    Lines(Arc<str>, Vec<u64>, u64),
}

/// Where the current rows stand, as messages need it.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a>(&'a Places);

impl Place<'_> {
    fn row(self, row: u64) -> String {
        match self.0 {
            Places::Rows(name) => format!("{name}[{row}]"),
            Places::Lines(file, lines, first) => {
                let at = usize::try_from(row.saturating_sub(*first)).unwrap_or(usize::MAX);
                lines.get(at).map_or_else(|| file.to_string(), |line| format!("{file}:{line}"))
            }
        }
    }

    /// A cell that does not fit. The value of a labelled field is not shown.
    pub(crate) fn cell(self, row: u64, field: &Field, rule: &str, found: &str) -> String {
        let found = if field.labels.is_empty() { found } else { "[redacted]" };
        let name = &field.name;
        match self.0 {
            Places::Rows(_) => format!("{}.{name}: expected {rule}, found {found}", self.row(row)),
            Places::Lines(..) => format!("{}: {name}: expected {rule}, found {found}", self.row(row)),
        }
    }

    /// A row that does not fit as a whole.
    pub(crate) fn whole_row(self, row: u64, why: &str) -> String {
        format!("{}: {why}", self.row(row))
    }

    /// A column that does not fit, no matter in which row.
    pub(crate) fn column(self, field: &Field, why: &str) -> String {
        let why = if field.labels.is_empty() { why } else { "a value does not fit [redacted]" };
        format!("{}: {}: {why}", self.name(), field.name)
    }

    /// Something about all of it.
    pub(crate) fn whole(self, why: &str) -> String {
        format!("{}: {why}", self.name())
    }

    fn name(self) -> Arc<str> {
        match self.0 {
            Places::Rows(name) | Places::Lines(name, ..) => name.clone(),
        }
    }
}

/// What did not fit.
#[derive(Debug)]
pub(crate) struct RowErrors {
    places: Places,
    told: Vec<String>,
    total: u64,
}

impl RowErrors {
    pub(crate) fn new(places: Places) -> Self {
        Self { places, told: vec![], total: 0 }
    }

    /// Says where the rows of the next batch stand.
    pub(crate) fn at(&mut self, places: Places) {
        self.places = places;
    }

    pub(crate) fn add(&mut self, tell: impl FnOnce(Place<'_>) -> String) {
        self.total += 1;
        if self.told.len() < TOLD {
            self.told.push(tell(Place(&self.places)));
        }
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// Nothing, or the failure that tells them.
    pub(crate) fn verdict(self, what: &str, expected: &str) -> Result<(), Failure> {
        if self.total == 0 {
            return Ok(());
        }
        let count = if self.total == 1 { "1 value does".to_owned() } else { format!("{} values do", self.total) };
        let message = format!("{what} is not {expected}: {count} not fit");
        let mut failure = Failure::new(ErrorClass::Malformed, codes::R0304.as_str(), message);
        let more = self.total - self.told.len() as u64;
        failure.details = self.told;
        if more > 0 {
            failure.details.push(format!("and {more} more"));
        }
        Err(failure)
    }
}
