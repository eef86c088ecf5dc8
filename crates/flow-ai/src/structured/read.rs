//! The value of a type that a model's text holds, or everything that is wrong with it in one failure.

use super::{
    adapt::{Adapter, plain_key},
    find::{self, Found},
    is_text,
    leniency::{Forgiven, Leniency},
    loose::{Loose, Parsed},
};
use crate::{Answer, Stop, failures::snippet};
use flow_diag::codes;
use flow_expr::{Context, Type, TypeDef, TypeTable, Value, codec};
use flow_plan::{ErrorClass, Failure};
use serde_json::Value as Json;

/// What the answer stands in where a schema must be an object.
pub(super) const WRAPPER: &str = "result";

/// Reads an answer. `name` is the root of the paths in messages: a step's name.
///
/// A result of type `String` is the text as it is. Anything else is the one value in the text that fits the type.
///
/// # Errors
/// Of class `malformed`: R0821 if the text holds no such value, or several that differ; R0820 with every place where what
/// it holds does not fit, up to twenty.
pub fn read(text: &str, ty: &Type, name: &str, context: &Context<'_>) -> Result<(Value, Vec<Leniency>), Failure> {
    if is_text(ty, context.types) {
        let value = codec::decode(&Json::from(text), ty, name, context);
        return value.map(|value| (value, vec![])).map_err(|errors| misfit(ty, &errors, vec![]));
    }
    let Some((answer, thought)) = find::after_thinking(text) else {
        return Err(nothing("the answer was cut off while the model was thinking aloud", text));
    };
    let Found { values, broken } = find::find(answer);
    if let Some(broken) = broken {
        let line = answer[..broken.at.min(answer.len())].matches('\n').count() + 1;
        let message = format!("the answer's JSON is damaged: in line {line}, {}", broken.why);
        return Err(nothing(&message, &answer[floor(answer, broken.at.saturating_sub(100))..]));
    }
    let reader = Reader { ty, name, context };
    if values.is_empty() {
        let Some(bare) = find::bare(answer, *ty.required() != Type::Json).filter(|_| is_scalar(ty, context.types))
        else {
            return Err(nothing("the answer holds no JSON", answer));
        };
        let (value, mut forgiven) = reader.fit(bare)?;
        if thought {
            forgiven.once(Leniency::Thinking);
        }
        return Ok((value, forgiven.into_list()));
    }
    let (value, mut forgiven) = reader.only(answer, values)?;
    if thought {
        forgiven.once(Leniency::Thinking);
    }
    Ok((value, forgiven.into_list()))
}

/// Reads what a model answered: as [`read`], but a refusal is one, and a text that was cut off is none.
///
/// # Errors
/// As [`read`]; R0808 for a refusal; R0821 for a text that ran out of `max_tokens`, which nobody could tell from a whole
/// one.
pub fn read_answer(
    answer: &Answer,
    ty: &Type,
    name: &str,
    context: &Context<'_>,
) -> Result<(Value, Vec<Leniency>), Failure> {
    if let Some(refusal) = answer.refusal() {
        return Err(refusal);
    }
    if answer.stop != Stop::Length {
        return read(&answer.text, ty, name, context);
    }
    let cut = format!("the answer ran out of tokens after {}", answer.usage.output_tokens);
    if is_text(ty, context.types) {
        return Err(nothing(&format!("{cut}, and its end is missing"), &answer.text));
    }
    read(&answer.text, ty, name, context).map_err(|failure| failure.detail(cut))
}

struct Reader<'a> {
    ty: &'a Type,
    name: &'a str,
    context: &'a Context<'a>,
}

