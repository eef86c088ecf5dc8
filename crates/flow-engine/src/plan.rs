//! What would happen: the driver's dry run over what the store remembers and what is at the locations.
//!
//! Runs nothing, writes nothing, and looks at databases and URLs only when told so.

use crate::{EngineError, Looking, recall::Recollection, rim::opened, work::Shared};
use flow_driver::{Command, Driver, Event};
use flow_plan::InputSeen;
use std::{collections::HashSet, sync::Arc};

/// What a dry run found out.
pub(crate) struct Foreseen {
    pub(crate) driver: Driver,
    /// Datasets that would be read, as they were seen.
    pub(crate) inputs: Vec<InputSeen>,
}

/// Runs a dry driver to its end.
pub(crate) async fn foresee(
    mut driver: Driver,
    shared: &Arc<Shared>,
    looking: Looking,
) -> Result<Foreseen, EngineError> {
    // The answer that came last is taken first: what it sets free has just been looked at. No order is promised.
    let mut events = vec![Event::Begin];
    let mut inputs: Vec<InputSeen> = vec![];
    let mut recollection = Recollection::default();
    let mut seen_already = HashSet::new();
    while let Some(event) = events.pop() {
        let event = opened(&shared.layout, event, None);
        for command in driver.on(event, shared.started) {
            match command {
                Command::Recall { task, node, cache, identity } => {
                    events.push(recollection.recall(shared, task, (&node, cache.as_deref(), identity.as_deref()))?);
                }
                Command::Look { task, dataset, partition, previous } => {
                    let result = shared.look(dataset.clone(), partition, previous, looking).await;
                    if let Some(seen) = result.as_ref().ok().filter(|seen| !previous && !seen.unseen) {
                        let fingerprint = seen.fingerprint.as_ref().map(|there| there.hash.clone());
                        if seen_already.insert(dataset.clone()) {
                            inputs.push(InputSeen { dataset, fingerprint });
                        }
                    }
                    events.push(Event::Looked { task, result });
                }
                Command::Run(run) | Command::Render(run) => events.push(Event::WouldRun { task: run.task }),
                Command::Read { task, .. } | Command::Write { task, .. } | Command::Compute { task, .. } => {
                    events.push(Event::WouldRun { task });
                }
                // A dry run asks nobody.
                Command::Reserve { task, .. } => events.push(Event::WouldRun { task }),
                // A dry run waits for nothing; what would be stopped was never begun.
                Command::Timer { task, .. } => events.push(Event::Timer { task }),
                // Whoever would be asked is not, as nothing runs that could ask.
                Command::Ask(_) | Command::Stop { .. } | Command::Note(_) => {}
            }
        }
    }
    if driver.ended().is_none() {
        return Err(EngineError::Internal("the plan's dry run did not end".into()));
    }
    Ok(Foreseen { driver, inputs })
}
