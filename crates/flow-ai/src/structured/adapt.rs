//! What a model wrote, brought to the form that the type has in JSON: keys and variants as declared, numbers as numbers,
//! lists as lists. Each step that is not the form itself is recorded.
//!
//! Nothing is checked here that [`flow_expr::codec`] checks: what cannot be brought to the form is left as it is, and
//! refused there. Only what that cannot see is refused here: repeated keys, and what was cut off.

use super::{
    leniency::{Forgiven, Leniency},
    loose::Loose,
    numbers,
};
use flow_expr::{Field, Name, Type, TypeDef, TypeTable, Variant, codec::parse_scalar};
use serde_json::{Map, Number, Value as Json};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt::Write as _,
};

/// Mismatches that are kept.
const MOST_MISMATCHES: usize = 20;

/// Letters of a key that are shown.
const MOST_KEY: usize = 60;

/// Brings values to the form of types.
pub(super) struct Adapter<'a> {
    types: &'a TypeTable,
    path: String,
    pub(super) forgiven: Forgiven,
    pub(super) mismatches: Vec<String>,
}

impl<'a> Adapter<'a> {
    pub(super) fn new(types: &'a TypeTable, root: &str) -> Self {
        Self { types, path: root.to_owned(), forgiven: Forgiven::default(), mismatches: vec![] }
    }

    fn mismatch(&mut self, what: &str) {
        if self.mismatches.len() < MOST_MISMATCHES {
            let path = if self.path.is_empty() { "the value" } else { &self.path };
            self.mismatches.push(format!("{path}: {what}"));
        }
    }

    fn forgive(&mut self, leniency: fn(String) -> Leniency) {
        let path = &self.path;
        self.forgiven.add(|| leniency(path.clone()));
    }

    fn inside<T>(&mut self, step: std::fmt::Arguments<'_>, work: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.path.len();
        // Writing to a string cannot fail.
        let _ = self.path.write_fmt(step);
        let result = work(self);
        self.path.truncate(before);
        result
    }

    /// The JSON of a value for its type.
    pub(super) fn value(&mut self, loose: &Loose, ty: &Type) -> Json {
        match (ty, loose) {
            (Type::Optional(_), Loose::Null) => Json::Null,
            (Type::Optional(inner), _) => self.value(loose, inner),
            (Type::List(item) | Type::Table(item), _) => self.list(loose, item),
            (Type::Map(_, item), Loose::Object { entries, open }) => self.map(entries, *open, item),
            (Type::Named(name), _) => self.named(loose, name),
            (Type::Bool, Loose::String(text)) => match text.trim().to_ascii_lowercase().as_str() {
                "true" => self.as_bool(true),
                "false" => self.as_bool(false),
                _ => Json::from(text.as_str()),
            },
            (Type::Int | Type::Float | Type::Decimal, Loose::Number(digits)) => number(digits, ty),
            (Type::Int | Type::Float | Type::Decimal, Loose::String(text)) => self.number_as_text(text, ty),
            _ => self.plain(loose),
        }
    }

    fn as_bool(&mut self, flag: bool) -> Json {
        self.forgive(Leniency::BoolAsText);
        Json::Bool(flag)
    }

    fn number_as_text(&mut self, text: &str, ty: &Type) -> Json {
        // Some texts are the form itself.
        let in_form = match ty {
            Type::Decimal => parse_scalar(text, ty).is_some(),
            Type::Float => matches!(text, "NaN" | "inf" | "-inf"),
            _ => false,
        };
        match numbers::from_text(text).filter(|_| !in_form) {
            Some(digits) => {
                self.forgive(Leniency::NumberAsText);
                number(&digits, ty)
            }
            None => Json::from(text),
        }
    }

    fn list(&mut self, loose: &Loose, item: &Type) -> Json {
        if let Loose::Array(items) = loose {
            let items = items.iter().enumerate();
            return items
                .map(|(index, loose)| self.inside(format_args!("[{index}]"), |inner| inner.value(loose, item)))
                .collect();
        }
        if !self.is_surely_one(loose, item) {
            return self.plain(loose);
        }
        self.forgive(Leniency::ListOfOne);
        Json::from(vec![self.inside(format_args!("[0]"), |inner| inner.value(loose, item))])
    }

