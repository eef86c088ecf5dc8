//! A disk with one file: what is written is in a cache until it is synced, and a cut leaves of the cache what it likes.
//!
//! What was synced stays. Of what was not, each page may be there, not be there, be there up to a byte, or hold what
//! belongs to another page; and the file may end anywhere behind what was synced. Knows nothing of what is written.

use super::random::Random;

/// Bytes that reach the disk together or not at all, unless they are torn.
const PAGE: usize = 256;

/// How a process ends that does not end by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// It is killed: what it has written stays written.
    Killed,
    /// The machine loses its power: what was not synced may be lost.
    Power,
}

/// The file.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk {
    bytes: Vec<u8>,
    synced: usize,
}

impl Disk {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn append(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn sync(&mut self) {
        self.synced = self.bytes.len();
    }

    /// What is behind this is thrown away, for good.
    pub(super) fn truncate(&mut self, length: usize) {
        self.bytes.truncate(length);
        self.sync();
    }

    pub(super) fn cut(&mut self, cut: Cut, random: &mut Random) {
        let tail = self.bytes.split_off(self.synced);
        if tail.is_empty() {
            return;
        }
        let kept = match cut {
            // The process was at some byte of its last write.
            Cut::Killed if random.chance(50) => tail[..random.below(tail.len() as u64 + 1) as usize].to_vec(),
            Cut::Killed => tail,
            Cut::Power => torn(&tail, random),
        };
        self.bytes.extend(kept);
    }
}

/// What a power loss leaves of pages that were not synced.
fn torn(tail: &[u8], random: &mut Random) -> Vec<u8> {
    let pages: Vec<&[u8]> = tail.chunks(PAGE).collect();
    let mut left = vec![];
    for page in &pages {
        let mut here = page.to_vec();
        match random.below(8) {
            0 => here.fill(0),
            1 => here[random.below(page.len() as u64) as usize..].fill(0),
            2 => {
                let other = *random.one(&pages);
                let length = other.len().min(here.len());
                here[..length].copy_from_slice(&other[..length]);
            }
            _ => {}
        }
        left.extend(here);
    }
    if random.chance(60) {
        left.truncate(random.below(left.len() as u64 + 1) as usize);
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_synced_stays_and_what_was_not_may_be_anything() {
        let mut lost = 0;
        for seed in 0..200 {
            let mut disk = Disk::default();
            disk.append(&[1; 700]);
            disk.sync();
            disk.append(&[2; 700]);
            let cut = if seed % 2 == 0 { Cut::Killed } else { Cut::Power };
            disk.cut(cut, &mut Random::of(seed));
            assert_eq!(disk.bytes()[..700], [1; 700]);
            assert!(disk.bytes().len() <= 1400);
            lost += usize::from(disk.bytes()[700..] != [2; 700]);
        }
        assert!((50..195).contains(&lost), "{lost}");
    }
}
