//! From TOML to [`Manifest`], reporting as it goes.
//!
//! Knows the keys and their shapes. Tested in the module above.

use super::{EDITION, History, Manifest, Profile, ProfileVar, Telemetry};
use crate::problems::manifest::{InvalidToml, UnknownKey, WrongValue};
use flow_diag::{FileId, Problems, Span};
use std::{ops::Range, sync::Arc};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

type Entry<'a> = &'a Spanned<DeValue<'a>>;

/// What `flow.toml` may have at its top.
const ROOT_KEYS: [&str; 7] = ["name", "edition", "sources", "defaults", "telemetry", "history", "profiles"];

/// More runs or days than this are no bound.
const MOST_KEPT: u32 = 99_999;

struct Reader {
    file: FileId,
    problems: Problems,
}

/// Reads the whole text.
pub(super) fn read(file: FileId, text: &str) -> (Manifest, Problems) {
    let mut reader = Reader { file, problems: Problems::default() };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let at = reader.span(error.span().unwrap_or_default());
        reader.problems.push(InvalidToml { at, message: error.message().into() });
    }
    let mut manifest = Manifest::default();
    if errors.is_empty() {
        reader.root(table.get_ref(), &mut manifest);
    }
    (manifest, reader.problems)
}

impl Reader {
    fn span(&self, range: Range<usize>) -> Span {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span::new(self.file, offset(range.start), offset(range.end))
    }

    fn root(&mut self, table: &DeTable<'_>, manifest: &mut Manifest) {
        for (key, value) in table {
            match &**key.get_ref() {
                "name" => self.text(value, "the project's name", &mut manifest.name),
                "edition" => self.edition(value, &mut manifest.edition),
                "sources" => self.sources(value, &mut manifest.sources),
                "defaults" => self.defaults(value, manifest),
                "telemetry" => self.telemetry(value, &mut manifest.telemetry),
                "history" => self.history(value, &mut manifest.history),
                "profiles" => self.profiles(value, &mut manifest.profiles),
                _ => self.unknown(key, "flow.toml", &ROOT_KEYS),
            }
        }
    }

    fn defaults(&mut self, value: Entry<'_>, manifest: &mut Manifest) {
        let Some(table) = self.table(value, "`engine` and `store`") else { return };
        for (key, value) in table {
            match &**key.get_ref() {
                "engine" => self.engine(value, &mut manifest.engine),
                "store" => self.text(value, "a folder", &mut manifest.store),
                _ => self.unknown(key, "[defaults]", &["engine", "store"]),
            }
        }
    }

    fn telemetry(&mut self, value: Entry<'_>, telemetry: &mut Telemetry) {
        let Some(table) = self.table(value, "`otlp`, `lineage`, `namespace` and `content`") else { return };
        for (key, value) in table {
            let text = value.get_ref().as_str().map(str::trim).filter(|text| !text.is_empty());
            match &**key.get_ref() {
                "otlp" => match text.filter(|text| is_web(text)) {
                    Some(url) => telemetry.otlp = Some(url.into()),
                    None => self.wrong(value, "the URL of a collector, such as \"http://localhost:4318\""),
                },
                "lineage" => match text {
                    Some(place) => telemetry.lineage = Some(place.into()),
                    None => self.wrong(value, "a URL or a file, such as \"out/lineage.jsonl\""),
                },
                "namespace" => match text {
                    Some(name) => telemetry.namespace = Some(name.into()),
                    None => self.wrong(value, "a name in quotes"),
                },
                "content" => match value.get_ref().as_bool() {
                    Some(content) => telemetry.content = Some(content),
                    None => self.wrong(value, "`true` or `false`"),
                },
                _ => self.unknown(key, "[telemetry]", &["otlp", "lineage", "namespace", "content"]),
            }
        }
    }

    fn history(&mut self, value: Entry<'_>, history: &mut History) {
        let Some(table) = self.table(value, "`keep_runs` and `keep_days`") else { return };
        for (key, value) in table {
            let number = match value.get_ref() {
                DeValue::Integer(number) => number.as_str().replace('_', "").parse::<u32>().ok(),
                _ => None,
            };
            let number = number.filter(|number| (1..=MOST_KEPT).contains(number));
            let target = match &**key.get_ref() {
                "keep_runs" => &mut history.keep_runs,
                "keep_days" => &mut history.keep_days,
                _ => {
                    self.unknown(key, "[history]", &["keep_runs", "keep_days"]);
                    continue;
                }
            };
            *target = number;
            if number.is_none() {
                self.wrong(value, "a number from 1 to 99999");
            }
        }
    }

