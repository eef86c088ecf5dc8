//! What a disk may hold after the power was cut at some moment of a recorded run.
//!
//! What was synced is there. Of what was written after, any of the sectors of 512 bytes may be there and any may not,
//! in no order. Names (made, renamed, removed) are kept in one of two ways: as file systems with a journal do, in
//! order, and all of those before a sync of anything; or as the standard allows, each on its own, and durable only by a
//! sync of its folder. Knows nothing of what is in the files. Tests: a few writes and all that may come of them.

use super::{random::Random, trace::Change};
use std::collections::{BTreeMap, BTreeSet};

/// The unit that a disk writes whole.
const SECTOR: u64 = 512;

/// How names are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    InOrder,
    EachAlone,
}

/// What is found: folders and files.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    pub(super) folders: BTreeSet<String>,
    pub(super) files: BTreeMap<String, Vec<u8>>,
}

/// Which number of a file a name stands for, or that it stands for a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry {
    File(usize),
    Folder,
}

/// A change of names, and the folder whose sync makes it durable.
enum Naming {
    Make(String, Entry),
    /// What the new name stands for is known also where the old one was lost.
    Rename(String, String, Entry),
    Remove(String),
}

/// The state as everybody saw it at a moment.
pub(super) fn seen(changes: &[Change]) -> State {
    let replay = Replay::of(changes);
    let names = replay.namings.iter().map(|(_, naming)| naming);
    replay.state(names, |file| replay.content(file, |_, _| true))
}

/// A state that may be found when the power was cut after these changes.
pub(super) fn after_a_cut(changes: &[Change], names: Names, random: &mut Random) -> State {
    let replay = Replay::of(changes);
    let last_sync = replay.syncs.iter().map(|(at, _)| *at).max().unwrap_or(0);
    let kept_until = last_sync + random.index(changes.len().saturating_sub(last_sync) + 1);
    let mut kept = vec![];
    for (at, naming) in &replay.namings {
        let is_kept = match names {
            Names::InOrder => *at < kept_until,
            Names::EachAlone => {
                let folder = parent(naming.place());
                replay.syncs.iter().any(|(sync, path)| sync > at && path == folder) || random.coin()
            }
        };
        if is_kept {
            kept.push(naming);
        }
    }
    let mut losses = Losses { chance: [0, 20, 50, 100][random.index(4)], random, torn: BTreeMap::new() };
    replay.state(kept.into_iter(), |file| {
        let synced = replay.synced.get(&file).copied().unwrap_or(0);
        replay.content(file, |at, _| at < synced || losses.is_kept(at))
    })
}

/// What becomes of writes that were not synced.
struct Losses<'a> {
    random: &'a mut Random,
    /// Of a hundred writes so many are lost or torn.
    chance: u64,
    /// Whether a write is kept; nothing if it is torn, and each of its sectors is on its own.
    torn: BTreeMap<usize, Option<bool>>,
}

impl Losses<'_> {
    fn is_kept(&mut self, write: usize) -> bool {
        let (random, chance) = (&mut *self.random, self.chance);
        let fate = self
            .torn
            .entry(write)
            .or_insert_with(|| if random.below(100) >= chance { Some(true) } else { random.coin().then_some(false) });
        fate.unwrap_or_else(|| random.coin())
    }
}

/// Changes with their numbers, by what they are about.
struct Replay<'a> {
    namings: Vec<(usize, Naming)>,
    /// Of each file by its number.
    writes: BTreeMap<usize, Vec<(usize, &'a Change)>>,
    /// Before which of the changes everything in a file is durable.
    synced: BTreeMap<usize, usize>,
    syncs: Vec<(usize, String)>,
}

