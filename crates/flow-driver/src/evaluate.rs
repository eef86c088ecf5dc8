//! Expressions while running: evaluated here, or by an executor where they look into tables or files.
//!
//! Which of the two depends on types and values alone, never on what happens to be loaded, so a replay
//! asks for the same things. Also the queue for places: everything that takes time passes through it.

use crate::{
    Command, Driver, Note, RunStep, Wait,
    expressions::{free_variables, looks_into_data},
    failures::plan_is_wrong,
    graph::Op,
    sources::Source,
    state::{Activity, Evaluation, Phase, Settled, Then},
};
use flow_expr::{Context, Expr, Scope, Value, VarId, evaluate};
use flow_plan::{ErrorClass, Failure};
use std::{collections::BTreeMap, sync::Arc};

/// What an instance waits for a place to do.
#[derive(Debug)]
pub(crate) enum Job {
    Attempt,
    /// Fill in a prompt.
    Render,
    Read,
    Write,
    Compute(Arc<Expr>, Vec<(VarId, Value)>),
}

/// The variables of a flow as a block sees them.
struct FlowView<'a> {
    driver: &'a Driver,
    block: u32,
}

impl Scope for FlowView<'_> {
    fn get(&self, var: VarId) -> Option<Value> {
        self.driver.variable(self.block, var)
    }
}

impl Driver {
    /// Evaluates expressions one after the other, then goes on with [`Driver::evaluated`].
    pub(crate) fn evaluate(&mut self, id: u32, exprs: Vec<Arc<Expr>>, then: Then) {
        let done = Vec::with_capacity(exprs.len());
        self.go_on_evaluating(id, Evaluation { exprs, done, then });
    }

    fn go_on_evaluating(&mut self, id: u32, mut evaluation: Evaluation) {
        while let Some(expr) = evaluation.exprs.get(evaluation.done.len()).cloned() {
            let in_step = evaluation.then.in_step();
            if looks_into_data(&expr, &|var| self.holds_data(id, var, in_step)) {
                let bindings = self.bindings(id, &expr, in_step);
                self.instances[id as usize].phase = Phase::Evaluating(Box::new(evaluation));
                return self.enqueue_evaluation(id, Job::Compute(expr, bindings));
            }
            match self.evaluate_here(id, &expr, in_step) {
                Ok(value) => evaluation.done.push(value),
                Err(failure) => return self.evaluation_failed(id, evaluation.then, failure),
            }
        }
        self.evaluated(id, evaluation.then, evaluation.done);
    }

    /// The answer of an executor.
    pub(crate) fn computed(&mut self, id: u32, result: Result<Value, Failure>) {
        let phase = std::mem::replace(&mut self.instances[id as usize].phase, Phase::Waiting);
        let Phase::Evaluating(mut evaluation) = phase else { return self.data_computed(id, result) };
        match result {
            _ if self.cancelled => self.settle(id, Settled::Cancelled),
            Ok(value) => {
                evaluation.done.push(value);
                self.go_on_evaluating(id, *evaluation);
            }
            Err(failure) => self.evaluation_failed(id, evaluation.then, failure),
        }
    }

    fn evaluated(&mut self, id: u32, then: Then, values: Vec<Value>) {
        match then {
            Then::Operands => self.operands_known(id, values),
            Then::RequireMessage => self.require_broken(id, values.into_iter().next()),
            Then::IdempotencyKey => self.idempotency_key_known(id, values.into_iter().next()),
            Then::Guard => self.guard_known(id, values.into_iter().next()),
            Then::JudgeArguments => self.ask_judge(id, values),
            Then::GuardMessage => self.guard_broken(id, values.into_iter().next()),
            Then::Question => self.question_known(id, values),
            Then::Sample => self.sample_known(id, values.into_iter().next()),
            Then::GuardFallback | Then::Fallback => self.fallback_known(id, values.into_iter().next()),
        }
    }

