//! The function around a plan: its loops, what it loads and what it stores; and which operation is emitted where.

use super::{
    HEAD_SLOTS, INPUT_SLOTS, Shape,
    memory::{Code, Emitted},
    values::{Val, flag, whole},
};
use crate::{
    kind::Kind,
    plan::{Constant, Node, Op, Plan, Source},
};
use cranelift_codegen::{
    Context,
    ir::{
        BlockArg, InstBuilder, MemFlagsData, Value,
        condcodes::IntCC,
        types::{F64, I8, I32, I64, I128},
    },
    isa::TargetFrontendConfig,
};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use std::{collections::HashMap, rc::Rc};

/// Registers that hold the addresses of an input, loaded once.
struct Addresses {
    values: Value,
    first_bit: Value,
    present: Option<(Value, Value)>,
    known: Option<(Value, Value)>,
}

/// One function being written.
pub(super) struct Emit<'f, 'p> {
    pub(super) b: FunctionBuilder<'f>,
    plan: &'p Plan,
    inputs: Vec<Addresses>,
    /// The row that is being computed.
    row: Value,
    /// What has been computed for it.
    done: HashMap<*const Node, Val>,
}

impl Code {
    /// The function of a plan for inputs of a shape.
    pub(crate) fn of(plan: &Plan, shape: Shape) -> Result<Self, String> {
        let inputs = shape.inputs.clone();
        Self::compile(shape, |context, buffers, target| function(plan, &inputs, context, buffers, target))
    }

    /// Bytes of machine code.
    pub(crate) fn bytes(&self) -> usize {
        self.size
    }
}

/// Values that compiled code reads are never written meanwhile.
fn read() -> MemFlagsData {
    MemFlagsData::new().with_notrap().with_readonly()
}

fn write() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}

fn function(
    plan: &Plan,
    shape: &[(bool, bool)],
    context: &mut Context,
    buffers: &mut FunctionBuilderContext,
    target: TargetFrontendConfig,
) -> Emitted {
    let mut b = FunctionBuilder::new(&mut context.func, buffers);
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    let slots = b.block_params(entry)[0];
    let slot = |b: &mut FunctionBuilder<'_>, number: usize| b.ins().load(I64, read(), slots, (number * 8) as i32);
    let head: Vec<Value> = (0..HEAD_SLOTS).map(|number| slot(&mut b, number)).collect();
    let mut inputs = Vec::with_capacity(shape.len());
    for (number, (present, known)) in shape.iter().enumerate() {
        let first = HEAD_SLOTS + number * INPUT_SLOTS;
        inputs.push(Addresses {
            values: slot(&mut b, first),
            first_bit: slot(&mut b, first + 1),
            present: present.then(|| (slot(&mut b, first + 2), slot(&mut b, first + 3))),
            known: known.then(|| (slot(&mut b, first + 4), slot(&mut b, first + 5))),
        });
    }
    let mut emit = Emit { b, plan, inputs, row: slots, done: HashMap::new() };
    let emitted = emit.rows(&head);
    emit.b.seal_all_blocks();
    emit.b.finalize(target);
    emitted
}

