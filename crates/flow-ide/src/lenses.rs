//! What can be done with a declaration, above it: run and plan a flow, run a test. Syntax alone; doing it is the editor's.

use crate::place::span;
use flow_diag::Span;
use flow_syntax::{Parse, ast};

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LensKind {
    /// `flowc run`
    Run,
    /// `flowc plan`
    Plan,
    /// `flowc test`
    Test,
    /// The graph of the flow.
    Graph,
}

/// Something that can be done with a declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lens {
    /// The name that it stands above.
    pub at: Span,
    /// What is done.
    pub kind: LensKind,
    /// The flow's short name, or the test's title.
    pub name: String,
}

/// The lenses of a file, in order.
#[must_use]
pub fn lenses(parse: &Parse) -> Vec<Lens> {
    let mut found = vec![];
    for decl in parse.root().decls() {
        match &decl {
            ast::Decl::Flow(flow) => {
                let Some(name) = flow.name() else { continue };
                let at = span(parse.file(), name.range());
                let lens = |kind| Lens { at, kind, name: name.text().to_owned() };
                found.extend([LensKind::Run, LensKind::Plan, LensKind::Graph].map(lens));
            }
            ast::Decl::Test(test) => {
                let Some(title) = test.title() else { continue };
                let at = span(parse.file(), title.range());
                found.push(Lens { at, kind: LensKind::Test, name: title.plain_text().unwrap_or_default() });
            }
            _ => {}
        }
    }
    found
}
