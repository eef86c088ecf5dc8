//! Signatures of built-ins: parsed from their text, matched against types.
//!
//! A signature is written as in the language: `(rows: Table<R>, of: fn(R) -> N) -> N`. A type of one
//! capital letter is a variable, and the letter says what it may be: `N` a number, `O` something that
//! has an order, `K` a key of a map, any other letter anything.
//!
//! Knows no values and no syntax tree. A signature that does not parse is a bug, found by a test over all.

use crate::{Type, TypeDef, TypeTable};
use std::{collections::BTreeMap, fmt};

/// A type with variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypePattern {
    /// A variable.
    Variable(char),
    /// A type without parameters.
    Plain(Type),
    /// `T?`.
    Optional(Box<TypePattern>),
    /// `List<T>`.
    List(Box<TypePattern>),
    /// `Map<K, V>`.
    Map(Box<TypePattern>, Box<TypePattern>),
    /// `Table<R>`.
    Table(Box<TypePattern>),
    /// `fn(A, B) -> C`.
    Function(Vec<TypePattern>, Box<TypePattern>),
}

/// A parameter of a built-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, for named arguments and hover.
    pub name: &'static str,
    /// What it takes.
    pub ty: TypePattern,
    /// What it is when it is not given, as written; the evaluator fills it in.
    pub default: Option<&'static str>,
}

/// What a built-in takes and gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Parameters; those with a default come last.
    pub params: Vec<Parameter>,
    /// The result.
    pub result: TypePattern,
}

impl TypePattern {
    /// Collects the variables, in the order in which they are first met.
    fn variables(&self, into: &mut Vec<char>) {
        match self {
            Self::Variable(name) if into.contains(name) => {}
            Self::Variable(name) => into.push(*name),
            Self::Plain(_) => {}
            Self::Optional(inner) | Self::List(inner) | Self::Table(inner) => inner.variables(into),
            Self::Map(key, value) => [key, value].into_iter().for_each(|part| part.variables(into)),
            Self::Function(params, result) => {
                params.iter().chain([&**result]).for_each(|part| part.variables(into));
            }
        }
    }
}

/// What the variables of a signature stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bindings(BTreeMap<char, Type>);

impl Signature {
    /// How many arguments may be given.
    #[must_use]
    pub fn arity(&self) -> std::ops::RangeInclusive<usize> {
        self.params.iter().filter(|param| param.default.is_none()).count()..=self.params.len()
    }

    /// Its variables, in the order in which they are first met.
    #[must_use]
    pub fn variables(&self) -> Vec<char> {
        let mut variables = Vec::new();
        self.params.iter().for_each(|param| param.ty.variables(&mut variables));
        self.result.variables(&mut variables);
        variables
    }

    /// Matches argument types, `None` standing for an argument whose type is not known yet: a lambda, whose
    /// parameters have types only when the other arguments have been matched.
    ///
    /// Gives `None` if the signature does not take these. `Int` fits `Decimal`, `T` fits `T?`, and `Unknown` fits
    /// everything; the checker inserts the coercion by comparing argument with [`Bindings::apply`].
    #[must_use]
    pub fn bind(&self, arguments: &[Option<Type>], types: &TypeTable) -> Option<Bindings> {
        if !self.arity().contains(&arguments.len()) {
            return None;
        }
        let mut bindings = Bindings::default();
        let fits = self.params.iter().zip(arguments).all(|(param, argument)| match argument {
            Some(argument) => bindings.bind(&param.ty, argument, types),
            None => matches!(param.ty, TypePattern::Function(..)),
        });
        fits.then_some(bindings)
    }
}

impl Bindings {
    /// Matches one more type: that of a lambda's result, once it is known. False if it does not fit.
    pub fn bind(&mut self, pattern: &TypePattern, ty: &Type, types: &TypeTable) -> bool {
        match (pattern, ty) {
            (_, Type::Unknown) => true,
            (TypePattern::Variable(name), _) => self.bind_variable(*name, ty, types),
            (TypePattern::Optional(inner), _) => self.bind(inner, ty.required(), types),
            (TypePattern::Plain(Type::Decimal), Type::Int) => true,
            (TypePattern::Plain(plain), _) if plain == ty => true,
            (TypePattern::List(inner), Type::List(item)) => self.bind(inner, item, types),
            (TypePattern::Table(inner), Type::Table(row)) => self.bind(inner, row, types),
            (TypePattern::Map(key, value), Type::Map(found_key, found_value)) => {
                self.bind(key, found_key, types) && self.bind(value, found_value, types)
            }
            (TypePattern::Function(params, result), Type::Function(found, found_result)) => {
                params.len() == found.len()
                    && params.iter().zip(found.iter()).all(|(param, ty)| self.bind(param, ty, types))
                    && self.bind(result, found_result, types)
            }
            (_, Type::Named(name)) => match types.get(name) {
                Some(TypeDef::Refined { base, .. }) => self.bind(pattern, base, types),
                _ => false,
            },
            _ => false,
        }
    }

