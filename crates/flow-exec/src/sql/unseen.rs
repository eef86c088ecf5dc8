//! What engines and databases say of data that nobody may see: left out of failures.
//!
//! An engine quotes values as it likes, with one kind of quotation marks, another, or none. So where a query is given
//! labelled data, of what an engine says only the kind of failure is kept. Tested by queries that fail, in `tests/`.

use super::outcome::KINDS;
use crate::api::{DatasetRef, StepCall};
use flow_diag::codes;
use flow_expr::{
    Name,
    redact::{labels_in, mark},
};
use flow_plan::{ErrorClass, Failure};

/// The labels of all that a query is given: by its call, and by the tables of its connection.
pub(crate) fn labels_of_query(call: &StepCall, connection: Option<&Name>) -> Vec<Name> {
    let program = &*call.program;
    let mut found = vec![];
    for param in &call.step.params {
        found.extend(param.labels.iter().cloned());
        found.extend(labels_in(&param.ty, &program.types));
        found.extend(program.carried.by_argument(&call.step.name, &param.name).iter().cloned());
    }
    found.extend(connection.into_iter().flat_map(|connection| program.carried.by_connection(connection)).cloned());
    sorted(found)
}

/// The labels of a dataset's data.
pub(crate) fn labels_of_dataset(data: &DatasetRef) -> Vec<Name> {
    let program = &*data.program;
    let Some(declared) = program.datasets.get(&data.dataset) else { return vec![] };
    let named = labels_in(&declared.ty, &program.types).into_iter().chain(declared.accepts.iter().cloned());
    sorted(named.chain(program.carried.by_dataset(&data.dataset).iter().cloned()).collect())
}

fn sorted(mut labels: Vec<Name>) -> Vec<Name> {
    labels.sort();
    labels.dedup();
    labels
}

/// A failure of a query or table with these labels, without what the engine says of the data.
pub(crate) fn without_data(mut failure: Failure, labels: &[Name]) -> Failure {
    let is_of_engine = *failure.code == *codes::R0307.as_str()
        || *failure.code == *codes::R0202.as_str() && failure.class != ErrorClass::Timeout;
    if labels.is_empty() || !is_of_engine {
        return failure;
    }
    let (head, said) = failure.message.split_once(": ").unwrap_or((&failure.message, ""));
    let kind = KINDS.iter().find(|kind| said.starts_with(**kind)).map(|kind| format!(": {kind}"));
    // A state is one of a list, and says nothing of the data.
    let state = said.rfind(" (SQLSTATE ").map(|at| said[at..].to_owned());
    let hidden = format!("{head}{}{}", kind.unwrap_or_default(), state.unwrap_or_default());
    failure.message = format!("{hidden}; what is said of {} data is not shown", mark(labels));
    failure.details.clear();
    failure
}
