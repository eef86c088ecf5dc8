//! A step being called: what is remembered of it, attempts, guards, fallback, `else`.
//!
//! Knows no body kinds: an attempt is one command and one answer. One ledger counts the attempts,
//! whatever asked for them.

use crate::{
    CachedResult, Command, ContractVerdict, Driver, How, InputRecord, Last, NodeRecord, Note, Product,
    asks::Asking,
    decide::{Candidate, decide},
    evaluate::{Job, or_damaged},
    expressions::free_variables,
    failures,
    graph::Op,
    inner::Inside,
    judges::{self, Next},
    meaning::NodeMeaning,
    retry::{Failed, next_attempt, seed_at},
    sources::Source,
    state::{Activity, CallState, Phase, Role, Settled, Then},
};
use flow_expr::{
    Expr, ExprKind, Name, Value, VarId, digest,
    redact::{redact, redact_leaves},
};
use flow_plan::{
    AskReport, Body, ErrorClass, Failure, GuardAction, Idempotency, Meanings, Step, Verdict, meaning_hash, words,
};
use std::sync::Arc;

impl Driver {
    /// Its arguments are known: what is remembered of it?
    pub(crate) fn call(&mut self, id: u32, name: &Name, args: Vec<Value>) {
        let Some((step, meaning)) = self.step(name) else {
            return self.fail(id, failures::plan_is_wrong(format!("there is no step `{name}`")));
        };
        if let Body::Other { keyword } = &step.body {
            return self.call_failed(id, failures::body_not_runnable(keyword));
        }
        let inputs: Vec<_> = self.inputs_of_call(id, &step, args.iter().map(Some));
        self.recall_call(id, step, meaning, args, inputs);
    }

    /// In a plan, arguments may be unknown.
    pub(crate) fn start_dry_call(&mut self, id: u32) {
        let Op::Call { step, args, .. } = &self.node(id).op else { return };
        let (name, exprs) = (step.clone(), args.clone());
        let block = self.instances[id as usize].block;
        let values: Vec<Option<Value>> = exprs.iter().map(|expr| self.known(block, expr)).collect();
        if values.iter().all(Option::is_some) {
            return self.call(id, &name, values.into_iter().flatten().collect());
        }
        let Some((step, meaning)) = self.step(&name) else {
            return self.fail(id, failures::plan_is_wrong(format!("there is no step `{name}`")));
        };
        let inputs = self.inputs_of_call(id, &step, values.iter().map(Option::as_ref));
        self.recall_call(id, step, meaning, vec![], inputs);
    }

    fn recall_call(
        &mut self,
        id: u32,
        step: Arc<Step>,
        meaning: Arc<NodeMeaning>,
        args: Vec<Value>,
        inputs: Vec<InputRecord>,
    ) {
        let identity = identity(&meaning, &inputs);
        let cache_key = identity.clone().filter(|_| meaning.not_cacheable.is_none());
        let asking = Asking::of(&step.body, step.budget.as_ref());
        let call = CallState::new(step, meaning, args, asking);
        self.instances[id as usize].activity =
            Activity::Call(Box::new(CallState { inputs, cache_key: cache_key.clone(), ..call }));
        self.recall(id, cache_key, Some(identity.unwrap_or_default()));
    }

    /// Asks what is remembered.
    pub(crate) fn recall(&mut self, id: u32, cache: Option<Arc<str>>, identity: Option<Arc<str>>) {
        self.instances[id as usize].phase = Phase::Asking;
        self.outstanding += 1;
        let (task, node) = (self.next_task(id), self.key(id));
        self.command(Command::Recall { task, node, cache, identity });
    }

