//! The facets of jobs and datasets: what is said of them besides their names.
//!
//! Knows the published facets by name and version, and no run.

use flow_driver::ContractVerdict;
use flow_expr::{Field, Name, Type, TypeDef, TypeTable};
use flow_plan::{Body, ConnectionKind, Dataset, Program, Rule, Step};
use flow_store::ContractRow;
use serde_json::{Map, Value as Json, json};

/// Who says so.
pub(super) const PRODUCER: &str = concat!("urn:flow:flowc:", env!("CARGO_PKG_VERSION"));

/// The core schema.
pub(super) const CORE: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json";

/// Fields inside fields are told so deep.
const DEEPEST: usize = 8;

/// A facet with what every facet has. `name` is its version and its name: `1-0-1/NominalTimeRunFacet`.
pub(super) fn facet(name: &str, content: Json) -> Json {
    let kind = name.rsplit('/').next().unwrap_or(name);
    let schema = format!("https://openlineage.io/spec/facets/{name}.json#/$defs/{kind}");
    let mut facet = json!({ "_producer": PRODUCER, "_schemaURL": schema });
    if let (Some(facet), Json::Object(content)) = (facet.as_object_mut(), content) {
        facet.extend(content);
    }
    facet
}

/// The facets of a job.
pub(super) fn job(kind: &str, owner: Option<&str>, sql: Option<Json>) -> Map<String, Json> {
    let job_type = json!({ "processingType": "BATCH", "integration": "FLOW", "jobType": kind });
    let mut facets = Map::from_iter([("jobType".to_owned(), facet("2-0-4/JobTypeJobFacet", job_type))]);
    if let Some(owner) = owner {
        facets.insert("ownership".into(), facet("1-0-1/OwnershipJobFacet", owners(owner)));
    }
    if let Some(sql) = sql {
        facets.insert("sql".into(), sql);
    }
    facets
}

pub(super) fn owners(owner: &str) -> Json {
    json!({ "owners": [{ "name": owner, "type": "OWNER" }] })
}

/// The query of a step, if that is what it is.
pub(super) fn sql(step: &Step, program: &Program) -> Option<Json> {
    let Body::Sql { text, connection } = &step.body else { return None };
    let connection = connection.as_ref().and_then(|name| program.connections.get(name));
    let dialect = match connection.map(|connection| &connection.kind) {
        Some(ConnectionKind::Postgres { .. }) => "postgres",
        Some(ConnectionKind::Sqlite { .. }) => "sqlite",
        _ => "datafusion",
    };
    Some(facet("1-1-0/SQLJobFacet", json!({ "query": text, "dialect": dialect })))
}

/// The columns of a type, or its one field.
pub(super) fn schema(ty: &Type, types: &TypeTable) -> Option<Json> {
    let row = match ty.required() {
        Type::Table(row) => row,
        other => other,
    };
    let declared = types.record(row)?;
    Some(facet("1-2-0/SchemaDatasetFacet", json!({ "fields": fields(declared, types, 0) })))
}

fn fields(declared: &[Field], types: &TypeTable, depth: usize) -> Vec<Json> {
    let position = |index: usize| index + 1;
    let one = |(index, field): (usize, &Field)| {
        let mut told = json!({ "name": field.name, "type": field.ty.to_string(), "ordinal_position": position(index) });
        let mut words: Vec<String> = field.labels.iter().map(|label| format!("@{}", label.short())).collect();
        words.extend(of_alias(&field.ty, types));
        if !words.is_empty() {
            told["description"] = words.join(" ").into();
        }
        if let Some(inner) = types.record(field.ty.required()).filter(|_| depth < DEEPEST) {
            told["fields"] = fields(inner, types, depth + 1).into();
        }
        told
    };
    declared.iter().enumerate().map(one).collect()
}

/// Labels of a named type.
fn of_alias(ty: &Type, types: &TypeTable) -> Vec<String> {
    match ty.required() {
        Type::Named(name) => match types.get(name) {
            Some(TypeDef::Refined { labels, .. }) => labels.iter().map(|label| format!("@{}", label.short())).collect(),
            _ => vec![],
        },
        _ => vec![],
    }
}

/// What became of a dataset's rules in a run; none if it has none that were looked at.
pub(super) fn assertions(dataset: &Name, declared: &Dataset, contracts: &[ContractRow]) -> Option<Json> {
    let mut told: Vec<Json> = vec![];
    for row in contracts {
        let ContractVerdict::Expect { dataset: of, rule } = &row.verdict else { continue };
        if of != dataset {
            continue;
        }
        let expectation = declared.expect.iter().find(|expectation| expectation.text == rule.rule);
        let (assertion, column) = match expectation.map(|expectation| &expectation.rule) {
            Some(Rule::Unique(columns)) => ("unique", (columns.len() == 1).then(|| columns[0].clone())),
            Some(Rule::NotNull(column)) => ("not_null", Some(column.clone())),
            Some(Rule::Row(_)) => ("row", None),
            _ => ("whole", None),
        };
        let mut one = json!({
            "assertion": assertion,
            "success": rule.holds,
            "severity": if rule.warn { "warn" } else { "error" },
            "name": rule.rule,
            "content": rule.rule,
            "contentType": "expression",
            "actual": format!("{} of {} broke it", rule.broken, rule.checked),
        });
        if let Some(share) = expectation.map(|expectation| expectation.share) {
            one["expected"] = format!("it holds for a share of {share}").into();
        }
        if let Some(column) = column {
            one["column"] = (*column).into();
        }
        if !told.contains(&one) {
            told.push(one);
        }
    }
    let facet = || facet("1-1-0/DataQualityAssertionsDatasetFacet", json!({ "assertions": told }));
    (!told.is_empty()).then(facet)
}
