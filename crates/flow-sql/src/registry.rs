//! The functions, expression planners and settings that every query shares, made once.
//!
//! Knows no tables. Numbers with a point are exact decimals, integers are 64-bit, timestamps are
//! instants in UTC with microseconds: SQL's types are Flow's.

use crate::session::settings;
use datafusion::{
    arrow::datatypes::{DataType, Field, FieldRef, TimeUnit},
    common::{Result, config::ConfigOptions},
    execution::SessionStateDefaults,
    logical_expr::{
        AggregateUDF, HigherOrderUDF, ScalarUDF, WindowUDF,
        planner::{ExprPlanner, TypePlanner},
    },
    sql::{planner::ParserOptions, sqlparser::ast},
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, OnceLock},
};

/// Everything but the tables.
pub(crate) struct Registry {
    pub(crate) scalar: HashMap<String, Arc<ScalarUDF>>,
    pub(crate) higher_order: HashMap<String, Arc<HigherOrderUDF>>,
    pub(crate) aggregate: HashMap<String, Arc<AggregateUDF>>,
    pub(crate) window: HashMap<String, Arc<WindowUDF>>,
    pub(crate) expr_planners: Vec<Arc<dyn ExprPlanner>>,
    pub(crate) type_planner: Arc<dyn TypePlanner>,
    pub(crate) options: ConfigOptions,
}

/// The one registry.
pub(crate) fn registry() -> &'static Registry {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    REGISTRY.get_or_init(|| Registry {
        scalar: by_name(SessionStateDefaults::default_scalar_functions(), |f| (f.name(), f.aliases())),
        higher_order: by_name(SessionStateDefaults::default_higher_order_functions(), |f| (f.name(), f.aliases())),
        aggregate: by_name(SessionStateDefaults::default_aggregate_functions(), |f| (f.name(), f.aliases())),
        window: by_name(SessionStateDefaults::default_window_functions(), |f| (f.name(), f.aliases())),
        expr_planners: SessionStateDefaults::default_expr_planners(),
        type_planner: Arc::new(FlowTypes),
        options: options(),
    })
}

fn options() -> ConfigOptions {
    let mut options = ConfigOptions::default();
    settings(&mut options);
    options
}

/// How text becomes plans; the same when compiling and when running.
pub(crate) fn parser_options() -> ParserOptions {
    ParserOptions {
        parse_float_as_decimal: true,
        map_string_types_to_utf8view: false,
        collect_spans: true,
        ..ParserOptions::default()
    }
}

fn by_name<F>(functions: Vec<Arc<F>>, names: impl Fn(&F) -> (&str, &[String])) -> HashMap<String, Arc<F>> {
    let mut map = HashMap::new();
    for function in functions {
        let (name, aliases) = names(&function);
        for name in std::iter::once(name).chain(aliases.iter().map(String::as_str)) {
            map.insert(name.to_owned(), function.clone());
        }
    }
    map
}

impl Registry {
    /// All names, sorted, for suggestions.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.scalar.keys().chain(self.aggregate.keys()).chain(self.window.keys());
        names
            .map(String::as_str)
            .chain(self.higher_order.keys().map(String::as_str))
            .map(|n| (n, ()))
            .collect::<BTreeMap<_, _>>()
            .into_keys()
    }

    /// Whether any function has that name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.scalar.contains_key(name)
            || self.aggregate.contains_key(name)
            || self.window.contains_key(name)
            || self.higher_order.contains_key(name)
    }
}

/// Names of types in `cast`, where SQL's usual meaning is not Flow's.
#[derive(Debug)]
struct FlowTypes;

impl TypePlanner for FlowTypes {
    fn plan_type_field(&self, sql: &ast::DataType) -> Result<Option<FieldRef>> {
        use ast::DataType as Sql;
        let data = match sql {
            Sql::Int(None) | Sql::Integer(None) => DataType::Int64,
            Sql::Float(_) | Sql::Real => DataType::Float64,
            Sql::Timestamp(..) | Sql::Datetime(_) => {
                DataType::Timestamp(TimeUnit::Microsecond, Some(crate::UTC.into()))
            }
            Sql::Time(_, ast::TimezoneInfo::None | ast::TimezoneInfo::WithoutTimeZone) => {
                DataType::Time64(TimeUnit::Microsecond)
            }
            Sql::CharacterVarying(_) | Sql::Character(_) | Sql::JSON => DataType::Utf8,
            _ => return Ok(None),
        };
        Ok(Some(Arc::new(Field::new("", data, true))))
    }
}
