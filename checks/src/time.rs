//! Points in time, as the recording and the report spell them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Seconds since 1970-01-01T00:00:00Z; written as RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Reads RFC 3339 (`2027-03-01T00:00:00Z`) or a plain day (`2027-03-01`, its first second in UTC).
    pub fn parse(text: &str) -> Option<Self> {
        let full = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
        let at = OffsetDateTime::parse(&full, &Rfc3339).ok()?;
        Some(Self(at.unix_timestamp()))
    }

    /// Whole days from `self` to `later`, rounded towards the past; negative when `later` is earlier.
    pub fn days_until(self, later: Self) -> i64 {
        (later.0 - self.0).div_euclid(86_400)
    }

    /// The day alone, `2027-03-01`.
    pub fn day(self) -> String {
        self.to_string().chars().take_while(|c| *c != 'T').collect()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = OffsetDateTime::from_unix_timestamp(self.0).ok().and_then(|at| at.format(&Rfc3339).ok());
        match text {
            Some(text) => f.write_str(&text),
            // Outside years 0000 to 9999 RFC 3339 has no spelling.
            None => write!(f, "@{}", self.0),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Seconds from 1970 to where nothing has a date: far enough from the ends of `i64` that differences stay within it.
const FARTHEST: i64 = 1_000_000_000_000;

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if let Some(seconds) = text.strip_prefix('@') {
            let seconds: i64 = seconds.parse().map_err(D::Error::custom)?;
            let in_bounds = (-FARTHEST..=FARTHEST).contains(&seconds);
            return in_bounds.then_some(Self(seconds)).ok_or_else(|| D::Error::custom("a time out of all bounds"));
        }
        Self::parse(&text).ok_or_else(|| D::Error::custom(format!("not an RFC 3339 time: {text:?}")))
    }
}

/// Durations as whole milliseconds, for `#[serde(with = "millis")]`.
pub mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// A hundred years: sums of what a recording holds stay far from the end of `Duration`.
    const LONGEST: u64 = 100 * 366 * 24 * 60 * 60 * 1000;

    fn bounded<E: Error>(millis: u64) -> Result<Duration, E> {
        if millis > LONGEST {
            return Err(E::custom(format!("{millis} ms is longer than anything that is recorded")));
        }
        Ok(Duration::from_millis(millis))
    }

    /// Writes whole milliseconds.
    pub fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(value.as_millis()).unwrap_or(u64::MAX))
    }

    /// Reads whole milliseconds.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        bounded(u64::deserialize(deserializer)?)
    }

    /// The same for a duration that may be absent.
    pub mod option {
        use std::time::Duration;

        use serde::{Deserialize, Deserializer, Serialize, Serializer};

        /// Writes whole milliseconds or null.
        pub fn serialize<S: Serializer>(value: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
            value.map(|value| u64::try_from(value.as_millis()).unwrap_or(u64::MAX)).serialize(serializer)
        }

        /// Reads whole milliseconds or null.
        pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
            Option::<u64>::deserialize(deserializer)?.map(super::bounded).transpose()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_are_read_and_written_alike() {
        let day = Timestamp::parse("2027-03-01").unwrap();
        assert_eq!(day.to_string(), "2027-03-01T00:00:00Z");
        assert_eq!(day.day(), "2027-03-01");
        assert_eq!(Timestamp::parse("2027-03-01T01:00:00+01:00"), Some(day));
        assert_eq!(Timestamp::parse("2027-02-30"), None);
        assert_eq!(day.days_until(Timestamp(day.0 - 1)), -1);
    }

    #[test]
    fn what_is_out_of_all_bounds_is_refused() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Taken {
            at: Timestamp,
            #[serde(with = "millis")]
            took: std::time::Duration,
            #[serde(with = "millis::option")]
            after: Option<std::time::Duration>,
        }
        let read = |at: &str, took: &str, after: &str| {
            serde_json::from_str::<Taken>(&format!(r#"{{"at": "{at}", "took": {took}, "after": {after}}}"#))
        };
        let taken = read("@-1000000000000", "3162240000000", "null").unwrap();
        assert_eq!((taken.at, taken.after), (Timestamp(-1_000_000_000_000), None));
        for (at, took, after) in [
            ("@1000000000001", "1", "1"),
            ("@-9223372036854775808", "1", "1"),
            ("2027-03-01T00:00:00Z", "3162240000001", "1"),
            ("2027-03-01T00:00:00Z", "18446744073709551615", "1"),
            ("2027-03-01T00:00:00Z", "18446744073709551616", "1"),
            ("2027-03-01T00:00:00Z", "-1", "1"),
            ("2027-03-01T00:00:00Z", "1.5", "1"),
            ("2027-03-01T00:00:00Z", "1", "3162240000001"),
            ("2027-03-01T00:00:00Z", "1", "1e400"),
        ] {
            assert!(read(at, took, after).is_err(), "{at} {took} {after}");
        }
    }
}