impl<'a> Replay<'a> {
    fn of(changes: &'a [Change]) -> Self {
        let mut replay = Self { namings: vec![], writes: BTreeMap::new(), synced: BTreeMap::new(), syncs: vec![] };
        let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, change) in changes.iter().enumerate() {
            match change {
                Change::Open { path, .. } if !numbers.contains_key(&**path) => {
                    let number = at;
                    numbers.insert(path, number);
                    replay.namings.push((at, Naming::Make(path.clone(), Entry::File(number))));
                }
                Change::Open { path, .. } | Change::Write { path, .. } | Change::Resize { path, .. } => {
                    if let Some(number) = numbers.get(&**path) {
                        replay.writes.entry(*number).or_default().push((at, change));
                    }
                }
                Change::Rename { from, to } => {
                    let number = numbers.remove(&**from);
                    numbers.extend(number.map(|number| (&**to, number)));
                    let entry = number.map_or(Entry::Folder, Entry::File);
                    replay.namings.push((at, Naming::Rename(from.clone(), to.clone(), entry)));
                }
                Change::Remove { path } => {
                    numbers.remove(&**path);
                    replay.namings.push((at, Naming::Remove(path.clone())));
                }
                Change::Folder { path } => replay.namings.push((at, Naming::Make(path.clone(), Entry::Folder))),
                Change::Sync { path } => {
                    if let Some(number) = numbers.get(&**path) {
                        replay.synced.insert(*number, at);
                    }
                    replay.syncs.push((at, path.clone()));
                }
            }
        }
        replay
    }

    /// The content of a file, of those sectors and lengths that are kept; asked with the number of the change.
    fn content(&self, file: usize, mut is_kept: impl FnMut(usize, u64) -> bool) -> Vec<u8> {
        let mut content = vec![];
        for (at, change) in self.writes.get(&file).into_iter().flatten() {
            match change {
                Change::Open { empties: true, .. } if is_kept(*at, 0) => content.clear(),
                Change::Resize { length, .. } if is_kept(*at, 0) => content.resize(position(*length), 0),
                Change::Write { at: place, bytes, .. } => {
                    let end = place + bytes.len() as u64;
                    let mut from = *place;
                    while from < end {
                        let to = end.min((from / SECTOR + 1) * SECTOR);
                        if is_kept(*at, from) {
                            put(&mut content, from, &bytes[position(from - place)..position(to - place)]);
                        }
                        from = to;
                    }
                }
                _ => {}
            }
        }
        content
    }

    /// What names lead to, once some changes of them have been made. What was put into a folder that is not there is
    /// not found; folders that nobody made were there before.
    fn state<'n>(&self, namings: impl Iterator<Item = &'n Naming>, mut content: impl FnMut(usize) -> Vec<u8>) -> State {
        let is_made = |folder: &str| {
            let makes = |naming: &Naming| matches!(naming, Naming::Make(path, Entry::Folder) if path == folder);
            self.namings.iter().any(|(_, naming)| makes(naming))
        };
        let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
        for naming in namings {
            match naming {
                Naming::Make(path, entry) => drop(entries.insert(path.clone(), *entry)),
                Naming::Remove(path) => drop(entries.remove(path)),
                Naming::Rename(from, to, entry) => {
                    entries.remove(from);
                    entries.insert(to.clone(), *entry);
                }
            }
        }
        let mut found = State::default();
        // Folders come before what is in them.
        for (path, entry) in &entries {
            let folder = parent(path);
            if is_made(folder) && !found.folders.contains(folder) {
                continue;
            }
            match entry {
                Entry::Folder => drop(found.folders.insert(path.clone())),
                Entry::File(number) => drop(found.files.insert(path.clone(), content(*number))),
            }
        }
        found
    }
}

impl Naming {
    /// The name that it is about.
    fn place(&self) -> &str {
        match self {
            Self::Make(path, _) | Self::Rename(_, path, _) | Self::Remove(path) => path,
        }
    }
}

fn put(content: &mut Vec<u8>, at: u64, bytes: &[u8]) {
    let (from, to) = (position(at), position(at) + bytes.len());
    if content.len() < to {
        content.resize(to, 0);
    }
    content[from..to].copy_from_slice(bytes);
}

fn position(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::{Names, SECTOR, after_a_cut, seen};
    use crate::faults::{random::Random, trace::Change};
    use std::collections::BTreeSet;

    fn write(at: u64, byte: u8) -> Change {
        Change::Write { path: "f/a".into(), at: at * SECTOR, bytes: vec![byte; 512] }
    }

    fn changes() -> Vec<Change> {
        let path = |path: &str| path.to_owned();
        vec![
            Change::Folder { path: path("f") },
            Change::Open { path: path("f/a"), empties: false },
            write(0, 1),
            Change::Sync { path: path("f/a") },
            Change::Sync { path: path("f") },
            write(0, 2),
            write(1, 3),
            Change::Rename { from: path("f/a"), to: path("f/b") },
        ]
    }

    #[test]
    fn what_is_seen_is_everything_in_order() {
        let state = seen(&changes());
        assert_eq!(state.files["f/b"], [vec![2; 512], vec![3; 512]].concat());
        assert_eq!(state.files.len(), 1);
    }

    #[test]
    fn what_was_synced_is_kept_and_of_the_rest_anything() {
        let mut random = Random::new(1, "test");
        let all: Vec<_> = (0..200).map(|_| after_a_cut(&changes(), Names::InOrder, &mut random)).collect();
        let mut contents = BTreeSet::new();
        let mut names = BTreeSet::new();
        for state in all {
            let (name, content) = state.files.into_iter().next().expect("the file was synced, and its name before it");
            contents.insert((content[0], content.get(512).copied()));
            names.insert(name);
        }
        let either = [(1, None), (1, Some(3)), (2, None), (2, Some(3))];
        assert_eq!(contents, either.into());
        assert_eq!(names, ["f/a".to_owned(), "f/b".to_owned()].into());
    }

    #[test]
    fn names_that_are_kept_each_alone_need_their_folders_sync() {
        let mut random = Random::new(1, "test");
        let mut counts = BTreeSet::new();
        for _ in 0..100 {
            counts.insert(after_a_cut(&changes(), Names::EachAlone, &mut random).files.len());
        }
        assert_eq!(counts, [0, 1].into(), "the folder itself was never synced into its own");
    }
}
