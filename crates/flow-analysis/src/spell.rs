//! Lengths of time as people say and write them. Knows nothing of what they are lengths of.

use flow_plan::words;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Longer than this is said in days.
const IN_HOURS: u64 = 240 * HOUR;

/// A length in hours, as promises are written: `51h30m`, not `2d3h30m`. From ten days on in days.
#[must_use]
pub fn length(ms: u64) -> String {
    if !(DAY..IN_HOURS).contains(&ms) {
        return words::duration(ms);
    }
    match ms % HOUR {
        0 => format!("{}h", ms / HOUR),
        rest => format!("{}h{}", ms / HOUR, words::duration(rest)),
    }
}

/// The next longer length that people would write.
#[must_use]
pub fn round_up(ms: u64) -> u64 {
    let unit = match ms {
        0..MINUTE => 5_000,
        MINUTE..600_001 => MINUTE,
        600_001..HOUR => 5 * MINUTE,
        HOUR..43_200_001 => 15 * MINUTE,
        43_200_001..IN_HOURS => HOUR,
        _ => DAY,
    };
    ms.div_ceil(unit).saturating_mul(unit)
}

/// The next shorter length that people would write; itself if none is.
#[must_use]
pub fn round_down(ms: u64) -> u64 {
    let unit = match ms {
        0..MINUTE => 1000,
        MINUTE..HOUR => MINUTE,
        HOUR..IN_HOURS => 5 * MINUTE,
        _ => DAY,
    };
    match ms / unit * unit {
        0 => ms,
        rounded => rounded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_hours_and_rounds_to_what_is_written() {
        assert_eq!(length(51 * HOUR + 30 * MINUTE), "51h30m");
        assert_eq!(length(72 * HOUR), "72h");
        assert_eq!(length(30 * MINUTE), "30m");
        assert_eq!(length(31 * DAY), "31d");
        assert_eq!(length(round_up(51 * HOUR + 30 * MINUTE)), "52h");
        assert_eq!(length(round_up(76 * MINUTE)), "1h30m");
        assert_eq!(length(round_up(182_000)), "4m");
        assert_eq!(length(round_up(26 * HOUR)), "26h");
        assert_eq!(length(round_up(31 * DAY + 1)), "32d");
        assert_eq!(length(round_down(29 * MINUTE + 12_000)), "29m");
        assert_eq!(round_down(400), 400);
    }
}
