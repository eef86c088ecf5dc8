//! What is entered at a prompt, as part of the program: declarations in a module of their own, and an expression.
//!
//! The expression is checked where the names of datasets stand for their data. What it gives may have labels that no type
//! names; to learn which, it is what a flow gives while labels are followed. Tested by the sessions of `flow-repl`.

use crate::{Loaded, LoadedModule};
use flow_diag::{FileId, Problems};
use flow_expr::{Name, Type, VarId, redact::labels_in};
use flow_plan::{Block, CatchUp, Flow, Node, NodeId, NodeKind, Overlap, Param, Program};
use flow_sema::{Answer, Question};
use flow_syntax::ast;
use std::{collections::BTreeMap, sync::Arc};

/// What is entered at a prompt: declarations that stand in no file, and an expression to be understood.
#[derive(Clone, Debug, Default)]
pub struct Prompt {
    /// The declarations. They know all of the project's, and hide those of the same names.
    pub declarations: String,
    /// The expression.
    pub expression: Option<String>,
    /// The type that it must have.
    pub expected: Option<Type>,
    /// Names that were bound before; a later one hides an earlier one.
    pub bound: Vec<(Arc<str>, Type)>,
    /// Labels of what they hold, beyond those that their types name.
    pub labels: BTreeMap<Arc<str>, Vec<Name>>,
}

impl Prompt {
    /// The module of what is declared at a prompt, and the path of its text.
    pub const MODULE: &str = "prompt";
    /// The path of the expression's text.
    pub const EXPRESSION: &str = "expression";
}

/// A prompt whose texts are among the sources.
pub(crate) struct Prompted<'o> {
    prompt: &'o Prompt,
    module: Name,
    file: FileId,
    expr: Option<ast::Expr>,
}

impl<'o> Prompted<'o> {
    pub(crate) fn of(prompt: &'o Prompt, loaded: &mut Loaded, problems: &mut Problems) -> Self {
        let (module, text) = (Name::new(Prompt::MODULE), Arc::<str>::from(prompt.declarations.as_str()));
        let file = loaded.sources.add(Prompt::MODULE, text.clone());
        loaded.modules.push(LoadedModule { name: module.clone(), file, text });
        let Some(text) = &prompt.expression else { return Self { prompt, module, file, expr: None } };
        let file = loaded.sources.add(Prompt::EXPRESSION, text.as_str());
        let parsed = flow_syntax::parse_expression(file, text);
        let expr = parsed.expression();
        problems.extend(parsed.problems);
        Self { prompt, module, file, expr }
    }

    pub(crate) fn question(&self) -> Question<'_> {
        let Self { prompt, module, file, expr } = self;
        let (expr, expected, bound) = (expr.as_ref(), prompt.expected.as_ref(), &prompt.bound[..]);
        Question { module, file: *file, expr, expected, bound }
    }

    /// Puts the expression into the program as what a flow gives, so that labels are followed to it as to any other.
    pub(crate) fn follow(&self, answer: &Answer, program: &mut Program) -> Followed {
        let name = Name::new(format!("{}.={}", Prompt::MODULE, Prompt::EXPRESSION));
        let param = |(place, var): &(usize, VarId)| {
            let (bound, ty) = &self.prompt.bound[*place];
            let labels = self.prompt.labels.get(bound).cloned().unwrap_or_default();
            Param { name: bound.clone(), var: *var, ty: ty.clone(), default: None, labels }
        };
        let params: Vec<Param> = answer.bound.iter().map(param).collect();
        let read = |(number, (dataset, var)): (u32, &(Name, VarId))| Node {
            id: NodeId(number),
            label: dataset.short().into(),
            var: *var,
            ty: program.datasets.get(dataset).map_or(Type::Unknown, |dataset| dataset.ty.clone()),
            kind: NodeKind::Read { dataset: dataset.clone(), previous: false, partition: vec![] },
            needs: vec![],
            after: vec![],
            at: answer.expr.at,
        };
        let nodes: Vec<Node> = (0..).zip(&answer.datasets).map(read).collect();
        let given = params.iter().map(|param| (&param.ty, &param.labels[..]));
        let given = given.chain(nodes.iter().map(|node| (&node.ty, &[][..])));
        let mut labels: Vec<Name> =
            given.flat_map(|(ty, own)| labels_in(ty, &program.types).into_iter().chain(own.iter().cloned())).collect();
        labels.sort();
        labels.dedup();
        let flow = Flow {
            name: name.clone(),
            params,
            returns: answer.ty.clone(),
            starts: vec![],
            finish: None,
            overlap: Overlap::default(),
            catch_up: CatchUp::default(),
            budgets: vec![],
            body: Block { nodes, result: Some(Box::new(answer.expr.clone())) },
            handlers: vec![],
            owner: None,
            tags: vec![],
            at: answer.expr.at,
        };
        program.flows.insert(name.clone(), flow);
        Followed { flow: name, labels }
    }
}

/// The expression of a prompt as a flow, and the labels that what it gives has beyond those of its type.
pub(crate) struct Followed {
    flow: Name,
    /// Until they are known better, those of all that it is made from.
    labels: Vec<Name>,
}

impl Followed {
    /// Labels have been followed through the program.
    pub(crate) fn found(&mut self, program: &Program) {
        self.labels = program.carried.by_flow(&self.flow).to_vec();
    }

    /// Takes the flow out of the program again.
    pub(crate) fn leave(self, program: &mut Program) -> Vec<Name> {
        program.flows.remove(&self.flow);
        program.carried.flows.remove(&self.flow);
        self.labels
    }
}
