//! JSON as it stands in a body: objects keep their order and their doubled keys, which `serde_json::Value` would lose.

use std::{cell::Cell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

/// As many values are read of one body, arrays and objects among them: what fits into a body of 1 MiB as whole keys is
/// half as many.
pub const MOST_VALUES: usize = 4096;

/// Why a body was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It is no JSON: the parser's words.
    NotJson(String),
    /// It has more than [`MOST_VALUES`].
    TooManyValues,
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson(told) => write!(f, "it is not JSON: {told}"),
            Self::TooManyValues => write!(f, "it has more values than the {MOST_VALUES} that are read"),
        }
    }
}

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// Any number; which one never matters here.
    Number,
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object, in order, doubled keys and all.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Parses a whole body; nesting is bounded by `serde_json` (128).
    pub fn parse(bytes: &[u8]) -> Result<Self, Unread> {
        // One more than is taken, so that none left means one too many.
        let left = Cell::new(MOST_VALUES + 1);
        let mut deserializer = serde_json::Deserializer::from_slice(bytes);
        let parsed = Bounded(&left).deserialize(&mut deserializer).and_then(|json| deserializer.end().map(|()| json));
        match parsed {
            _ if left.get() == 0 => Err(Unread::TooManyValues),
            parsed => parsed.map_err(|error| Unread::NotJson(error.to_string())),
        }
    }

    /// As JSON again, every number as 0.
    pub fn to_text(&self) -> String {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Number => "0".to_owned(),
            Self::String(text) => quoted(text),
            Self::Array(items) => {
                let items: Vec<String> = items.iter().map(Self::to_text).collect();
                format!("[{}]", items.join(","))
            }
            Self::Object(entries) => {
                let entries = entries.iter().map(|(key, value)| format!("{}:{}", quoted(key), value.to_text()));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
            }
        }
    }

    /// The type's name, for a sentence.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

/// Reads one value, within what is left to be read of all.
#[derive(Clone, Copy)]
struct Bounded<'a>(&'a Cell<usize>);

impl<'de> DeserializeSeed<'de> for Bounded<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        match self.0.get().checked_sub(1) {
            Some(left) => self.0.set(left),
            None => return Err(D::Error::custom("too many values")),
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Bounded<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Json, E> {
        Ok(Json::Number)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Json, E> {
        Ok(Json::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Number)
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = access.next_key()? {
            entries.push((key, access.next_value_seed(self)?));
        }
        Ok(Json::Object(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubled_keys_stay_and_nesting_is_bounded() {
        let parsed = Json::parse(br#"{"a": [], "a": 1}"#).unwrap();
        let expected = Json::Object(vec![("a".into(), Json::Array(vec![])), ("a".into(), Json::Number)]);
        assert_eq!(parsed, expected);
        let deep = "[".repeat(100_000);
        assert!(Json::parse(deep.as_bytes()).unwrap_err().to_string().contains("recursion limit"));
        assert!(Json::parse(b"{\"a\": \"\xff\"}").is_err());
        assert!(Json::parse(b"{} {}").is_err());
        let of = |count: usize| format!("[{}]", vec!["[]"; count].join(","));
        assert!(Json::parse(of(MOST_VALUES - 1).as_bytes()).is_ok());
        assert_eq!(Json::parse(of(MOST_VALUES).as_bytes()), Err(Unread::TooManyValues));
        assert_eq!(Json::parse(of(500_000).as_bytes()), Err(Unread::TooManyValues));
        let text = r#"{"a":[],"a":0,"\"\n":["x",null,true,{}]}"#;
        assert_eq!(Json::parse(text.as_bytes()).unwrap().to_text(), text);
    }
}