impl Emit<'_, '_> {
    /// The loops: over words of 64 rows, and over the rows of a word.
    fn rows(&mut self, head: &[Value]) -> Emitted {
        let [rows, values, known_words, present_words] = *head else { return Emitted { partial: true, optional: true } };
        let is_bool = self.plan.root.kind == Kind::Bool;
        let (outer, inner, stored, exit) =
            (self.b.create_block(), self.b.create_block(), self.b.create_block(), self.b.create_block());
        let zero = whole(&mut self.b, 0);
        self.b.ins().jump(outer, &[BlockArg::from(zero)]);

        self.b.switch_to_block(outer);
        let first = self.b.append_block_param(outer, I64);
        let word = self.b.create_block();
        let more = self.b.ins().icmp(IntCC::UnsignedLessThan, first, rows);
        self.b.ins().brif(more, word, &[], exit, &[]);
        self.b.switch_to_block(word);
        let sixty_four = whole(&mut self.b, 64);
        let full = self.b.ins().iadd(first, sixty_four);
        let end = self.b.ins().umin(full, rows);
        let zero = whole(&mut self.b, 0);
        let start = [first, zero, zero, zero].map(BlockArg::from);
        self.b.ins().jump(inner, &start);

        self.b.switch_to_block(inner);
        let params: Vec<Value> = (0..4).map(|_| self.b.append_block_param(inner, I64)).collect();
        let [row, truth, known, present] = params[..] else { return Emitted { partial: true, optional: true } };
        self.row = row;
        let root = self.plan.root.clone();
        let found = self.node(&root);
        let emitted = Emitted { partial: found.known.is_some(), optional: found.present.is_some() };
        let mut next = [truth, known, present];
        if is_bool {
            let there = super::values::both(&mut self.b, found.known, found.present);
            let sure = super::values::both(&mut self.b, Some(found.value), there);
            next[0] = self.gathered(truth, sure.unwrap_or(found.value), row, first);
        } else {
            self.store(&root.kind, found.value, values);
        }
        if let Some(flag) = found.known {
            next[1] = self.gathered(known, flag, row, first);
        }
        if let Some(flag) = found.present {
            next[2] = self.gathered(present, flag, row, first);
        }
        let one = whole(&mut self.b, 1);
        let following = self.b.ins().iadd(row, one);
        let more = self.b.ins().icmp(IntCC::UnsignedLessThan, following, end);
        let again = [following, next[0], next[1], next[2]].map(BlockArg::from);
        let done = next.map(BlockArg::from);
        self.b.ins().brif(more, inner, &again, stored, &done);

        self.b.switch_to_block(stored);
        let words: Vec<Value> = (0..3).map(|_| self.b.append_block_param(stored, I64)).collect();
        let three = whole(&mut self.b, 3);
        let offset = self.b.ins().ushr(first, three);
        let outputs = [(is_bool, values), (emitted.partial, known_words), (emitted.optional, present_words)];
        for (word, (wanted, base)) in words.into_iter().zip(outputs) {
            if wanted {
                let address = self.b.ins().iadd(base, offset);
                self.b.ins().store(write(), word, address, 0);
            }
        }
        self.b.ins().jump(outer, &[BlockArg::from(full)]);
        self.b.switch_to_block(exit);
        self.b.ins().return_(&[]);
        emitted
    }

    /// A word of bits with the flag of a row.
    fn gathered(&mut self, word: Value, flag: Value, row: Value, first: Value) -> Value {
        let wide = self.b.ins().uextend(I64, flag);
        let place = self.b.ins().isub(row, first);
        let bit = self.b.ins().ishl(wide, place);
        self.b.ins().bor(word, bit)
    }

    fn store(&mut self, kind: &Kind, value: Value, base: Value) {
        debug_assert!(!matches!(kind, Kind::Decimal(_) | Kind::Text), "not given as a column");
        let address = self.element(base, 3);
        self.b.ins().store(write(), value, address, 0);
    }

    /// Where the element of this row stands in a column of elements of 2 to the `log` bytes.
    fn element(&mut self, base: Value, log: i64) -> Value {
        let log = whole(&mut self.b, log);
        let offset = self.b.ins().ishl(self.row, log);
        self.b.ins().iadd(base, offset)
    }

    /// The bit of this row.
    fn bit(&mut self, (base, first): (Value, Value)) -> Value {
        let index = self.b.ins().iadd(self.row, first);
        let (three, seven) = (whole(&mut self.b, 3), whole(&mut self.b, 7));
        let byte = self.b.ins().ushr(index, three);
        let address = self.b.ins().iadd(base, byte);
        let byte = self.b.ins().load(I8, read(), address, 0);
        let place = self.b.ins().band(index, seven);
        let shifted = self.b.ins().ushr(byte, place);
        let one = self.b.ins().iconst(I8, 1);
        self.b.ins().band(shifted, one)
    }

