//! Types: from what is written to what it means, and the table of the program's own types.
//!
//! Two passes over declarations: shapes first, so that types can refer to each other in any order, then
//! refinements and defaults, which are expressions. Knows no values.

mod collect;
mod cycles;
mod refinements;
mod resolve;

pub(crate) use collect::{collect, pending};
pub(crate) use cycles::infinite;
pub(crate) use refinements::refinements;
pub(crate) use resolve::{TypeContext, resolve_labels};

use crate::expr::Elaborator;
use flow_expr::Type;
use flow_syntax::ast;

impl Elaborator<'_> {
    /// What a type in a body means.
    pub(crate) fn type_of(&mut self, written: &ast::TypeExpr) -> Type {
        let context = TypeContext { env: self.env, module: self.module, parameters: &self.type_parameters };
        context.resolve(written, self.output)
    }
}