impl Reader<'_> {
    /// The only value that fits.
    fn only(&self, text: &str, values: Vec<(usize, Parsed)>) -> Result<(Value, Forgiven), Failure> {
        let mut fits: Option<(Value, Forgiven)> = None;
        let mut misfit: Option<(usize, Failure)> = None;
        for (start, parsed) in values {
            let end = parsed.end;
            match self.fit(parsed) {
                Ok((value, mut forgiven)) => match &fits {
                    Some((known, _)) if *known != value => {
                        return Err(nothing("the answer holds several different values that fit", text));
                    }
                    Some(_) => {}
                    None => {
                        find::around(text, start, end).into_iter().for_each(|leniency| forgiven.once(leniency));
                        fits = Some((value, forgiven));
                    }
                },
                // The longest is the one that was meant.
                Err(failure) if misfit.as_ref().is_none_or(|(length, _)| *length < end - start) => {
                    misfit = Some((end - start, failure));
                }
                Err(_) => {}
            }
        }
        match (fits, misfit) {
            (Some(fits), _) => Ok(fits),
            (None, Some((_, failure))) => Err(failure),
            (None, None) => Err(nothing("the answer holds no JSON", text)),
        }
    }

    fn fit(&self, parsed: Parsed) -> Result<(Value, Forgiven), Failure> {
        let Parsed { value, forgiven, .. } = parsed;
        match self.unwrapped(&value) {
            Some((inner, key)) => {
                let Some(key) = key else {
                    // A map or JSON may well have that key itself.
                    let outside = |failure| self.decode(&value, forgiven.clone()).map_err(|_| failure);
                    return self.decode(inner, forgiven.clone()).or_else(outside);
                };
                let mut inside = forgiven;
                inside.once(Leniency::Wrapped(key));
                self.decode(inner, inside)
            }
            None => self.decode(&value, forgiven),
        }
    }

    /// The answer inside an object of one key, with the key if it is not the one that the schema asks for.
    fn unwrapped<'l>(&self, loose: &'l Loose) -> Option<(&'l Loose, Option<String>)> {
        let Loose::Object { entries, open } = loose else { return None };
        let [(key, inner)] = entries.as_slice() else { return None };
        let leniency = || Some(key.chars().take(60).collect());
        if let Some(fields) = self.context.types.record(self.ty) {
            let is_field = fields.iter().any(|field| plain_key(&field.name) == plain_key(key));
            let is_object = matches!(inner, Loose::Object { .. });
            return (is_object && !is_field && !fields.is_empty()).then(|| (inner, leniency()));
        }
        if key == WRAPPER {
            return Some((inner, None));
        }
        let is_list = matches!(self.ty.required(), Type::List(_) | Type::Table(_));
        (is_list && !open && matches!(inner, Loose::Array(_))).then(|| (inner, leniency()))
    }

    fn decode(&self, loose: &Loose, mut forgiven: Forgiven) -> Result<(Value, Forgiven), Failure> {
        let mut adapter = Adapter::new(self.context.types, self.name);
        let json = adapter.value(loose, self.ty);
        match codec::decode(&json, self.ty, self.name, self.context) {
            Ok(value) if adapter.mismatches.is_empty() => {
                adapter.forgiven.into_list().into_iter().for_each(|leniency| forgiven.add(|| leniency));
                Ok((value, forgiven))
            }
            Ok(_) => Err(misfit(self.ty, &codec::BorderErrors::default(), adapter.mismatches)),
            Err(errors) => Err(misfit(self.ty, &errors, adapter.mismatches)),
        }
    }
}

/// A type whose values have no brackets.
fn is_scalar(ty: &Type, types: &TypeTable) -> bool {
    match ty {
        Type::List(_) | Type::Map(..) | Type::Table(_) => false,
        Type::Optional(inner) => is_scalar(inner, types),
        Type::Named(name) => match types.get(name) {
            Some(TypeDef::Refined { base, .. }) => is_scalar(base, types),
            Some(TypeDef::Enum(_)) => true,
            _ => false,
        },
        _ => true,
    }
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn nothing(message: &str, text: &str) -> Failure {
    let failure = Failure::new(ErrorClass::Malformed, codes::R0821.as_str(), message);
    let begin: String = text.chars().take(300).collect();
    let said = snippet(&begin);
    if said.is_empty() { failure } else { failure.detail(format!("it says: {said}")) }
}

fn misfit(ty: &Type, errors: &codec::BorderErrors, mismatches: Vec<String>) -> Failure {
    let total = errors.total + mismatches.len() as u64;
    let message = match total {
        1 => format!("the answer does not fit `{ty}`"),
        total => format!("the answer does not fit `{ty}` in {total} places"),
    };
    let mut failure = Failure::new(ErrorClass::Malformed, codes::R0820.as_str(), message);
    failure.details =
        errors.errors.iter().map(ToString::to_string).chain(mismatches).take(codec::ERROR_LIMIT).collect();
    match total - failure.details.len() as u64 {
        0 => failure,
        more => failure.detail(format!("and {more} more")),
    }
}
