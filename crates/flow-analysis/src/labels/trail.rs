//! The way that labelled data came, from where its label is declared to where it may not go.

use super::annotated::Site;
use crate::trail;
pub(super) use crate::trail::TrailId;
use flow_expr::Name;

/// Where a label comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Origin<'a> {
    pub(super) what: What<'a>,
}

/// What has a label in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What<'a> {
    /// A field of a record or of a variant.
    Field { owner: &'a Name, field: &'a str },
    /// A type: another name for one, or one that holds itself.
    Type(&'a Name),
    /// A place with labels behind its type: a parameter, a `const`, a `var`.
    Written(Site<'a>),
    /// A dataset that accepts the label without saying where.
    Dataset(&'a Name),
    /// Not known here: what a caller gives.
    Caller,
}

/// What happens to labelled data at a place.
#[derive(Clone, Copy, Debug)]
pub(super) enum Says<'a> {
    /// Its label is declared.
    Begins,
    /// It is read from a dataset.
    Read(&'a Name),
    /// It is a parameter.
    Param(&'a str),
    /// It stands under a name whose type has the label.
    Declared(&'a str),
    /// A step gives it, whose result's type has the label.
    Gives(&'a Name),
    /// A record is made whose field has the label.
    Filled(&'a str),
    /// A value is made of it: `let NAME`.
    MadeOf(&'a str),
    /// A step makes something of it.
    PassedThrough(&'a Name),
    /// A function makes something of it.
    Called(&'a Name),
    /// A flow gives it back.
    Returned(&'a Name),
    /// It is given to a step or flow.
    GivenTo(&'a Name),
    /// It decides whether something is done.
    Decides,
    /// A query takes it into a column.
    Column(&'a str),
}

/// One place on the way.
pub(super) type Hop<'a> = trail::Hop<Says<'a>>;

/// All ways.
pub(super) type Trails<'a> = trail::Trails<Origin<'a>, Says<'a>>;
