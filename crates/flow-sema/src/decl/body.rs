//! Bodies of steps: what runs, with the text as the runtime takes it.
//!
//! SQL is typed elsewhere (`flow-analysis`), where there is a planner. Bodies that this version cannot run
//! are checked as far as their expressions go.

use super::{
    QueryText, ai,
    code::{
        Mention, python, shell, sql,
        sql_changes::{Does, does},
    },
    http,
    problems::{CodeFileProblem, NotSet, UnusableResult},
};
use crate::{
    expr::Elaborator,
    problems::{mismatch::Because, nearest},
};
use flow_diag::Span;
use flow_expr::{Name, Type};
use flow_plan::{APPROVAL, Body, DEFAULT_WAIT_MS, Effect, Param};
use flow_syntax::{SyntaxKind, SyntaxNode, ast};
use std::{collections::HashSet, sync::Arc};

/// A body with what follows from it.
pub(super) struct Declared {
    pub(super) body: Body,
    /// The effect if none is written.
    pub(super) effect: Effect,
    /// The timeout if none is written.
    pub(super) timeout_ms: u64,
    /// Names that the text mentions.
    pub(super) mentions: HashSet<String>,
    /// The query, if it is one.
    pub(super) query: Option<QueryText>,
    /// The word of a query by which it surely changes something, and its place.
    pub(super) changes: Option<(String, Span)>,
}

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// What stands in quotes or in a file beside the module.
struct CodeText {
    text: Arc<str>,
    file: Option<Arc<str>>,
    map: Option<ast::TextMap>,
    at: Span,
}

/// The body of a step; none where it is too broken, which has been reported.
pub(super) fn body(
    el: &mut Elaborator<'_>,
    read_file: super::ReadFile<'_>,
    body: &ast::Body,
    step: &Name,
    params: &[Param],
    returns: (&Type, Span),
) -> Option<Declared> {
    let declared = match body {
        ast::Body::Sql(body) => sql_body(el, read_file, body, step, params),
        ast::Body::Sh(body) => {
            let code = code(el, read_file, body.code()?)?;
            Some(shell_body(el, code, params))
        }
        ast::Body::Python(body) => {
            let code = code(el, read_file, body.code()?)?;
            mention_params(el, &code, python::words(&code.text), params);
            let mentioned = |name: &str| python::mentions(&code.text, name);
            let mentions = params.iter().filter(|param| mentioned(&param.name) || mentioned(&parquet(param)));
            let mentions = mentions.map(|param| param.name.to_string()).collect();
            let body = Body::Python { source: code.text, file: code.file };
            Some(Declared {
                body,
                effect: Effect::Write,
                timeout_ms: 10 * MINUTE,
                mentions,
                query: None,
                changes: None,
            })
        }
        ast::Body::Http(body) => http::body(el, body),
        ast::Body::Ai(body) => ai::body(el, body, returns.0).map(|body| Declared {
            body: Body::Ai(Box::new(body)),
            effect: Effect::Read,
            timeout_ms: MINUTE,
            mentions: HashSet::new(),
            query: None,
            changes: None,
        }),
        ast::Body::Ask(ask) => ask_body(el, ask, params),
        other => Some(other_body(el, other, params)),
    }?;
    let usable = check_returns(el, &declared.body, returns);
    Some(Declared { query: declared.query.filter(|_| usable), ..declared })
}

fn sql_body(
    el: &mut Elaborator<'_>,
    read_file: super::ReadFile<'_>,
    body: &ast::SqlBody,
    step: &Name,
    params: &[Param],
) -> Option<Declared> {
    let connection = match body.connection() {
        Some(path) => {
            let id = super::clause::named(el, &path, &["connection"], "connection", "a connection")?;
            Some(el.env.names.item(id).name.clone())
        }
        None => None,
    };
    let code = code(el, read_file, body.code()?)?;
    let names = sql::names(&code.text);
    // In process, a query that changes something is refused.
    let does = if connection.is_some() { does(&code.text) } else { Does::Reads };
    let effect = if does == Does::Reads { Effect::Read } else { Effect::Write };
    let changes = match does {
        Does::Changes(word) => Some((word.name.to_lowercase(), place(&code, word.start, word.end()))),
        Does::Reads | Does::Unknown => None,
    };
    let mentioned = names.parameters.iter().chain(&names.words).map(|mention| mention.name.to_lowercase());
    let mentions = meant(mentioned, params);
    mention_params(el, &code, names.parameters.iter().chain(&names.words).copied(), params);
    let query = QueryText { step: step.clone(), at: code.at, map: code.map };
    let body = Body::Sql { text: code.text, connection };
    Some(Declared { body, effect, timeout_ms: 5 * MINUTE, mentions, query: Some(query), changes })
}

