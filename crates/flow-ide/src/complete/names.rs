//! Names where a value, a type or a declaration of some kind is meant: locals, what the module declares and uses, built-ins,
//! and what other modules have, with the `use` that it needs.

use super::{Completion, CompletionKind, Context, import};
use flow_expr::{Name, Type};
use flow_sema::index::{Definition, DefinitionKind};
use flow_syntax::{
    SyntaxKind, SyntaxNode, SyntaxToken,
    ast::{self, AstNode},
};

/// A declaration with the name that it has here.
pub(crate) struct Visible<'a> {
    pub(crate) name: String,
    pub(crate) definition: &'a Definition,
}

/// What is meant, by the keywords of declarations.
struct Wanted {
    keywords: &'static [&'static str],
    is_value: bool,
    is_type: bool,
}

const PLAIN_TYPES: [&str; 12] =
    ["Bool", "Int", "Float", "Decimal", "String", "Date", "Time", "Timestamp", "Duration", "Bytes", "Json", "Unit"];
const MADE_TYPES: [(&str, &str); 4] =
    [("List", "List<$1>"), ("Map", "Map<${1:String}, $2>"), ("Table", "Table<$1>"), ("File", "File")];
const VALUE_WORDS: [&str; 8] = ["true", "false", "none", "if", "match", "not", "and", "or"];

pub(super) fn offers(context: &Context<'_>) -> Vec<Completion> {
    let Some(parent) = context.parent() else { return vec![] };
    if context.is_in(SyntaxKind::USE_DECL) {
        return import::offers(context);
    }
    let Some(wanted) = wanted(context, &parent) else { return vec![] };
    let mut items = vec![];
    if wanted.is_value {
        values(context, &mut items);
    }
    if wanted.is_type {
        items.extend(PLAIN_TYPES.iter().map(|name| Completion::new(*name, CompletionKind::Keyword, 20)));
        items.extend(MADE_TYPES.iter().map(|(name, insert)| Completion {
            insert: (*insert).to_owned(),
            is_snippet: true,
            ..Completion::new(*name, CompletionKind::Keyword, 20)
        }));
    }
    let visible = visible(context);
    let is_wanted = |definition: &Definition| match definition.kind {
        DefinitionKind::Declaration(keyword) => wanted.keywords.contains(&keyword),
        _ => false,
    };
    items.extend(visible.iter().filter(|found| is_wanted(found.definition)).map(|found| item(context, found)));
    if !context.prefix.is_empty() {
        let known = |definition: &Definition| visible.iter().any(|found| found.definition.name == definition.name);
        items.extend(import::elsewhere(context, |definition| is_wanted(definition) && !known(definition)));
    }
    items
}

fn wanted(context: &Context<'_>, parent: &SyntaxNode) -> Option<Wanted> {
    let only = |keywords| Some(Wanted { keywords, is_value: false, is_type: false });
    match parent.kind() {
        SyntaxKind::NAMED_TYPE => Some(Wanted { keywords: &["type"], is_value: false, is_type: true }),
        SyntaxKind::LABEL_REF => only(&["label"]),
        SyntaxKind::ERROR_CLASS => None,
        SyntaxKind::PATH => match parent.parent()?.kind() {
            SyntaxKind::NAMED_TYPE => Some(Wanted { keywords: &["type"], is_value: false, is_type: true }),
            SyntaxKind::RETRY_CLAUSE => only(&["retry"]),
            SyntaxKind::POOL_CLAUSE => only(&["pool"]),
            SyntaxKind::AI_BODY => only(&["model"]),
            SyntaxKind::SQL_BODY | SyntaxKind::SSH_BODY | SyntaxKind::HTTP_BODY => only(&["connection"]),
            SyntaxKind::AFTER_CLAUSE => only(&["step", "dataset"]),
            SyntaxKind::WHEN_SCHEDULE => only(&["dataset"]),
            SyntaxKind::RUN_EXPR => only(&["flow", "step"]),
            SyntaxKind::LABEL_REF => only(&["label"]),
            _ => None,
        },
        SyntaxKind::NAME_EXPR | SyntaxKind::HOLE => {
            let grand = parent.parent().map(|grand| grand.kind());
            if grand == Some(SyntaxKind::WRITE_STMT) && !context.before.contains('=') {
                return only(&["dataset"]);
            }
            if grand == Some(SyntaxKind::AI_BODY) {
                return only(&["model"]);
            }
            let in_graph = context.is_in(SyntaxKind::FLOW_DECL) || context.is_in(SyntaxKind::TEST_DECL);
            let keywords: &'static [&'static str] = if in_graph {
                &["const", "var", "fn", "guard", "step", "flow", "dataset", "type"]
            } else {
                &["const", "var", "fn", "guard", "type", "secret"]
            };
            Some(Wanted { keywords, is_value: true, is_type: false })
        }
        SyntaxKind::VARIANT_PATTERN | SyntaxKind::BINDING_PATTERN => {
            Some(Wanted { keywords: &[], is_value: false, is_type: false })
        }
        _ => None,
    }
}