    fn bind_variable(&mut self, name: char, ty: &Type, types: &TypeTable) -> bool {
        // A refined alias is its base here: the sum of refined decimals is a Decimal.
        let ty = if matches!(name, 'N' | 'O') { base(ty, types) } else { ty };
        let allowed = match name {
            'N' => matches!(ty, Type::Int | Type::Decimal | Type::Float),
            'O' => is_ordered(ty, types),
            'K' => is_key(ty, types),
            _ => true,
        };
        match self.0.get(&name) {
            _ if !allowed => false,
            None => {
                self.0.insert(name, ty.clone());
                true
            }
            Some(bound) if bound == ty => true,
            Some(Type::Decimal) if *ty == Type::Int => true,
            Some(Type::Int) if *ty == Type::Decimal => {
                self.0.insert(name, Type::Decimal);
                true
            }
            Some(Type::Optional(bound)) => **bound == *ty || **bound == Type::Unknown,
            Some(bound) if matches!(ty, Type::Optional(inner) if **inner == *bound) => {
                self.0.insert(name, ty.clone());
                true
            }
            Some(bound) => base(bound, types) == base(ty, types),
        }
    }

    /// The type that a pattern is now; `Unknown` for a variable that nothing was matched with.
    #[must_use]
    pub fn apply(&self, pattern: &TypePattern) -> Type {
        match pattern {
            TypePattern::Variable(name) => self.0.get(name).cloned().unwrap_or(Type::Unknown),
            TypePattern::Plain(plain) => plain.clone(),
            TypePattern::Optional(inner) => self.apply(inner).optional(),
            TypePattern::List(inner) => Type::List(self.apply(inner).into()),
            TypePattern::Table(inner) => Type::Table(self.apply(inner).into()),
            TypePattern::Map(key, value) => Type::Map(self.apply(key).into(), self.apply(value).into()),
            TypePattern::Function(params, result) => {
                Type::Function(params.iter().map(|param| self.apply(param)).collect(), self.apply(result).into())
            }
        }
    }
}

/// What a refined alias refines, else the type itself.
fn base<'t>(ty: &'t Type, types: &'t TypeTable) -> &'t Type {
    let mut ty = ty;
    // Longer chains than the table has entries are cycles.
    for _ in 0..=types.0.len() {
        match ty {
            Type::Named(name) => match types.get(name) {
                Some(TypeDef::Refined { base, .. }) => ty = base,
                _ => break,
            },
            _ => break,
        }
    }
    ty
}

/// Whether values of a type have an order: `<` and sorting apply.
#[must_use]
pub fn is_ordered(ty: &Type, types: &TypeTable) -> bool {
    match base(ty, types) {
        Type::Bool
        | Type::Int
        | Type::Float
        | Type::Decimal
        | Type::String
        | Type::Date
        | Type::Time
        | Type::Timestamp
        | Type::Duration
        | Type::Unknown => true,
        Type::Optional(inner) | Type::List(inner) => is_ordered(inner, types),
        Type::Named(name) => match types.get(name) {
            Some(TypeDef::Enum(variants)) => variants.iter().all(|variant| variant.payload.is_empty()),
            _ => false,
        },
        _ => false,
    }
}

/// Whether values of a type can be keys of a map.
#[must_use]
pub fn is_key(ty: &Type, types: &TypeTable) -> bool {
    match base(ty, types) {
        Type::Bool | Type::Int | Type::Date | Type::String | Type::Unknown => true,
        Type::Named(name) => match types.get(name) {
            Some(TypeDef::Enum(variants)) => variants.iter().all(|variant| variant.payload.is_empty()),
            _ => false,
        },
        _ => false,
    }
}

