//! Recovery: what a run that was cut off goes on with, decided from its journal alone.
//!
//! A journal is replayed into a driver; what was commanded and not answered is open. What that means is one table,
//! [`after_cut`]: most is simply done again, a model's answer is lost, and a step with an effect that is not idempotent
//! is in doubt, since nobody knows whether it took effect: a person says ([`Resolution`]). The other half of the
//! bargain is [`is_durable_first`]: what may not be forgotten once it has begun. Engines and simulators obey; they add
//! nothing. No clock, no I/O: tests cut journals anywhere.

use crate::{Command, Driver, Event, Note, Product, RunStep, Task};
use flow_expr::{Context, Name, Part, Type, Value, codec, redact::labels_in};
use flow_plan::{Body, Effect, ErrorClass, Failure, Step};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, sync::Arc};

/// Most characters that are shown of what a step in doubt does.
const MOST_WORDS: usize = 80;

/// Whether everything that led to a command must be durable before it is obeyed: what it does could not be taken
/// back, or costs money, so after a cut the journal must know that it may have begun; or it looks at what that writes.
#[must_use]
pub fn is_durable_first(command: &Command) -> bool {
    match command {
        // Until it is written down that an answer was refused, that same answer is still there to be found.
        Command::Write { .. } | Command::Ask(_) => true,
        Command::Run(run) => run.ask.is_some() || has_effect(run),
        // Reserving is durable by itself.
        Command::Recall { .. }
        | Command::Look { .. }
        | Command::Read { .. }
        | Command::Compute { .. }
        | Command::Render(_)
        | Command::Reserve { .. }
        | Command::Timer { .. }
        | Command::Stop { .. }
        | Command::Note(_) => false,
    }
}

fn has_effect(run: &RunStep) -> bool {
    run.step.effect >= Effect::Write
}

/// What a command means that was given, and not answered when the run was cut off.
#[derive(Clone, Debug, PartialEq)]
pub enum AfterCut {
    /// It is given again, as it was: same attempt, same key.
    Again,
    /// Its answer is lost, and asking once more is the retry policy's matter: this happened.
    Lost(Box<Event>),
    /// It may have taken effect or not. A person must say.
    InDoubt,
}

/// What an open command means.
#[must_use]
pub fn after_cut(command: &Command) -> AfterCut {
    match command {
        // Nobody knows what it cost: the worst stays charged.
        Command::Run(run) if run.ask.is_some() => {
            let message = "the run was cut off while the model was asked, and its answer is lost";
            let failure = Failure::new(ErrorClass::Connection, "R0801", message);
            AfterCut::Lost(Box::new(Event::Ran { task: run.task, result: Err(failure), ask: None }))
        }
        // What is idempotent has the same key.
        Command::Run(run) if has_effect(run) && run.step.idempotent.is_none() => AfterCut::InDoubt,
        // A write publishes the same value whole once more; the rest changes nothing.
        _ => AfterCut::Again,
    }
}

/// What answers an open command of a run that is ended instead of gone on with; none if it needs no answer.
#[must_use]
pub fn given_up(command: &Command) -> Option<Event> {
    let failure = |what: &str| Failure::new(ErrorClass::Internal, "R0719", what);
    let cut = || failure("the run was cut off, and then ended");
    Some(match command {
        Command::Recall { task, .. } => Event::Recalled { task: *task, last: crate::Last::Nothing, cached: None },
        Command::Look { task, .. } => Event::Looked { task: *task, result: Err(cut()) },
        Command::Read { task, .. } => Event::Read { task: *task, result: Err(cut()) },
        Command::Write { task, .. } => {
            let doubt = "the run was cut off while this was published, and then ended: it is there as a whole, or not";
            Event::Written { task: *task, result: Err(failure(doubt)) }
        }
        Command::Compute { task, .. } => Event::Computed { task: *task, result: Err(cut()) },
        Command::Render(run) => Event::Rendered { task: run.task, result: Err(cut()) },
        Command::Run(run) => {
            let result = Err(match after_cut(command) {
                AfterCut::InDoubt => {
                    failure("the run was cut off while this was done, and then ended").detail(IN_DOUBT)
                }
                AfterCut::Again | AfterCut::Lost(_) => cut(),
            });
            Event::Ran { task: run.task, result, ask: None }
        }
        // Whether it was charged nobody knows: as it is never sent, it is released.
        Command::Reserve { task, .. } => Event::Reserved { task: *task, result: Ok(()) },
        // A cancel settles both at once.
        Command::Ask(_) | Command::Timer { .. } | Command::Stop { .. } | Command::Note(_) => return None,
    })
}

