//! What an expression's value carries.
//!
//! Fields, rows and items are told apart; what is computed from several values carries what all of them carry. A
//! comparison, a test or a branch says which of a few: it carries on only labels of data that is itself one of few (a
//! Bool, an enum), since then it says all there is to say. Expressions nest at most as deeply as the parser allows (256);
//! chains of operators are longer, and are gone through one after another.

use super::{
    annotated::Site,
    builtins,
    marks::Marks,
    shape::{ALONE, COUNT, KEYS, Shape, VALUES},
    sink::Removes,
    trail::Says,
    walk::Walk,
};
use flow_diag::Span;
use flow_expr::{Arm, BinaryOp, Expr, ExprKind, Name, Part, Pattern, Value, VarId};
use flow_plan::every_expression;
use std::sync::Arc;

/// How deeply functions in functions are told apart by what they bring; below, all that they use counts.
const MOST_CAPTURES: u32 = 8;

impl<'a> Walk<'a> {
    /// What a value carries.
    pub(super) fn expr(&mut self, expr: &'a Expr) -> Shape {
        match &expr.kind {
            ExprKind::Const(_) if self.annotations.values.contains_key(&expr.at) => self.said_at(Site::Value(expr.at)),
            ExprKind::Const(_) => Shape::default(),
            ExprKind::Var(var) => self.values.get(var).cloned().unwrap_or_default(),
            ExprKind::Field { base, name } => match &base.kind {
                // Of a record with thousands of fields the others are not copied.
                ExprKind::Var(var) => {
                    let base = self.values.get(var);
                    base.map(|base| base.field(name, &mut self.places)).unwrap_or_default()
                }
                _ => {
                    let base = self.expr(base);
                    base.field(name, &mut self.places)
                }
            },
            ExprKind::Record { ty, base, fields } => {
                let mut shape = base.as_ref().map_or_else(Shape::default, |base| self.taken_from(base, ty));
                self.fields(&mut shape, ty, fields);
                shape
            }
            ExprKind::Variant { ty, fields, .. } => {
                let mut shape = Shape::default();
                self.fields(&mut shape, ty, fields);
                shape
            }
            ExprKind::List(items) => {
                let mut all = Shape::default();
                items.iter().for_each(|item| all.join(&self.expr(item)));
                let alone = all.flat();
                all.listed().with(ALONE, alone)
            }
            ExprKind::Range(low, high) => {
                let ends = self.all([&**low, &**high]);
                Shape::of(ends.clone()).with(COUNT, ends.clone()).with(ALONE, ends)
            }
            ExprKind::Unary(_, inner) | ExprKind::IntToDecimal(inner) | ExprKind::Refined(inner, _) => self.expr(inner),
            ExprKind::Binary(..) => self.chain(expr),
            ExprKind::If(condition, then, otherwise) => {
                let decides = self.decision(condition);
                let mut shape = self.expr(then);
                shape.join(&self.expr(otherwise));
                shape.own.join(&decides);
                shape
            }
            ExprKind::Match(subject, arms) if self.annotations.values.contains_key(&expr.at) => {
                self.annotated(expr.at, subject, arms)
            }
            ExprKind::Match(subject, arms) => {
                self.arms(subject, arms, |arm| (&arm.pattern, arm.condition.as_ref()), |this, arm| this.expr(&arm.body))
            }
            ExprKind::Call(function, args) => self.call_function(function, args, expr.at),
            ExprKind::Builtin(name, args) => self.builtin(name, args, expr.at),
            ExprKind::Lambda(_, body) => Shape::of(self.expr(body).flat()),
            ExprKind::Interpolate(parts) => self.parts(parts),
        }
    }

    /// What all of some values carry.
    pub(super) fn all(&mut self, exprs: impl IntoIterator<Item = &'a Expr>) -> Marks {
        let mut marks = Marks::default();
        for expr in exprs {
            marks.join(&self.expr(expr).flat());
        }
        marks
    }

    /// What a text with holes carries.
    pub(super) fn parts(&mut self, parts: &'a [Part]) -> Shape {
        Shape::of(self.all(holes(parts)))
    }

