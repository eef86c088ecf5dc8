//! Models: whose protocol they speak, what they are called there, what they cost and how often they may be asked.
//!
//! Knows no protocol; calling them is `flow-ai`'s. Tested by the caret cases under `tests/check`.

use super::{
    Declaring,
    clause::{self, milliseconds, number},
    problems::{FloatingAlias, NotAProvider, PriceItems, TemperatureRange},
    settings::{self, Settings},
};
use crate::{
    expr::{Elaborator, Place},
    names::ItemId,
};
use flow_diag::Span;
use flow_expr::{Type, Value};
use flow_plan::{Model, Price, Provider, RateLimit};
use flow_syntax::ast;
use rust_decimal::Decimal;

/// The words that `provider` takes.
const PROVIDERS: &[&str] = &["openai", "anthropic", "ollama", "replay", "scripted"];

const KEYS: &[&str] = &[
    "provider",
    "name",
    "endpoint",
    "url",
    "file",
    "key",
    "price",
    "limit",
    "context",
    "accepts",
    "temperature",
    "max_tokens",
];

pub(super) fn declare(declaring: &mut Declaring<'_>, id: ItemId, decl: &ast::ModelDecl) {
    let item = declaring.env.names.item(id);
    let (name, at, module) = (item.name.clone(), item.at, item.module);
    let mut el = declaring.elaborator(module, Place::Constant);
    let settings = settings::read(&mut el, decl.clauses(), KEYS, "a model");
    let provider = provider(&mut el, &settings, at);
    let called = settings.required_text(&mut el, "name", "a model", at, "name \"gpt-5-mini-2025-08-07\"");
    let key = settings.secret(&mut el, "key");
    let endpoint =
        settings.first_of(&["endpoint", "url"]).and_then(|(key, value, _)| clause::text(&mut el, Some(value), key));
    let (mut price, mut limit) = (None, None);
    for clause in decl.clauses() {
        match clause {
            ast::SettingClause::Price(clause) => price = self::price(&mut el, &clause),
            ast::SettingClause::Limit(clause) => limit = self::limit(&mut el, &clause),
            _ => {}
        }
    }
    let context = number(&mut el, settings.value("context"), "context", 1);
    let max_tokens = number(&mut el, settings.value("max_tokens"), "max_tokens", 1);
    let temperature = temperature(&mut el, &settings);
    let (Some(provider), Some(called)) = (provider, called) else { return };
    let endpoint = endpoint.map(|url| url.trim_end_matches('/').into());
    let called_at = settings.value("name").map_or(at, |name| el.span(name.range()));
    let accepts = settings.accepts;
    let model = Model {
        name: name.clone(),
        provider,
        model: called,
        endpoint,
        key,
        price,
        limit,
        context,
        max_tokens,
        temperature,
        accepts,
        at,
    };
    if model.floats() {
        el.problem(FloatingAlias { at: called_at, alias: &model.model });
    }
    declaring.program.models.insert(name, model);
}

fn provider(el: &mut Elaborator<'_>, settings: &Settings, at: Span) -> Option<Provider> {
    let Some(value) = settings.value("provider") else {
        settings.missing(el, "provider", "a model", at, "provider openai");
        return None;
    };
    let at = el.span(value.range());
    let word = match &value {
        ast::Expr::Name(name) if clause::item_of(el, &value).is_none() => name.name()?.text().to_owned(),
        // A setting decides, so that a profile can.
        _ => clause::text(el, Some(value), "provider")?.to_string(),
    };
    match word.as_str() {
        "openai" => Some(Provider::Openai),
        "anthropic" => Some(Provider::Anthropic),
        "ollama" => Some(Provider::Ollama),
        "scripted" => Some(Provider::Scripted),
        "replay" => {
            let file = settings.required_text(
                el,
                "file",
                "a model that replays",
                at,
                "provider replay file(\"answers.jsonl\")",
            )?;
            Some(Provider::Replay { file })
        }
        _ => {
            el.problem(NotAProvider { at, found: &word, known: PROVIDERS });
            None
        }
    }
}

/// What tokens cost: dollars for so many tokens, as millionths of a dollar for a million.
fn price(el: &mut Elaborator<'_>, clause: &ast::PriceClause) -> Option<Price> {
    let at = el.span(clause.range());
    let per = Decimal::from(clause.per()?.count()?);
    let (mut input, mut output) = (None, None);
    for item in clause.items() {
        let place = match item.kind().as_ref().map(ast::Name::text) {
            Some("input") => &mut input,
            Some("output") => &mut output,
            _ => {
                el.problem(PriceItems { at });
                return None;
            }
        };
        let found = clause::constant(el, item.amount(), &Type::Decimal, "as a price is an amount of money");
        let Some((Value::Decimal(dollars), _)) = found else { return None };
        let micro = dollars.checked_mul(Decimal::from(1_000_000_000_000_u64))?.checked_div(per)?.ceil();
        *place = u64::try_from(micro).ok();
    }
    match (input, output) {
        (Some(input), Some(output)) => Some(Price { input, output }),
        _ => {
            el.problem(PriceItems { at });
            None
        }
    }
}

fn limit(el: &mut Elaborator<'_>, clause: &ast::LimitClause) -> Option<RateLimit> {
    let count = number(el, clause.count(), "limit", 1)?;
    let per_ms = milliseconds(el, clause.per(), "limit … per")?;
    Some(RateLimit { count: u32::try_from(count).unwrap_or(u32::MAX), per_ms })
}

/// How freely a model picks words: 0 to 2.
pub(super) fn temperature(el: &mut Elaborator<'_>, settings: &Settings) -> Option<Decimal> {
    let written = settings.value("temperature")?;
    let (value, at) = clause::constant(el, Some(written), &Type::Decimal, "as a temperature is a number")?;
    let Value::Decimal(temperature) = value else { return None };
    if temperature < Decimal::ZERO || temperature > Decimal::TWO {
        el.problem(TemperatureRange { at });
        return None;
    }
    Some(temperature)
}
