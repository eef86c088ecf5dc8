//! Where telemetry goes: the environment variables that users of OpenTelemetry and OpenLineage know, else the
//! `[telemetry]` section of `flow.toml`.
//!
//! Pure: the environment is handed in. What cannot be used is a warning, never a failed run. Keys and headers
//! are in no warning. Tested below.

use crate::lineage::Naming;
use flow_diag::codes;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// The `[telemetry]` section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Where traces go: the base URL of a collector.
    pub otlp: Option<String>,
    /// Where lineage goes: a URL, or a file.
    pub lineage: Option<String>,
    /// Whether prompts and answers go along.
    pub content: Option<bool>,
    /// The namespace of jobs.
    pub namespace: Option<String>,
}

/// Something about telemetry that people should know. It fails nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Its code.
    pub code: &'static str,
    /// In words.
    pub message: String,
}

/// What is sent, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Traces; none if nobody wants them.
    pub traces: Option<TracesTarget>,
    /// Lineage; none if nobody wants it.
    pub lineage: Option<LineageTarget>,
    /// Whether prompts and answers go along.
    pub content: bool,
    /// `service.name`.
    pub service: String,
    /// Further attributes of the resource.
    pub resource: Vec<(String, String)>,
    /// `TRACEPARENT`: trace and span ids in hex.
    pub parent: Option<(String, String)>,
    /// The namespace of jobs.
    pub namespace: String,
    /// `OPENLINEAGE_PARENT_ID`: namespace, job and run.
    pub lineage_parent: Option<(String, String, String)>,
}

/// Where traces go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracesTarget {
    /// The whole URL.
    pub url: String,
    /// Sent along.
    pub headers: Vec<(String, String)>,
    /// For one request.
    pub timeout: Duration,
}

/// Where lineage goes.
#[derive(Clone, PartialEq, Eq)]
pub enum LineageTarget {
    /// Appended to a file, one event a line.
    File(PathBuf),
    /// Posted, one event a request.
    Http {
        /// The whole URL.
        url: String,
        /// Sent as `Authorization: Bearer …`.
        key: Option<String>,
    },
}

impl LineageTarget {
    /// The same, with a file's path relative to a folder.
    #[must_use]
    pub fn under(self, folder: &Path) -> Self {
        match self {
            Self::File(path) => Self::File(folder.join(path)),
            other => other,
        }
    }
}

impl std::fmt::Debug for LineageTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Http { url, .. } => f.debug_struct("Http").field("url", url).finish_non_exhaustive(),
        }
    }
}

/// A target as people write it: a URL gets the usual path if it has none.
///
/// # Errors
/// It is no URL: the path of a file.
pub fn target_of(text: &str, usual_path: &str) -> Result<String, PathBuf> {
    match reqwest::Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => {
            let bare = matches!(url.path(), "" | "/");
            Ok(if bare { format!("{}/{usual_path}", text.trim_end_matches('/')) } else { text.to_owned() })
        }
        _ => Err(PathBuf::from(text)),
    }
}

/// The path of an OpenLineage endpoint.
pub(crate) const LINEAGE_PATH: &str = "api/v1/lineage";
/// The path of an OTLP endpoint.
pub(crate) const TRACES_PATH: &str = "v1/traces";

impl Config {
    /// From the environment, the section, and the project's name; with what cannot be used.
    #[must_use]
    pub fn of(settings: &Settings, project: &str, env: &dyn Fn(&str) -> Option<String>) -> (Self, Vec<Warning>) {
        let env = |name: &str| env(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let mut warnings = vec![];
        let resource = env("OTEL_RESOURCE_ATTRIBUTES").map(|text| pairs(&text)).unwrap_or_default();
        let named = resource.iter().find(|(name, _)| name == "service.name").map(|(_, value)| value.clone());
        let namespace = env("OPENLINEAGE_NAMESPACE").or(settings.namespace.clone());
        let parent = env("TRACEPARENT").and_then(|text| {
            let parent = trace_parent(&text);
            if parent.is_none() {
                warnings.push(unusable("TRACEPARENT", "is not `00-TRACE-SPAN-FLAGS`"));
            }
            parent
        });
        let config = Self {
            traces: traces(settings, &env, &mut warnings),
            lineage: lineage(settings, &env, &mut warnings),
            content: is_true(env("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT").as_deref())
                .or(settings.content)
                .unwrap_or(false),
            service: env("OTEL_SERVICE_NAME").or(named).unwrap_or_else(|| project.to_owned()),
            resource: resource.into_iter().filter(|(name, _)| name != "service.name").collect(),
            parent,
            namespace: namespace.unwrap_or_else(|| project.to_owned()),
            lineage_parent: env("OPENLINEAGE_PARENT_ID").and_then(|text| {
                let mut parts = text.rsplitn(2, '/');
                let (run, rest) = (parts.next()?.to_owned(), parts.next()?);
                let (namespace, job) = rest.split_once('/')?;
                Some((namespace.to_owned(), job.to_owned(), run))
            }),
        };
        (config, warnings)
    }

    /// How things are named in lineage; `root` is the project's.
    #[must_use]
    pub fn naming(&self, root: PathBuf) -> Naming {
        Naming { namespace: self.namespace.clone(), root, parent: self.lineage_parent.clone() }
    }

    /// Whether anything is sent anywhere.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.traces.is_some() || self.lineage.is_some()
    }
}

