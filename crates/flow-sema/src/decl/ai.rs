//! AI bodies: whom they ask, what they say, and what bounds them.
//!
//! Holes are typed here and delimited as data when they are filled in. What a model says is a draft until a
//! guard has passed it; that, and what bounds a step's asks, is looked at in `flow-analysis`. Tested by the caret cases under `tests/check`.

use super::{
    clause,
    model::temperature,
    problems::{NotAModel, NotSupported, SamplesCannotAgree, UselessTurns},
    settings::{self, Settings},
};
use crate::{
    expr::{Elaborator, It},
    names::ItemId,
    source::one_line,
};
use flow_expr::{Name, Part, Type, VarId};
use flow_plan::{AiBody, DEFAULT_TURNS, Samples};
use flow_syntax::ast;

const KEYS: &[&str] =
    &["system", "prompt", "max_tokens", "temperature", "tools", "turns", "seed", "samples", "agree", "agree_on"];

/// Answers that can be asked for to one question.
const MOST_SAMPLES: u64 = 100;

/// The body of an AI step; none where it names no model or says nothing.
pub(super) fn body(el: &mut Elaborator<'_>, body: &ast::AiBody, returns: &Type) -> Option<AiBody> {
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
    let samples = samples(el, &settings, returns, !tools.is_empty());
    let ai = AiBody {
        models,
        system: system.unwrap_or_default(),
        prompt: prompt?,
        max_tokens: clause::number(el, settings.value("max_tokens"), "max_tokens", 1),
        temperature: temperature(el, &settings),
        seed: clause::number(el, settings.value("seed"), "seed", 0),
        tools,
        turns: turns.map_or(DEFAULT_TURNS, |turns| u32::try_from(turns).unwrap_or(u32::MAX)),
        samples: samples.map(Box::new),
    };
    (!ai.models.is_empty()).then_some(ai)
}

/// `samples 3, agree 2, agree_on it.kind`: several answers, of which some must agree; more than half where nothing says
/// how many.
fn samples(el: &mut Elaborator<'_>, settings: &Settings, returns: &Type, has_tools: bool) -> Option<Samples> {
    let Some((_, written, at)) = settings.first_of(&["samples"]) else {
        if let Some((_, _, at)) = settings.first_of(&["agree", "agree_on"]) {
            el.problem(SamplesCannotAgree { at, samples: None, agree: 0 });
        }
        return None;
    };
    if has_tools {
        let help = "let a step without tools be asked for several answers, and give it what the tools have found";
        el.problem(NotSupported { at, what: "`samples` together with `tools`", help });
    }
    let most = clause::number(el, Some(written), "samples", 1)?;
    let agree = match settings.value("agree") {
        Some(written) => clause::number(el, Some(written), "agree", 1)?,
        None => most / 2 + 1,
    };
    if most > MOST_SAMPLES || agree < 2 || agree > most {
        el.problem(SamplesCannotAgree { at, samples: Some(most), agree });
        return None;
    }
    let on = settings.value("agree_on").map(|written| {
        let outer = el.locals.set_it(Some(It { ty: returns.clone(), var: VarId::IT, bare_fields: false }));
        let (on, _) = el.infer(&written);
        el.locals.set_it(outer);
        (on, one_line(written.syntax()))
    });
    let (on, text) = on.map_or((None, "".into()), |(on, text)| (Some(on), text));
    Some(Samples { most: u32::try_from(most).ok()?, agree: u32::try_from(agree).ok()?, on, text })
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