    /// Whether a value that is no list can only be meant as the one item: a text could hold several, `null` none.
    fn is_surely_one(&self, loose: &Loose, item: &Type) -> bool {
        match (item, loose) {
            (Type::Int | Type::Float | Type::Decimal, Loose::Number(_)) | (Type::Bool, Loose::Bool(_)) => true,
            (Type::Date | Type::Time | Type::Timestamp | Type::Duration, Loose::String(text)) => {
                parse_scalar(text, item).is_some()
            }
            (Type::Named(name), _) => match (self.types.get(name), loose) {
                (Some(TypeDef::Record(fields)), Loose::Object { entries, open: false }) => {
                    // An object around the list is no item of it.
                    let is_field = |key: &str| fields.iter().any(|field| plain_key(&field.name) == plain_key(key));
                    entries.iter().any(|(key, _)| is_field(key))
                }
                (Some(TypeDef::Enum(variants)), Loose::String(text)) => spelled(text, variants).is_some(),
                (Some(TypeDef::Refined { base, .. }), _) => self.is_surely_one(loose, base),
                _ => false,
            },
            _ => false,
        }
    }

    fn map(&mut self, entries: &[(String, Loose)], open: bool, item: &Type) -> Json {
        if open {
            self.mismatch("it was cut off, and more entries may have followed");
        }
        self.repeated(entries);
        let adapt = |adapter: &mut Self, key: &str, loose: &Loose| {
            adapter.inside(format_args!("[{:?}]", shown(key)), |inner| inner.value(loose, item))
        };
        let entries = entries.iter().map(|(key, loose)| (key.clone(), adapt(self, key, loose)));
        Json::Object(entries.collect::<Map<_, _>>())
    }

    fn repeated(&mut self, entries: &[(String, Loose)]) {
        let mut seen = HashSet::with_capacity(entries.len());
        for (key, _) in entries {
            if !seen.insert(key.as_str()) {
                self.mismatch(&format!("the key {:?} is there twice", shown(key)));
            }
        }
    }

    fn named(&mut self, loose: &Loose, name: &Name) -> Json {
        let types = self.types;
        match (types.get(name), loose) {
            (Some(TypeDef::Refined { base, .. }), _) => self.value(loose, base),
            (Some(TypeDef::Record(fields)), Loose::Object { entries, open }) => self.record(entries, *open, fields),
            (Some(TypeDef::Enum(variants)), Loose::String(text)) => self.variant(text, variants),
            (Some(TypeDef::Enum(variants)), Loose::Object { entries, open }) => match entries.as_slice() {
                [(key, payload)] => self.payload(key, payload, *open, variants),
                _ => self.plain(loose),
            },
            _ => self.plain(loose),
        }
    }

    fn variant(&mut self, text: &str, variants: &[Variant]) -> Json {
        match spelled(text, variants) {
            Some(variant) => {
                if *variant.name != *text {
                    self.forgive(Leniency::Spelling);
                }
                Json::from(&*variant.name)
            }
            None => Json::from(text),
        }
    }

    fn payload(&mut self, key: &str, payload: &Loose, open: bool, variants: &[Variant]) -> Json {
        let Some(variant) = spelled(key, variants) else {
            let entry = (shown(key), Json::Null);
            return Json::Object(Map::from_iter([entry]));
        };
        if *variant.name != *key {
            self.forgive(Leniency::Spelling);
        }
        let dot = if self.path.is_empty() { "" } else { "." };
        let json = self.inside(format_args!("{dot}{}", variant.name), |inner| match payload {
            Loose::Object { entries, open } => inner.record(entries, *open, &variant.payload),
            Loose::Null if variant.payload.is_empty() => Json::Object(Map::new()),
            other => inner.plain(other),
        });
        // One entry is all that a variant has, so that nothing can be missing where it ends.
        let _ = open;
        Json::Object(Map::from_iter([(variant.name.to_string(), json)]))
    }