    /// It is known what is remembered: does it run?
    pub(crate) fn recalled(&mut self, id: u32, last: Last, cached: Option<CachedResult>) {
        if self.cancelled {
            return self.settle(id, Settled::Cancelled);
        }
        if self.not_selected(id) {
            return self.unselected_recalled(id, last);
        }
        let last = self.last_record(id, last);
        let last = last.as_ref();
        let forced = self.is_forced(id);
        let upstream = || self.unknown_upstream(id);
        let (decision, runs) = match &self.instances[id as usize].activity {
            Activity::Call(call) => {
                let node = Candidate {
                    components: &call.meaning.components,
                    inputs: &call.inputs,
                    cache: call.step.cache,
                    not_cacheable: call.meaning.not_cacheable.as_ref(),
                    step: Some(&call.step),
                    forced,
                };
                (decide(&node, last, cached.as_ref(), self.now, upstream), Job::Attempt)
            }
            Activity::Compute(compute) => {
                let node = Candidate {
                    components: &compute.meaning.components,
                    inputs: &compute.inputs,
                    cache: flow_plan::CachePolicy::Unchanged,
                    not_cacheable: compute.meaning.not_cacheable.as_ref(),
                    step: None,
                    forced,
                };
                let decision = decide(&node, last, cached.as_ref(), self.now, upstream);
                let Op::Compute { expr, .. } = &self.node(id).op else { return };
                (decision, Job::Compute(expr.clone(), compute.bindings.clone()))
            }
            _ => return,
        };
        let verdict = decision.verdict;
        self.decided(id, decision);
        match (verdict, cached) {
            (Verdict::Reuse, Some(cached)) => {
                self.date_kept(id, cached.at);
                self.settle(id, Settled::Value { value: cached.value, how: How::Reused });
            }
            _ if self.start.dry => self.settle(id, Settled::Unknown),
            _ => match runs {
                Job::Attempt => self.prepare_attempts(id),
                job => self.enqueue(id, job),
            },
        }
    }

    /// The last record, of which only a word was said if nothing is different; such a one needs no renewal.
    fn last_record(&mut self, id: u32, last: Last) -> Option<NodeRecord> {
        let (run, at) = match last {
            Last::Nothing => return None,
            Last::Other(record) => return Some(*record),
            Last::Same { run, at } => (run, at),
        };
        let (components, inputs, identity) = match &mut self.instances[id as usize].activity {
            Activity::Call(call) => {
                call.recorded = true;
                let known = call.cache_key.clone().or_else(|| identity(&call.meaning, &call.inputs));
                (call.meaning.components.clone(), call.inputs.clone(), known)
            }
            Activity::Compute(compute) => {
                compute.recorded = true;
                (compute.meaning.components.clone(), compute.inputs.clone(), compute.cache_key.clone())
            }
            _ => return None,
        };
        let identity = identity.unwrap_or_default();
        Some(NodeRecord {
            run,
            at,
            succeeded: true,
            recovered: false,
            identity,
            components,
            inputs,
            value: None,
            data_time: None,
        })
    }

    /// The key that is sent along, if there is one, then the first attempt.
    pub(crate) fn prepare_attempts(&mut self, id: u32) {
        let Activity::Call(call) = &self.instances[id as usize].activity else { return };
        match &call.step.idempotent {
            Some(Idempotency::By(key)) => {
                let key = Arc::new(key.clone());
                self.evaluate(id, vec![key], Then::IdempotencyKey);
            }
            _ => self.attempt(id),
        }
    }

    /// The next attempt: for an AI step its prompt first, then an ask that is charged.
    pub(crate) fn attempt(&mut self, id: u32) {
        match &self.instances[id as usize].activity {
            Activity::Call(call) if call.asking.is_some() => match call.attempt_began {
                None => self.enqueue(id, Job::Render),
                Some(_) => self.ask(id),
            },
            // A person needs no place: nothing is done meanwhile.
            Activity::Call(call) if matches!(call.step.body, Body::Ask { .. }) => self.ask_person(id),
            _ => self.enqueue(id, Job::Attempt),
        }
    }

    pub(crate) fn idempotency_key_known(&mut self, id: u32, value: Option<Value>) {
        let text = value.map(|value| match value {
            Value::String(text) => text.to_string(),
            // The words for long values are cut; a key must not be.
            long @ (Value::List(_) | Value::Map(_) | Value::Record(_) | Value::Json(_) | Value::Bytes(_)) => {
                digest(&long)
            }
            short => words::value(&short),
        });
        if let Activity::Call(call) = &mut self.instances[id as usize].activity {
            call.idempotency_key = text;
        }
        self.attempt(id);
    }

