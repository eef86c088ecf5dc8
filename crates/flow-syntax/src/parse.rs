//! The result of parsing: a tree that can be shared between threads, and what was wrong.

use crate::ast::{AstNode, Expr, Module};
use crate::kind::{SyntaxKind, SyntaxNode};
use crate::lexer::lex;
use crate::parser::Goal;
use crate::problem::{SyntaxProblem, What};
use crate::tree::TreeBuilder;
use crate::{echo, kind, parser, text};
use flow_diag::{FileId, Problems, Span};
use rowan::{GreenNode, TextRange};

/// A parsed file. `Send`, `Sync` and cheap to clone; the trees that it hands out are neither.
#[derive(Clone, Debug)]
pub struct Parse {
    pub(crate) file: FileId,
    pub(crate) green: GreenNode,
    /// What was wrong with the text, in the order of its places.
    pub problems: Problems,
}

impl Parse {
    /// The file that the text came from.
    #[must_use]
    pub fn file(&self) -> FileId {
        self.file
    }

    /// The tree. Its text is exactly the text that was parsed.
    #[must_use]
    pub fn tree(&self) -> SyntaxNode {
        SyntaxNode::new_root(self.green.clone())
    }

    /// The tree without places and parents.
    #[must_use]
    pub fn green(&self) -> &kind::GreenNode {
        &self.green
    }

    /// The tree as the program's declarations.
    ///
    /// # Panics
    /// Never: the parser makes a module of every text.
    #[must_use]
    pub fn root(&self) -> Module {
        Module::cast(self.tree()).expect("the root of every tree is a module")
    }

    /// The expression that the text is, where it was parsed as one.
    #[must_use]
    pub fn expression(&self) -> Option<Expr> {
        self.tree().children().find_map(Expr::cast)
    }

    /// A range of the tree as a span of this file.
    #[must_use]
    pub fn span(&self, range: TextRange) -> Span {
        Span::new(self.file, range.start().into(), range.end().into())
    }
}

/// The bytes that a file may have.
pub const MAX_BYTES: usize = 64 << 20;
/// The tokens, blanks included, that a file may have.
pub const MAX_TOKENS: usize = 4_000_000;
/// More reports about one file help nobody.
const MAX_PROBLEMS: usize = 500;

/// Parses a text. Total: whatever the text is, the tree holds all of it.
#[must_use]
pub fn parse(file: FileId, text: &str) -> Parse {
    parse_as(file, text, Goal::Module)
}

/// Parses one expression that stands in no program; [`Parse::expression`] is it.
#[must_use]
pub fn parse_expression(file: FileId, text: &str) -> Parse {
    parse_as(file, text, Goal::Expression)
}

/// Whether a text only needs more text behind it: something is open at its end, or missing there.
#[must_use]
pub fn is_unfinished(text: &str, goal: Goal) -> bool {
    let mut problems = vec![];
    let _ = parse_text(text, goal, &mut problems);
    let end = text.trim_end().len();
    problems.iter().any(|problem| match problem.what {
        What::Unclosed { .. } | What::UnclosedHole => true,
        // Only a text block goes on over the end of a line.
        What::UnclosedText => text.get(problem.start as usize..).is_some_and(|rest| rest.contains("\"\"\"")),
        What::Unexpected { found: (start, _), .. } => start as usize >= end,
        _ => false,
    })
}

fn parse_as(file: FileId, text: &str, goal: Goal) -> Parse {
    let mut problems = vec![];
    let green = parse_text(text, goal, &mut problems);
    let mut problems = echo::without_echoes(problems, text);
    problems.sort_by_key(|problem: &SyntaxProblem| (problem.start, problem.end));
    problems.truncate(MAX_PROBLEMS);
    let problems = problems.into_iter().map(|problem| problem.render(file, text)).collect();
    Parse { file, green, problems: Problems(problems) }
}

fn parse_text(text: &str, goal: Goal, problems: &mut Vec<SyntaxProblem>) -> GreenNode {
    if text.len() > MAX_BYTES {
        return refused(text, SyntaxProblem::new(What::TooLarge, 0, 0), problems);
    }
    if let Some(zero) = text.bytes().position(|byte| byte == 0) {
        return refused(text, SyntaxProblem::new(What::NotText, zero, zero + 1), problems);
    }
    text::check(text, problems);
    match lex(text, MAX_TOKENS, problems) {
        Some(mut tokens) => parser::parse(text, goal, &mut tokens, problems),
        None => refused(text, SyntaxProblem::new(What::TooLarge, 0, 0), problems),
    }
}

/// A tree for what is not looked at: one error that holds the whole text.
fn refused(text: &str, problem: SyntaxProblem, problems: &mut Vec<SyntaxProblem>) -> GreenNode {
    problems.clear();
    problems.push(problem);
    let mut tree = TreeBuilder::new();
    tree.start(SyntaxKind::MODULE);
    tree.start(SyntaxKind::ERROR);
    tree.token(SyntaxKind::UNKNOWN, text);
    tree.finish();
    tree.finish();
    tree.done()
}
