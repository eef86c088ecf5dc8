//! Where a clause, a statement or a declaration may begin, and words that only go there: durations, classes of errors.

use super::{Completion, CompletionKind, Context};
use crate::{scope::words_of, words::Word};
use flow_expr::Name;
use flow_syntax::{SyntaxKind, SyntaxNode, ast, ast::AstNode};

const DURATIONS: [&str; 8] = ["10s", "30s", "1m", "5m", "30m", "1h", "1d", "7d"];
const UNITS: [&str; 5] = ["ms", "s", "m", "h", "d"];

pub(super) fn offers(context: &Context<'_>) -> Option<Vec<Completion>> {
    if context.duration_clause().is_some() {
        let digits: String = context.prefix.chars().take_while(char::is_ascii_digit).collect();
        let value = |text: String| Completion::new(text, CompletionKind::Value, 0);
        return Some(match digits.as_str() {
            "" => DURATIONS.iter().map(|text| value((*text).to_owned())).collect(),
            digits => UNITS.iter().map(|unit| value(format!("{digits}{unit}"))).collect(),
        });
    }
    if let Some(items) = classes(context) {
        return Some(items);
    }
    let block = block(context)?;
    let words = words_of(&block)?;
    let seen: Vec<String> = block.children().filter_map(|clause| first_word(&clause)).collect();
    // Guards, rules and statements may stand several times; other clauses once.
    let many = [
        "guard", "expect", "let", "write", "do", "require", "if", "match", "for", "check", "given", "header", "query",
        "form", "start", "on", "wait", "budget",
    ];
    let is_top = block.kind() == SyntaxKind::MODULE;
    let bodies = ["sql", "sh", "python", "http", "ai", "ask", "container", "ssh", "outside"];
    let has_body = seen.iter().any(|word| bodies.contains(&word.as_str()));
    let is_left = |word: &&Word| {
        let first = word.word.split(' ').next().unwrap_or_default();
        let is_second_body = has_body && bodies.contains(&first) && block.kind() == SyntaxKind::STEP_BLOCK;
        is_top || many.contains(&first) || !(seen.iter().any(|seen| seen == first) || is_second_body)
    };
    let item = |word: &Word| Completion {
        insert: indented(word.snippet, &context.before),
        is_snippet: true,
        docs: Some(word.docs.to_owned()),
        ..Completion::new(word.word, CompletionKind::Keyword, 3)
    };
    let mut items: Vec<Completion> = words.iter().filter(is_left).map(item).collect();
    // The value of a block begins where a statement could.
    if context.parent().is_some_and(|parent| parent.kind() == SyntaxKind::NAME_EXPR) {
        items.extend(super::names::offers(context));
    }
    Some(items)
}

/// The lines of a snippet as deep as the one that it is put on.
fn indented(snippet: &str, before: &str) -> String {
    let indent: String = before.chars().take_while(|c| c.is_whitespace()).collect();
    snippet.replace('\n', &format!("\n{indent}"))
}

/// The block in which the made-up name stands where a clause would begin.
fn block(context: &Context<'_>) -> Option<SyntaxNode> {
    let parent = context.parent()?;
    let is_block = |node: &SyntaxNode| {
        matches!(
            node.kind(),
            SyntaxKind::MODULE
                | SyntaxKind::STEP_BLOCK
                | SyntaxKind::CLAUSE_BLOCK
                | SyntaxKind::RETRY_BLOCK
                | SyntaxKind::BLOCK
        )
    };
    if is_block(&parent) {
        return Some(parent);
    }
    let begins = parent.children_with_tokens().find(|part| !part.kind().is_trivia());
    let is_first = begins.and_then(|part| part.into_token()).is_some_and(|first| first == context.token);
    let alone = matches!(parent.kind(), SyntaxKind::ERROR | SyntaxKind::SETTING | SyntaxKind::NAME_EXPR);
    parent.parent().filter(|block| is_first && alone && is_block(block))
}

fn first_word(clause: &SyntaxNode) -> Option<String> {
    let first = clause.descendants_with_tokens().find(|part| part.kind() == SyntaxKind::KEYWORD)?;
    Some(first.to_string())
}

/// The classes of errors that the body of the step can raise.
fn classes(context: &Context<'_>) -> Option<Vec<Completion>> {
    context.around(SyntaxKind::ON_CLAUSE)?;
    let step = context.around(SyntaxKind::STEP_DECL).and_then(ast::StepDecl::cast);
    let name = step.and_then(|step| step.name()).map(|name| Name::new(format!("{}.{}", context.module, name.text())));
    let body = name.and_then(|name| context.analysis.compilation.program.steps.get(&name)).map(|step| &step.body);
    let all = [
        "timeout",
        "connection",
        "rate_limited",
        "server_error",
        "client_error",
        "auth",
        "refused",
        "malformed",
        "guard_failed",
        "stale",
        "exit(N)",
    ];
    let raised = body.map_or(&all[..], |body| flow_sema::raised(body));
    let item = |class: &&str| match *class {
        "exit(N)" => Completion {
            insert: "exit($1)".to_owned(),
            is_snippet: true,
            ..Completion::new("exit", CompletionKind::Value, 0)
        },
        class => Completion::new(class, CompletionKind::Value, 0),
    };
    Some(raised.iter().map(item).chain([Completion::new("any", CompletionKind::Value, 1)]).collect())
}