fn traces(
    settings: &Settings,
    env: &dyn Fn(&str) -> Option<String>,
    warnings: &mut Vec<Warning>,
) -> Option<TracesTarget> {
    let off = is_true(env("OTEL_SDK_DISABLED").as_deref()) == Some(true);
    if off || env("OTEL_TRACES_EXPORTER").is_some_and(|exporter| exporter != "otlp") {
        return None;
    }
    let whole = env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").map(|url| ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", url));
    let base = || {
        let url = env("OTEL_EXPORTER_OTLP_ENDPOINT")?;
        Some(("OTEL_EXPORTER_OTLP_ENDPOINT", format!("{}/{TRACES_PATH}", url.trim_end_matches('/'))))
    };
    let written = || {
        let text = settings.otlp.as_ref()?;
        Some(("`otlp` of [telemetry]", target_of(text, TRACES_PATH).unwrap_or_else(|_| text.clone())))
    };
    let (name, url) = whole.or_else(base).or_else(written)?;
    if !is_web(&url) {
        warnings.push(unusable(name, "is no http or https URL"));
        return None;
    }
    let protocol = env("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL").or_else(|| env("OTEL_EXPORTER_OTLP_PROTOCOL"));
    if let Some(protocol) = protocol.filter(|protocol| protocol != "http/json") {
        let why = format!("is {protocol}, and flowc speaks http/json, which collectors take at port 4318");
        warnings.push(unusable("OTEL_EXPORTER_OTLP_PROTOCOL", &why));
    }
    let of = |name: &str| env(name).map(|text| pairs(&text)).unwrap_or_default();
    let mut headers = of("OTEL_EXPORTER_OTLP_HEADERS");
    for (name, value) in of("OTEL_EXPORTER_OTLP_TRACES_HEADERS") {
        headers.retain(|(known, _)| !known.eq_ignore_ascii_case(&name));
        headers.push((name, value));
    }
    let timeout = env("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT").or_else(|| env("OTEL_EXPORTER_OTLP_TIMEOUT"));
    let timeout = Duration::from_millis(timeout.and_then(|text| text.parse().ok()).unwrap_or(10_000));
    Some(TracesTarget { url, headers, timeout })
}

fn lineage(
    settings: &Settings,
    env: &dyn Fn(&str) -> Option<String>,
    warnings: &mut Vec<Warning>,
) -> Option<LineageTarget> {
    if is_true(env("OPENLINEAGE_DISABLED").as_deref()) == Some(true) {
        return None;
    }
    let key = env("OPENLINEAGE_API_KEY");
    if let Some(base) = env("OPENLINEAGE_URL") {
        if !is_web(&base) {
            warnings.push(unusable("OPENLINEAGE_URL", "is no http or https URL"));
            return None;
        }
        let endpoint = env("OPENLINEAGE_ENDPOINT").unwrap_or_else(|| LINEAGE_PATH.into());
        let url = format!("{}/{}", base.trim_end_matches('/'), endpoint.trim_start_matches('/'));
        return Some(LineageTarget::Http { url, key });
    }
    Some(match target_of(settings.lineage.as_ref()?, LINEAGE_PATH) {
        Ok(url) => LineageTarget::Http { url, key },
        Err(path) => LineageTarget::File(path),
    })
}

fn unusable(what: &str, why: &str) -> Warning {
    Warning { code: codes::R0952.as_str(), message: format!("{what} {why}") }
}

