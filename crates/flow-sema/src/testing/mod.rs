//! Tests: from statements to what is given, run and expected, in the order of the text.
//!
//! Runs after flows, since a run's outcome has a field for each of its flow's nodes. The types of outcomes
//! are known only while tests are checked: no program mentions them. Expressions are elaborated as in a
//! flow, so that datasets and runs are taken out of them; what was taken out comes before the statement.
//! Tested by the caret cases in `tests/check/tests.flow` and by the pages of the codes.

mod data;
mod given;
mod happening;
mod problems;
mod run;

use self::problems::{BareCall, NoPrevious, ShareInTest};
use crate::{
    Environment, Input, ReadFile,
    expr::{Elaborator, Ended, Graph, Place},
    index::DefinitionKind,
    names::ModuleId,
    output::Output,
    problems::{context::NotHere, mismatch::Because},
    source::one_line,
};
use flow_diag::Span;
use flow_expr::{Expr, Name, Type, TypeDef};
use flow_plan::{Node, NodeKind, Outcome, Program, RunTarget, Test, TestStmt};
use flow_syntax::{
    NodeOrToken, SyntaxKind,
    ast::{self, AstNode as _, Stmt},
};
use std::collections::HashSet;

/// All tests of the program.
pub(crate) fn declare(input: Input<'_>, env: &mut Environment, program: &Program, output: &mut Output) -> Vec<Test> {
    let outcomes = outcome_types(env, program, &words(input));
    let mut tests = vec![];
    for (number, parsed) in (0_u32..).zip(input.modules) {
        for decl in parsed.module.decls() {
            let ast::Decl::Test(decl) = decl else { continue };
            let mut el = Elaborator::new(env, ModuleId(number), Place::Test, output);
            el.graph = Some(Graph::new(inner_statement, run::expression, 0));
            let mut testing = Testing { el, program, read_file: input.read_file, body: vec![] };
            tests.extend(testing.test(&decl, &parsed.name));
        }
    }
    for name in outcomes {
        env.types.0.remove(&name);
    }
    tests
}

/// All words in tests and in the `use`s above them: what they run is among these.
fn words(input: Input<'_>) -> HashSet<String> {
    let mut words = HashSet::new();
    for parsed in input.modules {
        let decls = || parsed.module.decls();
        if !decls().any(|decl| matches!(decl, ast::Decl::Test(_))) {
            continue;
        }
        for decl in decls().filter(|decl| matches!(decl, ast::Decl::Test(_) | ast::Decl::Use(_))) {
            let tokens = decl.syntax().descendants_with_tokens().filter_map(NodeOrToken::into_token);
            let names = tokens.filter(|token| token.kind() == SyntaxKind::IDENT);
            words.extend(names.map(|token| token.text().trim_matches('`').to_owned()));
        }
    }
    words
}

/// Adds what tests see of runs of these to the types; gives their names. A large program without tests pays nothing.
fn outcome_types(env: &mut Environment, program: &Program, runs: &HashSet<String>) -> Vec<Name> {
    let flows = program.flows.keys().cloned().map(RunTarget::Flow);
    let targets = flows.chain(program.steps.keys().cloned().map(RunTarget::Step));
    let targets = targets.filter(|target| runs.contains(target.name().short()));
    let outcomes = targets.filter_map(|target| Outcome::of(&target, program));
    let types: Vec<_> = outcomes.flat_map(|outcome| outcome.types()).collect();
    let names = types.iter().map(|(name, _)| name.clone()).collect();
    env.types.0.extend(types.into_iter().map(|(name, fields)| (name, TypeDef::Record(fields))));
    names
}

/// One test under construction.
struct Testing<'a> {
    el: Elaborator<'a>,
    program: &'a Program,
    read_file: ReadFile<'a>,
    body: Vec<TestStmt>,
}

