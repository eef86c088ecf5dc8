//! Datasets, queries and rules on real files, through the executor as an engine calls it.

mod compiled;
mod datasets;
mod expectations;
mod lineage;
mod publishing;
mod queries;

use crate::{
    Executor, ExecutorOptions,
    api::{Cancel, DatasetRef, Execute, LogSink, NoFingerprintCache, Outcome, StepCall, Stream, VersionRead},
};
use flow_diag::Span;
use flow_expr::{BinaryOp, Expr, ExprKind, Field, Name, Part, Refinement, Type, TypeDef, Value, VarId, Variant};
use flow_plan::{
    Body, CachePolicy, CsvOptions, DataTimeSource, Dataset, Effect, Expectation, Failure, Format, Freshness, Location,
    Param, Program, Rule, Step,
};
use std::{path::Path, sync::Arc, time::Duration};

pub(super) struct Quiet;

impl LogSink for Quiet {
    fn line(&self, _: Stream, _: &[u8]) {}
}

pub(super) fn expr(kind: ExprKind) -> Expr {
    Expr::new(kind, Span::default())
}

pub(super) fn it() -> Expr {
    expr(ExprKind::Var(VarId::IT))
}

pub(super) fn constant(value: Value) -> Expr {
    expr(ExprKind::Const(value))
}

pub(super) fn binary(op: BinaryOp, a: Expr, b: Expr) -> Expr {
    expr(ExprKind::Binary(op, a.into(), b.into()))
}

pub(super) fn of_row(name: &str) -> Expr {
    expr(ExprKind::Field { base: it().into(), name: name.into() })
}

pub(super) fn decimal(text: &str) -> Value {
    Value::Decimal(text.parse().unwrap())
}

pub(super) fn field(name: &str, ty: Type) -> Field {
    Field { name: name.into(), ty, refinement: None, labels: vec![] }
}

pub(super) fn named(name: &str) -> Type {
    Type::Named(Name::new(name))
}

pub(super) fn table_of(name: &str) -> Type {
    Type::Table(named(name).into())
}

/// `Order { id: Int, customer: String @pii, region: Region, amount: Decimal where it >= 0, note: String?, at: Timestamp }`.
pub(super) fn program() -> Program {
    let mut program = Program::default();
    let variant = |name: &str| Variant { name: name.into(), payload: vec![] };
    let mut customer = field("customer", Type::String);
    customer.labels = vec![Name::new("shop.pii")];
    let mut amount = field("amount", Type::Decimal);
    amount.refinement = Some(Refinement {
        condition: binary(BinaryOp::GreaterEqual, it(), constant(decimal("0"))),
        text: "it >= 0".into(),
    });
    let order = vec![
        field("id", Type::Int),
        customer,
        field("region", named("shop.Region")),
        amount,
        field("note", Type::String.optional()),
        field("at", Type::Timestamp),
    ];
    let region = TypeDef::Enum(vec![variant("North"), variant("South")]);
    let total = vec![field("region", named("shop.Region")), field("total", Type::Decimal)];
    program.types.0.insert(Name::new("shop.Order"), TypeDef::Record(order));
    program.types.0.insert(Name::new("shop.Region"), region);
    program.types.0.insert(Name::new("shop.Total"), TypeDef::Record(total));
    program
}

pub(super) fn dataset(ty: Type, format: Format, path: &str) -> Dataset {
    Dataset {
        name: Name::new("shop.data"),
        ty,
        location: Location::File { format, path: vec![Part::Text(path.into())], csv: CsvOptions::default() },
        partition: vec![],
        fresh: None,
        arrives: None,
        expect: vec![],
        owner: None,
        keep_versions: None,
        keep_ms: None,
        accepts: vec![],
        tags: vec![],
        writer: None,
        at: Span::default(),
    }
}

pub(super) fn expectation(rule: Rule, text: &str, share: &str) -> Expectation {
    Expectation { rule, text: text.into(), share: share.parse().unwrap(), warn: false, at: Span::default() }
}

pub(super) struct Project {
    pub(super) folder: tempfile::TempDir,
    pub(super) executor: Executor,
    pub(super) program: Program,
}

impl Project {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = ExecutorOptions { cache: Arc::new(NoFingerprintCache), ..ExecutorOptions::new(folder.path()) };
        Self { executor: Executor::new(options), folder, program: program() }
    }

    /// From now on nothing in the program has a label.
    pub(super) fn forget_labels(&mut self) {
        for def in self.program.types.0.values_mut() {
            if let TypeDef::Record(fields) = def {
                fields.iter_mut().for_each(|field| field.labels.clear());
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn file(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub(super) fn reference(&self, dataset: &Dataset) -> DatasetRef {
        let mut program = self.program.clone();
        program.datasets.insert(dataset.name.clone(), dataset.clone());
        DatasetRef {
            program: Arc::new(program),
            dataset: dataset.name.clone(),
            partition: vec![],
            now: "2026-01-02T00:00:00Z".parse().unwrap(),
        }
    }

    pub(super) async fn read(&self, dataset: &Dataset) -> Result<VersionRead, Failure> {
        self.executor.read_dataset(self.reference(dataset), Cancel::never()).await
    }

    /// Writes a file, then reads it as orders.
    pub(super) async fn orders(
        &self,
        format: Format,
        name: &str,
        content: impl AsRef<[u8]>,
    ) -> Result<VersionRead, Failure> {
        self.file(name, content);
        self.read(&dataset(table_of("shop.Order"), format, name)).await
    }

    pub(super) async fn query(
        &self,
        text: &str,
        args: &[(&str, Type, Value)],
        returns: Type,
    ) -> Result<Outcome, Failure> {
        self.executor.run_step(self.call(text, args, returns), Arc::new(Quiet), Cancel::never()).await
    }

    pub(super) fn call(&self, text: &str, args: &[(&str, Type, Value)], returns: Type) -> StepCall {
        let scratch = self.path().join("scratch");
        std::fs::create_dir_all(&scratch).unwrap();
        let params = args.iter().zip(0..).map(|((name, ty, _), number)| Param {
            name: (*name).into(),
            var: VarId(number),
            ty: ty.clone(),
            default: None,
            labels: vec![],
        });
        let step = Step {
            name: Name::new("shop.step"),
            params: params.collect(),
            returns,
            body: Body::Sql { text: text.into(), connection: None },
            timeout_ms: 60_000,
            timeout_declared: true,
            retry: None,
            idempotent: None,
            effect: Effect::Read,
            guards: vec![],
            budget: None,
            fallback: None,
            cache: CachePolicy::Unchanged,
            pool: None,
            needs: None,
            owner: None,
            tags: vec![],
            at: Span::default(),
            clauses_at: vec![],
        };
        StepCall {
            step: Arc::new(step),
            program: Arc::new(self.program.clone()),
            args: args.iter().map(|(name, _, value)| ((*name).into(), value.clone())).collect(),
            attempt: 1,
            idempotency_key: None,
            timeout: Duration::from_secs(60),
            scratch,
            run: "run".into(),
            label: "step".into(),
            now: "2026-01-02T00:00:00Z".parse().unwrap(),
        }
    }
}

pub(super) const HEADER: &str = "id,customer,region,amount,note,at\n";

pub(super) fn by_column(column: &str) -> Option<Freshness> {
    Some(Freshness { within_ms: 1, by: DataTimeSource::Column(column.into()), at: Span::default() })
}
