//! How long a server asks to wait, from the headers by which providers say so.
//!
//! | header | meaning |
//! | --- | --- |
//! | `retry-after-ms` | milliseconds |
//! | `retry-after` | seconds, or a date |
//! | `x-ratelimit-reset-requests`, `-tokens` | `6m0s`, `20ms`; counted where nothing remains |
//! | `anthropic-ratelimit-requests-reset`, `-tokens-`, `-input-tokens-`, `-output-tokens-` | an instant; counted where nothing remains |
//!
//! Knows no clock: the time is an argument.

use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// A server that asks for more is not waited for that long.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// What the headers ask for. `limited`: whether the answer is that there were too many asks, so that limits' own
/// headers count too; on any other answer they tell of a budget that is still open.
pub(crate) fn asked_for<'h>(
    header: impl Fn(&str) -> Option<&'h str>,
    limited: bool,
    now: Timestamp,
) -> Option<Duration> {
    let explicit = header("retry-after-ms")
        .and_then(|text| seconds(text, 1e-3))
        .or_else(|| header("retry-after").and_then(|text| seconds(text, 1.0).or_else(|| date(text, now))));
    if explicit.is_some() || !limited {
        return explicit;
    }
    let empty = |remaining: &str| header(remaining).is_none_or(|left| left.trim().parse() == Ok(0));
    let openai = ["requests", "tokens"].iter().filter_map(|what| {
        let reset = header(&format!("x-ratelimit-reset-{what}"))?;
        empty(&format!("x-ratelimit-remaining-{what}")).then(|| length(reset))?
    });
    let anthropic = ["requests", "tokens", "input-tokens", "output-tokens"].iter().filter_map(|what| {
        let reset = header(&format!("anthropic-ratelimit-{what}-reset"))?;
        empty(&format!("anthropic-ratelimit-{what}-remaining")).then(|| instant(reset, now))?
    });
    openai.chain(anthropic).max()
}

fn seconds(text: &str, unit: f64) -> Option<Duration> {
    let number: f64 = text.trim().parse().ok()?;
    let wait = Duration::try_from_secs_f64(number * unit);
    // Too many seconds for a clock are many.
    if number > 0.0 { Some(wait.unwrap_or(LONGEST).min(LONGEST)) } else { wait.ok() }
}

fn date(text: &str, now: Timestamp) -> Option<Duration> {
    let date = httpdate::parse_http_date(text.trim()).ok()?;
    until(Timestamp::try_from(date).ok()?, now)
}

fn instant(text: &str, now: Timestamp) -> Option<Duration> {
    until(text.trim().parse().ok()?, now)
}

fn until(then: Timestamp, now: Timestamp) -> Option<Duration> {
    Some(Duration::try_from(then.duration_since(now)).unwrap_or_default().min(LONGEST))
}

/// `6m0s`, `1.5s`, `20ms`, or plain seconds.
fn length(text: &str) -> Option<Duration> {
    let text = text.trim();
    let length = text.parse::<SignedDuration>().ok().and_then(|length| Duration::try_from(length).ok());
    Some(length.or_else(|| seconds(text, 1.0))?.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Headers<'h> = &'h [(&'h str, &'h str)];

    fn wait(headers: Headers<'_>, limited: bool) -> Option<u128> {
        let now = "2026-11-22T10:00:00Z".parse().unwrap();
        let header = |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        asked_for(header, limited, now).map(|wait| wait.as_millis())
    }

    #[test]
    fn every_header_is_understood() {
        let cases: [(Headers<'_>, Option<u128>); 14] = [
            (&[("retry-after", "2")], Some(2000)),
            (&[("retry-after", "0.5")], Some(500)),
            (&[("retry-after", "Sun, 22 Nov 2026 10:00:30 GMT")], Some(30_000)),
            (&[("retry-after", "Sun, 22 Nov 2026 09:00:00 GMT")], Some(0)),
            (&[("retry-after", "1e300")], Some(86_400_000)),
            (&[("retry-after", "-3")], None),
            (&[("retry-after", "NaN")], None),
            (&[("retry-after", "soon")], None),
            (&[("retry-after-ms", "250"), ("retry-after", "9")], Some(250)),
            (&[("x-ratelimit-reset-requests", "6m0s")], Some(360_000)),
            (
                &[
                    ("x-ratelimit-reset-requests", "6m0s"),
                    ("x-ratelimit-remaining-requests", "3"),
                    ("x-ratelimit-reset-tokens", "20ms"),
                ],
                Some(20),
            ),
            (
                &[
                    ("anthropic-ratelimit-tokens-reset", "2026-11-22T10:00:07Z"),
                    ("anthropic-ratelimit-tokens-remaining", "0"),
                ],
                Some(7000),
            ),
            (
                &[
                    ("anthropic-ratelimit-tokens-reset", "2026-11-22T10:00:07Z"),
                    ("anthropic-ratelimit-tokens-remaining", "9"),
                ],
                None,
            ),
            (&[], None),
        ];
        for (headers, expected) in cases {
            assert_eq!(wait(headers, true), expected, "{headers:?}");
        }
        assert_eq!(wait(&[("x-ratelimit-reset-requests", "6m0s")], false), None);
        assert_eq!(wait(&[("retry-after", "1")], false), Some(1000));
    }
}