impl Testing<'_> {
    fn test(&mut self, decl: &ast::TestDecl, module: &Name) -> Option<Test> {
        let title = decl.title()?;
        let at = self.el.span(title.range());
        self.el.locals.enter();
        for stmt in decl.body()?.stmts() {
            self.statement(&stmt);
        }
        self.el.leave_scope();
        let title = title.plain_text().unwrap_or_default().into();
        Some(Test { title, module: module.clone(), body: std::mem::take(&mut self.body), at })
    }

    fn statement(&mut self, stmt: &Stmt) {
        let at = self.el.span(stmt.range());
        match stmt {
            Stmt::Given(stmt) => {
                if let Some(given) = self.given(stmt) {
                    self.take_out();
                    self.body.push(TestStmt::Given { given, at });
                }
            }
            Stmt::Let(stmt) => self.let_stmt(stmt, at),
            Stmt::Expect(stmt) => self.expect(stmt, at),
            Stmt::Expr(expr @ ast::Expr::Run(_)) => {
                self.el.infer(expr);
            }
            Stmt::Doc(_) | Stmt::Owner(_) | Stmt::Tags(_) => {}
            other => not_here(&mut self.el, other),
        }
        self.take_out();
    }

    fn let_stmt(&mut self, stmt: &ast::LetStmt, at: Span) {
        if stmt.recovery().is_some() {
            let help = "a run that fails has an outcome too: look at its `failed`";
            self.el.problem(NotHere { at, what: "let … else".to_owned(), place: "a test", help });
        }
        let (value, ty) = self.el.let_value(stmt);
        self.take_out();
        let Some(name) = stmt.name() else { return };
        let var = self.el.bind(&name, ty, DefinitionKind::Local, true);
        self.body.push(TestStmt::Let { var, value });
    }

    fn expect(&mut self, stmt: &ast::ExpectClause, at: Span) {
        if stmt.share().is_some() || stmt.action().is_some() {
            self.el.problem(ShareInTest { at });
        }
        let Some(rule) = stmt.rule() else { return };
        let condition = self.el.check(&rule, &Type::Bool, Because::Place("as an expectation holds or does not"));
        self.take_out();
        self.body.push(TestStmt::Expect { condition, text: one_line(rule.syntax()), at });
    }

    /// What the last expressions have taken out of themselves: datasets that are looked at, and runs.
    fn take_out(&mut self) {
        let Some(graph) = &mut self.el.graph else { return };
        let nodes = graph.close(None).nodes;
        graph.open();
        for node in nodes {
            self.node(node);
        }
    }

    fn node(&mut self, node: Node) {
        let Node { var, ty, kind, at, .. } = node;
        let (target, args) = match kind {
            NodeKind::Read { dataset, previous: false, partition } if partition.is_empty() => {
                return self.body.push(TestStmt::Read { var, dataset, at });
            }
            NodeKind::Read { .. } => return self.el.problem(NoPrevious { at }),
            NodeKind::Call { step, args, .. } => (RunTarget::Step(step), args),
            NodeKind::Flow { flow, args, .. } => (RunTarget::Flow(flow), args),
            _ => return self.el.problem(BareCall { at, name: None }),
        };
        if run::is_outcome(&ty) {
            return self.body.push(TestStmt::Run { var, target, args, at });
        }
        self.el.problem(BareCall { at, name: Some(target.name().short()) });
    }
}

/// A statement of a block inside an expression. The elaborator calls this.
fn inner_statement(el: &mut Elaborator<'_>, stmt: &Stmt, wanted: Option<&Type>) -> Ended {
    match stmt {
        Stmt::Expr(expr) => {
            let (value, ty) = el.elaborate(expr, wanted);
            Ended::Value(value, ty)
        }
        other => {
            not_here(el, other);
            Ended::Open
        }
    }
}

/// Reports a statement that tests do not have.
fn not_here(el: &mut Elaborator<'_>, stmt: &Stmt) {
    let at = el.span(stmt.range());
    let text = stmt.syntax().text().to_string();
    let what = text.split_whitespace().next().unwrap_or_default().to_owned();
    let help = "a test has `given`, `let`, `run` and `expect`";
    el.problem(NotHere { at, what, place: "a test", help });
}

/// An expression that has no place in a test.
fn no_value(el: &mut Elaborator<'_>, at: Span, what: &str) -> (Expr, Type) {
    let help = "walk a list with `map`, `filter` or `all`";
    el.problem(NotHere { at, what: what.to_owned(), place: "a test", help });
    el.unknown(at)
}
