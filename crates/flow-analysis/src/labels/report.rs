//! What is said of labelled data that goes where it may not: one report for each label and place, with the way that it came.

use super::{
    annotated::Site,
    shape::ITEMS,
    sink::{Finding, Sink},
    trail::{Hop, Says, What},
    walk::Walk,
};
use crate::Mentions;
use flow_diag::{Code, Problem, Problems, Span, codes};
use flow_expr::Name;
use flow_plan::Body;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::Arc,
};

/// How many places a report shows on the way.
const SHOWN: usize = 12;

/// How many further calls a report shows.
const OTHERS: usize = 4;

/// The reports.
pub(super) fn problems(walk: &Walk<'_>, mentions: &Mentions) -> Problems {
    let mut groups: BTreeMap<(Span, Sink<'_>, &Name), Vec<&Finding<'_>>> = BTreeMap::new();
    for finding in &walk.noted.findings {
        groups.entry((finding.at, finding.sink, walk.labels.name(finding.label))).or_default().push(finding);
    }
    let mut problems = Problems::default();
    for ((_, _, label), findings) in groups {
        // The longest way says most: from where the data is read, through the call.
        let length = |finding: &Finding<'_>| walk.trails.backwards(finding.trail).take(SHOWN).count();
        let Some(longest) = findings.iter().rev().max_by_key(|finding| (finding.given_at.is_some(), length(finding)))
        else {
            continue;
        };
        let shown = |path: &[Arc<str>]| {
            path.iter().filter(|name| ***name != *ITEMS).map(|name| &**name).collect::<Vec<_>>().join(".")
        };
        let fields: BTreeSet<String> = findings.iter().map(|finding| shown(&finding.path)).collect();
        let others = findings.iter().filter_map(|finding| finding.given_at);
        let others = others.filter(|at| Some(*at) != longest.given_at).collect();
        problems.push(Reaches { walk, mentions, label, finding: longest, fields, others });
    }
    problems
}

/// Labelled data that reaches someone who does not accept it.
struct Reaches<'w, 'a> {
    walk: &'w Walk<'a>,
    mentions: &'w Mentions,
    label: &'a Name,
    finding: &'w Finding<'a>,
    fields: BTreeSet<String>,
    others: BTreeSet<Span>,
}

impl From<Reaches<'_, '_>> for Problem {
    fn from(found: Reaches<'_, '_>) -> Self {
        let finding = found.finding;
        let mut shown = BTreeSet::from([finding.at]);
        let mut problem = Self::error(code(finding.sink), finding.at, found.title(), found.here());
        if let Some((at, text)) = found.declared_at().filter(|(at, _)| shown.insert(*at)) {
            problem = problem.label(at, text);
        }
        let hops: Vec<Hop<'_>> = found.walk.trails.backwards(finding.trail).take(SHOWN).collect();
        for hop in hops.iter().rev() {
            if let Some(text) = says(hop.says).filter(|_| hop.at != Span::default() && shown.insert(hop.at)) {
                problem = problem.label(hop.at, text);
            }
        }
        for at in found.others.iter().filter(|at| shown.insert(**at)).take(OTHERS) {
            problem = problem.label(*at, "and here");
        }
        if let Some((at, text)) = found.refused_at().filter(|(at, _)| shown.insert(*at)) {
            problem = problem.label(at, text);
        }
        if let Some(note) = found.note() {
            problem = problem.note(note);
        }
        if let Some(step) = hops.iter().find_map(|hop| found.not_looked_into(hop.says)) {
            let label = found.label.short();
            problem = problem.note(format!(
                "nothing looks into the body of `{step}`, so all that it gives has the label; where the type of its result has @{label}, only that has"
            ));
        }
        problem
            .help(found.help())
            .help("or take the label off: `redact(x)`, `hash(x)`, or with a reason `declassify(x, because: \"…\")`")
    }
}

fn code(sink: Sink<'_>) -> Code {
    match sink {
        Sink::Model(_) => codes::E0601,
        Sink::Connection(_) | Sink::Url(_) => codes::E0602,
        Sink::Dataset(_) | Sink::Version(_) | Sink::Written(_) => codes::E0603,
        Sink::Person(..) | Sink::Removed(_) | Sink::Kept(_) => codes::E0604,
    }
}

impl Reaches<'_, '_> {
    fn title(&self) -> String {
        let label = self.label.short();
        match self.finding.sink {
            Sink::Model(model) => {
                format!("@{label} data reaches the model `{}`, which does not accept it", model.short())
            }
            Sink::Connection(connection) => {
                format!("@{label} data is sent over `{}`, which does not accept it", connection.short())
            }
            Sink::Url(step) => {
                format!("@{label} data is sent by `{}` to an address that accepts no labels", step.short())
            }
            Sink::Dataset(dataset) => format!("@{label} data is written to `{}`, {}", dataset.short(), self.nowhere()),
            Sink::Version(dataset) => {
                format!("@{label} data decides whether `{}` is written, which does not accept it", dataset.short())
            }
            Sink::Person(step, _) => format!("@{label} data would be shown to whom `{}` asks", step.short()),
            Sink::Written(site) => {
                format!("@{label} data becomes {}, which is labelled {} only", self.site(site), self.named(site))
            }
            Sink::Removed(_) | Sink::Kept(_) => String::new(),
        }
    }

    /// A place with a type, in words.
    fn site(&self, site: Site<'_>) -> String {
        let name = self.walk.written(site).map_or("", |written| written.name);
        let mut words = match site {
            Site::Param(owner, _) => format!("`{name}` of `{}`", owner.short()),
            Site::Result(owner) => format!("the result of `{}`", owner.short()),
            Site::Value(_) => format!("`{name}`"),
            Site::Field(owner, _) => format!("`{name}` of `{}`", owner.short()),
        };
        if let [field] = &self.named_fields()[..] {
            words = format!("{field} in {words}");
        }
        words
    }

    /// The labels that such a place names.
    fn named(&self, site: Site<'_>) -> String {
        let named = self.walk.named_at(site, &self.finding.path);
        let words: BTreeSet<String> = named.iter().map(|label| format!("@{}", label.short())).collect();
        words.into_iter().collect::<Vec<_>>().join(" and ")
    }

    /// Where in a dataset the label has no place.
    fn nowhere(&self) -> String {
        match &self.named_fields()[..] {
            [] => "which does not accept it".to_owned(),
            [one] => format!("whose {one} does not have that label"),
            several => format!("whose {} do not have that label", several.join(", ")),
        }
    }

    fn named_fields(&self) -> Vec<String> {
        self.fields.iter().filter(|field| !field.is_empty()).map(|field| format!("`{field}`")).collect()
    }

    fn here(&self) -> String {
        let hops = self.walk.trails.backwards(self.finding.trail).take(SHOWN);
        if hops.into_iter().any(|hop| matches!(hop.says, Says::Decides)) {
            return format!("whether this is done tells @{} data", self.label.short());
        }
        match self.finding.sink {
            Sink::Dataset(_) => "this carries the label".to_owned(),
            Sink::Written(_) => format!("this carries @{}", self.label.short()),
            Sink::Person(_, Some(param)) => match self.param(param) {
                Some(name) => format!("`{name}` is shown as it is, since nothing says that it is labelled"),
                None => "this is shown".to_owned(),
            },
            Sink::Person(_, None) => "who is asked sees the result".to_owned(),
            _ => format!("@{} data leaves here", self.label.short()),
        }
    }

    fn param(&self, position: usize) -> Option<&str> {
        let Sink::Person(step, _) = self.finding.sink else { return None };
        Some(&self.walk.step_named(step)?.params.get(position)?.name)
    }

    /// Where the label is declared, and what says so where that has no place in the text.
    fn declared_at(&self) -> Option<(Span, String)> {
        let label = self.label.short();
        match self.walk.trails.origin(self.finding.trail)?.what {
            What::Field { owner, field } => {
                let name = Name::new(format!("{owner}.{field}"));
                Some((*self.mentions.fields.get(&name)?, format!("`{field}` is @{label}")))
            }
            What::Type(name) => Some((*self.mentions.fields.get(name)?, format!("`{}` is @{label}", name.short()))),
            What::Written(site) => {
                let written = self.walk.written(site)?;
                let of = match site {
                    Site::Param(owner, _) => format!(" of `{}`", owner.short()),
                    _ => String::new(),
                };
                Some((written.at, format!("`{}`{of} is @{label}", written.name)))
            }
            What::Dataset(name) => {
                let at = self.walk.program.datasets.get(name)?.at;
                Some((at, format!("`{}` accepts @{label} without saying where: all of it may be", name.short())))
            }
            What::Caller => None,
        }
    }

    /// The declaration of who does not accept it.
    fn refused_at(&self) -> Option<(Span, String)> {
        let program = self.walk.program;
        let label = self.label.short();
        match self.finding.sink {
            Sink::Model(name) => {
                Some((program.models.get(name)?.at, format!("`{}` does not say `accepts @{label}`", name.short())))
            }
            Sink::Connection(name) => {
                Some((program.connections.get(name)?.at, format!("`{}` does not say `accepts @{label}`", name.short())))
            }
            Sink::Dataset(name) | Sink::Version(name) => {
                Some((program.datasets.get(name)?.at, "the dataset".to_owned()))
            }
            Sink::Written(site) => {
                let at = self.walk.written(site)?.at;
                Some((at, format!("labelled {}", self.named(site)))).filter(|_| at != Span::default())
            }
            _ => None,
        }
    }

    fn note(&self) -> Option<String> {
        let origin = self.walk.trails.origin(self.finding.trail)?;
        let declared = self.declared_at();
        match origin.what {
            What::Field { owner, field } if declared.is_none() => {
                let mut text = String::new();
                let _ = write!(text, "`{}.{field}` is @{}", owner.short(), self.label.short());
                Some(text)
            }
            _ => None,
        }
    }

    /// A step on the way whose body may give back anything.
    fn not_looked_into(&self, says: Says<'_>) -> Option<String> {
        let Says::PassedThrough(name) = says else { return None };
        let step = self.walk.program.steps.get(name)?;
        let is_known = match &step.body {
            Body::Sql { connection: None, .. } | Body::Ask { .. } => true,
            // What it is given is taken to be in all columns, what is in declared tables only where the query puts it.
            Body::Sql { .. } => step.params.is_empty() && self.walk.queries.lineage(name).is_some(),
            _ => false,
        };
        (!is_known).then(|| name.short().to_owned())
    }

    fn help(&self) -> String {
        let label = self.label.short();
        match self.finding.sink {
            Sink::Model(name) => {
                format!(
                    "leave it out, or ask a model that may see it; `accepts @{label}` in `{}` says that it may",
                    name.short()
                )
            }
            Sink::Connection(name) => {
                format!("leave it out; `accepts @{label}` in `{}` says that it may go there", name.short())
            }
            Sink::Url(_) => {
                format!("declare a `connection` with `provider http` and `accepts @{label}`, and send it there")
            }
            Sink::Version(_) => format!("`accepts @{label}` in the dataset says that it may tell such data"),
            Sink::Dataset(_) => match &self.named_fields()[..] {
                [] => format!("`accepts @{label}` in the dataset says that it may hold such data"),
                [one] if one.contains("keys()") => {
                    format!("give the map keys of a type that has the label: `type Key = String @{label}`")
                }
                [one] => format!("label {one} in the dataset's type: `@{label}` behind its type"),
                several => format!("label those of {} that hold it: `@{label}` behind their types", several.join(", ")),
            },
            Sink::Person(_, Some(param)) => format!(
                "`@{label}` behind the type of `{}` hides it from them",
                self.param(param).unwrap_or("the parameter")
            ),
            Sink::Person(_, None) => format!("`@{label}` in the type of the result hides it from them"),
            Sink::Written(_) => {
                format!("leave it out; `@{label}` behind the type says that it may be there too")
            }
            Sink::Removed(_) | Sink::Kept(_) => String::new(),
        }
    }
}

fn says(says: Says<'_>) -> Option<String> {
    Some(match says {
        Says::Begins => return None,
        Says::Read(dataset) => format!("`{}` is read", dataset.short()),
        Says::Param(param) => format!("it comes in as `{param}`"),
        Says::Declared(name) => format!("`{name}` holds it by its type"),
        Says::Gives(step) => format!("`{}` gives it", step.short()),
        Says::Filled(field) => format!("it becomes `{field}`"),
        Says::MadeOf(name) => format!("`{name}` is made of it"),
        Says::PassedThrough(step) => format!("what `{}` gives is made of it", step.short()),
        Says::Called(function) => format!("what `{}` gives is made of it", function.short()),
        Says::Returned(flow) => format!("`{}` gives it back", flow.short()),
        Says::GivenTo(callee) => format!("it is given to `{}`", callee.short()),
        Says::Decides => "it is decided by this".to_owned(),
        Says::Column(column) => format!("the column `{column}` is made of it"),
    })
}
