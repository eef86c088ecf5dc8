//! Names and types: from parsed modules to tables of a program, and what is wrong with it.
//!
//! Pure and total: no I/O, no clock; every input gives tables and a list of problems, never an error. What
//! is wrong is [`flow_expr::Type::Unknown`], which fits everything, so one mistake gives one report.
//!
//! The phases, each in a folder: `names` (declarations, `use`) → `types` (shapes) → `values::signatures` →
//! refinements, constants, functions, defaults → `decl` and `flow` (datasets, steps, flows) → `testing`. All of them read
//! the [`environment`], which is filled on the way. `expr` elaborates expressions straight into
//! [`flow_expr::Expr`]; there is no other model between the tree and the plan.

mod annotations;
mod arguments;
mod by_var;
mod decl;
mod environment;
mod expr;
mod flow;
pub mod index;
pub mod manifest;
mod names;
mod output;
mod problems;
mod question;
mod source;
mod testing;
mod types;
mod values;

pub use annotations::{Annotation, Annotations};
pub use decl::{Places, QueryText, ReadFile, raised};
pub use question::{Answer, Question};

use crate::{
    decl::Declaring,
    environment::Environment,
    index::Index,
    manifest::{Manifest, ProfileVar},
    output::Output,
};
use flow_diag::{FileId, Problems, Span};
use flow_expr::Name;
use flow_plan::Program;
use flow_syntax::ast;
use std::collections::HashMap;

/// A parsed file with its module's name.
#[derive(Clone, Debug)]
pub struct ParsedModule {
    /// `reports.daily` for `reports/daily.flow` under a source folder; `std.…` for the standard library.
    pub name: Name,
    /// The file.
    pub file: FileId,
    /// Its tree.
    pub module: ast::Module,
}

/// What is checked.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// All modules, the standard library's too.
    pub modules: &'a [ParsedModule],
    /// The project's settings.
    pub manifest: &'a Manifest,
    /// The profile that is asked for, with where (in a pseudo-file for a command line).
    pub profile: Option<(&'a str, Span)>,
    /// Values from the command line, the later ones winning.
    pub overrides: &'a [ProfileVar],
    /// Reads code that stands in a file beside a module.
    pub read_file: ReadFile<'a>,
    /// Whether the index is to answer what an editor asks, which costs as much again as what it is made of.
    pub for_editor: bool,
    /// What is asked about the program.
    pub question: Option<Question<'a>>,
}

/// What checking gives.
#[derive(Debug)]
pub struct Checked {
    /// The program. Complete where nothing was wrong; else without what was.
    pub program: Program,
    /// Who defines and mentions what.
    pub index: Index,
    /// Where things stand that the program does not keep.
    pub places: Places,
    /// What the question's expression is, if one was asked.
    pub answer: Option<Answer>,
}

/// Checks a program.
#[must_use]
pub fn check(input: Input<'_>) -> (Checked, Problems) {
    let mut output = Output { index: Index::new(input.for_editor), ..Output::default() };
    let mut env = environment(input, &mut output);
    let (mut declared, mut places) = declarations(input, &env, &mut output);
    places.annotations = std::mem::take(&mut output.annotations).into();
    declared.tests = testing::declare(input, &mut env, &declared, &mut output);
    names::unused_uses(&env.names, &mut output);
    let answer = input.question.and_then(|question| question::answer(&question, &env, &declared, &mut output));
    let program = program(input, env, declared);
    output.index.finish();
    output.problems.sort();
    (Checked { program, index: output.index, places, answer }, output.problems)
}

/// All tables that bodies read: names, types, signatures, constants, functions.
fn environment(input: Input<'_>, output: &mut Output) -> Environment {
    let mut names = names::collect(input.modules, output);
    names::resolve_uses(&mut names, input.modules, output);
    if let Some(module) = input.question.and_then(|question| names.module_named(question.module.as_str())) {
        names.see_all(module);
    }
    let settings = values::settings(&names, input.manifest, input.profile, input.overrides, output);
    let mut env = Environment { names, settings, ..Environment::default() };
    output.annotations.begin(&env);
    types::collect(&mut env, output);
    types::infinite(&env, output);
    values::signatures(&mut env, output);
    types::refinements(&mut env, output);
    values::parameter_rules(&mut env, output);
    values::constants(&env, output);
    values::functions(&env, output);
    values::defaults(&mut env, output);
    env
}

/// Steps, datasets, flows and what they use.
fn declarations(input: Input<'_>, env: &Environment, output: &mut Output) -> (Program, Places) {
    let (mut program, mut places) = (Program::default(), Places::default());
    let mut declaring = Declaring {
        env,
        output,
        read_file: input.read_file,
        program: &mut program,
        places: &mut places,
        retries: HashMap::new(),
    };
    decl::declare(&mut declaring);
    flow::declare(&mut declaring);
    (program, places)
}

fn program(input: Input<'_>, env: Environment, declared: Program) -> Program {
    let constants = env.constants.take();
    let settings = constants.iter().filter_map(|(id, constant)| {
        let item = env.names.item(*id);
        let value = constant.value.clone().filter(|_| matches!(item.decl, ast::Decl::Var(_)))?;
        Some((item.name.clone(), value))
    });
    Program {
        project: input.manifest.name.clone(),
        settings: settings.collect(),
        functions: env.functions.take(),
        types: env.types,
        ..declared
    }
}
