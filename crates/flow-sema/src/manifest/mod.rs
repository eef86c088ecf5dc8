//! `flow.toml` as data, with the place of every value.
//!
//! Reads no file: the text comes in, the manifest and the problems go out. A project without a
//! `flow.toml` (a single file) is [`Manifest::default`]. What a profile's values mean is known only to the
//! `var` declarations; see [`crate::settings`]. Tested below.

mod read;

use flow_diag::{FileId, Problems, Span};
use std::sync::Arc;

/// The project's settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// The project's name; `main` if there is no manifest.
    pub name: Arc<str>,
    /// The edition of the language that the files are written in.
    pub edition: Arc<str>,
    /// Folders that hold `.flow` files, relative to the project's root.
    pub sources: Vec<Arc<str>>,
    /// The engine that runs it.
    pub engine: Arc<str>,
    /// Where runs and artifacts are kept, relative to the project's root.
    pub store: Arc<str>,
    /// Where other tools are told of runs.
    pub telemetry: Telemetry,
    /// How much of past runs is kept.
    pub history: History,
    /// Profiles in the order of their names.
    pub profiles: Vec<Profile>,
}

/// `[telemetry]`: where traces and lineage go. What is not written there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Telemetry {
    /// The URL of an OpenTelemetry collector.
    pub otlp: Option<Arc<str>>,
    /// A URL that takes OpenLineage events, or a file.
    pub lineage: Option<Arc<str>>,
    /// The namespace of jobs in lineage.
    pub namespace: Option<Arc<str>>,
    /// Whether prompts and answers go along with traces.
    pub content: Option<bool>,
}

impl Telemetry {
    /// The same with what another one says in place of what this one says.
    #[must_use]
    pub fn with(&self, over: &Self) -> Self {
        Self {
            otlp: over.otlp.clone().or(self.otlp.clone()),
            lineage: over.lineage.clone().or(self.lineage.clone()),
            namespace: over.namespace.clone().or(self.namespace.clone()),
            content: over.content.or(self.content),
        }
    }
}

/// `[history]`: how much of past runs is kept. What is not written there is as without it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// How many runs, with their journals and logs.
    pub keep_runs: Option<u32>,
    /// For how many days, runs and results.
    pub keep_days: Option<u32>,
}

/// `[profiles.NAME]`: values for the program's `var`s.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Its name, as `--profile` takes it.
    pub name: Arc<str>,
    /// Where it is named.
    pub at: Span,
    /// `[profiles.NAME.vars]`.
    pub vars: Vec<ProfileVar>,
    /// `[profiles.NAME.telemetry]`, which comes before `[telemetry]`.
    pub telemetry: Telemetry,
}

/// One value of a profile.
#[derive(Clone, Debug, PartialEq)]
pub struct ProfileVar {
    /// The var: `limit`, or `shop.limit` where two modules have a `limit`.
    pub name: Arc<str>,
    /// Where it is named.
    pub name_at: Span,
    /// The value as text, as `--set` would take it.
    pub value: Arc<str>,
    /// Where the value is.
    pub value_at: Span,
}

/// The edition that this compiler speaks.
pub const EDITION: &str = "2026";

impl Default for Manifest {
    fn default() -> Self {
        Self {
            name: "main".into(),
            edition: EDITION.into(),
            sources: vec![".".into()],
            engine: "local".into(),
            store: ".flow".into(),
            telemetry: Telemetry::default(),
            history: History::default(),
            profiles: vec![],
        }
    }
}

impl Manifest {
    /// Reads the text of a `flow.toml`. Every mistake is reported; what is wrong keeps its default.
    #[must_use]
    pub fn parse(file: FileId, text: &str) -> (Self, Problems) {
        read::read(file, text)
    }

    /// The profile of that name.
    #[must_use]
    pub fn profile(&self, name: &str) -> Option<&Profile> {
        self.profiles.iter().find(|profile| &*profile.name == name)
    }

