//! Memory of compiled code is given back.

use crate::{
    generate::{binary, column, constant},
    table::Table,
};
use flow_expr::{BinaryOp, Value, VarId};
use flow_kernel::{Kernel, Rows};

/// Kilobytes of this process that can be executed.
#[cfg(target_os = "linux")]
fn executable_kilobytes() -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let executable = maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|rights| rights.starts_with("r-x")));
    let size = |line: &str| {
        let (from, to) = line.split(' ').next().unwrap().split_once('-').unwrap();
        usize::from_str_radix(to, 16).unwrap() - usize::from_str_radix(from, 16).unwrap()
    };
    executable.map(size).sum::<usize>() / 1024
}

#[cfg(target_os = "linux")]
fn resident_kilobytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn many_kernels_leave_nothing_behind() {
    let table = Table::new(65, &[3, 7, 11]);
    let context = table.context();
    let compile = |bound: i64| {
        let rule = binary(BinaryOp::Less, column("int"), constant(Value::Int(bound)));
        let rows = Rows::Record(VarId::IT, &table.names);
        let mut kernel = Kernel::condition(&rule, rows, &table.columns, &context).eager();
        assert!(kernel.run(&table.arrays, &|row, column| table.cell(row, column), &context).is_some());
        assert!(kernel.code_bytes() > 0);
        kernel
    };
    // Other tests of this binary may compile meanwhile, but not hundreds at a time.
    let before = executable_kilobytes();
    let some: Vec<Kernel> = (0..200).map(compile).collect();
    assert!(executable_kilobytes() >= before + 400, "each has memory of its own while it lives");
    drop(some);
    assert!(executable_kilobytes() < before + 400, "{before} KB before, {} after", executable_kilobytes());
    let resident = resident_kilobytes();
    (0..1500).for_each(|bound| drop(compile(bound)));
    assert!(executable_kilobytes() < before + 400, "{before} KB before, {} after", executable_kilobytes());
    // A function takes a page at least: 6 MB if they stayed.
    let grown = resident_kilobytes().saturating_sub(resident);
    assert!(grown < 4_000, "{grown} KB more after 1500 kernels");
}