    /// An attempt has ended.
    pub(crate) fn ran(&mut self, id: u32, result: Result<Product, Failure>, mut ask: Option<Box<AskReport>>) {
        let calls_steps = self.settle_ask(id, ask.as_deref_mut());
        let (path, attempt, now) = (self.path(id), self.instances[id as usize].attempts, self.now);
        let Activity::Call(call) = &mut self.instances[id as usize].activity else { return };
        let began = call.attempt_began.unwrap_or(now);
        let failure = result.as_ref().err().cloned();
        if let Ok(product) = result {
            call.product = Some(product);
            call.guard = 0;
            call.verdicts.clear();
        }
        let Inside { judge, tool } = call.inside();
        let label = self.label(id);
        self.note(Note::Attempted { path, label, attempt, began, judge, tool, failure: failure.clone(), ask });
        match failure {
            None if calls_steps && self.cancelled => self.settle(id, Settled::Cancelled),
            None if calls_steps => self.begin_tools(id),
            None if self.samples(id).is_some() && self.cancelled => self.settle(id, Settled::Cancelled),
            None if self.samples(id).is_some() => self.sampled(id),
            None => self.next_guard(id),
            Some(_) if self.cancelled => self.settle(id, Settled::Cancelled),
            Some(failure) if failure.class == ErrorClass::Malformed && self.samples(id).is_some() => {
                self.sample_unread(id)
            }
            Some(failure) => self.attempt_failed(id, failure, false),
        }
    }

    pub(crate) fn next_guard(&mut self, id: u32) {
        let Activity::Call(call) = &mut self.instances[id as usize].activity else { return };
        while call.step.guards.get(call.guard).is_some_and(|guard| !call.is_due(guard)) {
            call.guard += 1;
        }
        let Some(guard) = call.step.guards.get(call.guard) else {
            if std::mem::take(&mut call.before) {
                return self.prepare_attempts(id);
            }
            let value = call.product.take().map(|product| product.value);
            return match or_damaged(value) {
                Ok(value) => self.call_done(id, value, How::Ran),
                Err(failure) => self.fail(id, failure),
            };
        };
        let condition = guard.condition.clone();
        match judges::next(&condition, &call.verdicts, &self.program) {
            Next::Ask(args) => self.evaluate(id, args, Then::JudgeArguments),
            Next::Known(condition) => self.evaluate(id, vec![Arc::new(condition)], Then::Guard),
            Next::NoVerdict => self.guard_fails(id),
        }
    }

    pub(crate) fn guard_known(&mut self, id: u32, value: Option<Value>) {
        let Activity::Call(call) = &mut self.instances[id as usize].activity else { return };
        let Some(guard) = call.step.guards.get(call.guard) else { return };
        match value {
            Some(Value::Bool(true)) => {
                let (text, action) = (guard.text.clone(), guard.action.word().into());
                let (Inside { judge: of, tool }, judges) = call.said_to(&guard.condition, &self.program);
                call.guard += 1;
                self.contract(
                    id,
                    ContractVerdict::Guard { text, kept: true, action, message: None, saw: vec![], of, tool, judges },
                );
                self.next_guard(id);
            }
            Some(Value::Bool(false)) => self.guard_fails(id),
            _ => self.fail(id, failures::wrong_kind("a Bool")),
        }
    }

    /// A guard does not hold, or no verdict says whether it does: what has it to say?
    fn guard_fails(&mut self, id: u32) {
        let Activity::Call(call) = &self.instances[id as usize].activity else { return };
        let Some(guard) = call.step.guards.get(call.guard) else { return };
        let message = match &guard.action {
            GuardAction::Retry(message) | GuardAction::Fail(message) | GuardAction::Warn(message) => message.as_ref(),
            GuardAction::Fallback(_) => None,
            GuardAction::Ask { .. } => return self.ask_about_draft(id),
        };
        match message.map(|message| judges::next(message, &call.verdicts, &self.program)) {
            Some(Next::Known(message)) => self.evaluate(id, vec![Arc::new(message)], Then::GuardMessage),
            // It would speak of a verdict that there is not.
            Some(Next::Ask(_) | Next::NoVerdict) | None => self.guard_broken(id, None),
        }
    }

