//! One test from its first statement to its last.
//!
//! Statements are done in order; a later `given` changes the world for the runs after it. An expectation
//! that fails does not end the test: the others are judged too.

use crate::{
    coverage::{self, Coverage},
    expectation,
    facts::RunFacts,
    mocks::Mocks,
    outcome,
    real::RealWork,
    run::{self, Stage},
    timeline,
    world::World,
};
use flow_diag::{Problem, Span, codes};
use flow_driver::RunStatus;
use flow_expr::{Context, EvalError, Expr, ExprKind, Name, Value, VarId, evaluate};
use flow_plan::{
    Block, Body, CatchUp, Flow, Node, NodeId, NodeKind, Outcome, Overlap, Program, RunTarget, Test, TestStmt,
};
use jiff::{SignedDuration, Timestamp};
use std::{collections::BTreeMap, sync::Arc};

/// What became of a test.
#[derive(Debug, Default)]
pub struct TestReport {
    /// What is wrong; it passed if nothing is.
    pub problems: Vec<Problem>,
    /// What its runs did, for people: one line an event.
    pub timeline: Vec<String>,
    /// Expectations that were judged.
    pub expectations: usize,
    /// What of the program its runs have reached.
    pub coverage: Coverage,
}

/// The world of one test.
pub(crate) struct Bench<'a> {
    pub(crate) program: Arc<Program>,
    pub(crate) world: World,
    pub(crate) mocks: Mocks,
    pub(crate) scope: BTreeMap<VarId, Value>,
    pub(crate) now: Timestamp,
    real: &'a dyn RealWork,
    runs: Vec<(Span, RunFacts)>,
    report: TestReport,
}

/// When the first run of a test begins, unless it says so.
fn epoch() -> Timestamp {
    Timestamp::from_second(1_767_225_600).unwrap_or_default()
}

/// Runs a test.
#[must_use]
pub fn run_test(program: &Arc<Program>, test: &Test, real: &dyn RealWork) -> TestReport {
    let mut bench = Bench {
        program: runnable(program, test),
        world: World::default(),
        mocks: Mocks::default(),
        scope: BTreeMap::new(),
        now: epoch(),
        real,
        runs: vec![],
        report: TestReport::default(),
    };
    for stmt in &test.body {
        if let Err(error) = bench.statement(stmt) {
            let title = format!("this has no value: {}", error.message);
            bench.report.problems.push(Problem::error(codes::R0740, error.at, title, "while computing this"));
            break;
        }
    }
    bench.finish()
}

/// What a test runs of the program, for each of its runs.
#[must_use]
pub fn parts(program: &Program, test: &Test) -> Vec<Program> {
    let part = |target: &RunTarget| match target {
        RunTarget::Flow(name) => program.part(name),
        RunTarget::Step(name) => {
            let flow = flow_of_step(program, name, vec![]);
            let flow_name = flow.name.clone();
            let mut program = program.clone();
            program.flows.insert(flow_name.clone(), flow);
            program.part(&flow_name)
        }
    };
    let targets = test.body.iter().filter_map(|stmt| match stmt {
        TestStmt::Run { target, .. } => Some(target),
        _ => None,
    });
    targets.map(part).collect()
}

