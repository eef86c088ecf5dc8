//! A machine in memory: files that can change, tables of rows, expressions evaluated; no processes.

use flow_compiler::{MemoryWorld, Options, World};
use flow_expr::{Context, Expr, MemoryTable, Name, Table, Value, VarId, evaluate};
use flow_plan::{ErrorClass, Failure, Program, Step};
use flow_repl::{Data, Host, Session, Trouble};
use jiff::Timestamp;
use std::{collections::BTreeMap, sync::Arc};

pub(crate) const PROGRAM: &str = "
/// What people bought.
type Order { id: Int, amount: Decimal, customer: String @pii }
label pii \"Identifies a person.\"
dataset orders: Table<Order> { at csv(\"orders.csv\"), arrives every day by 05:30, fresh within 25h, owner \"shop\" }
dataset large: Table<Order> { at csv(\"large.csv\"), fresh within 50h, owner \"us\", accepts @pii }
/// Orders over a limit.
step over(orders: Table<Order>, limit: Decimal = 10.0) -> Table<Order> {
  sql \"select * from orders where amount > :limit\"
  timeout 5m
}
flow daily { start every day at 06:00 finish within 20m  write large = over(orders) }
";

pub(crate) struct Memory {
    world: MemoryWorld,
    stamp: u64,
    /// What steps were run with.
    pub(crate) ran: Vec<(String, usize)>,
}

impl Memory {
    pub(crate) fn new(program: &str) -> Self {
        Self { world: MemoryWorld::new([("shop.flow", program)]), stamp: 0, ran: vec![] }
    }

    pub(crate) fn change(&mut self, program: &str) {
        self.world.insert("shop.flow", program);
        self.stamp += 1;
    }
}

impl Host for Memory {
    fn world(&self) -> &dyn World {
        &self.world
    }

    fn options(&self) -> Options {
        Options::default()
    }

    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn stamp(&self) -> u64 {
        self.stamp
    }

    fn read(&mut self, program: &Arc<Program>, dataset: &Name) -> Result<Data, Trouble> {
        if dataset.short() != "orders" {
            return Err(Failure::new(ErrorClass::ClientError, "R0301", "there is nothing at its place"));
        }
        let row = |id, amount: &str, customer: &str| {
            vec![Value::Int(id), Value::Decimal(amount.parse().expect("a number")), Value::String(customer.into())]
        };
        let rows = vec![row(1, "5.50", "ada"), row(2, "20.00", "bob"), row(3, "30.25", "cyd")];
        let columns = ["id", "amount", "customer"].map(Arc::from).to_vec();
        let flow_expr::Type::Table(record) = &program.datasets[dataset].ty else { unreachable!("orders is a table") };
        let value = Value::Table(MemoryTable::new(columns, rows).into_table((**record).clone()));
        Ok(Data { value, time: Some(Timestamp::UNIX_EPOCH - jiff::SignedDuration::from_hours(30)) })
    }

    fn first_rows(&mut self, _: &Arc<Program>, table: &Table, _: usize) -> Result<Table, Trouble> {
        Ok(table.clone())
    }

    fn compute(&mut self, program: &Arc<Program>, expr: Expr, bindings: Vec<(VarId, Value)>) -> Result<Value, Trouble> {
        let scope: BTreeMap<VarId, Value> = bindings.into_iter().collect();
        let context = Context::new(&program.functions, &program.types, self.now());
        evaluate(&expr, &scope, &context).map_err(|error| Failure {
            at: Some(error.at),
            ..Failure::new(ErrorClass::ClientError, "R0312", error.message.to_string())
        })
    }

    fn run(&mut self, _: &Arc<Program>, step: &Arc<Step>, args: Vec<(Arc<str>, Value)>) -> Result<Value, Trouble> {
        self.ran.push((step.name.to_string(), args.len()));
        args.into_iter().next().map(|(_, value)| value).ok_or_else(|| {
            Failure::new(ErrorClass::ClientError, "R0300", "this machine runs nothing without arguments")
        })
    }

    fn prompt(&mut self, _: &Arc<Program>, _: &Arc<Step>, _: Vec<(Arc<str>, Value)>) -> Result<String, Trouble> {
        Ok("the prompt\n".to_owned())
    }
}

/// A session with its machine.
pub(crate) struct Talk {
    pub(crate) session: Session,
    pub(crate) memory: Memory,
}

impl Talk {
    pub(crate) fn new() -> Self {
        Self { session: Session::default(), memory: Memory::new(PROGRAM) }
    }

    /// What an entry shows that is as it should be.
    #[track_caller]
    pub(crate) fn says(&mut self, entry: &str) -> String {
        let outcome = self.session.eval(entry, &mut self.memory);
        assert!(outcome.is_done, "{entry}: {}", outcome.text);
        outcome.text
    }

    /// What an entry shows that is wrong.
    #[track_caller]
    pub(crate) fn refuses(&mut self, entry: &str) -> String {
        let outcome = self.session.eval(entry, &mut self.memory);
        assert!(!outcome.is_done, "{entry}: {}", outcome.text);
        outcome.text
    }

    /// The command line that an entry asks for.
    pub(crate) fn command(&mut self, entry: &str) -> String {
        match self.session.eval(entry, &mut self.memory).then {
            flow_repl::Then::Command(words) => words.join("|"),
            other => panic!("{entry}: {other:?}"),
        }
    }
}
