//! What a call takes, while its arguments are typed: the parameters, and which one is at the cursor.

use crate::{
    Analysis,
    complete::{Context, visible},
};
use flow_diag::FileId;
use flow_expr::{Type, TypeDef, builtins};
use flow_syntax::{
    SyntaxKind, SyntaxNode,
    ast::{self, AstNode},
};

/// A way in which something may be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// All of it.
    pub label: String,
    /// What it does.
    pub docs: Option<String>,
    /// Its parameters: the bytes of each in the label.
    pub params: Vec<(u32, u32)>,
}

/// The ways to call what is called at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signatures {
    /// The ways, in order.
    pub all: Vec<Signature>,
    /// The parameter at the place; none behind the last one.
    pub active: Option<u32>,
}

/// What the call around a place of a text takes.
#[must_use]
pub fn signatures(analysis: &Analysis, file: FileId, text: &str, offset: u32) -> Option<Signatures> {
    let context = Context::new(analysis, file, text, offset)?;
    let list = context.around(SyntaxKind::ARG_LIST)?;
    let call = ast::CallExpr::cast(list.parent()?)?;
    let (name, is_method) = match call.callee()? {
        ast::Expr::Name(name) => (name.name()?, false),
        ast::Expr::Field(field) => (field.name()?, true),
        _ => return None,
    };
    let all = ways(&context, name.text());
    let first = all.first()?;
    let (number, named) = argument(&context, &list);
    let by_name = named.and_then(|named| {
        let begins = |(start, end): &(u32, u32)| {
            first.label[*start as usize..*end as usize].split(':').next().map(str::trim) == Some(named.as_str())
        };
        first.params.iter().position(begins)
    });
    // Before the dot stands the first one.
    let active = by_name.unwrap_or(number + usize::from(is_method));
    Some(Signatures { all, active: u32::try_from(active).ok() })
}

/// Which argument the place is in, and its name if it has one.
fn argument(context: &Context<'_>, list: &SyntaxNode) -> (usize, Option<String>) {
    let start = context.start();
    let before = list.children_with_tokens().take_while(|part| part.text_range().end() <= start);
    let number = before.filter(|part| part.kind() == SyntaxKind::COMMA).count();
    let own = context.token.parent_ancestors().find(|node| node.parent().as_ref() == Some(list));
    let named = own.and_then(ast::Arg::cast).and_then(|arg| arg.name()).map(|name| name.text().to_owned());
    (number, named)
}

fn ways(context: &Context<'_>, name: &str) -> Vec<Signature> {
    let found = visible(context).into_iter().find(|found| found.name == name);
    if let Some(found) = found
        && let Some(signature) = declared(context, &found.definition.name, name)
    {
        return vec![Signature { docs: found.definition.docs.as_deref().map(str::to_owned), ..signature }];
    }
    let all = builtins::builtins().filter(|builtin| builtin.name == name);
    let signature = |builtin: &builtins::Builtin| {
        let signature = builtin.signature();
        let params = signature.params.iter().map(|param| format!("{}: {}", param.name, param.ty));
        Signature {
            docs: Some(builtin.docs.to_owned()),
            ..Signature::of(name, &params.collect::<Vec<_>>(), &signature.result.to_string())
        }
    };
    all.map(signature).collect()
}

fn declared(context: &Context<'_>, full: &flow_expr::Name, name: &str) -> Option<Signature> {
    let program = &context.analysis.compilation.program;
    let typed = |params: &[flow_plan::Param]| -> Vec<String> {
        params.iter().map(|param| format!("{}: {}", param.name, param.ty)).collect()
    };
    if let Some(step) = program.steps.get(full) {
        return Some(Signature::of(name, &typed(&step.params), &step.returns.to_string()));
    }
    if let Some(flow) = program.flows.get(full) {
        return Some(Signature::of(name, &typed(&flow.params), &flow.returns.to_string()));
    }
    if let Some(TypeDef::Record(fields)) = program.types.get(full) {
        let fields: Vec<String> = fields.iter().map(|field| format!("{}: {}", field.name, field.ty)).collect();
        return Some(Signature::of(name, &fields, &Type::Named(full.clone()).to_string()));
    }
    // Functions: as they are written.
    let definition = context.analysis.declaration(full)?;
    let decl = crate::place::decl_at(context.analysis, definition.at)?;
    let text = |node: &SyntaxNode| node.text().to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    let (params, returns) = match &decl {
        ast::Decl::Fn(decl) => (decl.params().collect::<Vec<_>>(), decl.return_type()),
        ast::Decl::Guard(decl) => (decl.params().collect(), None),
        _ => return None,
    };
    let params: Vec<String> = params.iter().map(|param| text(param.syntax())).collect();
    let returns = returns.map_or("Bool".to_owned(), |ty| text(ty.syntax()));
    Some(Signature::of(name, &params, &returns))
}

impl Signature {
    fn of(name: &str, params: &[String], returns: &str) -> Self {
        let mut label = format!("{name}(");
        let mut places = vec![];
        for (number, param) in params.iter().enumerate() {
            label.push_str(if number == 0 { "" } else { ", " });
            let start = label.len();
            label.push_str(param);
            let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
            places.push((place(start), place(label.len())));
        }
        label.push_str(&format!(") -> {returns}"));
        Self { label, docs: None, params: places }
    }
}