    fn evaluation_failed(&mut self, id: u32, then: Then, failure: Failure) {
        match then {
            Then::Operands => self.operands_failed(id, failure),
            // What was to be said cannot be said; what is to be done about it stays.
            Then::RequireMessage => self.require_broken(id, None),
            Then::GuardMessage => self.guard_broken(id, None),
            // It agrees with none.
            Then::Sample => self.sample_known(id, None),
            Then::IdempotencyKey
            | Then::Guard
            | Then::JudgeArguments
            | Then::Question
            | Then::GuardFallback
            | Then::Fallback => self.call_failed(id, failure),
        }
    }

    /// What a node does with the values of its own expressions.
    fn operands_known(&mut self, id: u32, mut values: Vec<Value>) {
        let graph = self.graphs[self.blocks[self.instances[id as usize].block as usize].flow as usize].clone();
        let block = self.blocks[self.instances[id as usize].block as usize].block;
        let node = &graph.blocks[block as usize].nodes[self.instances[id as usize].local as usize];
        match &node.op {
            Op::Compute { .. } => {
                let value = values.pop().unwrap_or(Value::Unit);
                self.settle(id, Settled::Value { value, how: crate::How::Ran });
            }
            Op::Call { step, .. } => self.call(id, step, values),
            Op::Flow { flow, .. } => self.call_flow(id, flow, values),
            Op::If { then, otherwise, .. } => match values.pop() {
                Some(Value::Bool(true)) => self.enter_branch(id, *then, vec![]),
                Some(Value::Bool(false)) => self.enter_branch(id, *otherwise, vec![]),
                _ => self.fail(id, crate::failures::wrong_kind("a Bool")),
            },
            Op::Match { arms, .. } => self.enter_arm(id, arms, values.pop()),
            Op::For { limit, .. } => self.start_loop(id, *limit, values.pop()),
            Op::Wait { .. } => self.wait(id, values.pop()),
            Op::Read { dataset, previous, .. } => self.read(id, dataset, *previous, values),
            Op::Write { dataset, .. } => self.write(id, dataset, values),
            Op::RequireFresh { dataset, .. } => self.require_fresh(id, dataset, values),
            Op::Require { text, warn, message, .. } => {
                self.require(id, values.pop(), text, *warn, message.clone());
            }
        }
    }

    fn operands_failed(&mut self, id: u32, failure: Failure) {
        match self.node(id).op {
            Op::Call { .. } | Op::Flow { .. } => self.call_failed(id, failure),
            _ => self.fail(id, failure),
        }
    }

    /// Evaluates in this process.
    fn evaluate_here(&self, id: u32, expr: &Expr, in_step: bool) -> Result<Value, Failure> {
        let context = self.context();
        let result = if in_step {
            evaluate(expr, &self.step_view(id), &context)
        } else {
            evaluate(expr, &FlowView { driver: self, block: self.instances[id as usize].block }, &context)
        };
        result.map_err(|error| evaluation_failure(&error))
    }

    /// Evaluates a block's result, which needs no data.
    pub(crate) fn evaluate_in_block(&self, block: u32, expr: &Expr) -> Result<Value, Failure> {
        evaluate(expr, &FlowView { driver: self, block }, &self.context()).map_err(|error| evaluation_failure(&error))
    }

    /// Evaluates where there are no variables: a parameter's default.
    pub(crate) fn evaluate_constant(&self, expr: &Expr, known: &BTreeMap<VarId, Value>) -> Result<Value, Failure> {
        evaluate(expr, known, &self.context()).map_err(|error| evaluation_failure(&error))
    }