    /// A guard does not hold; what it has to say is known.
    pub(crate) fn guard_broken(&mut self, id: u32, message: Option<Value>) {
        let message = message.and_then(as_text);
        let Activity::Call(call) = &mut self.instances[id as usize].activity else { return };
        let Some(guard) = call.step.guards.get(call.guard).cloned() else { return };
        let (Inside { judge: of, tool }, judges) = call.said_to(&guard.condition, &self.program);
        let saw = call.saw(&guard.condition, &self.program);
        let before = call.before;
        let verdicts = call.verdicts.clone();
        if matches!(guard.action, GuardAction::Warn(_)) {
            call.guard += 1;
        }
        let (text, action) = (guard.text.clone(), guard.action.word().into());
        let failure = failures::judged(failures::guard(&guard.text, message.as_deref()), &judges);
        let message = message.or_else(|| failures::no_verdict(&judges).map(Into::into));
        self.contract(id, ContractVerdict::Guard { text, kept: false, action, message, saw, of, tool, judges });
        match guard.action {
            GuardAction::Warn(_) => self.next_guard(id),
            // What the model gave stays what it is; whether it calls again is its matter.
            GuardAction::Retry(_) if before => self.call_failed(id, failure),
            GuardAction::Retry(_) => self.attempt_failed(id, failure, true),
            // A verdict, not exhaustion: the step's fallback is not asked, the call's `else` is.
            GuardAction::Fail(_) => self.call_failed(id, failure),
            GuardAction::Fallback(value) => match judges::next(&value, &verdicts, &self.program) {
                Next::Known(value) => {
                    self.instead_of.insert(id, Arc::new(failure));
                    self.evaluate(id, vec![Arc::new(value)], Then::GuardFallback);
                }
                Next::Ask(_) | Next::NoVerdict => self.call_failed(id, failure),
            },
            GuardAction::Ask { .. } => self.ask_about_draft(id),
        }
    }

    /// Tries again, or ends.
    pub(crate) fn attempt_failed(&mut self, id: u32, failure: Failure, by_guard: bool) {
        if self.cancelled {
            return self.settle(id, Settled::Cancelled);
        }
        if let Activity::Call(call) = &mut self.instances[id as usize].activity
            && call.asking.is_some()
        {
            call.product = None;
            return self.ask_failed(id, failure, by_guard);
        }
        let now = self.now;
        let path = self.path(id);
        let seed = seed_at(self.start.seed, &path);
        let Activity::Call(call) = &mut self.instances[id as usize].activity else { return };
        let (attempts, since) = (call.tries, call.since.unwrap_or(now));
        call.product = None;
        let failed = Failed { failure: &failure, by_guard, attempts, since, now, seed };
        let again = call.step.retry.as_ref().and_then(|policy| Some((next_attempt(policy, &failed)?, policy.times)));
        if let Some((at, times)) = again {
            let why = failure.message.as_str().into();
            let (label, class) = (self.label(id), failure.class);
            let (attempt, attempts) = (attempts + 1, times.saturating_add(1));
            let Inside { judge, tool } = self.inside(id);
            self.note(Note::Retrying { path, label, attempt, judge, tool, attempts, class, why, at });
            return self.sleep(id, at);
        }
        self.exhausted(id, failure);
    }

    /// Nothing more can be tried: the step's fallback, or its failure.
    pub(crate) fn exhausted(&mut self, id: u32, failure: Failure) {
        let Activity::Call(call) = &mut self.instances[id as usize].activity else { return };
        let fallback = call.step.fallback.clone();
        match fallback {
            Some(fallback) => {
                self.instead_of.insert(id, Arc::new(failure));
                self.evaluate(id, vec![Arc::new(fallback)], Then::Fallback);
            }
            None => self.call_failed(id, failure),
        }
    }

    pub(crate) fn fallback_known(&mut self, id: u32, value: Option<Value>) {
        match or_damaged(value) {
            Ok(value) => self.call_done(id, value, How::Fallback),
            Err(failure) => self.fail(id, failure),
        }
    }