/// Locals, named arguments, built-in functions, variants, words.
fn values(context: &Context<'_>, items: &mut Vec<Completion>) {
    for (name, ty) in locals(context) {
        let item = Completion::new(name, CompletionKind::Local, 1);
        items.push(match ty {
            Some(ty) => item.detail(ty.to_string()),
            None => item,
        });
    }
    if [SyntaxKind::GUARD_CLAUSE, SyntaxKind::CHECK_EXPR, SyntaxKind::EXPECT_CLAUSE]
        .into_iter()
        .any(|kind| context.is_in(kind))
    {
        items.push(Completion::new("it", CompletionKind::Local, 1));
        let fields = context.type_of_it().and_then(|ty| context.fields(&ty));
        if context.is_in(SyntaxKind::EXPECT_CLAUSE) {
            items.extend(
                fields
                    .into_iter()
                    .flatten()
                    .map(|field| Completion::new(&*field.name, CompletionKind::Field, 2).detail(field.ty.to_string())),
            );
        }
    }
    items.extend(arguments(context));
    items.extend(VALUE_WORDS.iter().map(|word| Completion::new(*word, CompletionKind::Keyword, 40)));
    let mut builtins: Vec<_> = flow_expr::builtins::builtins().collect();
    builtins.dedup_by_key(|builtin| builtin.name);
    items.extend(builtins.into_iter().map(|builtin| Completion {
        insert: format!("{}($1)", builtin.name),
        is_snippet: true,
        docs: Some(builtin.docs.to_owned()),
        ..Completion::new(builtin.name, CompletionKind::Declaration("fn"), 30).detail(builtin.declaration())
    }));
    let variants = context
        .analysis
        .compilation
        .index
        .definitions
        .iter()
        .filter(|definition| definition.kind == DefinitionKind::Variant && definition.at.file == context.file);
    items.extend(variants.map(|variant| Completion::new(variant.name.short(), CompletionKind::Variant, 10)));
}

/// The names of the parameters or fields that the call around the place takes, but for those that are given.
fn arguments(context: &Context<'_>) -> Vec<Completion> {
    let Some(list) = context.around(SyntaxKind::ARG_LIST) else { return vec![] };
    let is_own =
        context.parent().and_then(|name| name.parent()).is_some_and(|arg| arg.parent().as_ref() == Some(&list));
    let Some(call) = list.parent().and_then(ast::CallExpr::cast).filter(|_| is_own) else { return vec![] };
    let Some(ast::Expr::Name(callee)) = call.callee() else { return vec![] };
    let Some(name) = callee.name() else { return vec![] };
    let given: Vec<String> = call.args().filter_map(|arg| arg.name().map(|name| name.text().to_owned())).collect();
    let Some(found) = visible(context).into_iter().find(|found| found.name == name.text()) else { return vec![] };
    let program = &context.analysis.compilation.program;
    let name = &found.definition.name;
    let params: Vec<(String, String)> = if let Some(step) = program.steps.get(name) {
        step.params.iter().map(|param| (param.name.to_string(), param.ty.to_string())).collect()
    } else if let Some(flow) = program.flows.get(name) {
        flow.params.iter().map(|param| (param.name.to_string(), param.ty.to_string())).collect()
    } else {
        let fields = context.fields(&Type::Named(name.clone())).unwrap_or_default();
        fields.iter().map(|field| (field.name.to_string(), field.ty.to_string())).collect()
    };
    let left = params.into_iter().filter(|(name, _)| !given.contains(name));
    let item = |(name, ty): (String, String)| Completion {
        insert: format!("{name}: "),
        ..Completion::new(format!("{name}:"), CompletionKind::Field, 0).detail(ty)
    };
    left.map(item).collect()
}