/// The names that a text mentions, with the parameters that misspelt ones mean: a slip is reported as a
/// name that is not known, and not as a parameter that is not used too.
fn meant(mentioned: impl Iterator<Item = String>, params: &[Param]) -> HashSet<String> {
    let mut names: HashSet<String> = mentioned.collect();
    let is_param = |name: &str| params.iter().any(|param| &*param.name == name);
    let near = |name: &String| nearest(name, params.iter().map(|param| &*param.name)).map(str::to_owned);
    let misspelt: Vec<String> = names.iter().filter(|name| !is_param(name)).filter_map(near).collect();
    names.extend(misspelt);
    names
}

/// Tells the index where code mentions parameters, for editors; not of code in a file of its own.
fn mention_params<'t>(
    el: &mut Elaborator<'_>,
    code: &CodeText,
    found: impl Iterator<Item = Mention<'t>>,
    params: &[Param],
) {
    if code.map.is_none() || !el.output.index.is_for_editor() {
        return;
    }
    for mention in found {
        // `x.orders` is a column of `x`.
        let is_member = code.text[..mention.start].ends_with('.');
        let is_meant = |param: &&Param| {
            let name = mention.name.strip_suffix("_parquet").unwrap_or(mention.name);
            [mention.name, name].iter().any(|name| name.eq_ignore_ascii_case(&param.name))
        };
        let Some(param) = params.iter().find(is_meant).filter(|_| !is_member) else { continue };
        if let Some(definition) = el.locals.find_unused(&param.name).map(|local| local.definition) {
            el.output.index.mention(place(code, mention.start, mention.start + param.name.len()), definition);
        }
    }
}

/// The variable that holds a table's path as Parquet.
fn parquet(param: &Param) -> String {
    format!("{}_parquet", param.name)
}

/// Whether the runtime sets the variable to a path: of the result, or of a table as Parquet.
fn is_path(name: &str, params: &[Param]) -> bool {
    ["out", "out_parquet", "out_jsonl"].contains(&name) || params.iter().any(|param| parquet(param) == name)
}

fn shell_body(el: &mut Elaborator<'_>, code: CodeText, params: &[Param]) -> Declared {
    let names = shell::names(&code.text);
    let mut reported = HashSet::new();
    for mention in &names.used {
        let is_param = params.iter().any(|param| &*param.name == mention.name);
        let is_environment = !mention.name.chars().any(char::is_lowercase);
        let known = is_param || is_environment || is_path(mention.name, params) || names.sets(mention.name);
        if !known && reported.insert(mention.name) {
            let at = place(&code, mention.start, mention.end());
            el.problem(NotSet { name: mention.name, at, params: params.iter().map(|param| &*param.name).collect() });
        }
    }
    let used = names.used.iter().map(|mention| mention.name).chain(names.counted.iter().copied());
    let mut mentions = meant(used.map(str::to_owned), params);
    let as_parquet = |param: &&Param| names.used.iter().any(|mention| mention.name == parquet(param));
    mentions.extend(params.iter().filter(as_parquet).map(|param| param.name.to_string()));
    mention_params(el, &code, names.used.iter().copied(), params);
    let body = Body::Shell { script: code.text };
    Declared { body, effect: Effect::Write, timeout_ms: 10 * MINUTE, mentions, query: None, changes: None }
}