    /// The call has a result.
    pub(crate) fn call_done(&mut self, id: u32, value: Value, how: How) {
        if let Some(Ok((value, how))) = self.inner_ended(id, Ok((value, how))) {
            self.settle(id, Settled::Value { value, how });
        }
    }

    /// The step, or the flow, has failed for good; the call may still have an `else`.
    pub(crate) fn call_failed(&mut self, id: u32, failure: Failure) {
        let Some(Err(failure)) = self.inner_ended(id, Err(failure)) else { return };
        match self.node(id).op {
            Op::Call { recover: Some(block), .. } | Op::Flow { recover: Some(block), .. } if !self.cancelled => {
                self.failures.insert(id, Arc::new(failure));
                self.enter(id, block, Role::Recovery, vec![]);
            }
            _ => self.fail(id, failure),
        }
    }

    /// An expression over data: is a result of it kept?
    pub(crate) fn start_data_compute(&mut self, id: u32) {
        let Op::Compute { expr, .. } = &self.node(id).op else { return };
        let expr = expr.clone();
        let meaning = self.expression_meaning(id, &expr);
        let bindings = self.bindings(id, &expr, false);
        let inputs = self.inputs_of_expression(id, &expr);
        let identity = identity(&meaning, &inputs);
        let cache_key = identity.clone().filter(|_| meaning.not_cacheable.is_none());
        let state =
            crate::state::ComputeState { meaning, bindings, inputs, cache_key: cache_key.clone(), recorded: false };
        self.instances[id as usize].activity = Activity::Compute(Box::new(state));
        self.recall(id, cache_key, Some(identity.unwrap_or_default()));
    }

    /// What was read of the world, or said of it, when a kept result was made is as old as that.
    fn date_kept(&mut self, id: u32, at: jiff::Timestamp) {
        if let Activity::Call(call) = &self.instances[id as usize].activity
            && call.step.kept_for_ms().is_some()
        {
            let instance = &mut self.instances[id as usize];
            instance.data_time = crate::state::oldest(instance.data_time, Some(at));
        }
    }

    /// The answer to an expression over data.
    pub(crate) fn data_computed(&mut self, id: u32, result: Result<Value, Failure>) {
        match result {
            Ok(value) => self.settle(id, Settled::Value { value, how: How::Ran }),
            Err(_) if self.cancelled => self.settle(id, Settled::Cancelled),
            Err(failure) => self.fail(id, failure),
        }
    }

    /// The value of an expression in a plan, unless it uses what is not known or needs loaded data.
    pub(crate) fn known(&self, block: u32, expr: &Expr) -> Option<Value> {
        if let ExprKind::Var(var) = &expr.kind {
            return self.variable(block, *var);
        }
        let known = free_variables(expr).into_iter().all(|var| self.variable(block, var).is_some());
        if known { self.evaluate_in_block(block, expr).ok() } else { None }
    }