/// What the failure of a step says that was in doubt when its run was ended.
pub const IN_DOUBT: &str = "it may have taken effect: nobody knows";

/// What a person says of a step in doubt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "says")]
pub enum Resolved {
    /// It took effect, and this is its result.
    Done {
        /// The result.
        value: Value,
    },
    /// It did not, or may happen twice: the same attempt is made again.
    Again,
}

/// What a person says of a step in doubt, who, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resolution {
    /// Who.
    pub by: Arc<str>,
    /// When it was said.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub says: Resolved,
}

/// A step of which nobody knows whether it took effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Doubt {
    /// Which command.
    #[serde(skip)]
    pub task: Task,
    /// Where in the run.
    pub path: Arc<str>,
    /// What people call it.
    pub label: Arc<str>,
    /// The step; another one than the label says if a model called it.
    pub step: Name,
    /// The attempt.
    pub attempt: u32,
    /// How often it was in doubt before, and was made again.
    pub number: u32,
    /// When it began.
    pub began: Timestamp,
    /// What it does to the world.
    pub effect: Effect,
    /// The first words of what it does.
    pub does: Arc<str>,
}

/// The result that a person gives for a step that took effect, held to its type. Nothing is wanted where the step has
/// no value.
///
/// # Errors
/// Why it is not taken.
pub fn given(text: Option<&str>, step: &Step, context: &Context<'_>) -> Result<Value, Unfit> {
    let returns = &step.returns;
    match text {
        None | Some("") if *returns == Type::Unit => Ok(Value::Unit),
        Some(_) if *returns == Type::Unit => Err(Unfit::NoValue),
        None => Err(Unfit::Missing(returns.clone())),
        Some(_) if crate::meaning::may_hold_data(returns, context.types) => Err(Unfit::Unwritable(returns.clone())),
        Some(_) if !labels_in(returns, context.types).is_empty() => {
            Err(Unfit::Labelled(labels_in(returns, context.types)))
        }
        Some(text) => {
            codec::decode_text(text, returns, "value", context).map_err(|errors| Unfit::Value(errors.to_string()))
        }
    }
}

/// Why a result is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// The step has none.
    NoValue,
    /// The step has one, of this type.
    Missing(Type),
    /// Values of the type cannot be given so.
    Unwritable(Type),
    /// Values of the type hold data with these labels, which may not stand in the records in clear.
    Labelled(Vec<Name>),
    /// The value is none of the step's result.
    Value(String),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoValue => f.write_str("it has no value: `--done` without `--with` is enough"),
            Self::Missing(ty) => {
                write!(f, "it gives a `{ty}`, which the steps after it use: say it with `--with VALUE`")
            }
            Self::Unwritable(ty) => {
                write!(f, "a `{ty}` cannot be given: `--again` makes it, or `flowc cancel` ends the run")
            }
            Self::Labelled(labels) => {
                let labels: Vec<String> = labels.iter().map(|label| format!("@{}", label.short())).collect();
                let labels = labels.join(", ");
                write!(
                    f,
                    "a value with {labels} would stand in the records in clear: `--again` makes it, or `flowc cancel` ends the run"
                )
            }
            Self::Value(why) => f.write_str(why),
        }
    }
}

/// A command without an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    /// The command.
    pub command: Command,
    /// When it was given, the last time.
    pub given: Timestamp,
    /// How often a person had it given again.
    pub again: u32,
}

impl Open {
    /// The doubt that it is, if it is one.
    #[must_use]
    pub fn doubt(&self) -> Option<Doubt> {
        let Command::Run(run) = &self.command else { return None };
        (after_cut(&self.command) == AfterCut::InDoubt).then(|| Doubt {
            task: run.task,
            path: run.path.clone(),
            label: run.label.clone(),
            step: run.step.name.clone(),
            attempt: run.attempt,
            number: self.again,
            began: self.given,
            effect: run.step.effect,
            does: does(&run.step.body),
        })
    }
}

