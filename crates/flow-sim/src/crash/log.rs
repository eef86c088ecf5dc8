//! The store's log on a disk that may be torn: frames with a chain of checksums, in transactions that count whole.
//!
//! As in the store, what is read back is the longest prefix of whole transactions whose checksums hold. Events are text
//! on the disk, byte for byte; other things stand there by their number. Knows nothing of what they mean.

use super::disk::Disk;
use flow_driver::{Event, retry::mix};
use jiff::Timestamp;

/// Bytes before the payload of a frame: its length, whether a transaction ends with it, its kind, its checksum.
const HEAD: usize = 14;

/// What a frame holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// An event of the run that is being written, as text.
    Event { seq: u64, at: i64, json: String },
    /// Something else, by its number.
    Other(u64),
}

impl Frame {
    pub(super) fn event(seq: u64, at: Timestamp, event: &Event) -> Self {
        Self::Event { seq, at: at.as_millisecond(), json: serde_json::to_string(event).unwrap_or_default() }
    }

    fn payload(&self) -> (u8, Vec<u8>) {
        match self {
            Self::Event { seq, at, json } => {
                let mut bytes = seq.to_le_bytes().to_vec();
                bytes.extend(at.to_le_bytes());
                bytes.extend(json.as_bytes());
                (1, bytes)
            }
            Self::Other(number) => (2, number.to_le_bytes().to_vec()),
        }
    }

    fn read(kind: u8, payload: &[u8]) -> Option<Self> {
        let number = |at: usize| payload.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes);
        match kind {
            1 => {
                let json = String::from_utf8(payload.get(16..)?.to_vec()).ok()?;
                Some(Self::Event { seq: number(0)?, at: number(8)? as i64, json })
            }
            2 => Some(Self::Other(number(0)?)),
            _ => None,
        }
    }
}

/// The log: where it ends, and the checksum there.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    sum: u64,
}

impl Log {
    /// Appends a transaction. It counts when the disk is synced.
    pub(super) fn append(&mut self, frames: &[Frame], disk: &mut Disk) {
        for (number, frame) in frames.iter().enumerate() {
            let (kind, payload) = frame.payload();
            let ends = u8::from(number + 1 == frames.len());
            self.sum = chained(self.sum, ends, kind, &payload);
            disk.append(&(payload.len() as u32).to_le_bytes());
            disk.append(&[ends, kind]);
            disk.append(&self.sum.to_le_bytes());
            disk.append(&payload);
        }
    }

    /// Reads what is there, cuts what is torn off, and goes on behind it.
    pub(super) fn open(disk: &mut Disk) -> (Self, Vec<Frame>) {
        let (mut frames, mut sum, mut at) = (vec![], 0, 0);
        let (mut whole, mut whole_sum, mut whole_at) = (0, 0, 0);
        while let Some((frame, ends, next, length)) = next_frame(disk.bytes(), at, sum) {
            frames.push(frame);
            (sum, at) = (next, at + length);
            if ends {
                (whole, whole_sum, whole_at) = (frames.len(), sum, at);
            }
        }
        frames.truncate(whole);
        disk.truncate(whole_at);
        (Self { sum: whole_sum }, frames)
    }
}

fn next_frame(bytes: &[u8], at: usize, before: u64) -> Option<(Frame, bool, u64, usize)> {
    let head = bytes.get(at..at + HEAD)?;
    let length = u32::from_le_bytes(head[..4].try_into().ok()?) as usize;
    let (ends, kind) = (head[4], head[5]);
    let sum = u64::from_le_bytes(head[6..].try_into().ok()?);
    let payload = bytes.get(at + HEAD..at.checked_add(HEAD)?.checked_add(length)?)?;
    if chained(before, ends, kind, payload) != sum {
        return None;
    }
    Some((Frame::read(kind, payload)?, ends == 1, sum, HEAD + length))
}

fn chained(before: u64, ends: u8, kind: u8, payload: &[u8]) -> u64 {
    let mut sum = mix(before ^ u64::from(ends) << 8 ^ u64::from(kind) ^ (payload.len() as u64) << 16);
    for chunk in payload.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        sum = mix(sum ^ u64::from_le_bytes(word));
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crash::{disk::Cut, random::Random};

    #[test]
    fn what_is_read_back_is_whole_transactions_and_at_least_what_was_synced() {
        let mut shorter = 0;
        for seed in 0..300 {
            let mut random = Random::of(seed);
            let (mut disk, mut log) = (Disk::default(), Log::default());
            let (mut written, mut synced) = (vec![], 0);
            for group in 0..random.between(1, 12) {
                let frame = |number| match number % 2 {
                    0 => Frame::Other(group * 100 + number),
                    _ => Frame::event(group, Timestamp::UNIX_EPOCH, &Event::Cancel),
                };
                let frames: Vec<Frame> = (0..random.between(1, 9)).map(frame).collect();
                log.append(&frames, &mut disk);
                written.push(frames);
                if random.chance(50) {
                    disk.sync();
                    synced = written.len();
                }
            }
            disk.cut(if random.chance(50) { Cut::Power } else { Cut::Killed }, &mut random);
            let (_, read) = Log::open(&mut disk);
            let whole = (0..=written.len()).find(|count| written[..*count].concat() == read);
            let whole = whole.expect("whole transactions, in their order");
            assert!(whole >= synced);
            shorter += usize::from(whole < written.len());
        }
        assert!(shorter > 50, "{shorter}");
    }
}