    fn inputs_of_call<'a>(
        &self,
        id: u32,
        step: &Step,
        args: impl Iterator<Item = Option<&'a Value>>,
    ) -> Vec<InputRecord> {
        let Op::Call { args: exprs, .. } = &self.node(id).op else { return vec![] };
        let types = &self.program.types;
        let record = |((param, value), expr): ((&flow_plan::Param, Option<&Value>), &Arc<Expr>)| {
            let carried = self.program.carried.by_argument(&step.name, &param.name);
            let shown = value.map(|value| redact(value, Some(&param.ty), &param.labels, types));
            let shown = shown.map(|value| redact_leaves(&value, carried));
            input(param.name.clone(), value, shown, self.is_parameter(id, expr))
        };
        step.params.iter().zip(args).zip(exprs).map(record).collect()
    }

    fn inputs_of_expression(&self, id: u32, expr: &Expr) -> Vec<InputRecord> {
        let block = self.instances[id as usize].block;
        let graph = &self.graphs[self.blocks[block as usize].flow as usize];
        let name = |var: VarId| -> Arc<str> {
            match graph.sources.get(var) {
                Some(Source::Node(node)) => graph.blocks[node.block as usize].nodes[node.local as usize].label.clone(),
                _ => {
                    let param = graph.params.iter().find(|param| param.var == var);
                    param.map_or_else(|| format!("v{}", var.0).into(), |param| param.name.clone())
                }
            }
        };
        free_variables(expr)
            .into_iter()
            .map(|var| {
                let value = self.variable(block, var);
                let parameter = graph.params.iter().find(|param| param.var == var);
                let (ty, labels) = parameter.map_or((None, &[][..]), |param| (Some(&param.ty), &param.labels));
                let shown = value.as_ref().map(|value| redact(value, ty, labels, &self.program.types));
                // What was computed may be made of labelled data, which no type says.
                let is_told = parameter.is_some() || self.program.carried.is_empty();
                let shown =
                    shown.map(|value| if is_told { value } else { flow_expr::redact::map_leaves(&value, &mut unsaid) });
                input(name(var), value.as_ref(), shown, parameter.is_some())
            })
            .collect()
    }

    /// Whether an argument is a parameter of the flow, as it is.
    fn is_parameter(&self, id: u32, expr: &Expr) -> bool {
        let ExprKind::Var(var) = expr.kind else { return false };
        let block = &self.blocks[self.instances[id as usize].block as usize];
        self.graphs[block.flow as usize].params.iter().any(|param| param.var == var)
    }

    pub(crate) fn step(&mut self, name: &Name) -> Option<(Arc<Step>, Arc<NodeMeaning>)> {
        if self.steps.is_empty() {
            let program = self.program.clone();
            let mut meanings = Meanings::new(&program);
            for (name, step) in &program.steps {
                if let Some(meaning) = NodeMeaning::of_step(step, &mut meanings, &program) {
                    self.steps.insert(name.clone(), (Arc::new(step.clone()), Arc::new(meaning)));
                }
            }
        }
        self.steps.get(name).cloned()
    }

    fn expression_meaning(&mut self, id: u32, expr: &Expr) -> Arc<NodeMeaning> {
        let instance = &self.instances[id as usize];
        let block = &self.blocks[instance.block as usize];
        let place = (block.flow, crate::graph::NodeRef { block: block.block, local: instance.local });
        let program = &self.program;
        self.expressions.entry(place).or_insert_with(|| Arc::new(NodeMeaning::of_expression(expr, program))).clone()
    }
}

/// A value that is used, for the record; `shown` is what may be seen of it.
fn input(name: Arc<str>, value: Option<&Value>, shown: Option<Value>, parameter: bool) -> InputRecord {
    let digest = value.map(|value| digest(value).into());
    let short = shown.as_ref().map_or_else(Arc::default, short);
    InputRecord { name, digest, short, parameter }
}

/// A value in few words; data by its content's name, so that two versions look different.
pub(crate) fn short(value: &Value) -> Arc<str> {
    match value {
        Value::Table(table) => format!("{} rows ({})", table.rows, crate::decide::short_hash(&table.hash)).into(),
        Value::File(file) => format!("{} ({})", file.name, crate::decide::short_hash(&file.hash)).into(),
        other => words::value(other).into(),
    }
}

/// What names a result: the meaning and the contents of the inputs; none while one is unknown.
pub(crate) fn identity(meaning: &NodeMeaning, inputs: &[InputRecord]) -> Option<Arc<str>> {
    let digests: Option<Vec<_>> = inputs.iter().map(|input| Some((&input.name, input.digest.as_ref()?))).collect();
    Some(meaning_hash(&(&meaning.hash, digests?)))
}

/// What stands in the place of a text that may not be seen; numbers and the like are.
fn unsaid(value: &Value) -> Value {
    match value {
        Value::String(_) | Value::Json(_) | Value::Bytes(_) => Value::String("‹…›".into()),
        other => other.clone(),
    }
}

/// A message's text.
pub(crate) fn as_text(value: Value) -> Option<Arc<str>> {
    match value {
        Value::String(text) => Some(text),
        Value::Unit | Value::Absent => None,
        other => Some(words::value(&other).into()),
    }
}