/// The first words of what a body does, as it is written: without values, which may be nobody's business.
fn does(body: &Body) -> Arc<str> {
    let words = |text: &str| {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        match text.char_indices().nth(MOST_WORDS) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        }
    };
    match body {
        Body::Sql { text, .. } => words(text),
        Body::Shell { script } => words(script),
        Body::Python { file: Some(file), .. } => format!("python {file}"),
        Body::Python { source, .. } => words(source),
        Body::Http { method, url, .. } => {
            let url: String = url
                .iter()
                .map(|part| match part {
                    Part::Text(text) => text.to_string(),
                    Part::Hole(..) => "{…}".into(),
                })
                .collect();
            words(&format!("{method} {url}"))
        }
        Body::Ai(_) => "a question to a model".into(),
        Body::Ask { .. } => "a question to a person".into(),
        Body::Other { keyword } => keyword.to_string(),
    }
    .into()
}

/// What a journal leads to.
#[derive(Debug)]
pub struct Replayed {
    /// The run, as far as it has come.
    pub driver: Driver,
    /// What was commanded and not answered, in the order of tasks.
    pub open: Vec<Open>,
    /// What people and projections were told.
    pub notes: Vec<(Timestamp, Note)>,
    /// How many events there were.
    pub events: u64,
    /// When the last one was.
    pub until: Option<Timestamp>,
}

/// What is to be done to go on, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// This happened: it goes into the journal and to the driver, before anything that follows.
    Happened(Event),
    /// This is commanded once more.
    Give(Command),
}

impl Replayed {
    /// The steps in doubt.
    #[must_use]
    pub fn doubts(&self) -> Vec<Doubt> {
        self.open.iter().filter_map(Open::doubt).collect()
    }

    /// How the run goes on, with what people have said of steps in doubt. One that was cancelled is ended: what is open is
    /// given up, as by [`Replayed::end`]; so is a retry that was cut off before it had begun, which has done nothing.
    ///
    /// # Errors
    /// The doubts of which nobody has said anything: the run must wait for them.
    pub fn next(&self, said: impl Fn(&Doubt) -> Option<Resolution>) -> Result<Vec<Next>, Vec<Doubt>> {
        if self.driver.cancelled {
            // Somebody has cancelled it, and the process ended before all that was under way had: nothing begins any more.
            return Ok(self.end().into_iter().skip(1).map(Next::Happened).collect());
        }
        if !self.driver.has_begun() {
            return Ok(match self.driver.is_retry() {
                // Whether all that is kept is in the journal nobody knows, and what is not would be done once more.
                true => self.end().into_iter().map(Next::Happened).collect(),
                false => vec![Next::Happened(Event::Begin)],
            });
        }
        let (mut again, mut give, mut happened, mut left) = (vec![], vec![], vec![], vec![]);
        for open in &self.open {
            match (after_cut(&open.command), open.doubt()) {
                (AfterCut::Lost(event), _) => happened.push(Next::Happened(*event)),
                (_, Some(doubt)) => match said(&doubt) {
                    None => left.push(doubt),
                    Some(resolution) => {
                        let is_again = resolution.says == Resolved::Again;
                        let event = Event::Resolved { task: doubt.task, resolution: Box::new(resolution) };
                        if is_again {
                            // That it is given again is in the journal before it is.
                            again.push(Next::Happened(event));
                            give.push(Next::Give(open.command.clone()));
                        } else {
                            happened.push(Next::Happened(event));
                        }
                    }
                },
                _ => give.push(Next::Give(open.command.clone())),
            }
        }
        // What happens may stop what is under way, so that is under way by then.
        if left.is_empty() { Ok(again.into_iter().chain(give).chain(happened).collect()) } else { Err(left) }
    }

    /// How the run ends without anything being done: it is cancelled, and what is open is given up.
    #[must_use]
    pub fn end(&self) -> Vec<Event> {
        let given_up = self.open.iter().filter_map(|open| given_up(&open.command));
        // What has not begun ends when it does.
        let begin = (!self.driver.has_begun()).then_some(Event::Begin);
        std::iter::once(Event::Cancel).chain(begin).chain(given_up).collect()
    }
}

