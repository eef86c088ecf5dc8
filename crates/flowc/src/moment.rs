//! Times and lengths as people read them. The zone is the system's.

use jiff::{Timestamp, tz::TimeZone};

/// A moment: `2026-11-22 06:00:05`, in the system's zone.
pub(crate) fn moment(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// How long something took: `0.3s`, `12s`, `4m05s`, `2h10m`.
pub(crate) fn took(from: Timestamp, to: Timestamp) -> String {
    let ms = to.duration_since(from).as_millis().max(0);
    match ms {
        0..1000 => format!("{ms}ms"),
        1000..10_000 => format!("{}.{}s", ms / 1000, ms % 1000 / 100),
        10_000..60_000 => format!("{}s", ms / 1000),
        60_000..3_600_000 => format!("{}m{:02}s", ms / 60_000, ms % 60_000 / 1000),
        _ => format!("{}h{:02}m", ms / 3_600_000, ms % 3_600_000 / 60_000),
    }
}

/// Now.
#[expect(clippy::disallowed_methods, reason = "flowc is the rim at which the clock is read")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use super::took;
    use jiff::{SignedDuration, Timestamp};

    #[test]
    fn lengths() {
        let start = Timestamp::UNIX_EPOCH;
        for (ms, text) in [(5, "5ms"), (1250, "1.2s"), (59_999, "59s"), (65_000, "1m05s"), (7_800_000, "2h10m")] {
            assert_eq!(took(start, start + SignedDuration::from_millis(ms)), text);
        }
        assert_eq!(took(start + SignedDuration::from_secs(1), start), "0ms");
    }
}
