//! Arguments of calls: by place, by name, left out for a default. The same for functions, guards, steps
//! and flows.
//!
//! Knows no syntax of calls: what is given comes as a list.

use crate::{
    environment::Parameter,
    expr::{Elaborator, Substitution, is_generic},
    problems::{
        arguments::{GivenTwice, MissingArgument, TooManyArguments, UnknownArgument},
        mismatch::Because,
    },
};
use flow_diag::Span;
use flow_expr::{Expr, Type};
use flow_syntax::ast;

/// An argument as given.
pub(crate) struct Given {
    /// The parameter's name, if written.
    pub(crate) name: Option<ast::Name>,
    /// The value.
    pub(crate) value: GivenValue,
    /// The whole argument.
    pub(crate) at: Span,
}

/// The value of an argument.
pub(crate) enum GivenValue {
    /// Still as written; none if the parser found nothing.
    Written(Option<ast::Expr>),
    /// Elaborated already: the receiver of a method call.
    Done(Expr, Type),
}

/// What is called, for messages.
pub(crate) struct Callee<'a> {
    /// Its short name.
    pub(crate) name: &'a str,
    /// Where it is declared.
    pub(crate) declared: Span,
    /// The call.
    pub(crate) at: Span,
}

impl Elaborator<'_> {
    /// One value per parameter, and what the type parameters stand for.
    pub(crate) fn arguments(
        &mut self,
        callee: &Callee<'_>,
        params: &[Parameter],
        given: Vec<Given>,
    ) -> (Vec<Expr>, Substitution) {
        let places = self.places(callee, params, &given);
        let mut values: Vec<Option<Expr>> = params.iter().map(|_| None).collect();
        let mut substitution = Substitution::default();
        let mut later = vec![];
        for (argument, place) in given.into_iter().zip(places) {
            let Some(place) = place else {
                // Without a parameter it is still checked for itself.
                if let GivenValue::Written(Some(expr)) = &argument.value {
                    self.infer(expr);
                }
                continue;
            };
            // What a lambda takes is known when the other arguments are.
            if matches!(argument.value, GivenValue::Written(Some(ast::Expr::Lambda(_)))) {
                later.push((argument, place));
            } else {
                values[place] = Some(self.argument(callee, &params[place], argument, &mut substitution));
            }
        }
        for (argument, place) in later {
            values[place] = Some(self.argument(callee, &params[place], argument, &mut substitution));
        }
        let values = params.iter().zip(values).map(|(param, value)| match value {
            Some(value) => value,
            None => self.default_of(param).unwrap_or_else(|| self.unknown(callee.at).0),
        });
        (values.collect(), substitution)
    }

    fn argument(
        &mut self,
        callee: &Callee<'_>,
        param: &Parameter,
        given: Given,
        substitution: &mut Substitution,
    ) -> Expr {
        let at = Some(param.at);
        let because = Because::Parameter { owner: callee.name, parameter: &param.name, at };
        match given.value {
            GivenValue::Written(None) => self.unknown(given.at).0,
            GivenValue::Written(Some(expr)) if !is_generic(&param.ty) => self.check(&expr, &param.ty, because),
            GivenValue::Written(Some(expr)) => {
                let hint = substitution.apply(&param.ty);
                let (value, found) = self.elaborate(&expr, Some(&hint));
                substitution.learn(&param.ty, &found, self.env);
                let expected = substitution.apply(&param.ty);
                self.coerce(value, &found, &expected, because)
            }
            GivenValue::Done(value, found) => {
                substitution.learn(&param.ty, &found, self.env);
                let expected = substitution.apply(&param.ty);
                self.coerce(value, &found, &expected, because)
            }
        }
    }

    /// The parameter of each argument; reports what is unknown, given twice, missing or too much.
    fn places(&mut self, callee: &Callee<'_>, params: &[Parameter], given: &[Given]) -> Vec<Option<usize>> {
        let mut taken: Vec<Option<Span>> = vec![None; params.len()];
        let mut next = 0;
        let mut places = vec![];
        let mut wrong = false;
        for argument in given {
            let place = match &argument.name {
                Some(name) => {
                    let found = params.iter().position(|param| &*param.name == name.text());
                    match found {
                        Some(place) => {
                            let at = self.span(name.range());
                            self.output.index.mention(at, params[place].definition);
                        }
                        None => {
                            wrong = true;
                            let at = self.span(name.range());
                            let known = params.iter().map(|param| &*param.name).collect();
                            let declared = Some(callee.declared);
                            let owner = callee.name;
                            self.problem(UnknownArgument { at, argument: name.text(), owner, known, declared });
                        }
                    }
                    found
                }
                None => {
                    next += 1;
                    (next <= params.len()).then_some(next - 1)
                }
            };
            match place.map(|place| (place, taken[place])) {
                Some((place, Some(first))) => {
                    wrong = true;
                    let (argument, at) = (&*params[place].name, argument.at);
                    self.problem(GivenTwice { at, first, argument });
                    places.push(None);
                }
                Some((place, None)) => {
                    taken[place] = Some(argument.at);
                    places.push(Some(place));
                }
                None => places.push(None),
            }
        }
        if next > params.len() {
            wrong = true;
            let surplus = given.iter().filter(|argument| argument.name.is_none()).nth(params.len());
            let at = surplus.map_or(callee.at, |argument| argument.at);
            let (owner, takes, declared) = (callee.name, params.len(), Some(callee.declared));
            self.problem(TooManyArguments { at, owner, takes, given: given.len(), declared });
        }
        // An unknown name may be a misspelling of the one that is missing: one report is enough.
        if !wrong {
            self.missing_arguments(callee, params, &taken);
        }
        places
    }

    fn missing_arguments(&mut self, callee: &Callee<'_>, params: &[Parameter], taken: &[Option<Span>]) {
        let is_missing = |(param, taken): &(&Parameter, &Option<Span>)| taken.is_none() && !param.has_default;
        let missing: Vec<(&str, &Type, Span)> =
            params.iter().zip(taken).filter(is_missing).map(|(param, _)| (&*param.name, &param.ty, param.at)).collect();
        if !missing.is_empty() {
            self.problem(MissingArgument { at: callee.at, owner: callee.name, missing });
        }
    }
}
