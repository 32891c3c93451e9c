//! Reading a recording without losing anything of it in silence: serde passes over what it does not know in two places.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};

/// Beside the tag of a variant without fields stands nothing else.
pub(crate) fn bare<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}
    Nothing::deserialize(deserializer).map(|Nothing {}| ())
}

/// A map in which each key stands once.
pub(crate) fn each_once<'de, D, K, V>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
where
    D: Deserializer<'de>,
    K: Deserialize<'de> + Ord + fmt::Display,
    V: Deserialize<'de>,
{
    deserializer.deserialize_map(EachOnce(PhantomData))
}

struct EachOnce<K, V>(PhantomData<(K, V)>);

impl<'de, K: Deserialize<'de> + Ord + fmt::Display, V: Deserialize<'de>> Visitor<'de> for EachOnce<K, V> {
    type Value = BTreeMap<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut map = BTreeMap::new();
        while let Some((key, value)) = access.next_entry::<K, V>()? {
            if map.contains_key(&key) {
                return Err(A::Error::custom(format!("duplicate key `{key}`")));
            }
            map.insert(key, value);
        }
        Ok(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::{ConnectFailure, HttpFailure, NameFailure, ProxyFailure, Request, TlsFailure};

    fn told<T: for<'de> Deserialize<'de>>(json: &str) -> String {
        serde_json::from_str::<T>(json).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn beside_a_tag_nothing_is_passed_over() {
        assert_eq!(serde_json::from_str::<ConnectFailure>(r#"{"kind": "refused"}"#).unwrap(), ConnectFailure::Refused);
        for told in [
            told::<ConnectFailure>(r#"{"kind": "refused", "by": "10.0.0.1"}"#),
            told::<ConnectFailure>(r#"{"kind": "timed-out", "after": 1, "by": "10.0.0.1"}"#),
            told::<NameFailure>(r#"{"kind": "not-found", "by": "10.0.0.1"}"#),
            told::<ProxyFailure>(r#"{"kind": "closed", "by": "10.0.0.1"}"#),
            told::<TlsFailure>(r#"{"kind": "reset", "by": "10.0.0.1"}"#),
            told::<Request>(r#"{"kind": "host-registry", "by": "10.0.0.1"}"#),
            told::<HttpFailure>(r#"{"by": "10.0.0.1", "kind": "closed"}"#),
        ] {
            assert!(told.contains("unknown field `by`"), "{told}");
        }
    }

    #[test]
    fn a_key_stands_once() {
        #[derive(Debug, Deserialize)]
        struct Holder(#[serde(deserialize_with = "each_once")] BTreeMap<String, u8>);
        let Holder(map) = serde_json::from_str(r#"{"b": 1, "a": 2}"#).unwrap();
        assert_eq!(map.into_iter().collect::<Vec<_>>(), [("a".to_owned(), 2), ("b".to_owned(), 1)]);
        assert!(told::<Holder>(r#"{"a": 1, "a": 1}"#).contains("duplicate key `a`"));
        assert!(told::<ConnectFailure>(r#"{"kind": "refused", "kind": "refused"}"#).contains("duplicate field"));
    }
}
