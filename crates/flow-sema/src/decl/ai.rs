//! AI bodies: whom they ask, what they say, and what bounds them.
//!
//! Holes are typed here and delimited as data when they are filled in. What a model says is a draft until a
//! guard has passed it; that, and what bounds a step's asks, is looked at in `flow-analysis`. Tested by the caret cases under `tests/check`.

use super::{
    clause,
    model::temperature,
    problems::{NotAModel, NotSupported, UselessTurns},
    settings::{self, Settings},
};
use crate::{expr::Elaborator, names::ItemId};
use flow_expr::{Name, Part};
use flow_plan::{AiBody, DEFAULT_TURNS};
use flow_syntax::ast;

const KEYS: &[&str] = &["system", "prompt", "max_tokens", "temperature", "tools", "turns", "seed"];

/// The body of an AI step; none where it names no model or says nothing.
pub(super) fn body(el: &mut Elaborator<'_>, body: &ast::AiBody) -> Option<AiBody> {
    let at = el.span(body.range());
    let models: Vec<Name> = body.models().filter_map(|model| self::model(el, &model)).collect();
    let settings = settings::read(el, body.settings(), KEYS, "an AI body");
    let system = text(el, &settings, "system");
    let prompt = text(el, &settings, "prompt");
    if prompt.is_none() {
        settings.missing(el, "prompt", "an AI body", at, "prompt \"…\"");
    }
    let tools = tools(el, &settings);
    let turns = clause::number(el, settings.value("turns"), "turns", 1);
    if let (Some(_), true, Some((_, _, at))) = (turns, tools.is_empty(), settings.first_of(&["turns"])) {
        el.problem(UselessTurns { at });
    }
    let ai = AiBody {
        models,
        system: system.unwrap_or_default(),
        prompt: prompt?,
        max_tokens: clause::number(el, settings.value("max_tokens"), "max_tokens", 1),
        temperature: temperature(el, &settings),
        seed: clause::number(el, settings.value("seed"), "seed", 0),
        tools,
        turns: turns.map_or(DEFAULT_TURNS, |turns| u32::try_from(turns).unwrap_or(u32::MAX)),
    };
    (!ai.models.is_empty()).then_some(ai)
}

/// What is said: text with typed holes.
fn text(el: &mut Elaborator<'_>, settings: &Settings, key: &str) -> Option<Vec<Part>> {
    match settings.value(key)? {
        ast::Expr::String(text) => Some(el.parts(&text)),
        other => {
            let because = crate::problems::mismatch::Because::Place("as a prompt is a text");
            let value = el.check(&other, &flow_expr::Type::String, because);
            Some(vec![Part::Hole(value, None)])
        }
    }
}

fn model(el: &mut Elaborator<'_>, written: &ast::Expr) -> Option<Name> {
    let named = clause::item_of(el, written);
    let is_model = |id: &ItemId| matches!(el.env.names.item(*id).decl, ast::Decl::Model(_));
    if let Some(id) = named.filter(is_model) {
        clause::mention(el, written, id);
        return Some(el.env.names.item(id).name.clone());
    }
    let at = el.span(written.range());
    match clause::path_of(written).and_then(|path| path.last().cloned()) {
        Some(name) => el.unknown_value(name.text(), at, "model"),
        None => el.problem(NotAModel { at }),
    }
    None
}

fn asks_a_person(el: &Elaborator<'_>, id: ItemId) -> bool {
    matches!(&el.env.names.item(id).decl, ast::Decl::Step(step) if matches!(step.body(), Some(ast::Body::Ask(_))))
}

fn tools(el: &mut Elaborator<'_>, settings: &Settings) -> Vec<Name> {
    let Some(ast::Expr::List(written)) = settings.value("tools") else { return vec![] };
    let mut tools = vec![];
    for tool in written.items() {
        let named = clause::item_of(el, &tool);
        match named.filter(|id| matches!(el.env.names.item(*id).decl, ast::Decl::Step(_))) {
            Some(id) => {
                clause::mention(el, &tool, id);
                if asks_a_person(el, id) {
                    let at = el.span(tool.range());
                    let help = "ask the person in the flow, before or after the model is asked";
                    el.problem(NotSupported { at, what: "a tool that asks a person", help });
                    continue;
                }
                tools.push(el.env.names.item(id).name.clone());
            }
            None => {
                let at = el.span(tool.range());
                let text = clause::path_of(&tool).and_then(|path| path.last().cloned());
                el.unknown_value(text.as_ref().map_or("", ast::Name::text), at, "step");
            }
        }
    }
    tools
}
