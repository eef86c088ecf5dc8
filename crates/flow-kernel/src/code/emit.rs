//! The function of a plan: what it loads, and which operation is emitted where. Its loops are in `loops.rs`.

use super::{
    HEAD_SLOTS, INPUT_SLOTS, Shape,
    memory::{Code, Emitted},
    values::{Val, any, flag, whole},
};
use crate::{
    kind::Kind,
    plan::{Constant, Node, Op, Plan, Source},
};
use cranelift_codegen::{
    Context,
    ir::{
        InstBuilder, MemFlagsData, Value,
        types::{F64, I8, I32, I64, I128},
    },
    isa::TargetFrontendConfig,
};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use std::{collections::HashMap, sync::Arc};

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
    pub(super) plan: &'p Plan,
    inputs: Vec<Addresses>,
    /// Floats that stay in registers, by their bits.
    floats: HashMap<u64, Value>,
    /// The row that is being computed is so many after this one.
    row: Value,
    step: i64,
    /// What has been computed for it.
    done: HashMap<*const Node, Val>,
}

impl Code {
    /// The function of a plan for inputs of a shape.
    pub(crate) fn of(plan: &Plan, shape: Shape) -> Result<Self, String> {
        let inputs = shape.inputs.clone();
        Self::compile(shape, plan.floats(), |context, buffers, target| {
            function(plan, &inputs, context, buffers, target)
        })
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
    let first = HEAD_SLOTS + shape.len() * INPUT_SLOTS;
    let float = |(number, float): (usize, f64)| {
        let place = ((first + number) * 8) as i32;
        (float.to_bits(), b.ins().load(F64, read(), slots, place))
    };
    let floats = plan.floats().into_iter().enumerate().map(float).collect();
    let mut emit = Emit { b, plan, inputs, floats, row: slots, step: 0, done: HashMap::new() };
    let emitted = emit.loops(&head);
    emit.b.seal_all_blocks();
    emit.b.finalize(target);
    emitted
}

impl Emit<'_, '_> {
    /// The bit of this row.
    fn bit(&mut self, (base, first): (Value, Value)) -> Value {
        let offset = whole(&mut self.b, self.step);
        let row = self.b.ins().iadd(self.row, offset);
        let index = self.b.ins().iadd(row, first);
        let (three, seven) = (whole(&mut self.b, 3), whole(&mut self.b, 7));
        let byte = self.b.ins().ushr(index, three);
        let address = self.b.ins().iadd(base, byte);
        let byte = self.b.ins().load(I8, read(), address, 0);
        let place = self.b.ins().band(index, seven);
        let shifted = self.b.ins().ushr(byte, place);
        let one = self.b.ins().iconst(I8, 1);
        self.b.ins().band(shifted, one)
    }

    /// Whether the bit of this row is not set.
    fn unset(&mut self, place: (Value, Value)) -> Value {
        let bit = self.bit(place);
        super::values::not(&mut self.b, bit)
    }

    /// Where the element of this row stands in a column of elements of 2 to the `log` bytes: an address and how many
    /// bytes after it.
    fn element(&mut self, base: Value, log: u32) -> (Value, i32) {
        let places = whole(&mut self.b, i64::from(log));
        let offset = self.b.ins().ishl(self.row, places);
        (self.b.ins().iadd(base, offset), (self.step << log) as i32)
    }

    /// The value of the whole expression for the row that is `step` after `row`.
    pub(super) fn root(&mut self, row: Value, step: i64) -> Val {
        (self.row, self.step) = (row, step);
        self.done.clear();
        let root = self.plan.root.clone();
        self.node(&root)
    }

    /// Puts a value into the row's place of a column of 2 to the `log` bytes each.
    pub(super) fn store(&mut self, value: Value, base: Value, log: u32) {
        let (address, offset) = self.element(base, log);
        self.b.ins().store(write(), value, address, offset);
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
                let (address, offset) = self.element(values, 2);
                let days = self.b.ins().load(I32, read(), address, offset);
                self.b.ins().sextend(I64, days)
            }
            Kind::Float => {
                let (address, offset) = self.element(values, 3);
                self.b.ins().load(F64, read(), address, offset)
            }
            Kind::Decimal(_) => {
                let (address, offset) = self.element(values, 4);
                self.b.ins().load(I128, read(), address, offset)
            }
            _ => {
                let (address, offset) = self.element(values, 3);
                self.b.ins().load(I64, read(), address, offset)
            }
        };
        let mut unknown = known.map(|place| self.unset(place));
        if matches!(kind, Kind::Decimal(_)) {
            let large = self.too_large(value);
            unknown = any(&mut self.b, unknown, Some(large));
        } else if let Some(bounds) = kind.bounds().filter(|_| is_column) {
            let beyond = super::values::outside(&mut self.b, value, bounds);
            unknown = any(&mut self.b, unknown, Some(beyond));
        }
        let absent = present.map(|place| self.unset(place));
        // Where there is no value there may be any bits.
        if let (Some(absent), Some(found)) = (absent, unknown) {
            unknown = Some(self.b.ins().band_not(found, absent));
        }
        Val { value, absent, unknown }
    }

    /// What a node gives for the row; computed once.
    pub(super) fn node(&mut self, node: &Arc<Node>) -> Val {
        if let Some(found) = self.done.get(&Arc::as_ptr(node)) {
            return *found;
        }
        let found = self.operation(node);
        self.done.insert(Arc::as_ptr(node), found);
        found
    }

    fn operation(&mut self, node: &Arc<Node>) -> Val {
        match &node.op {
            Op::Input(number) => self.input(*number),
            Op::Const(constant) => {
                let value = self.constant(constant);
                Val::sure(value)
            }
            Op::Absent => {
                let (value, yes) = (self.zero(&node.kind), self.b.ins().iconst(I8, 1));
                Val { value, absent: Some(yes), unknown: None }
            }
            Op::Unknown => {
                let (value, yes) = (self.zero(&node.kind), self.b.ins().iconst(I8, 1));
                Val::unless(Some(yes), value)
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
                let absent = flag(&mut self.b, inner.absent);
                Val::unless(inner.unknown, super::values::not(&mut self.b, absent))
            }
            Op::Required(inner) => {
                let inner = self.node(inner);
                inner.required(&mut self.b)
            }
            Op::After(first, second) => {
                let (first, second) = (self.node(first), self.node(second));
                Val { unknown: any(&mut self.b, first.unknown, second.unknown), ..second }
            }
            Op::OneOf(item, constants) => self.one_of(item, constants),
        }
    }

    pub(super) fn constant(&mut self, constant: &Constant) -> Value {
        match constant {
            Constant::Bool(truth) => self.b.ins().iconst(I8, i64::from(*truth)),
            Constant::Whole(number) => whole(&mut self.b, *number),
            Constant::Float(number) => match self.floats.get(&number.to_bits()) {
                Some(known) => *known,
                None => self.b.ins().f64const(*number),
            },
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
