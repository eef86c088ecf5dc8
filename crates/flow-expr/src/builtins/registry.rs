//! All built-ins by name, and how a call finds its overload.
//!
//! Knows no particular built-in: groups are listed here, their files hold everything else.

use super::{
    call::{Argument, Call},
    guard, json, list, map, number, option, sequence,
    signature::{self, Bindings, Signature, TypePattern},
    stats, table, text, time,
};
use crate::{
    EvalError, Expr, ExprKind, MapKey, Type, TypeTable, Value,
    eval::{Callable, Fault, Machine},
    render,
};
use flow_diag::Span;
use std::{collections::BTreeMap, sync::LazyLock};

/// An implementation.
pub(super) type Run = fn(&mut Call<'_, '_, '_>) -> Result<Value, EvalError>;

/// A line of a group: name, signature, docs, implementation.
pub(super) type Line = (&'static str, &'static str, &'static str, Run);

/// One overload of a built-in function.
pub struct Builtin {
    /// The name under which it is called.
    pub name: &'static str,
    /// The module of the standard library that declares it: `std.text`.
    pub module: &'static str,
    /// Its signature as text: `(text: String) -> Int`.
    pub text: &'static str,
    /// What it does, for hover: one or a few sentences.
    pub docs: &'static str,
    run: Run,
    signature: Signature,
}

impl Builtin {
    /// What it takes and gives.
    #[must_use]
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// It as the standard library declares it: `fn first<T>(items: List<T>) -> T?`.
    #[must_use]
    pub fn declaration(&self) -> String {
        let variables: Vec<String> = self.signature.variables().iter().map(char::to_string).collect();
        let variables = if variables.is_empty() { String::new() } else { format!("<{}>", variables.join(", ")) };
        format!("fn {}{variables}{}", self.name, self.signature)
    }

    /// Whether the checker must append one more argument, a constant zero of the result's type: the sum of nothing
    /// does not know whether it is an Int, a Decimal or a Float.
    #[must_use]
    pub fn wants_zero(&self) -> bool {
        self.name == "sum"
    }
}

impl std::fmt::Debug for Builtin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.declaration())
    }
}

const GROUPS: [(&str, &[Line]); 11] = [
    text::GROUP,
    number::GROUP,
    list::GROUP,
    sequence::GROUP,
    table::GROUP,
    map::GROUP,
    option::GROUP,
    time::GROUP,
    json::GROUP,
    stats::GROUP,
    guard::GROUP,
];

static ALL: LazyLock<Vec<Builtin>> = LazyLock::new(|| {
    let lines = GROUPS.iter().flat_map(|(module, lines)| lines.iter().map(move |line| (*module, *line)));
    let parsed = lines.map(|(module, (name, text, docs, run))| {
        let signature = signature::parse(text);
        debug_assert!(signature.is_some(), "the signature of `{name}` does not parse: {text}");
        let signature = signature?;
        // What lists and tables share is written in one group.
        let of_table = matches!(signature.params.first(), Some(param) if matches!(param.ty, TypePattern::Table(_)));
        let module = if of_table && module == list::GROUP.0 { table::GROUP.0 } else { module };
        Some(Builtin { name, module, text, docs, run, signature })
    });
    parsed.flatten().collect()
});

static BY_NAME: LazyLock<BTreeMap<&'static str, Vec<&'static Builtin>>> = LazyLock::new(|| {
    let mut by_name: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for builtin in builtins() {
        by_name.entry(builtin.name).or_default().push(builtin);
    }
    by_name
});

/// Every overload of every built-in, by group.
pub fn builtins() -> impl Iterator<Item = &'static Builtin> {
    ALL.iter()
}

/// The overloads of a name, in the order in which they are tried; none if there is no such built-in.
#[must_use]
pub fn overloads(name: &str) -> &'static [&'static Builtin] {
    BY_NAME.get(name).map_or(&[], Vec::as_slice)
}

/// Whether a name is that of a built-in.
#[must_use]
pub fn is_builtin(name: &str) -> bool {
    !overloads(name).is_empty()
}

/// The overloads that take these arguments, with what their variables are; `None` for a lambda not checked yet.
///
/// The first is the one that will run. Method calls pass the receiver first.
#[must_use]
pub fn resolve(name: &str, arguments: &[Option<Type>], types: &TypeTable) -> Vec<(&'static Builtin, Bindings)> {
    overloads(name).iter().filter_map(|builtin| Some((*builtin, builtin.signature().bind(arguments, types)?))).collect()
}