impl fmt::Display for TypePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "{name}"),
            Self::Plain(plain) => write!(f, "{plain}"),
            Self::Optional(inner) => write!(f, "{inner}?"),
            Self::List(inner) => write!(f, "List<{inner}>"),
            Self::Table(inner) => write!(f, "Table<{inner}>"),
            Self::Map(key, value) => write!(f, "Map<{key}, {value}>"),
            Self::Function(params, result) => {
                f.write_str("fn(")?;
                for (index, param) in params.iter().enumerate() {
                    write!(f, "{}{param}", if index == 0 { "" } else { ", " })?;
                }
                write!(f, ") -> {result}")
            }
        }
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for (index, param) in self.params.iter().enumerate() {
            write!(f, "{}{}: {}", if index == 0 { "" } else { ", " }, param.name, param.ty)?;
            if let Some(default) = param.default {
                write!(f, " = {default}")?;
            }
        }
        write!(f, ") -> {}", self.result)
    }
}

/// Reads `(name: Type = default, …) -> Type`.
pub(super) fn parse(text: &'static str) -> Option<Signature> {
    let mut reader = Reader { rest: text };
    reader.expect("(")?;
    let mut params = Vec::new();
    while reader.expect(")").is_none() {
        let name = reader.word()?;
        reader.expect(":")?;
        let ty = reader.ty()?;
        let default = reader.expect("=").and_then(|()| reader.default());
        params.push(Parameter { name, ty, default });
        reader.expect(",");
    }
    reader.expect("->")?;
    let result = reader.ty()?;
    reader.rest.trim().is_empty().then_some(Signature { params, result })
}

struct Reader {
    rest: &'static str,
}

impl Reader {
    fn expect(&mut self, token: &str) -> Option<()> {
        self.rest = self.rest.trim_start().strip_prefix(token)?;
        Some(())
    }

    fn word(&mut self) -> Option<&'static str> {
        let text = self.rest.trim_start();
        let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }

    /// A literal: up to the comma or parenthesis after it, outside quotes.
    fn default(&mut self) -> Option<&'static str> {
        let text = self.rest.trim_start();
        let mut quoted = false;
        let end = text.find(|letter: char| {
            quoted ^= letter == '"';
            !quoted && matches!(letter, ',' | ')')
        })?;
        let (default, rest) = text.split_at(end);
        self.rest = rest;
        Some(default.trim_end())
    }

    fn ty(&mut self) -> Option<TypePattern> {
        let word = self.word()?;
        let mut ty = match word {
            "fn" => return self.function(),
            "List" => TypePattern::List(self.inside()?),
            "Table" => TypePattern::Table(self.inside()?),
            "Map" => {
                self.expect("<")?;
                let key = self.ty()?;
                self.expect(",")?;
                let value = self.ty()?;
                self.expect(">")?;
                TypePattern::Map(Box::new(key), Box::new(value))
            }
            _ => plain(word)?,
        };
        if self.expect("?").is_some() {
            ty = TypePattern::Optional(Box::new(ty));
        }
        Some(ty)
    }

    fn function(&mut self) -> Option<TypePattern> {
        self.expect("(")?;
        let mut params = Vec::new();
        while self.expect(")").is_none() {
            params.push(self.ty()?);
            self.expect(",");
        }
        self.expect("->")?;
        Some(TypePattern::Function(params, Box::new(self.ty()?)))
    }

    fn inside(&mut self) -> Option<Box<TypePattern>> {
        self.expect("<")?;
        let inner = self.ty()?;
        self.expect(">")?;
        Some(Box::new(inner))
    }
}

fn plain(word: &str) -> Option<TypePattern> {
    let mut letters = word.chars();
    if let (Some(letter), None) = (letters.next(), letters.next()) {
        return letter.is_ascii_uppercase().then_some(TypePattern::Variable(letter));
    }
    Some(TypePattern::Plain(match word {
        "Unit" => Type::Unit,
        "Bool" => Type::Bool,
        "Int" => Type::Int,
        "Float" => Type::Float,
        "Decimal" => Type::Decimal,
        "String" => Type::String,
        "Date" => Type::Date,
        "Time" => Type::Time,
        "Timestamp" => Type::Timestamp,
        "Duration" => Type::Duration,
        "Bytes" => Type::Bytes,
        "Json" => Type::Json,
        "File" => Type::File,
        _ => return None,
    }))
}