    fn engine(&mut self, value: Entry<'_>, engine: &mut Arc<str>) {
        if value.get_ref().as_str() == Some("local") {
            *engine = "local".into();
        } else {
            self.wrong(value, "\"local\", the only engine of this version");
        }
    }

    fn edition(&mut self, value: Entry<'_>, edition: &mut Arc<str>) {
        if value.get_ref().as_str() == Some(EDITION) {
            *edition = EDITION.into();
        } else {
            self.wrong(value, "\"2026\", the only edition so far");
        }
    }

    fn sources(&mut self, value: Entry<'_>, sources: &mut Vec<Arc<str>>) {
        let Some(items) = value.get_ref().as_array() else {
            return self.wrong(value, "a list of folders, as in `sources = [\"flows\"]`");
        };
        sources.clear();
        for item in items {
            match item.get_ref().as_str() {
                Some(folder) if folder.starts_with('/') || folder.split('/').any(|part| part == "..") => {
                    self.wrong(item, "a folder inside the project");
                }
                Some(folder) => sources.push(folder.trim_end_matches('/').into()),
                None => self.wrong(item, "a folder in quotes"),
            }
        }
    }

    fn profiles(&mut self, value: Entry<'_>, profiles: &mut Vec<Profile>) {
        let Some(table) = self.table(value, "`[profiles.NAME.vars]`") else { return };
        let expected = "`[profiles.NAME.vars]` or `[profiles.NAME.telemetry]`";
        for (key, value) in table {
            let at = self.span(key.span());
            let name = key.get_ref().as_ref().into();
            let mut profile = Profile { name, at, vars: vec![], telemetry: Telemetry::default() };
            if let Some(table) = self.table(value, expected) {
                for (key, value) in table {
                    match &**key.get_ref() {
                        "vars" => self.vars(value, &mut profile.vars),
                        "telemetry" => self.telemetry(value, &mut profile.telemetry),
                        _ => self.unknown(key, "a profile", &["vars", "telemetry"]),
                    }
                }
            }
            profiles.push(profile);
        }
    }

    fn vars(&mut self, value: Entry<'_>, vars: &mut Vec<ProfileVar>) {
        let Some(table) = self.table(value, "values of `var`s, as in `limit = 5`") else { return };
        for (key, value) in table {
            let Some(text) = as_text(value.get_ref()) else {
                self.wrong(value, "a number, a text, a date, `true`, `false`, or a list of these");
                continue;
            };
            vars.push(ProfileVar {
                name: key.get_ref().as_ref().into(),
                name_at: self.span(key.span()),
                value: text.into(),
                value_at: self.span(value.span()),
            });
        }
    }

    fn text(&mut self, value: Entry<'_>, expected: &'static str, target: &mut Arc<str>) {
        match value.get_ref().as_str() {
            Some(text) if !text.trim().is_empty() => *target = text.into(),
            _ => self.wrong(value, expected),
        }
    }

    fn table<'a>(&mut self, value: Entry<'a>, expected: &'static str) -> Option<&'a DeTable<'a>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.wrong(value, expected);
        }
        table
    }

    fn wrong(&mut self, value: Entry<'_>, expected: &'static str) {
        let at = self.span(value.span());
        self.problems.push(WrongValue { at, expected, found: value.get_ref().type_str() });
    }

    fn unknown(
        &mut self,
        key: &Spanned<std::borrow::Cow<'_, str>>,
        place: &'static str,
        known: &'static [&'static str],
    ) {
        let at = self.span(key.span());
        self.problems.push(UnknownKey { at, key: key.get_ref().as_ref().into(), place, known });
    }
}

fn is_web(text: &str) -> bool {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
}

/// A value as `--set` would take it: text without its quotes, lists as in the language.
fn as_text(value: &DeValue<'_>) -> Option<String> {
    Some(match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => number.as_str().to_owned(),
        DeValue::Float(number) => number.as_str().to_owned(),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(time) => time.to_string(),
        DeValue::Array(items) => {
            let items: Option<Vec<String>> = items
                .iter()
                .map(|item| match item.get_ref() {
                    DeValue::String(text) => Some(format!("{text:?}")),
                    other => as_text(other),
                })
                .collect();
            format!("[{}]", items?.join(", "))
        }
        DeValue::Table(_) => return None,
    })
}
