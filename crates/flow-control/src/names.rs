//! What people mean by a name.

use flow_expr::Name;
use flow_plan::Program;
use std::fmt;

/// Why what is asked is not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unclear {
    /// In words.
    pub why: String,
    /// Names that could be meant.
    pub known: Vec<String>,
}

impl Unclear {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), known: vec![] }
    }
}

impl fmt::Display for Unclear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

/// What a name is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// A dataset.
    Dataset,
    /// A flow.
    Flow,
    /// A step.
    Step,
    /// A model.
    Model,
}

/// What is meant by a name, whole or short.
///
/// # Errors
/// There is nothing of that name, or several things are called so.
pub fn named(program: &Program, wanted: &str) -> Result<(Name, Named), Unclear> {
    let all = || {
        let datasets = program.datasets.keys().map(|name| (name, Named::Dataset));
        let flows = program.flows.keys().map(|name| (name, Named::Flow));
        let steps = program.steps.keys().map(|name| (name, Named::Step));
        let models = program.models.keys().map(|name| (name, Named::Model));
        datasets.chain(flows).chain(steps).chain(models).filter(|(name, _)| !name.as_str().starts_with("std."))
    };
    if let Some((name, kind)) = all().find(|(name, _)| name.as_str() == wanted) {
        return Ok((name.clone(), kind));
    }
    let found: Vec<(&Name, Named)> = all().filter(|(name, _)| name.short() == wanted).collect();
    match found[..] {
        [(name, kind)] => Ok((name.clone(), kind)),
        [] => {
            let known = all().map(|(name, _)| name.short().to_owned()).collect();
            let why = format!("there is no dataset, flow, step or model `{wanted}`");
            Err(Unclear { why, known })
        }
        _ => {
            let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
            Err(Unclear::new(format!("`{wanted}` may be {}: give its whole name", names.join(" or "))))
        }
    }
}
