//! Datasets as others know them: by where they are, with what is declared of them and what a run saw.
//!
//! A file is named by its whole path, a table by its server and schema, as the naming rules of OpenLineage have
//! it; what only passes between steps by its flow and step. Knows no values.

use super::{
    Naming,
    facets::{assertions, facet, owners, schema},
    wires::Passed,
};
use crate::{DatasetVersion, RunRecord};
use flow_driver::NodeStatus;
use flow_expr::{ExprKind, Name, Part};
use flow_plan::{ConnectionKind, Dataset, Location, Program, SecretOr, words};
use serde_json::{Map, Value as Json, json};

pub(super) struct Datasets<'a> {
    pub(super) program: &'a Program,
    pub(super) naming: &'a Naming,
}

impl Datasets<'_> {
    /// With what is declared of them.
    pub(super) fn declared(&self, names: &[Name]) -> Vec<Json> {
        names.iter().filter_map(|name| Some(self.dataset(self.program.datasets.get(name)?, Map::new()))).collect()
    }

    /// With what was found when they were read.
    pub(super) fn read(&self, names: &[Name], record: &RunRecord) -> Vec<Json> {
        let one = |name: &Name| {
            let declared = self.program.datasets.get(name)?;
            let mut told = self.dataset(declared, self.version(name, record));
            if let Some(assertions) = assertions(name, declared, &record.contracts) {
                told["inputFacets"] = json!({ "dataQualityAssertions": assertions });
            }
            Some(told)
        };
        names.iter().filter_map(one).collect()
    }

    /// With what was published.
    pub(super) fn written(&self, names: &[Name], record: &RunRecord) -> Vec<Json> {
        let one = |name: &Name| {
            let declared = self.program.datasets.get(name)?;
            let mut facets = self.version(name, record);
            if let Some(assertions) = assertions(name, declared, &record.contracts) {
                facets.insert("dataQualityAssertions".into(), assertions);
            }
            let mut told = self.dataset(declared, facets);
            let wrote = |node: &&flow_driver::NodeEnd| {
                &*node.kind == "write" && node.subject.as_ref() == Some(name) && node.status == NodeStatus::Succeeded
            };
            let rows: Vec<u64> = record.nodes.iter().filter(wrote).filter_map(|node| node.rows).collect();
            if !rows.is_empty() {
                let count = json!({ "rowCount": rows.iter().sum::<u64>() });
                told["outputFacets"] =
                    json!({ "outputStatistics": facet("1-0-2/OutputStatisticsOutputDatasetFacet", count) });
            }
            Some(told)
        };
        names.iter().filter_map(one).collect()
    }

    /// Results that pass from one step to others.
    pub(super) fn passed(&self, passed: &[Passed]) -> Vec<Json> {
        let one = |passed: &Passed| {
            let mut facets = Map::new();
            if let Some(schema) = schema(&passed.ty, &self.program.types) {
                facets.insert("schema".into(), schema);
            }
            json!({ "namespace": self.naming.namespace, "name": passed.name, "facets": facets })
        };
        passed.iter().map(one).collect()
    }

    /// The version that a run saw last.
    fn version(&self, name: &Name, record: &RunRecord) -> Map<String, Json> {
        let mut facets = Map::new();
        let seen = record.versions.iter().rev().find(|seen| seen.dataset == *name);
        if let Some(DatasetVersion { version, .. }) = seen {
            let version = json!({ "datasetVersion": version.fingerprint.hash });
            facets.insert("version".into(), facet("1-0-1/DatasetVersionDatasetFacet", version));
        }
        facets
    }

    fn dataset(&self, declared: &Dataset, more: Map<String, Json>) -> Json {
        let (namespace, name, uri) = self.address(declared);
        let mut facets = Map::new();
        if let Some(schema) = schema(&declared.ty, &self.program.types) {
            facets.insert("schema".into(), schema);
        }
        let source = json!({ "name": declared.name.as_str(), "uri": uri });
        facets.insert("dataSource".into(), facet("1-0-1/DatasourceDatasetFacet", source));
        if let Some(owner) = &declared.owner {
            facets.insert("ownership".into(), facet("1-0-1/OwnershipDatasetFacet", owners(owner)));
        }
        facets.extend(more);
        json!({ "namespace": namespace, "name": name, "facets": facets })
    }

    /// Namespace, name, and both as a URI.
    fn address(&self, declared: &Dataset) -> (String, String, String) {
        match &declared.location {
            Location::File { path, .. } => {
                let path = text(path);
                match path.split_once("://") {
                    Some((scheme, rest)) => {
                        let (host, name) = rest.split_once('/').unwrap_or((rest, ""));
                        let namespace = format!("{scheme}://{}", without_user(host));
                        // What stands behind `?` may be a key.
                        let name = format!("/{}", name.split(['?', '#']).next().unwrap_or_default());
                        let uri = format!("{namespace}{}", urlencoding::encode(&name).replace("%2F", "/"));
                        (namespace, name, uri)
                    }
                    None => {
                        let whole = self.naming.root.join(&path).display().to_string();
                        let uri = format!("file://{}", urlencoding::encode(&whole).replace("%2F", "/"));
                        ("file".into(), whole, uri)
                    }
                }
            }
            Location::Table { connection, table } => self.table(connection, table),
        }
    }

    fn table(&self, connection: &Name, table: &str) -> (String, String, String) {
        let unknown = |scheme: &str| {
            let namespace = format!("{scheme}://{connection}");
            (namespace.clone(), table.to_owned(), format!("{namespace}/{}", urlencoding::encode(table)))
        };
        match self.program.connections.get(connection).map(|connection| &connection.kind) {
            Some(ConnectionKind::Postgres { url: SecretOr::Plain(url), .. }) => {
                let rest = url.split_once("://").map_or(&**url, |(_, rest)| rest);
                let (host, database) = rest.split_once('/').unwrap_or((rest, "postgres"));
                let host = without_user(host);
                let host = if host.contains(':') { host.to_owned() } else { format!("{host}:5432") };
                let database = database.split('?').next().unwrap_or_default();
                let table = if table.contains('.') { table.to_owned() } else { format!("public.{table}") };
                let (namespace, name) = (format!("postgres://{host}"), format!("{database}.{table}"));
                let uri = format!("{namespace}/{}", urlencoding::encode(&name));
                (namespace, name, uri)
            }
            Some(ConnectionKind::Postgres { .. }) => unknown("postgres"),
            Some(ConnectionKind::Sqlite { path }) => {
                let whole = self.naming.root.join(&**path).display().to_string();
                let namespace = format!("sqlite://{}", urlencoding::encode(&whole).replace("%2F", "/"));
                let uri = format!("{namespace}#{}", urlencoding::encode(table));
                (namespace, table.to_owned(), uri)
            }
            _ => unknown("connection"),
        }
    }
}

fn without_user(host: &str) -> &str {
    host.rsplit_once('@').map_or(host, |(_, host)| host)
}

/// A path as it is declared: a dataset with partitions is one dataset, so its holes stay holes.
fn text(path: &[Part]) -> String {
    let part = |part: &Part| match part {
        Part::Text(text) => text.to_string(),
        Part::Hole(expr, _) => match &expr.kind {
            ExprKind::Const(value) => words::value(value).trim_matches('"').to_owned(),
            _ => "{…}".to_owned(),
        },
    };
    path.iter().map(part).collect()
}