/// A question to a person, who sees all arguments whether or not the question mentions them.
fn ask_body(el: &mut Elaborator<'_>, ask: &ast::AskBody, params: &[Param]) -> Option<Declared> {
    let mut text = |written: ast::Expr| el.check(&written, &Type::String, Because::Place("as `ask` takes texts"));
    let (who, message) = (ask.who().map(&mut text), ask.message().map(&mut text));
    let mentions = params.iter().map(|param| param.name.to_string()).collect();
    let body = Body::Ask { who: who?, message: message? };
    Some(Declared { body, effect: Effect::Read, timeout_ms: DEFAULT_WAIT_MS, mentions, query: None, changes: None })
}

/// Bodies that are checked and not run.
fn other_body(el: &mut Elaborator<'_>, body: &ast::Body, params: &[Param]) -> Declared {
    let everything = || params.iter().map(|param| param.name.to_string()).collect();
    let (keyword, effect, timeout_ms, mentions): (&str, _, _, HashSet<String>) = match body {
        ast::Body::Container(_) => ("container", Effect::Write, 30 * MINUTE, everything()),
        ast::Body::Ssh(ssh) => {
            if let Some(path) = ssh.connection() {
                super::clause::named(el, &path, &["connection"], "connection", "a connection");
            }
            ("ssh", Effect::Write, 10 * MINUTE, everything())
        }
        _ => ("outside", Effect::None, 24 * HOUR, everything()),
    };
    Declared { body: Body::Other { keyword: keyword.into() }, effect, timeout_ms, mentions, query: None, changes: None }
}

/// The text of a body's code.
fn code(el: &mut Elaborator<'_>, read_file: super::ReadFile<'_>, code: ast::Code) -> Option<CodeText> {
    match code {
        ast::Code::Inline(text) => {
            let at = el.span(text.range());
            let (text, map) = text.plain()?;
            Some(CodeText { text: text.into(), file: None, map: Some(map), at })
        }
        ast::Code::File(file) => {
            let path = file.path()?;
            let at = el.span(path.range());
            let path = path.plain_text()?;
            match read_file(el.file, &path) {
                Ok((file, text)) => Some(CodeText { text, file: Some(file), map: None, at }),
                Err(why) => {
                    el.problem(CodeFileProblem { at, path: &path, why: &why });
                    None
                }
            }
        }
    }
}

/// The place of a stretch of code.
fn place(code: &CodeText, start: usize, end: usize) -> Span {
    let Some(map) = &code.map else { return code.at };
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let range = map.range_to_source(offset(start), offset(end));
    Span::new(code.at.file, range.start().into(), range.end().into())
}

/// Whether a body of the kind can give the result; reported where not.
fn check_returns(el: &mut Elaborator<'_>, body: &Body, (returns, at): (&Type, Span)) -> bool {
    let base = el.env.base(returns.required()).clone();
    let usable = match (body, &base) {
        (Body::Other { .. }, _) | (_, Type::Unknown) => true,
        (_, Type::Secret | Type::Function(..)) => false,
        (Body::Ask { .. }, ty) => is_answer(el, ty),
        (Body::Sql { .. }, Type::File) => false,
        (Body::Sql { connection, .. }, Type::Unit) => connection.is_some(),
        _ => true,
    };
    if !usable {
        el.problem(UnusableResult { at, ty: returns, kind: body.keyword() });
    }
    usable
}

/// Whether a person can answer with a value of the type: yes, or one of a few words.
fn is_answer(el: &Elaborator<'_>, ty: &Type) -> bool {
    if matches!(ty, Type::Named(name) if name.as_str() == APPROVAL) {
        return true;
    }
    el.env.variants_of(ty).is_some_and(|(_, variants)| variants.iter().all(|variant| variant.payload.is_empty()))
}

/// Just behind the opening brace of a declaration.
pub(super) fn inside(el: &Elaborator<'_>, node: &SyntaxNode) -> Option<Span> {
    let brace = node.descendants_with_tokens().find(|element| element.kind() == SyntaxKind::L_BRACE)?;
    let end = u32::from(brace.text_range().end());
    Some(Span::new(el.file, end, end))
}