    /// What a choice by a value tells of it.
    pub(super) fn choice(&self, shape: &Shape) -> Marks {
        let marks = shape.flat();
        if self.strict { marks } else { marks.chosen() }
    }

    /// What a condition brings into the values that it chooses between.
    pub(super) fn decision(&mut self, condition: &'a Expr) -> Marks {
        let condition = self.expr(condition);
        self.choice(&condition)
    }

    /// Operators in a row: `a + b + c`.
    fn chain(&mut self, expr: &'a Expr) -> Shape {
        let mut rest = vec![];
        let mut first = expr;
        while let ExprKind::Binary(op, left, right) = &first.kind {
            rest.push((*op, &**left, &**right));
            first = left;
        }
        let mut shape = self.expr(first);
        for (op, left, right) in rest.into_iter().rev() {
            let is_absent = |expr: &Expr| matches!(expr.kind, ExprKind::Const(Value::Absent));
            let tests_presence = is_absent(left) || is_absent(right);
            let right = self.expr(right);
            shape.join(&right);
            match op {
                BinaryOp::Add | BinaryOp::And | BinaryOp::Or | BinaryOp::Coalesce => {}
                BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Remainder => {
                    shape = Shape::of(shape.flat());
                }
                BinaryOp::Equal | BinaryOp::NotEqual if tests_presence && !self.strict => shape = Shape::default(),
                _ => shape = Shape::of(self.choice(&shape)),
            }
        }
        shape
    }

    /// `..base`, field by field, so that others can take the place of some.
    fn taken_from(&mut self, base: &'a Expr, record: &'a Name) -> Shape {
        let base = self.expr(base);
        if base.own.is_empty() {
            return base;
        }
        let mut shape = Shape::default();
        for name in self.declared.field_names(record) {
            let field = base.field(name, &mut self.places);
            shape.set(name, field);
        }
        shape
    }

    /// Fields as they are filled: what stands in the text is no data, all else has the labels that the field declares.
    fn fields(&mut self, shape: &mut Shape, owner: &'a Name, fields: &'a [(Arc<str>, Expr)]) {
        for (name, value) in fields {
            let mut filled = self.expr(value);
            if let Some(field) = self.declared.field(owner, name) {
                filled = self.admitted(filled, Site::Field(owner, &field.name), value.at);
                let mut declared = self.declared.shape(&field.ty, &mut self.labels, &mut self.trails);
                declared.own.join(&self.declared.of_field(owner, field, &mut self.labels, &mut self.trails));
                if !declared.is_clean() && every_expression(value).any(|part| matches!(part.kind, ExprKind::Var(_))) {
                    self.hop(&mut declared, value.at, Says::Filled(name));
                    filled.join(&declared);
                }
            }
            shape.set(name, filled);
        }
    }

    /// `let x: T = value` in a function: a `match` whose one arm binds everything.
    fn annotated(&mut self, place: Span, value: &'a Expr, arms: &'a [Arm]) -> Shape {
        let shape = self.expr(value);
        let shape = self.put(shape, Site::Value(place), value.at);
        let [Arm { pattern, body, .. }] = arms else { return shape };
        self.bind(pattern, &shape);
        self.expr(body)
    }

