//! Datasets: type, place, and the promises made about them.

use super::{
    Declaring,
    clause::{self, Seen, milliseconds, number},
    expect, location,
    problems::{ArrivesAfterItself, FreshColumn, MissingClause, NotSupported, UnknownColumn},
    schedule, settings,
};
use crate::{
    environment::Signature,
    expr::{Elaborator, Place},
    names::ItemId,
    source::has_errors,
};
use flow_diag::Span;
use flow_expr::{Name, Type};
use flow_plan::{Arrival, DataTimeSource, Dataset, Freshness, Location, Param};
use flow_syntax::ast::{self, DatasetClause};

pub(super) fn declare(declaring: &mut Declaring<'_>, id: ItemId, decl: &ast::DatasetDecl) {
    let item = declaring.env.names.item(id);
    let (name, at, module) = (item.name.clone(), item.at, item.module);
    let Some(signature) = declaring.env.signatures.get(&id).cloned() else { return };
    let mut el = declaring.elaborator(module, Place::Rule);
    let inside = super::body::inside(&el, decl.syntax());
    let (dataset, at_place) = dataset(&mut el, decl, &name, at, &signature);
    declaring.places.inside.extend(inside.map(|inside| (name.clone(), inside)));
    let Some(dataset) = dataset else { return };
    if let Location::Table { connection, .. } = &dataset.location
        && !declaring.holds_tables(connection)
    {
        let place = at_place.unwrap_or(at);
        declaring.output.problem(super::problems::NoTables { at: place, connection });
    }
    declaring.program.datasets.insert(name, dataset);
}

fn dataset(
    el: &mut Elaborator<'_>,
    decl: &ast::DatasetDecl,
    name: &Name,
    at: Span,
    signature: &Signature,
) -> (Option<Dataset>, Option<Span>) {
    el.locals.enter();
    let partition: Vec<Param> = signature.params.iter().map(|key| super::params::bind(el, key)).collect();
    let ty = signature.returns.clone();
    let (mut seen, mut place) = (Seen::default(), None);
    let mut dataset = Dataset {
        name: name.clone(),
        ty: ty.clone(),
        location: Location::Table { connection: Name::new(""), table: "".into() },
        partition,
        fresh: None,
        arrives: None,
        expect: vec![],
        owner: None,
        keep_versions: None,
        keep_ms: None,
        accepts: vec![],
        tags: vec![],
        writer: None,
        at,
    };
    for clause in decl.clauses() {
        let here = el.span(clause.range());
        if let Some(word) = once(&clause)
            && !seen.first(word, here)
        {
            continue;
        }
        match clause {
            DatasetClause::At(clause) => place = location::location(el, &clause, &ty),
            DatasetClause::Fresh(clause) => dataset.fresh = fresh(el, &clause, &ty, here),
            DatasetClause::Arrives(clause) => dataset.arrives = Some(arrival(el, &clause, name, here)),
            DatasetClause::Expect(clause) => dataset.expect.extend(expect::expectation(el, &clause, &ty)),
            DatasetClause::Keep(clause) if clause.counts_versions() => {
                dataset.keep_versions =
                    number(el, clause.amount(), "keep", 1).map(|count| u32::try_from(count).unwrap_or(u32::MAX));
            }
            DatasetClause::Keep(clause) => dataset.keep_ms = milliseconds(el, clause.amount(), "keep"),
            // Keys are in the signature.
            DatasetClause::Partition(_) | DatasetClause::Doc(_) => {}
            DatasetClause::Accepts(clause) => dataset.accepts = settings::labels(el, &clause),
            DatasetClause::Owner(clause) => dataset.owner = clause::text(el, clause.owner(), "owner"),
            DatasetClause::Tags(clause) => dataset.tags = clause::tags(&clause),
        }
    }
    drop(el.locals.leave());
    if seen.place("at").is_none()
        && !decl.syntax().children().any(|child| has_errors(&child))
        && decl.syntax().children().any(|child| child.kind() == flow_syntax::SyntaxKind::CLAUSE_BLOCK)
    {
        let example =
            if matches!(ty, Type::Table(_)) { "at csv(\"data/NAME.csv\")" } else { "at json(\"out/NAME.json\")" };
        let example = example.replace("NAME", name.short());
        el.problem(MissingClause { what: "dataset", name: name.short(), clause: "at", example: &example, at });
    }
    let at_place = seen.place("at");
    let dataset = place.map(|location| Dataset { location, ..dataset });
    (dataset, at_place)
}