    /// Where other tools are told of runs, with this profile if there is one of that name.
    #[must_use]
    pub fn telemetry(&self, profile: Option<&str>) -> Telemetry {
        let profile = profile.and_then(|name| self.profile(name));
        profile.map_or_else(|| self.telemetry.clone(), |profile| self.telemetry.with(&profile.telemetry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<String> {
        let (_, problems) = Manifest::parse(FileId(0), text);
        problems.0.iter().map(|problem| format!("{} {}", problem.code, &text[range(problem.span())])).collect()
    }

    fn range(span: Span) -> std::ops::Range<usize> {
        span.start as usize..span.end as usize
    }

    #[test]
    fn a_full_manifest_is_read() {
        let text = r#"
name = "shop"
edition = "2026"
sources = ["flows", "shared"]

[defaults]
engine = "local"
store = ".runs"

[history]
keep_runs = 50
keep_days = 90

[profiles.prod.vars]
limit = 5
"shop.folder" = "out/prod"
since = 2026-01-31
"#;
        let (manifest, problems) = Manifest::parse(FileId(3), text);
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!((&*manifest.name, &*manifest.store), ("shop", ".runs"));
        assert_eq!(manifest.sources, ["flows".into(), "shared".into()]);
        assert_eq!(manifest.history, History { keep_runs: Some(50), keep_days: Some(90) });
        let vars = &manifest.profile("prod").expect("it is there").vars;
        let mut seen: Vec<_> = vars.iter().map(|var| (&*var.name, &*var.value, &text[range(var.name_at)])).collect();
        seen.sort_unstable();
        assert_eq!(
            seen,
            [("limit", "5", "limit"), ("shop.folder", "out/prod", "\"shop.folder\""), ("since", "2026-01-31", "since")]
        );
    }

    #[test]
    fn telemetry_is_read_and_a_profile_comes_before_it() {
        let text = r#"
name = "shop"
[telemetry]
otlp = "http://localhost:4318"
lineage = "out/lineage.jsonl"
content = true
[profiles.prod.telemetry]
lineage = "https://marquez.example"
namespace = "shop-prod"
content = false
"#;
        let (manifest, problems) = Manifest::parse(FileId(0), text);
        assert!(problems.is_empty(), "{problems:?}");
        let plain = manifest.telemetry(None);
        assert_eq!((plain.lineage.as_deref(), plain.content), (Some("out/lineage.jsonl"), Some(true)));
        let prod = manifest.telemetry(Some("prod"));
        assert_eq!(prod.otlp.as_deref(), Some("http://localhost:4318"));
        assert_eq!((prod.lineage.as_deref(), prod.content), (Some("https://marquez.example"), Some(false)));
        assert_eq!(prod.namespace.as_deref(), Some("shop-prod"));
        assert_eq!(codes("[telemetry]\notlp = \"collector:4318\""), ["E0111 \"collector:4318\""]);
        assert_eq!(codes("[telemetry]\ncontent = \"yes\""), ["E0111 \"yes\""]);
        assert_eq!(codes("[telemetry]\noltp = \"http://a\""), ["E0110 oltp"]);
    }

    #[test]
    fn each_mistake_is_reported_at_its_place() {
        assert_eq!(codes("[history]\nkeep_runs = 0"), ["E0111 0"]);
        assert_eq!(codes("[history]\nkeep_days = \"30\""), ["E0111 \"30\""]);
        assert_eq!(codes("[history]\nkeep = 3"), ["E0110 keep"]);
        assert_eq!(codes("nme = \"shop\""), ["E0110 nme"]);
        assert_eq!(codes("name = 3"), ["E0111 3"]);
        assert_eq!(codes("name = \"a\"\nsources = [\"x\", 1]"), ["E0111 1"]);
        assert_eq!(codes("name = \"a\"\nedition = \"1999\""), ["E0111 \"1999\""]);
        assert_eq!(codes("[profiles.prod]\nvas = {}"), ["E0110 vas"]);
        assert_eq!(codes("name = \"a\"\nsources = [\"../x\"]"), ["E0111 \"../x\""]);
    }

    #[test]
    fn text_that_is_not_toml_is_one_problem() {
        let (_, problems) = Manifest::parse(FileId(0), "name = \"shop\nedition = \"2026\"");
        assert!(!problems.is_empty());
        assert!(problems.0.iter().all(|problem| problem.code.as_str() == "E0109"), "{problems:?}");
    }

    #[test]
    fn the_nearest_key_is_suggested() {
        let (_, problems) = Manifest::parse(FileId(0), "nme = \"shop\"");
        assert_eq!(problems.0[0].fixes[0].edits[0].text, "name");
    }
}