    /// What any arm of a `match` gives, be it of expressions or of blocks, which `body` tells apart.
    pub(super) fn arms<A>(
        &mut self,
        subject: &'a Expr,
        arms: &'a [A],
        head: impl Fn(&'a A) -> (&'a Pattern, Option<&'a Expr>),
        body: impl Fn(&mut Self, &'a A) -> Shape,
    ) -> Shape {
        let looked_at = self.expr(subject);
        let mut shape = Shape::default();
        shape.own.join(&self.matched(&looked_at, arms.iter().map(|arm| head(arm).0)));
        let before = self.decided(&shape.own, subject.at);
        for arm in arms {
            let (pattern, condition) = head(arm);
            self.bind(pattern, &looked_at);
            if let Some(condition) = condition {
                let decides = self.decision(condition);
                self.decided(&decides, condition.at);
                shape.own.join(&decides);
            }
            shape.join(&body(self, arm));
        }
        self.deciding = before;
        shape
    }

    /// What a value brings into those that are chosen by its patterns: nothing where they only ask whether it is there.
    fn matched<'p>(&mut self, subject: &Shape, patterns: impl Iterator<Item = &'p Pattern>) -> Marks {
        if self.strict {
            return self.choice(subject);
        }
        let mut tested = Marks::default();
        let mut pending: Vec<(&Pattern, Shape)> = patterns.map(|pattern| (pattern, subject.clone())).collect();
        while let Some((pattern, value)) = pending.pop() {
            match pattern {
                Pattern::Absent | Pattern::Any | Pattern::Bind(_) => {}
                Pattern::Const(_) => tested.join(&value.flat()),
                // Which variant it is, and what is asked of its fields.
                Pattern::Variant(_, fields) => {
                    tested.join(&value.own.whole());
                    for (name, field) in fields {
                        pending.push((field, value.field(name, &mut self.places)));
                    }
                }
                Pattern::Either(choices) => pending.extend(choices.iter().map(|choice| (choice, value.clone()))),
            }
        }
        self.choice(&Shape::of(tested))
    }

    /// Binds what a pattern names.
    pub(super) fn bind(&mut self, pattern: &Pattern, value: &Shape) {
        let mut pending = vec![(pattern, value.clone())];
        while let Some((pattern, value)) = pending.pop() {
            match pattern {
                Pattern::Bind(var) => self.set(*var, value),
                Pattern::Variant(_, fields) => {
                    for (name, field) in fields {
                        pending.push((field, value.field(name, &mut self.places)));
                    }
                }
                Pattern::Either(choices) => pending.extend(choices.iter().map(|choice| (choice, value.clone()))),
                Pattern::Any | Pattern::Const(_) | Pattern::Absent => {}
            }
        }
    }

    /// Gives a variable its value.
    pub(super) fn set(&mut self, var: VarId, value: Shape) {
        if value.is_clean() {
            self.values.remove(&var);
        } else {
            self.values.insert(var, value);
        }
    }

    fn call_function(&mut self, name: &'a Name, args: &'a [Expr], at: Span) -> Shape {
        if let Some(mut shape) = self.inlined(name, args) {
            self.hop(&mut shape, at, Says::Called(name));
            return shape;
        }
        let each = args.iter().enumerate().map(|(position, arg)| {
            let shape = self.expr(arg);
            (self.admitted(shape, Site::Param(name, position), arg.at), arg.at)
        });
        let args: Vec<(Shape, Span)> = each.collect();
        let summary = self.functions.get(name).or_else(|| self.judges.get(name)).cloned();
        let mut shape = match summary {
            Some(summary) => self.fill(&summary, &args),
            // One with a mistake in it, or in a circle of calls: errors of their own, which say enough.
            None => Shape::default(),
        };
        self.hop(&mut shape, at, Says::Called(name));
        shape
    }

    /// What a function in place brings besides its arguments: the same for each of many rows, so they hide none of it.
    fn captured(&mut self, function: &'a Expr) -> Marks {
        let ExprKind::Lambda(params, _) = &function.kind else { return Marks::default() };
        let all = self.outside(function);
        if all.is_empty() || self.captures >= MOST_CAPTURES {
            return all;
        }
        self.captures += 1;
        let made = self.apply(function, &vec![Shape::default(); params.len()]).flat();
        self.captures -= 1;
        made
    }

    /// What the variables carry that a function in place uses and does not bind itself.
    fn outside(&self, function: &Expr) -> Marks {
        let mut marks = Marks::default();
        for value in function.free_variables().iter().filter_map(|var| self.values.get(var)) {
            marks.join(&value.flat());
        }
        marks
    }

    /// What a function gives for some values.
    pub(super) fn apply(&mut self, function: &'a Expr, args: &[Shape]) -> Shape {
        if let ExprKind::Lambda(params, body) = &function.kind {
            for (param, arg) in params.iter().zip(args) {
                self.set(*param, arg.clone());
            }
            return self.expr(body);
        }
        if let Some(shape) = self.passed(function, args) {
            return shape;
        }
        // A function that was passed here: what it holds, and what it is given.
        let mut own = self.expr(function).flat();
        args.iter().for_each(|arg| own.join(&arg.flat()));
        Shape::of(own)
    }

    fn builtin(&mut self, name: &'a str, args: &'a [Expr], at: Span) -> Shape {
        use builtins::Kind;
        let Some(first) = args.first() else { return Shape::default() };
        match builtins::kind(name, args) {
            Kind::Takes(how) => {
                let value = Shape::of(self.all(args.iter().take(1)));
                self.removes(&value, how, at);
                Shape::default()
            }
            Kind::Sums => {
                let whole = self.expr(first);
                let mut tells = whole.beside(COUNT, &mut self.places);
                let value = self.of_rows(whole.clone(), &args[1..]);
                // Of a few that the text lists nothing comes off, as far as they go in.
                let mut alone = whole.beside(ALONE, &mut self.places);
                for function in &args[1..] {
                    alone.join(&self.captured(function));
                }
                let alone = alone.within(&value.own);
                if alone.labels_only().is_empty() {
                    self.removes(&value, Removes::Aggregate, at);
                }
                tells.join(&alone);
                Shape::of(tells)
            }
            Kind::Counts => {
                let whole = self.expr(first);
                let mut tells = whole.beside(COUNT, &mut self.places);
                for function in &args[1..] {
                    let captured = Shape::of(self.captured(function));
                    tells.join(&self.choice(&captured));
                }
                // What it is asked about is looked at for what it takes off.
                let asked = self.of_rows_and(whole, &args[1..]);
                if self.strict && args.len() > 1 {
                    tells.join(&asked.flat());
                }
                Shape::of(tells)
            }
            Kind::Splits => {
                let all = self.all(args);
                Shape::of(all.clone()).with(COUNT, all)
            }
            Kind::Tests => {
                let all = Shape::of(self.all(args));
                Shape::of(self.choice(&all))
            }
            Kind::Presence => {
                let all = Shape::of(self.all(args));
                if self.strict { all } else { Shape::default() }
            }
            Kind::Picks => {
                let whole = self.expr(first);
                self.picked(whole, first, &args[1..])
            }
            Kind::Keeps => self.kept(name, first, &args[1..]),
            Kind::Keys => {
                let map = self.expr(first);
                map.field(&KEYS.into(), &mut self.places)
            }
            Kind::Joins => self.joined(args),
            Kind::Maps => self.mapped(name, args),
            Kind::Groups => self.grouped(name, first, args.get(1)),
            Kind::MadeOf => {
                let whole = self.expr(first);
                self.of_rows_and(whole, &args[1..])
            }
        }
    }

    /// An item of a list or map.
    fn picked(&mut self, whole: Shape, items: &Expr, rest: &'a [Expr]) -> Shape {
        let mut decides = self.chosen_by(&whole, rest);
        if matches!(items.kind, ExprKind::Range(..) | ExprKind::List(_) | ExprKind::Const(_)) {
            // What stands in the text at a place says the place.
            let told = rest.iter().filter(|arg| !matches!(arg.kind, ExprKind::Lambda(..)));
            decides.join(&self.all(told));
        }
        let mut shape = whole.items();
        shape.own.join(&decides);
        shape
    }

    /// A list or map that is made of another one's items.
    fn kept(&mut self, name: &str, items: &'a Expr, rest: &'a [Expr]) -> Shape {
        let mut whole = self.expr(items);
        let decides = self.chosen_by(&whole, rest);
        whole.own.join(&decides);
        if matches!(name, "take" | "skip" | "chunk") {
            // A number of items says the number.
            let told = self.all(rest);
            whole = whole.with(COUNT, told);
        }
        if name == "distinct" && self.strict {
            let decides = whole.flat();
            whole.own.join(&decides);
        }
        match name {
            "flatten" => {
                let count = whole.beside(COUNT, &mut self.places);
                whole.items().with(COUNT, count)
            }
            "chunk" => whole.listed(),
            "values" => {
                whole.without_field(KEYS);
                whole
            }
            _ => whole,
        }
    }

    /// What the choice of some items by other arguments tells.
    fn chosen_by(&mut self, whole: &Shape, rest: &'a [Expr]) -> Marks {
        let mut all = Marks::default();
        for arg in rest {
            match &arg.kind {
                ExprKind::Lambda(..) => {
                    let decides = self.apply(arg, &[whole.clone().items()]);
                    // Which rows there are is followed where that is asked for.
                    if self.strict {
                        all.join(&decides.flat());
                    }
                }
                _ => all.join(&self.decision(arg)),
            }
        }
        all
    }

    /// What a function gives for each item.
    fn mapped(&mut self, name: &str, args: &'a [Expr]) -> Shape {
        let (given, function) = args.split_at(args.len() - 1);
        let given: Vec<Shape> = given.iter().map(|arg| self.expr(arg)).collect();
        let (mut count, mut alone) = (Marks::default(), Marks::default());
        for given in &given {
            count.join(&given.beside(COUNT, &mut self.places));
            alone.join(&given.beside(ALONE, &mut self.places));
        }
        let keys = given.first().and_then(|map| map.fields.get(KEYS)).filter(|_| name == "map_values").cloned();
        let given: Vec<Shape> = given.into_iter().map(Shape::items).collect();
        let (captured, made) = (self.captured(&function[0]), self.apply(&function[0], &given));
        // What each item is made into tells no more of it than it carries.
        alone = alone.taken_of(&made.flat(), &self.places);
        alone.join(&captured);
        match name {
            "min" | "max" => made,
            "flat_map" => made.with(COUNT, count).with(ALONE, alone),
            _ => made.listed().with_keys(keys.unwrap_or_default()).with(COUNT, count).with(ALONE, alone),
        }
    }

    /// One of several values, or several put together; a key that stands before a value is the map's.
    fn joined(&mut self, args: &'a [Expr]) -> Shape {
        let mut shape = Shape::default();
        for (position, arg) in args.iter().enumerate() {
            let value = self.expr(arg);
            match position {
                1 if args.len() == 3 => {
                    let keys = Shape::of(value.flat());
                    shape.fields.entry(KEYS.into()).or_default().join(&keys);
                }
                2 => {
                    let Shape { own, fields } = value.listed();
                    shape.join(&Shape { fields, ..Shape::default() }.with(VALUES, own));
                }
                _ => shape.join(&value),
            }
        }
        if shape.fields.values().any(Shape::is_clean) {
            shape.fields.retain(|_, field| !field.is_clean());
        }
        shape
    }

    fn grouped(&mut self, name: &str, rows: &'a Expr, by: Option<&'a Expr>) -> Shape {
        let row = self.expr(rows).items();
        let keys = by.map(|by| self.apply(by, std::slice::from_ref(&row)).flat()).unwrap_or_default();
        let mut values = if name == "group_by" { row.listed() } else { row };
        if self.strict {
            values.own.join(&keys);
        }
        values.listed().with_keys(Shape::of(keys))
    }

    /// What a function of each row gives, or else the rows themselves.
    fn of_rows(&mut self, whole: Shape, rest: &'a [Expr]) -> Shape {
        let functions: Vec<&'a Expr> = rest.iter().filter(|arg| matches!(arg.kind, ExprKind::Lambda(..))).collect();
        if functions.is_empty() {
            return Shape::of(whole.flat());
        }
        let mut made = whole.fields.get(KEYS).map(Shape::flat).unwrap_or_default();
        let shape = whole.items();
        for function in functions {
            made.join(&self.apply(function, std::slice::from_ref(&shape)).flat());
        }
        Shape::of(made)
    }

    /// The same, with all other arguments.
    fn of_rows_and(&mut self, whole: Shape, rest: &'a [Expr]) -> Shape {
        let mut shape = self.of_rows(whole, rest);
        let others = rest.iter().filter(|arg| !matches!(arg.kind, ExprKind::Lambda(..)));
        shape.own.join(&self.all(others));
        shape
    }
}

/// The expressions in a text with holes.
pub(super) fn holes(parts: &[Part]) -> impl Iterator<Item = &Expr> {
    parts.iter().filter_map(|part| match part {
        Part::Hole(expr, _) => Some(expr),
        Part::Text(_) => None,
    })
}