/// The word of a clause that stands once.
fn once(clause: &DatasetClause) -> Option<&'static str> {
    Some(match clause {
        DatasetClause::At(_) => "at",
        DatasetClause::Fresh(_) => "fresh",
        DatasetClause::Arrives(_) => "arrives",
        DatasetClause::Keep(_) => "keep",
        DatasetClause::Accepts(_) => "accepts",
        DatasetClause::Owner(_) => "owner",
        DatasetClause::Tags(_) => "tags",
        DatasetClause::Doc(_) => "doc",
        DatasetClause::Expect(_) | DatasetClause::Partition(_) => return None,
    })
}

fn fresh(el: &mut Elaborator<'_>, clause: &ast::FreshClause, ty: &Type, at: Span) -> Option<Freshness> {
    let by = if clause.by_modified() {
        DataTimeSource::Modified
    } else if let Some(column) = clause.by_column() {
        time_column(el, &column, ty)?;
        DataTimeSource::Column(column.text().into())
    } else {
        DataTimeSource::Derived
    };
    let within_ms = milliseconds(el, clause.within(), "fresh within")?;
    Some(Freshness { within_ms, by, at })
}

/// Reports a column that is not there or holds no time.
fn time_column(el: &mut Elaborator<'_>, column: &ast::Name, ty: &Type) -> Option<()> {
    let at = el.span(column.range());
    let env = el.env;
    let row = match env.base(ty) {
        Type::Table(row) => (**row).clone(),
        other => other.clone(),
    };
    let Some((owner, fields)) = env.record(&row) else {
        if row != Type::Unknown {
            el.problem(UnknownColumn { at, column: column.text(), row: None, known: vec![], declared: None });
        }
        return None;
    };
    let Some(field) = fields.iter().find(|field| &*field.name == column.text()) else {
        let known = fields.iter().map(|field| &*field.name).collect();
        el.problem(UnknownColumn { at, column: column.text(), row: Some(owner), known, declared: None });
        return None;
    };
    if let Some(member) = env.member(owner, column.text()) {
        el.output.index.mention(at, member.definition);
    }
    if !matches!(env.base(field.ty.required()), Type::Timestamp | Type::Date | Type::Unknown) {
        el.problem(FreshColumn { at, column: column.text(), ty: &field.ty });
        return None;
    }
    Some(())
}

fn arrival(el: &mut Elaborator<'_>, clause: &ast::ArrivesClause, own: &Name, at: Span) -> Arrival {
    let mut after = vec![];
    let schedule = clause.schedule().and_then(|written| match written {
        ast::Schedule::Every(every) => schedule::every(el, &every),
        ast::Schedule::Calendar(calendar) => schedule::calendar(el, &calendar),
        ast::Schedule::Cron(cron) => schedule::cron(el, &cron),
        ast::Schedule::When(when) => {
            after = arrives_after(el, &when, own);
            None
        }
        ast::Schedule::Webhook(_) => {
            let help = "say `arrives by hand`, or start a flow on the webhook and `write` there what it is given";
            el.problem(NotSupported { at, what: "data that arrives on a request", help });
            None
        }
    });
    Arrival { schedule, after, at }
}

/// The datasets whose new versions bring this one along.
fn arrives_after(el: &mut Elaborator<'_>, when: &ast::WhenSchedule, own: &Name) -> Vec<Name> {
    let mut after = vec![];
    for path in when.datasets() {
        let Some(id) = clause::named(el, &path, &["dataset"], "dataset", "a dataset") else { continue };
        let name = el.env.names.item(id).name.clone();
        if name == *own {
            el.problem(ArrivesAfterItself { at: el.span(path.range()), name: own.short() });
        } else if !after.contains(&name) {
            after.push(name);
        }
    }
    after
}