    pub(crate) fn context(&self) -> Context<'_> {
        Context::new(&self.program.functions, &self.program.types, self.start.started)
    }

    /// A step's parameters, and the result under test.
    fn step_view(&self, id: u32) -> BTreeMap<VarId, Value> {
        let Activity::Call(call) = &self.instances[id as usize].activity else { return BTreeMap::new() };
        let mut view: BTreeMap<_, _> =
            call.step.params.iter().map(|param| param.var).zip(call.args.iter().cloned()).collect();
        if let Some(product) = &call.product {
            view.insert(VarId::IT, product.value.clone());
        }
        view
    }

    /// The value of a flow's variable as a block sees it.
    pub(crate) fn variable(&self, block: u32, var: VarId) -> Option<Value> {
        let mut instance = &self.blocks[block as usize];
        match self.graphs[instance.flow as usize].sources.get(var)? {
            Source::Node(node) => self.instances[self.resolve(block, node) as usize].value().cloned(),
            Source::Bound(bound) => {
                while instance.block != bound {
                    instance = &self.blocks[instance.parent? as usize];
                }
                instance.bindings.iter().find(|(name, _)| *name == var).map(|(_, value)| value.clone())
            }
        }
    }

    fn holds_data(&self, id: u32, var: VarId, in_step: bool) -> bool {
        if in_step {
            return self.step_view(id).get(&var).is_some_and(holds_data);
        }
        let block = self.instances[id as usize].block;
        let graph = &self.graphs[self.blocks[block as usize].flow as usize];
        match graph.sources.get(var) {
            Some(Source::Node(_)) => graph.data_vars.contains(&var),
            Some(Source::Bound(_)) => self.variable(block, var).as_ref().is_some_and(holds_data),
            None => false,
        }
    }

    pub(crate) fn bindings(&self, id: u32, expr: &Expr, in_step: bool) -> Vec<(VarId, Value)> {
        let block = self.instances[id as usize].block;
        let view = if in_step { self.step_view(id) } else { BTreeMap::new() };
        let value = |var| if in_step { view.get(&var).cloned() } else { self.variable(block, var) };
        free_variables(expr).into_iter().filter_map(|var| Some((var, value(var)?))).collect()
    }

    fn enqueue_evaluation(&mut self, id: u32, job: Job) {
        self.outstanding += 1;
        self.slots.push((id, job), None, 1);
    }

    /// Waits for a place to do something; once the run is cancelled, nothing begins any more.
    pub(crate) fn enqueue(&mut self, id: u32, job: Job) {
        if self.cancelled {
            return self.settle(id, Settled::Cancelled);
        }
        self.instances[id as usize].phase = Phase::Queued;
        let (pool, weight) = self.place(id);
        if let Some(pool) = pool.as_ref().filter(|pool| self.slots.is_full(pool)) {
            let (path, label) = (self.path(id), self.label(id));
            self.note(Note::Waiting { path, label, why: Wait::Pool { pool: pool.clone() } });
        }
        self.outstanding += 1;
        self.slots.push((id, job), pool, weight);
    }

    /// The pool and the number of places that an instance takes.
    fn place(&self, id: u32) -> (Option<flow_expr::Name>, u32) {
        match &self.instances[id as usize].activity {
            Activity::Call(call) => {
                let cpu = call.step.needs.as_ref().and_then(|needs| needs.cpu).unwrap_or(1);
                (call.step.pool.clone(), self.slots.weight(cpu))
            }
            _ => (None, 1),
        }
    }

    pub(crate) fn give_place(&mut self, id: u32) {
        let (pool, weight) = match self.instances[id as usize].phase {
            Phase::Evaluating(_) => (None, 1),
            _ => self.place(id),
        };
        self.slots.give(pool.as_ref(), weight);
    }

    /// Gives free places to those that wait.
    pub(crate) fn dispatch(&mut self) {
        while let Some((id, job)) = self.slots.take() {
            match self.instances[id as usize].phase {
                Phase::Queued => self.instances[id as usize].phase = Phase::Working,
                Phase::Evaluating(_) if !self.cancelled => {}
                // The run was cancelled while it waited.
                _ => {
                    self.outstanding -= 1;
                    self.give_place(id);
                    if self.instances[id as usize].settled().is_none() {
                        self.settle(id, Settled::Cancelled);
                    }
                    continue;
                }
            }
            self.start_job(id, job);
        }
    }

    fn start_job(&mut self, id: u32, job: Job) {
        let task = self.next_task(id);
        if let (Op::Read { dataset, .. } | Op::Write { dataset, .. }, Job::Read | Job::Write) =
            (&self.node(id).op, &job)
        {
            let dataset = dataset.clone();
            let Activity::Data(data) = &self.instances[id as usize].activity else { return };
            let partition = data.partition.clone();
            let command = match &data.value {
                Some(value) => Command::Write { task, dataset, partition, value: value.clone() },
                None => Command::Read { task, dataset, partition },
            };
            self.note_started(id, 1);
            return self.command(command);
        }
        match job {
            Job::Compute(expr, bindings) => self.command(Command::Compute { task, expr, bindings }),
            Job::Render => {
                if let Some(run) = self.run_step(id, task) {
                    self.command(Command::Render(Box::new(run)));
                }
            }
            Job::Attempt | Job::Read | Job::Write => self.start_attempt(id, task),
        }
    }

    fn start_attempt(&mut self, id: u32, task: crate::Task) {
        let now = self.now;
        let instance = &mut self.instances[id as usize];
        instance.began.get_or_insert(now);
        instance.attempts += 1;
        let Activity::Call(call) = &mut instance.activity else { return };
        call.attempt_began = Some(now);
        call.since.get_or_insert(now);
        call.tries += 1;
        let ask = self.ask_step(id);
        let Some(run) = self.run_step(id, task) else { return };
        self.note_started(id, run.attempt);
        if ask.is_some() {
            self.note_charged(id, run.attempt);
        }
        self.command(Command::Run(Box::new(RunStep { ask, ..run })));
    }

    /// An attempt as a command, without what only AI steps have.
    fn run_step(&self, id: u32, task: crate::Task) -> Option<RunStep> {
        let (now, path, label) = (self.now, self.path(id), self.label(id));
        let instance = &self.instances[id as usize];
        let Activity::Call(call) = &instance.activity else { return None };
        let (attempt, step) = (instance.attempts, call.step.clone());
        let left = call.time_left(now).min(call.time_around(now));
        let names = step.params.iter().map(|param| param.name.clone());
        Some(RunStep {
            task,
            args: names.zip(call.args.iter().cloned()).collect(),
            attempt,
            idempotency_key: call.idempotency_key.clone(),
            timeout_ms: step.timeout_ms.min(left),
            step,
            label,
            path,
            ask: None,
        })
    }

    fn note_started(&mut self, id: u32, attempt: u32) {
        let now = self.now;
        self.instances[id as usize].began.get_or_insert(now);
        let (path, label) = (self.path(id), self.label(id));
        self.note(Note::Started { path, label, attempt });
    }
}

/// Whether a value holds a table or a file.
pub(crate) fn holds_data(value: &Value) -> bool {
    match value {
        Value::Table(_) | Value::File(_) => true,
        Value::List(items) => items.iter().any(holds_data),
        Value::Map(entries) => entries.values().any(holds_data),
        Value::Record(record) => record.fields.iter().any(|(_, field)| holds_data(field)),
        Value::Variant(variant) => variant.fields.iter().any(|(_, field)| holds_data(field)),
        _ => false,
    }
}

/// An expression without a value, as a failure of the node that it belongs to.
fn evaluation_failure(error: &flow_expr::EvalError) -> Failure {
    Failure::new(ErrorClass::Malformed, error.code.as_str(), error.to_string()).at(error.at)
}

/// A value where only the plan's damage could leave none.
pub(crate) fn or_damaged(value: Option<Value>) -> Result<Value, Failure> {
    value.ok_or_else(|| plan_is_wrong("an expression gave no value"))
}