impl Bench<'_> {
    fn statement(&mut self, stmt: &TestStmt) -> Result<(), EvalError> {
        match stmt {
            TestStmt::Given { given, .. } => self.give(given)?,
            TestStmt::Let { var, value } => {
                let value = self.evaluate(value)?;
                self.scope.insert(*var, value);
            }
            TestStmt::Read { var, dataset, at } => {
                let value = self.world.value(dataset).cloned();
                if value.is_none() {
                    let title =
                        format!("`{}` has no version: nothing has written it, and it is not given", dataset.short());
                    self.report.problems.push(Problem::error(codes::R0740, *at, title, "looked at here"));
                }
                self.scope.insert(*var, value.unwrap_or(Value::Absent));
            }
            TestStmt::Run { var, target, args, at } => self.run(*var, target, args, *at)?,
            TestStmt::Expect { condition, text, at } => self.expect(condition, text, *at),
        }
        Ok(())
    }

    fn evaluate(&self, expr: &Expr) -> Result<Value, EvalError> {
        let context = Context::new(&self.program.functions, &self.program.types, self.now);
        evaluate(expr, &self.scope, &context)
    }

    fn expect(&mut self, condition: &Expr, text: &str, at: Span) {
        self.report.expectations += 1;
        // One report for what never ran.
        if self.is_incomplete() {
            return;
        }
        let context = Context::new(&self.program.functions, &self.program.types, self.now);
        self.report.problems.extend(expectation::judge(condition, text, at, &self.scope, &context));
    }

    fn is_incomplete(&self) -> bool {
        !self.mocks.missing.is_empty() || !self.world.not_given.is_empty()
    }

    fn run(&mut self, var: VarId, target: &RunTarget, args: &[Expr], at: Span) -> Result<(), EvalError> {
        let args = args.iter().map(|arg| self.evaluate(arg)).collect::<Result<Vec<_>, _>>()?;
        let Some(outcome) = Outcome::of(target, &self.program) else { return Ok(()) };
        let (program, flow, params) = self.staged(target, args);
        let number = u32::try_from(self.runs.len()).unwrap_or(u32::MAX);
        let stage = Stage { program: program.clone(), world: &mut self.world, mocks: &mut self.mocks, real: self.real };
        let facts = run::run(stage, &flow, params, self.now, number);
        self.now = facts.ended.checked_add(SignedDuration::from_secs(1)).unwrap_or(facts.ended);
        self.scope.insert(var, outcome::value(&outcome, &facts));
        self.missing(at);
        coverage::collect(&program, &facts, &mut self.report.coverage);
        self.runs.push((at, facts));
        Ok(())
    }

    /// What to run, with which parameters. A step alone becomes a flow that calls it.
    fn staged(&self, target: &RunTarget, args: Vec<Value>) -> (Arc<Program>, Name, BTreeMap<Arc<str>, Value>) {
        match target {
            RunTarget::Flow(name) => {
                let params = self.program.flows.get(name).map_or(&[][..], |flow| &flow.params);
                let named = params.iter().map(|param| param.name.clone()).zip(args).collect();
                (self.program.clone(), name.clone(), named)
            }
            RunTarget::Step(name) => {
                let flow = flow_of_step(&self.program, name, args);
                let flow_name = flow.name.clone();
                let mut program = (*self.program).clone();
                program.flows.insert(flow_name.clone(), flow);
                (Arc::new(program), flow_name, BTreeMap::new())
            }
        }
    }

    /// Says what the run needed and the test does not give.
    fn missing(&mut self, at: Span) {
        let program = self.program.clone();
        for (step, declared) in &self.mocks.missing {
            let judge = program.judges.contains_key(step);
            let (short, kind) = (step.short(), program.steps.get(step).map_or("", |step| step.body.keyword()));
            let title = match judge {
                true => format!("the judge `{short}` is not given: a test never asks a model by itself"),
                false => format!("`{short}` is not given: a test never runs `{kind}` steps by itself"),
            };
            let mut problem = Problem::error(codes::R0741, at, title, "needed by this run")
                .label(*declared, if judge { "the judge" } else { "the step" })
                .help(format!("say what it gives, or how it fails: `given {short} = …`"));
            if matches!(kind, "sh" | "python" | "sql") {
                problem = problem.help(format!("or let it run: `given {short} = real`"));
            }
            push_once(&mut self.report.problems, problem);
        }
        for name in &self.world.not_given {
            let short = name.short();
            let title = format!("`{short}` is not given: a test never reads the project's data");
            let mut problem = Problem::error(codes::R0741, at, title, "needed by this run")
                .help(format!("give it: `given {short} = …`, or `given {short} = missing`"));
            if let Some(dataset) = program.datasets.get(name) {
                problem = problem.label(dataset.at, "the dataset");
            }
            push_once(&mut self.report.problems, problem);
        }
    }

    fn finish(mut self) -> TestReport {
        for (number, (_, facts)) in self.runs.iter().enumerate() {
            let status = match facts.end.status {
                RunStatus::Succeeded => "succeeded",
                RunStatus::Failed => "failed",
                RunStatus::Cancelled => "was cancelled",
                RunStatus::Skipped => "was skipped",
            };
            let late = if facts.end.late { ", late" } else { "" };
            let took = u64::try_from(facts.ended.duration_since(facts.started).as_millis()).unwrap_or(0);
            let took = flow_plan::words::duration(took);
            let which = if self.runs.len() > 1 { format!("run {} of ", number + 1) } else { String::new() };
            self.report.timeline.push(format!("{which}{} {status} after {took}{late}", facts.flow.short()));
            self.report.timeline.extend(timeline::lines(facts).into_iter().map(|line| format!("  {line}")));
        }
        self.report
    }
}

fn push_once(problems: &mut Vec<Problem>, problem: Problem) {
    if !problems.iter().any(|known| known.title == problem.title) {
        problems.push(problem);
    }
}

/// The program in which steps that no version can run are stood in for by the test.
fn runnable(program: &Arc<Program>, test: &Test) -> Arc<Program> {
    let given = test.body.iter().filter_map(|stmt| match stmt {
        TestStmt::Given { given: flow_plan::Given::Step { step, .. }, .. } => Some(step),
        _ => None,
    });
    let other: Vec<&Name> = given
        .filter(|step| program.steps.get(step).is_some_and(|step| matches!(step.body, Body::Other { .. })))
        .collect();
    if other.is_empty() {
        return program.clone();
    }
    let mut changed = (**program).clone();
    for name in other {
        if let Some(step) = changed.steps.get_mut(name) {
            step.body = Body::Shell { script: "".into() };
        }
    }
    Arc::new(changed)
}

fn flow_of_step(program: &Program, name: &Name, args: Vec<Value>) -> Flow {
    let returns = program.steps.get(name).map_or(flow_expr::Type::Unit, |step| step.returns.clone());
    let at = program.steps.get(name).map(|step| step.at).unwrap_or_default();
    let constant = |value| Expr::new(ExprKind::Const(value), at);
    let args = args.into_iter().map(constant).collect();
    let call = Node {
        id: NodeId(0),
        label: name.short().into(),
        var: VarId(0),
        ty: returns.clone(),
        kind: NodeKind::Call { step: name.clone(), args, recover: None },
        needs: vec![],
        after: vec![],
        at,
    };
    let body = Block { nodes: vec![call], result: Some(Box::new(Expr::new(ExprKind::Var(VarId(0)), at))) };
    Flow {
        name: Name::new(format!("{}.{} alone", name.module(), name.short())),
        params: vec![],
        returns,
        starts: vec![],
        finish: None,
        overlap: Overlap::default(),
        catch_up: CatchUp::default(),
        budgets: vec![],
        body,
        handlers: vec![],
        owner: None,
        tags: vec![],
        at,
    }
}
