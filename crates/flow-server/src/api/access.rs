//! Who may do what: tokens with roles, and how fast anybody may ask.
//!
//! A token is known by its BLAKE3 digest only; digests are compared in constant time. Roles include those below them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

/// What somebody may do; each includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// See everything that is not labelled.
    Read,
    /// Start and cancel runs.
    Run,
    /// Answer what people are asked.
    Approve,
    /// Everything.
    Admin,
}

/// A token.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// Whose it is: decisions and answers are recorded under this name.
    pub name: Arc<str>,
    /// What it is good for.
    pub role: Role,
    /// BLAKE3 of the token, in hex.
    pub blake3: String,
    /// When it ends; none if it does not.
    pub expires: Option<Timestamp>,
}

/// The tokens of a file: `[[token]]` with `name`, `role`, `blake3` and `expires`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// All of them.
    #[serde(default)]
    pub token: Vec<Token>,
}

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no token.
    None,
    /// It is not one of ours.
    Unknown,
    /// It was one of ours.
    Expired,
    /// It is not good for this.
    Role(Role),
}

impl Tokens {
    /// Reads a file's text.
    ///
    /// # Errors
    /// It is no such file: in words, with the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let tokens: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        match tokens.token.iter().find(|token| blake3::Hash::from_hex(&token.blake3).is_err()) {
            Some(wrong) => Err(format!("the `blake3` of `{}` is not 64 hex digits", wrong.name)),
            None => Ok(tokens),
        }
    }

    /// One token for everything, by its text.
    #[must_use]
    pub fn only(name: &str, text: &str) -> Self {
        let blake3 = blake3::hash(text.as_bytes()).to_hex().to_string();
        Self { token: vec![Token { name: name.into(), role: Role::Admin, blake3, expires: None }] }
    }

    /// Who comes with a token, if it is good for this.
    ///
    /// # Errors
    /// Why not.
    pub fn admit(&self, text: Option<&str>, wanted: Role, now: Timestamp) -> Result<Arc<str>, Refusal> {
        let given = blake3::hash(text.ok_or(Refusal::None)?.as_bytes());
        let is_it = |token: &&Token| blake3::Hash::from_hex(&token.blake3).is_ok_and(|hash| hash == given);
        let token = self.token.iter().find(is_it).ok_or(Refusal::Unknown)?;
        if token.expires.is_some_and(|expires| expires <= now) {
            return Err(Refusal::Expired);
        }
        if token.role < wanted { Err(Refusal::Role(wanted)) } else { Ok(token.name.clone()) }
    }
}

/// How fast anybody may ask: so many at once, and so many a second after that.
#[derive(Debug)]
pub struct Limiter {
    burst: f64,
    per_second: f64,
    /// What each has left, and since when.
    left: Mutex<HashMap<String, (f64, Instant)>>,
}

/// Those who have asked lately, at most: who is full again is forgotten.
const MOST_KNOWN: usize = 10_000;

impl Limiter {
    /// A limit for each of those who ask.
    #[must_use]
    pub fn new(burst: u32, per_second: u32) -> Self {
        Self { burst: f64::from(burst), per_second: f64::from(per_second), left: Mutex::default() }
    }

    /// Takes one, if there is one left.
    pub fn take(&self, who: &str, now: Instant) -> bool {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let refilled = |(left, since): (f64, Instant)| {
            (left + now.saturating_duration_since(since).as_secs_f64() * self.per_second).min(self.burst)
        };
        if left.len() >= MOST_KNOWN && !left.contains_key(who) {
            left.retain(|_, known| refilled(*known) < self.burst);
            if left.len() >= MOST_KNOWN {
                return false;
            }
        }
        let here = left.get(who).copied().map_or(self.burst, refilled);
        let has_one = here >= 1.0;
        left.insert(who.to_owned(), (if has_one { here - 1.0 } else { here }, now));
        has_one
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn roles_include_those_below_and_a_token_ends() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let hash = |text: &str| blake3::hash(text.as_bytes()).to_hex().to_string();
        let text = format!(
            "[[token]]\nname = \"ci\"\nrole = \"run\"\nblake3 = \"{}\"\nexpires = \"2027-01-01T00:00:00Z\"",
            hash("s3cret")
        );
        let tokens = Tokens::parse(&text).unwrap();
        let now = at("2026-12-31T23:59:59Z");
        assert_eq!(tokens.admit(Some("s3cret"), Role::Read, now).as_deref(), Ok("ci"));
        assert_eq!(tokens.admit(Some("s3cret"), Role::Run, now).as_deref(), Ok("ci"));
        assert_eq!(tokens.admit(Some("s3cret"), Role::Approve, now), Err(Refusal::Role(Role::Approve)));
        assert_eq!(tokens.admit(Some("s3cret "), Role::Read, now), Err(Refusal::Unknown));
        assert_eq!(tokens.admit(None, Role::Read, now), Err(Refusal::None));
        assert_eq!(tokens.admit(Some("s3cret"), Role::Read, at("2027-01-01T00:00:00Z")), Err(Refusal::Expired));
    }

    #[test]
    fn a_file_of_tokens_that_is_wrong_is_refused() {
        for wrong in ["[[token]]\nname = \"a\"", "tokens = 1", "[[token]]\nname=\"a\"\nrole=\"root\"\nblake3=\"\""] {
            assert!(Tokens::parse(wrong).is_err(), "{wrong}");
        }
        let short = "[[token]]\nname = \"a\"\nrole = \"read\"\nblake3 = \"abc\"";
        assert!(Tokens::parse(short).unwrap_err().contains("64 hex"));
    }

    #[test]
    fn who_asks_too_fast_waits_and_others_do_not() {
        let (limiter, start) = (Limiter::new(2, 10), Instant::now());
        let take = |who: &str, ms: u64| limiter.take(who, start + Duration::from_millis(ms));
        assert_eq!([take("a", 0), take("a", 0), take("a", 0), take("b", 0)], [true, true, false, true]);
        assert_eq!([take("a", 99), take("a", 100), take("a", 100)], [false, true, false]);
        for other in 0..2 * MOST_KNOWN {
            take(&format!("x{other}"), 101);
        }
        assert!(limiter.left.lock().unwrap().len() <= MOST_KNOWN);
    }
}
