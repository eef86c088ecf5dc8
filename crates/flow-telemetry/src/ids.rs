//! Ids of traces, spans and lineage runs: made from the run's id and the place in it, so that the same run
//! has the same ids whenever it is exported.
//!
//! Knows no clock and no randomness. Tested below.

use jiff::{civil::DateTime, tz::TimeZone};

fn hash(parts: &[&str]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        // Lengths keep `a`, `bc` apart from `ab`, `c`.
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize()
}

/// The trace of a run: 16 bytes in hex, never all zero.
#[must_use]
pub(crate) fn trace_id(run: &str) -> String {
    hash(&["trace", run]).to_hex()[..32].to_owned()
}

/// A span of a run: 8 bytes in hex, never all zero.
#[must_use]
pub(crate) fn span_id(run: &str, what: &[&str]) -> String {
    let parts: Vec<&str> = ["span", run].iter().chain(what).copied().collect();
    hash(&parts).to_hex()[..16].to_owned()
}

/// The UUID of a run or of a place in it: version 7, so it sorts by time (the one in the run's id); what is
/// random there is a hash here.
#[must_use]
pub(crate) fn uuid(run: &str, path: &str) -> String {
    let hash = hash(&["lineage", run, path]);
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&milliseconds(run).unwrap_or_default().to_be_bytes()[2..]);
    bytes[6..].copy_from_slice(&hash.as_bytes()[..10]);
    bytes[6] = 0x70 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// When a run began, by its id: `20260102-030405-9f3a07c1`.
fn milliseconds(run: &str) -> Option<u64> {
    let time = DateTime::strptime("%Y%m%d-%H%M%S", run.get(..15)?).ok()?;
    u64::try_from(time.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_their_shapes_and_differ_by_place() {
        assert_eq!(trace_id("r1").len(), 32);
        assert_eq!(span_id("r1", &["3", "1"]).len(), 16);
        assert_ne!(span_id("r1", &["3", "1"]), span_id("r1", &["31"]));
        let run = "20260102-030405-9f3a07c1";
        let id = uuid(run, "3");
        assert_eq!(id, uuid(run, "3"));
        assert_ne!(id, uuid(run, "4"));
        assert_eq!((&id[14..15], id.len()), ("7", 36));
        assert!("89ab".contains(&id[19..20]), "{id}");
        let at: jiff::Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let ms = u64::from_str_radix(&id.replace('-', "")[..12], 16).unwrap();
        assert_eq!(ms, at.as_millisecond() as u64);
        assert_eq!(uuid("other", "").len(), 36);
    }
}