fn is_web(text: &str) -> bool {
    reqwest::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

fn is_true(text: Option<&str>) -> Option<bool> {
    text.map(|text| text.eq_ignore_ascii_case("true") || text == "1")
}

/// `a=1,b=%20two`, as OpenTelemetry writes headers and attributes.
fn pairs(text: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| urlencoding::decode(text.trim()).map_or_else(|_| text.to_owned(), Into::into);
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).filter(|(name, _)| !name.is_empty()).collect()
}

/// The trace and the span of a W3C `traceparent`.
fn trace_parent(text: &str) -> Option<(String, String)> {
    let parts: Vec<&str> = text.trim().split('-').collect();
    let is_id = |part: &str, length: usize| {
        part.len() == length
            && part.bytes().all(|byte| byte.is_ascii_hexdigit())
            && part.bytes().any(|byte| byte != b'0')
    };
    match parts[..] {
        [version, trace, span, _, ..]
            if version.len() == 2 && version != "ff" && is_id(trace, 32) && is_id(span, 16) =>
        {
            Some((trace.to_ascii_lowercase(), span.to_ascii_lowercase()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(settings: &Settings, env: &[(&str, &str)]) -> (Config, Vec<Warning>) {
        let get = |name: &str| env.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Config::of(settings, "shop", &get)
    }

    fn traces_url(settings: &Settings, env: &[(&str, &str)]) -> Option<String> {
        of(settings, env).0.traces.map(|target| target.url)
    }

    #[test]
    fn nothing_is_sent_unless_asked_for() {
        let (config, warnings) = of(&Settings::default(), &[]);
        assert!(!config.is_on() && warnings.is_empty() && !config.content);
        assert_eq!((&*config.service, &*config.namespace), ("shop", "shop"));
    }

    #[test]
    fn the_environment_comes_before_the_file_and_urls_get_their_paths() {
        let settings = Settings { otlp: Some("http://a:4318".into()), ..Settings::default() };
        assert_eq!(traces_url(&settings, &[]).unwrap(), "http://a:4318/v1/traces");
        let base = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://b:4318/otel/");
        assert_eq!(traces_url(&settings, &[base]).unwrap(), "http://b:4318/otel/v1/traces");
        let whole = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c/in");
        assert_eq!(traces_url(&settings, &[base, whole]).unwrap(), "http://c/in");
        assert_eq!(traces_url(&settings, &[("OTEL_SDK_DISABLED", "true")]), None);
        assert_eq!(traces_url(&settings, &[("OTEL_TRACES_EXPORTER", "none")]), None);
        let (config, _) = of(&settings, &[base, ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20b, x=1")]);
        assert_eq!(
            config.traces.unwrap().headers,
            [("api-key".into(), "a b".into()), ("x".into(), "1".into())] as [(String, String); 2]
        );
    }

    #[test]
    fn lineage_goes_to_a_file_or_an_endpoint() {
        let lineage = |text: &str, env| of(&Settings { lineage: Some(text.into()), ..Settings::default() }, env);
        assert_eq!(lineage("out/lineage.jsonl", &[]).0.lineage, Some(LineageTarget::File("out/lineage.jsonl".into())));
        let http = |url: &str, key: Option<&str>| LineageTarget::Http { url: url.into(), key: key.map(Into::into) };
        assert_eq!(lineage("http://m:5000", &[]).0.lineage, Some(http("http://m:5000/api/v1/lineage", None)));
        assert_eq!(lineage("http://m:5000/x", &[]).0.lineage, Some(http("http://m:5000/x", None)));
        let env =
            [("OPENLINEAGE_URL", "http://n:5000/"), ("OPENLINEAGE_ENDPOINT", "/in"), ("OPENLINEAGE_API_KEY", "k-1")];
        let found = lineage("http://m:5000", &env).0.lineage.unwrap();
        assert_eq!(found, http("http://n:5000/in", Some("k-1")));
        assert!(!format!("{found:?}").contains("k-1"));
    }

    #[test]
    fn what_cannot_be_used_is_said_without_its_value() {
        let env = [("OTEL_EXPORTER_OTLP_ENDPOINT", "collector"), ("TRACEPARENT", "00-0-0-01")];
        let (config, warnings) = of(&Settings::default(), &env);
        assert!(config.traces.is_none() && config.parent.is_none());
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(warnings.iter().all(|warning| warning.code == "R0952"));
        let env = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")];
        assert!(of(&Settings::default(), &env).1[0].message.contains("4318"));
        let parent = [("TRACEPARENT", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")];
        let (config, _) = of(&Settings::default(), &parent);
        assert_eq!(config.parent, Some(("4bf92f3577b34da6a3ce929d0e0e4736".into(), "00f067aa0ba902b7".into())));
    }
}