/// What a command asks for: several may be open for one task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Recall,
    Look,
    Read,
    Write,
    Compute,
    Run,
    Render,
    Reserve,
    Ask,
    Timer,
}

/// Feeds a journal to a driver that has seen nothing.
#[must_use]
pub fn replay(mut driver: Driver, journal: impl IntoIterator<Item = (Timestamp, Event)>) -> Replayed {
    let mut open: BTreeMap<(Task, Kind), Open> = BTreeMap::new();
    let (mut notes, mut events, mut until) = (vec![], 0, None);
    for (at, event) in journal {
        events += 1;
        until = Some(at);
        if let Some(answered) = answers(&event) {
            open.remove(&answered);
        }
        if let Event::Resolved { task, resolution } = &event
            && resolution.says == Resolved::Again
            && let Some(open) = open.get_mut(&(*task, Kind::Run))
        {
            (open.given, open.again) = (at, open.again + 1);
        }
        for command in driver.on(event, at) {
            match command {
                Command::Note(note) => notes.push((at, note)),
                Command::Stop { task } => drop(open.remove(&(task, Kind::Ask))),
                command => {
                    if let Some(key) = asks(&command) {
                        open.insert(key, Open { command, given: at, again: 0 });
                    }
                }
            }
        }
    }
    Replayed { driver, open: open.into_values().collect(), notes, events, until }
}

fn asks(command: &Command) -> Option<(Task, Kind)> {
    Some(match command {
        Command::Recall { task, .. } => (*task, Kind::Recall),
        Command::Look { task, .. } => (*task, Kind::Look),
        Command::Read { task, .. } => (*task, Kind::Read),
        Command::Write { task, .. } => (*task, Kind::Write),
        Command::Compute { task, .. } => (*task, Kind::Compute),
        Command::Run(run) => (run.task, Kind::Run),
        Command::Render(run) => (run.task, Kind::Render),
        Command::Reserve { task, .. } => (*task, Kind::Reserve),
        Command::Ask(question) => (question.task, Kind::Ask),
        Command::Timer { task, .. } => (*task, Kind::Timer),
        Command::Stop { .. } | Command::Note(_) => return None,
    })
}

fn answers(event: &Event) -> Option<(Task, Kind)> {
    Some(match event {
        Event::Recalled { task, .. } => (*task, Kind::Recall),
        Event::Looked { task, .. } => (*task, Kind::Look),
        Event::Read { task, .. } => (*task, Kind::Read),
        Event::Written { task, .. } => (*task, Kind::Write),
        Event::Computed { task, .. } => (*task, Kind::Compute),
        Event::Ran { task, .. } => (*task, Kind::Run),
        Event::Rendered { task, .. } => (*task, Kind::Render),
        Event::Reserved { task, .. } => (*task, Kind::Reserve),
        Event::Answered { task, .. } => (*task, Kind::Ask),
        Event::Timer { task } => (*task, Kind::Timer),
        Event::Resolved { task, resolution } => match resolution.says {
            Resolved::Done { .. } => (*task, Kind::Run),
            Resolved::Again => return None,
        },
        Event::Begin | Event::Kept { .. } | Event::Cancel | Event::WouldRun { .. } => return None,
    })
}

impl Driver {
    fn has_begun(&self) -> bool {
        !self.instances.is_empty()
    }

    fn is_retry(&self) -> bool {
        self.start.retry.is_some()
    }

    /// A person has said what became of a step in doubt.
    pub(crate) fn resolved(&mut self, task: Task, resolution: Resolution) {
        if !self.is_attempting(task) {
            return;
        }
        let id = task.instance;
        let (path, label) = (self.path(id), self.label(id));
        let attempt = self.instances[id as usize].attempts;
        let says = resolution.says.clone();
        self.note(Note::Resolved { path, label, attempt, resolution: Box::new(resolution) });
        if let Resolved::Done { value } = says
            && self.answered(task)
        {
            let rows = match &value {
                Value::Table(table) => Some(table.rows),
                _ => None,
            };
            self.ran(id, Ok(Product { value, rows }), None);
        }
    }
}
