//! How the engine is set for every query: the same where a plan is tried when compiling and where it runs.

use crate::CheckedArithmetic;
use datafusion::{
    common::config::ConfigOptions,
    execution::{SessionStateBuilder, config::SessionConfig},
};
use std::sync::Arc;

/// A session's state but for its memory and its place to spill.
///
/// One partition: rows come in one order and floats are summed in one order, so the same query over the
/// same tables gives the same bytes.
#[must_use]
pub fn session() -> SessionStateBuilder {
    let mut config = SessionConfig::new().with_target_partitions(1).with_information_schema(false);
    settings(config.options_mut());
    SessionStateBuilder::new_with_default_features().with_config(config).with_analyzer_rule(Arc::new(CheckedArithmetic))
}

/// Numbers with a point are exact, text is text, instants are in UTC, and places of the text are kept.
pub(crate) fn settings(options: &mut ConfigOptions) {
    options.execution.time_zone = Some(crate::UTC.into());
    options.execution.parquet.schema_force_view_types = false;
    options.sql_parser.parse_float_as_decimal = true;
    options.sql_parser.map_string_types_to_utf8view = false;
    options.sql_parser.collect_spans = true;
}
