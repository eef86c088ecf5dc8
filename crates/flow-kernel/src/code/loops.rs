//! The loops of a function: over chunks of 64 rows, and over the rows of a chunk.
//!
//! Full chunks take the quick way: several rows at a time, with one flag for whether anything in them is unknown. If
//! so, or where the chunk is not full, the careful way goes over its rows again and notes which are. Bools and flags
//! are bytes here: gathering bits costs more than storing them.

use super::{
    emit::Emit,
    memory::Emitted,
    values::{Val, any, whole},
};
use crate::kind::Kind;
use cranelift_codegen::ir::{
    Block, BlockArg, InstBuilder, Value,
    condcodes::IntCC,
    types::{I8, I64},
};

/// Rows at a time on the quick way, if an expression is short: longer ones take long to compile.
const AT_A_TIME: i64 = 2;
/// Operations of a short expression.
const SHORT: usize = 40;
/// Rows of a chunk.
const CHUNK: i64 = 64;

/// Where the results go: the registers with the addresses of columns.
#[derive(Clone, Copy)]
struct Outputs {
    rows: Value,
    values: Value,
    unknown: Value,
    absent: Value,
}

impl Emit<'_, '_> {
    /// The whole function.
    pub(super) fn loops(&mut self, head: &[Value]) -> Emitted {
        let &[rows, values, unknown, absent] = head else { unreachable!("as many slots as HEAD_SLOTS") };
        let outputs = Outputs { rows, values, unknown, absent };
        let (outer, choice, quick, careful, exit) =
            (self.block(), self.block(), self.block(), self.block(), self.block());
        let zero = whole(&mut self.b, 0);
        self.b.ins().jump(outer, &[BlockArg::from(zero)]);

        self.b.switch_to_block(outer);
        let first = self.b.append_block_param(outer, I64);
        let more = self.b.ins().icmp(IntCC::UnsignedLessThan, first, rows);
        self.b.ins().brif(more, choice, &[], exit, &[]);

        self.b.switch_to_block(choice);
        let chunk = whole(&mut self.b, CHUNK);
        let full = self.b.ins().iadd(first, chunk);
        let is_full = self.b.ins().icmp(IntCC::UnsignedLessThanOrEqual, full, rows);
        self.b.ins().brif(is_full, quick, &[], careful, &[]);

        self.b.switch_to_block(quick);
        self.quick(outputs, first, full, (outer, careful));
        self.b.switch_to_block(careful);
        let emitted = self.careful(outputs, first, full, outer);

        self.b.switch_to_block(exit);
        self.b.ins().return_(&[]);
        emitted
    }

    fn block(&mut self) -> Block {
        self.b.create_block()
    }

    /// A full chunk, several rows at a time. What is unknown is not noted: all of it is known, or it is done again.
    fn quick(&mut self, outputs: Outputs, first: Value, full: Value, (outer, careful): (Block, Block)) {
        let (body, done) = (self.block(), self.block());
        let none = self.b.ins().iconst(I8, 0);
        self.b.ins().jump(body, &[first, none].map(BlockArg::from));

        self.b.switch_to_block(body);
        let row = self.b.append_block_param(body, I64);
        let mut unknown = self.b.append_block_param(body, I8);
        let steps = if self.plan.nodes <= SHORT { AT_A_TIME } else { 1 };
        for step in 0..steps {
            let found = self.root(row, step);
            self.result(found, outputs.values);
            unknown = any(&mut self.b, Some(unknown), found.unknown).unwrap_or(unknown);
            if let Some(absent) = found.absent {
                self.store(absent, outputs.absent, 0);
            }
        }
        let steps = whole(&mut self.b, steps);
        let next = self.b.ins().iadd(row, steps);
        let more = self.b.ins().icmp(IntCC::UnsignedLessThan, next, full);
        self.b.ins().brif(more, body, &[next, unknown].map(BlockArg::from), done, &[]);

        self.b.switch_to_block(done);
        self.b.ins().brif(unknown, careful, &[], outer, &[BlockArg::from(full)]);
    }

    /// The rows of a chunk one by one.
    fn careful(&mut self, outputs: Outputs, first: Value, full: Value, outer: Block) -> Emitted {
        let body = self.block();
        let end = self.b.ins().umin(full, outputs.rows);
        self.b.ins().jump(body, &[BlockArg::from(first)]);

        self.b.switch_to_block(body);
        let row = self.b.append_block_param(body, I64);
        let found = self.root(row, 0);
        self.result(found, outputs.values);
        for (flag, column) in [(found.unknown, outputs.unknown), (found.absent, outputs.absent)] {
            if let Some(flag) = flag {
                self.store(flag, column, 0);
            }
        }
        let one = whole(&mut self.b, 1);
        let next = self.b.ins().iadd(row, one);
        let more = self.b.ins().icmp(IntCC::UnsignedLessThan, next, end);
        self.b.ins().brif(more, body, &[BlockArg::from(next)], outer, &[BlockArg::from(full)]);
        Emitted { partial: found.unknown.is_some(), optional: found.absent.is_some() }
    }

    /// Puts the value of a row where it belongs; a Bool only where it is true, there and known.
    fn result(&mut self, found: Val, values: Value) {
        if self.plan.root.kind != Kind::Bool {
            return self.store(found.value, values, 3);
        }
        let unsure = any(&mut self.b, found.unknown, found.absent);
        let sure = match unsure {
            Some(unsure) => self.b.ins().band_not(found.value, unsure),
            None => found.value,
        };
        self.store(sure, values, 0);
    }
}
