//! Functions that are passed to functions: a call with one is looked at by itself, as if its body stood there.
//!
//! What `fn pick<T>(items: List<T>, which: fn(T) -> String)` gives depends on `which`, so its summary would have to say that
//! everything may come out. How deep and how often this is done is bounded; beyond that the summary stands.

use super::{
    annotated::{Site, given_by},
    shape::Shape,
    walk::Walk,
};
use flow_expr::{Expr, ExprKind, Name, VarId};
use std::collections::HashMap;

/// Calls inside calls further down are taken by their summaries.
const DEEPEST: usize = 8;

/// Calls that are looked at in this way, in the whole program.
const MOST_CALLS: usize = 20_000;

/// What a function that was called with functions sees, or saw before it was called.
#[derive(Debug, Default)]
pub(super) struct Frame<'a> {
    pub(super) values: HashMap<VarId, Shape>,
    /// Functions by the parameter that they are, with the frame in which they are written.
    pub(super) functions: HashMap<VarId, (&'a Expr, usize)>,
}

impl<'a> Walk<'a> {
    /// What a call that passes functions gives; none where it passes none, or where there are too many.
    pub(super) fn inlined(&mut self, name: &'a Name, args: &'a [Expr]) -> Option<Shape> {
        let function = self.program.functions.get(name)?;
        let depth = self.frames.len();
        let passes = args.iter().any(|arg| self.is_function(arg));
        if !passes || depth >= DEEPEST || self.inlined >= MOST_CALLS {
            return None;
        }
        self.inlined += 1;
        let mut frame = Frame::default();
        for (position, (param, arg)) in function.params.iter().zip(args).enumerate() {
            let shape = self.expr(arg);
            let shape = self.put(shape, Site::Param(name, position), arg.at);
            if !shape.is_clean() {
                frame.values.insert(*param, shape);
            }
            match &arg.kind {
                ExprKind::Lambda(..) => drop(frame.functions.insert(*param, (arg, depth))),
                ExprKind::Var(var) => {
                    if let Some(passed) = self.passed.get(var) {
                        frame.functions.insert(*param, *passed);
                    }
                }
                _ => {}
            }
        }
        let values = std::mem::replace(&mut self.values, frame.values);
        let functions = std::mem::replace(&mut self.passed, frame.functions);
        self.frames.push(Frame { values, functions });
        let shape = self.expr(&function.body);
        if let Some(frame) = self.frames.pop() {
            self.values = frame.values;
            self.passed = frame.functions;
        }
        Some(self.put(shape, Site::Result(name), given_by(&function.body).at))
    }

    fn is_function(&self, arg: &Expr) -> bool {
        match &arg.kind {
            ExprKind::Lambda(..) => true,
            ExprKind::Var(var) => self.passed.contains_key(var),
            _ => false,
        }
    }

    /// What a function that was passed here gives, seen from where it is written; none if it is not known.
    pub(super) fn passed(&mut self, function: &'a Expr, args: &[Shape]) -> Option<Shape> {
        let ExprKind::Var(var) = &function.kind else { return None };
        let (lambda, written_in) = *self.passed.get(var)?;
        let ExprKind::Lambda(params, body) = &lambda.kind else { return None };
        self.swap(written_in)?;
        for (param, arg) in params.iter().zip(args) {
            self.set(*param, arg.clone());
        }
        let shape = self.expr(body);
        self.swap(written_in)?;
        Some(shape)
    }

    /// Goes to a frame, and back.
    fn swap(&mut self, frame: usize) -> Option<()> {
        let frame = self.frames.get_mut(frame)?;
        std::mem::swap(&mut self.values, &mut frame.values);
        std::mem::swap(&mut self.passed, &mut frame.functions);
        Some(())
    }
}