    fn input(&mut self, number: usize) -> Val {
        let Addresses { values, first_bit, present, known } = self.inputs[number];
        let plan = self.plan;
        let kind = match &plan.inputs[number] {
            Source::Column(_, kind) | Source::Evaluated(_, kind, _) => kind.clone(),
            Source::Text(op, _) if !matches!(op, crate::plan::TextOp::Length) => Kind::Bool,
            Source::Text(..) | Source::Variants(..) => Kind::Int,
        };
        let is_column = matches!(plan.inputs[number], Source::Column(..));
        let value = match &kind {
            Kind::Bool => self.bit((values, first_bit)),
            Kind::Date if is_column => {
                let address = self.element(values, 2);
                let days = self.b.ins().load(I32, read(), address, 0);
                self.b.ins().sextend(I64, days)
            }
            Kind::Float => {
                let address = self.element(values, 3);
                self.b.ins().load(F64, read(), address, 0)
            }
            Kind::Decimal(_) => {
                let address = self.element(values, 4);
                self.b.ins().load(I128, read(), address, 0)
            }
            _ => {
                let address = self.element(values, 3);
                self.b.ins().load(I64, read(), address, 0)
            }
        };
        let mut known = known.map(|place| self.bit(place));
        if matches!(kind, Kind::Decimal(_)) {
            known = Some(self.small_enough(value, known));
        } else if let Some(bounds) = kind.bounds().filter(|_| is_column) {
            let valid = super::values::within(&mut self.b, value, bounds);
            known = super::values::both(&mut self.b, known, Some(valid));
        }
        let present = present.map(|place| self.bit(place));
        // Where there is no value there may be any bits.
        if let (Some(present), Some(found)) = (present, known) {
            let absent = super::values::not(&mut self.b, present);
            known = Some(self.b.ins().bor(found, absent));
        }
        Val { value, present, known }
    }

    /// What a node gives for the row; computed once.
    pub(super) fn node(&mut self, node: &Rc<Node>) -> Val {
        if let Some(found) = self.done.get(&Rc::as_ptr(node)) {
            return *found;
        }
        let found = self.operation(node);
        self.done.insert(Rc::as_ptr(node), found);
        found
    }

    fn operation(&mut self, node: &Rc<Node>) -> Val {
        match &node.op {
            Op::Input(number) => self.input(*number),
            Op::Const(constant) => {
                let value = self.constant(constant);
                Val::sure(value)
            }
            Op::Absent => {
                let (value, no) = (self.zero(&node.kind), self.b.ins().iconst(I8, 0));
                Val { value, present: Some(no), known: None }
            }
            Op::Unknown => {
                let (value, no) = (self.zero(&node.kind), self.b.ins().iconst(I8, 0));
                Val { value, present: None, known: Some(no) }
            }
            Op::Convert(inner) => self.convert(inner, &node.kind),
            Op::Arithmetic(op, left, right) => self.arithmetic(*op, left, right, &node.kind),
            Op::Negate(inner) => self.negate(inner),
            Op::Absolute(inner) => self.absolute(inner),
            Op::Compare(op, left, right) => self.compare(*op, left, right),
            Op::And(left, right) => self.and(left, right),
            Op::Or(left, right) => self.or(left, right),
            Op::Not(inner) => {
                let inner = self.node(inner);
                Val { value: super::values::not(&mut self.b, inner.value), ..inner }
            }
            Op::If(condition, then, otherwise) => self.choice(condition, then, otherwise),
            Op::Coalesce(left, right) => self.coalesce(left, right),
            Op::IsPresent(inner) => {
                let inner = self.node(inner);
                Val::if_known(flag(&mut self.b, inner.present), inner.known)
            }
            Op::Required(inner) => {
                let inner = self.node(inner);
                inner.required(&mut self.b)
            }
            Op::After(first, second) => {
                let (first, second) = (self.node(first), self.node(second));
                Val { known: super::values::both(&mut self.b, first.known, second.known), ..second }
            }
            Op::OneOf(item, constants) => self.one_of(item, constants),
        }
    }

    pub(super) fn constant(&mut self, constant: &Constant) -> Value {
        match constant {
            Constant::Bool(truth) => self.b.ins().iconst(I8, i64::from(*truth)),
            Constant::Whole(number) => whole(&mut self.b, *number),
            Constant::Float(number) => self.b.ins().f64const(*number),
            Constant::Units(units) => match i64::try_from(*units) {
                Ok(units) => whole(&mut self.b, units),
                Err(_) => {
                    let low = whole(&mut self.b, *units as i64);
                    let high = whole(&mut self.b, (*units >> 64) as i64);
                    self.b.ins().iconcat(low, high)
                }
            },
        }
    }

    fn zero(&mut self, kind: &Kind) -> Value {
        match kind {
            Kind::Bool => self.b.ins().iconst(I8, 0),
            Kind::Float => self.b.ins().f64const(0.0),
            _ => whole(&mut self.b, 0),
        }
    }
}