    fn record(&mut self, entries: &[(String, Loose)], open: bool, fields: &[Field]) -> Json {
        self.repeated(entries);
        let exact: HashMap<&str, &Loose> = entries.iter().map(|(key, loose)| (key.as_str(), loose)).collect();
        let declared: HashSet<&str> = fields.iter().map(|field| &*field.name).collect();
        let mut others: BTreeMap<String, Vec<(&str, &Loose)>> = BTreeMap::new();
        for (key, loose) in entries.iter().filter(|(key, _)| !declared.contains(key.as_str())) {
            others.entry(plain_key(key)).or_default().push((key, loose));
        }
        let mut object = Map::new();
        for field in fields {
            let dot = if self.path.is_empty() { "" } else { "." };
            let found = match exact.get(&*field.name) {
                Some(loose) => Some((None, *loose)),
                // Two that could be meant are none.
                None => match others.get(&plain_key(&field.name)).map(Vec::as_slice) {
                    Some([(key, loose)]) => Some((Some(*key), *loose)),
                    _ => None,
                },
            };
            if let Some((spelling, loose)) = found {
                let json = self.inside(format_args!("{dot}{}", field.name), |inner| {
                    if spelling.is_some() {
                        inner.forgive(Leniency::KeySpelling);
                    }
                    inner.value(loose, &field.ty)
                });
                if spelling.is_some() {
                    others.remove(&plain_key(&field.name));
                }
                object.insert(field.name.to_string(), json);
            } else if open {
                self.inside(format_args!("{dot}{}", field.name), |inner| inner.mismatch("it was cut off before this"));
            }
        }
        let all_optional = fields.iter().all(|field| matches!(field.ty, Type::Optional(_)));
        if object.is_empty() && !entries.is_empty() && !fields.is_empty() && all_optional {
            self.mismatch("none of its keys is a field of the type");
        }
        for (key, _) in others.into_values().flatten() {
            let (dot, key) = (if self.path.is_empty() { "" } else { "." }, shown(key));
            self.inside(format_args!("{dot}{key}"), |inner| inner.forgive(Leniency::ExtraKey));
            // So that a message can name what was given instead of a field.
            object.entry(key).or_insert(Json::Null);
        }
        Json::Object(object)
    }

    /// The value as it is, of no type.
    fn plain(&mut self, loose: &Loose) -> Json {
        match loose {
            Loose::Null => Json::Null,
            Loose::Bool(flag) => Json::Bool(*flag),
            Loose::Number(digits) => number(digits, &Type::Json),
            Loose::String(text) => Json::from(text.as_str()),
            Loose::Array(items) => items.iter().map(|item| self.plain(item)).collect(),
            Loose::Object { entries, open } => {
                if *open {
                    self.mismatch("it was cut off, and more may have followed");
                }
                self.repeated(entries);
                Json::Object(entries.iter().map(|(key, value)| (key.clone(), self.plain(value))).collect())
            }
        }
    }
}

/// A number for a type; as text where a number of JSON would not be it.
fn number(digits: &str, ty: &Type) -> Json {
    if *ty == Type::Decimal && parse_scalar(digits, ty).is_some() {
        return Json::from(digits);
    }
    let whole = digits.parse::<i64>().map(Number::from).or_else(|_| digits.parse::<u64>().map(Number::from));
    let number = whole.ok().or_else(|| Number::from_f64(digits.parse().ok()?));
    number.map_or_else(|| Json::from(digits), Json::Number)
}

/// The variant of that name, else the only one that differs from it in case, spaces and punctuation alone.
fn spelled<'v>(text: &str, variants: &'v [Variant]) -> Option<&'v Variant> {
    if let Some(exact) = variants.iter().find(|variant| *variant.name == *text) {
        return Some(exact);
    }
    let key = plain_key(text);
    let mut alike = variants.iter().filter(|variant| plain_key(&variant.name) == key);
    let first = alike.next();
    if alike.next().is_none() { first } else { None }
}

/// A name without case, spaces, `_` and `-`: what stays the same in every style.
pub(super) fn plain_key(name: &str) -> String {
    let letters = name.chars().filter(|letter| !matches!(letter, '_' | '-') && !letter.is_whitespace());
    letters.flat_map(char::to_lowercase).collect()
}

fn shown(key: &str) -> String {
    key.chars().filter(|letter| !letter.is_control()).take(MOST_KEY).collect()
}