fn item(context: &Context<'_>, found: &Visible<'_>) -> Completion {
    let DefinitionKind::Declaration(keyword) = found.definition.kind else {
        return Completion::new(found.name.clone(), CompletionKind::Local, 5);
    };
    let item = Completion::new(found.name.clone(), CompletionKind::Declaration(keyword), 5);
    called(context, item, found.definition, keyword)
}

/// With parentheses, and the cursor between them, where it is called.
pub(super) fn called(context: &Context<'_>, mut item: Completion, of: &Definition, keyword: &str) -> Completion {
    item.declaration = Some(of.name.clone());
    let is_value = context.parent().is_some_and(|parent| parent.kind() == SyntaxKind::NAME_EXPR);
    let has_arguments = context.token.next_token().is_some_and(|next| next.kind() == SyntaxKind::L_PAREN);
    let is_called = matches!(keyword, "fn" | "guard" | "step") || keyword == "type" && is_record(context, &of.name);
    if is_called && is_value && !has_arguments {
        item.insert = format!("{}($1)", item.label);
        item.is_snippet = true;
    }
    item
}

fn is_record(context: &Context<'_>, name: &Name) -> bool {
    context.fields(&Type::Named(name.clone())).is_some()
}

/// The names bound around the place, the innermost first, with their types where they are known.
pub(super) fn locals(context: &Context<'_>) -> Vec<(String, Option<Type>)> {
    let before = context.start();
    let mut found: Vec<SyntaxToken> = vec![];
    for node in context.token.parent_ancestors() {
        let is_before = |child: &SyntaxNode| child.text_range().end() <= before;
        match node.kind() {
            SyntaxKind::BLOCK => {
                let lets = node.children().filter(|child| child.kind() == SyntaxKind::LET_STMT && is_before(child));
                found.extend(lets.filter_map(|child| ident(&child)));
            }
            SyntaxKind::FN_DECL | SyntaxKind::STEP_DECL | SyntaxKind::FLOW_DECL | SyntaxKind::GUARD_DECL => {
                let lists = node.children().filter(|child| child.kind() == SyntaxKind::PARAM_LIST);
                found.extend(lists.flat_map(|list| list.children()).filter_map(|param| ident(&param)));
            }
            SyntaxKind::LAMBDA_EXPR => {
                let lists = node.children().filter(|child| child.kind() == SyntaxKind::LAMBDA_PARAM_LIST);
                found.extend(ident(&node).into_iter().chain(lists.flat_map(|list| idents(&list))));
            }
            SyntaxKind::FOR_EXPR => found.extend(ident(&node)),
            SyntaxKind::MATCH_ARM => {
                let bound = [SyntaxKind::BINDING_PATTERN, SyntaxKind::PATTERN_FIELD];
                let patterns = node.descendants().filter(|child| bound.contains(&child.kind()) && is_before(child));
                found.extend(patterns.filter_map(|pattern| idents(&pattern).last().cloned()));
            }
            _ => {}
        }
    }
    let typed = |token: SyntaxToken| {
        let ty = context.local_at(&token).and_then(|definition| definition.ty.clone());
        (token.text().trim_matches('`').to_owned(), ty)
    };
    found.into_iter().map(typed).collect()
}

fn idents(node: &SyntaxNode) -> Vec<SyntaxToken> {
    let tokens = node.children_with_tokens().filter_map(flow_syntax::NodeOrToken::into_token);
    tokens.filter(|token| token.kind() == SyntaxKind::IDENT).collect()
}

fn ident(node: &SyntaxNode) -> Option<SyntaxToken> {
    idents(node).into_iter().next()
}

/// The declarations that have a name here: the module's own, and those of its `use`s.
pub(crate) fn visible<'a>(context: &Context<'a>) -> Vec<Visible<'a>> {
    let definitions = &context.analysis.compilation.index.definitions;
    let is_declared = |definition: &&Definition| matches!(definition.kind, DefinitionKind::Declaration(_));
    let own = definitions.iter().filter(|definition| definition.at.file == context.file).filter(is_declared);
    let mut found: Vec<Visible<'a>> =
        own.map(|definition| Visible { name: definition.name.short().to_owned(), definition }).collect();
    for (name, full) in import::used(&context.parse) {
        if let Some(definition) = context.analysis.declaration(&full) {
            found.push(Visible { name, definition });
        }
    }
    found
}