/// Runs a built-in on unevaluated arguments.
pub(crate) fn call(machine: &mut Machine<'_>, at: Span, name: &str, arguments: &[Expr]) -> Result<Value, EvalError> {
    let mut evaluated = Vec::with_capacity(arguments.len());
    for argument in arguments {
        evaluated.push(match &argument.kind {
            ExprKind::Lambda(params, body) => Argument::Lambda(params, body),
            _ => Argument::Value(machine.evaluate(argument)?),
        });
        // What takes a text looks at all of it.
        if let Some(Argument::Value(Value::String(text))) = evaluated.last() {
            machine.meter.search(text.len()).map_err(|fault| fault.at(at))?;
        }
    }
    let chosen = overloads(name).iter().find(|builtin| takes(builtin, &evaluated));
    match chosen {
        Some(builtin) => (builtin.run)(&mut Call { machine, at, arguments: &evaluated }),
        None => Err(misfit(name, &evaluated).at(at)),
    }
}

fn misfit(name: &str, arguments: &[Argument<'_>]) -> Fault {
    if !is_builtin(name) {
        return Fault::kind(format!("there is no built-in `{name}`"));
    }
    let kinds: Vec<String> = arguments
        .iter()
        .map(|argument| match argument {
            Argument::Lambda(..) => "a function".to_owned(),
            Argument::Value(value) => render::kind(value),
        })
        .collect();
    let message = format!("`{name}` does not take ({})", kinds.join(", "));
    // The checker lets an optional through only where it is taken, so a value that is not there came from data.
    if arguments.iter().any(|argument| matches!(argument, Argument::Value(Value::Absent))) {
        return Fault::absent(message);
    }
    Fault::kind(message)
}

fn takes(builtin: &Builtin, arguments: &[Argument<'_>]) -> bool {
    let signature = builtin.signature();
    let extra = usize::from(builtin.wants_zero());
    arguments.len() >= *signature.arity().start()
        && arguments.len() <= signature.arity().end() + extra
        && signature.params.iter().zip(arguments).all(|(param, argument)| match argument {
            Argument::Lambda(params, _) => {
                matches!(&param.ty, TypePattern::Function(expected, _) if expected.len() == params.len())
            }
            Argument::Value(value) => fits(&param.ty, value),
        })
}

/// Whether a value may be of a type, by its outermost kind.
fn fits(pattern: &TypePattern, value: &Value) -> bool {
    match (pattern, value) {
        (TypePattern::Variable('N'), _) => matches!(value, Value::Int(_) | Value::Decimal(_) | Value::Float(_)),
        (TypePattern::Variable('K'), _) => MapKey::from_value(value).is_some(),
        (TypePattern::Variable(_), _) => true,
        (TypePattern::Optional(_), Value::Absent) => true,
        (TypePattern::Optional(inner), _) => fits(inner, value),
        // The items tell overloads apart; a list of nothing is a list of anything.
        (TypePattern::List(inner), Value::List(items)) => items.first().is_none_or(|item| fits(inner, item)),
        (TypePattern::Table(_), Value::Table(_)) | (TypePattern::Map(..), Value::Map(_)) => true,
        (TypePattern::Function(..), Value::Closure(_)) => true,
        (TypePattern::Plain(ty), _) => matches!(
            (ty, value),
            (Type::Bool, Value::Bool(_))
                | (Type::Int, Value::Int(_))
                | (Type::Decimal, Value::Int(_) | Value::Decimal(_))
                | (Type::Float, Value::Float(_))
                | (Type::String, Value::String(_))
                | (Type::Date, Value::Date(_))
                | (Type::Time, Value::Time(_))
                | (Type::Timestamp, Value::Timestamp(_))
                | (Type::Duration, Value::Duration(_))
                | (Type::Bytes, Value::Bytes(_))
                | (Type::Json, Value::Json(_))
                | (Type::File, Value::File(_))
                | (Type::Unit, Value::Unit)
        ),
        _ => false,
    }
}

impl<'e> Argument<'e> {
    /// The argument as something to apply.
    pub(super) fn callable(&'e self) -> Option<Callable<'e>> {
        match self {
            Self::Lambda(params, body) => Some(Callable::Lambda(params, body)),
            Self::Value(Value::Closure(closure)) => Some(Callable::Closure(closure)),
            Self::Value(_) => None,
        }
    }
}
