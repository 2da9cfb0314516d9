//! CBOR (RFC 8949) as another spelling of JSON, for devices that have no JSON reader.

use ciborium::Value as Cbor;
use serde_json::{Map, Number, Value};

/// Why bytes are not taken for JSON in another spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// No CBOR, or cut off, or too deep.
    #[error("the body is not CBOR")]
    NotCbor,
    /// Something stands behind the one item that a body is.
    #[error("the body goes on behind its end")]
    Trailing,
    /// A key that is neither text nor a whole number, or comes twice.
    #[error("keys must be text or whole numbers, each once")]
    Key,
    /// Something that JSON cannot say.
    #[error("byte strings, tags, simple values and numbers beyond 64 bits mean nothing here")]
    Kind,
}

/// Reads one item. Whole numbers may be keys, and stand for their decimal digits.
pub fn read(mut bytes: &[u8]) -> Result<Value, Malformed> {
    let item = ciborium::from_reader(&mut bytes).map_err(|_| Malformed::NotCbor)?;
    if bytes.is_empty() { value(item) } else { Err(Malformed::Trailing) }
}

fn value(item: Cbor) -> Result<Value, Malformed> {
    match item {
        Cbor::Null => Ok(Value::Null),
        Cbor::Bool(it) => Ok(it.into()),
        Cbor::Text(it) => Ok(it.into()),
        Cbor::Integer(it) => number(it).map(Value::Number),
        Cbor::Float(it) => Number::from_f64(it).map(Value::Number).ok_or(Malformed::Kind),
        Cbor::Array(items) => items.into_iter().map(value).collect(),
        Cbor::Map(members) => {
            let mut map = Map::new();
            for (key, member) in members {
                let key = match key {
                    Cbor::Text(text) => text,
                    Cbor::Integer(it) => number(it).map_err(|_| Malformed::Key)?.to_string(),
                    _ => return Err(Malformed::Key),
                };
                if map.insert(key, value(member)?).is_some() {
                    return Err(Malformed::Key);
                }
            }
            Ok(Value::Object(map))
        }
        // The others, which a later version of the reader may know more of.
        _ => Err(Malformed::Kind),
    }
}

fn number(it: ciborium::value::Integer) -> Result<Number, Malformed> {
    let small = i64::try_from(it).map(Number::from);
    small.or_else(|_| u64::try_from(it).map(Number::from)).map_err(|_| Malformed::Kind)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        hex::decode(hex.replace(' ', "")).unwrap()
    }

    #[test]
    fn a_map_reads_as_the_object_it_stands_for() {
        for (hex, expected) in [
            ("a0", json!({})),
            // {"attributes": {"2003": 17}} with the key as text, and as a number.
            ("a1 6a61747472696275746573 a1 6432303033 11", json!({"attributes": {"2003": 17}})),
            ("a1 6a61747472696275746573 a1 1907d3 11", json!({"attributes": {"2003": 17}})),
            // Of no length beforehand, with text in pieces.
            ("bf 7f 61 61 61 62 ff 9f f6 f5 20 ff ff", json!({"ab": [null, true, -1]})),
            ("1b ffffffffffffffff", json!(u64::MAX)),
            ("3b 7fffffffffffffff", json!(i64::MIN)),
            ("f9 3e00", json!(1.5)),
        ] {
            assert_eq!(read(&bytes(hex)), Ok(expected), "{hex}");
        }
    }

    #[test]
    fn what_json_cannot_say_is_refused() {
        for (hex, why) in [
            ("", Malformed::NotCbor),
            ("a1", Malformed::NotCbor),
            ("1c", Malformed::NotCbor),
            ("9b ffffffffffffffff 00", Malformed::NotCbor),
            ("62 c328", Malformed::NotCbor),
            ("a0 a0", Malformed::Trailing),
            ("a1 f6 00", Malformed::Key),
            ("a2 6161 00 6161 00", Malformed::Key),
            ("a2 01 00 6131 00", Malformed::Key),
            ("41 00", Malformed::Kind),
            ("c0 6161", Malformed::Kind),
            ("f9 7e00", Malformed::Kind),
            ("3b ffffffffffffffff", Malformed::Kind),
        ] {
            assert_eq!(read(&bytes(hex)), Err(why), "{hex}");
        }
    }

    #[test]
    fn depth_and_claimed_lengths_cost_nothing() {
        assert_eq!(read(&vec![0x81; 200_000]), Err(Malformed::NotCbor));
        assert_eq!(read(&vec![0xc1; 200_000]), Err(Malformed::NotCbor));
        for claim in ["5b 7fffffffffffffff", "7b 7fffffffffffffff", "bb 7fffffffffffffff"] {
            assert_eq!(read(&bytes(claim)), Err(Malformed::NotCbor), "{claim}");
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            let object = prop::collection::btree_map(".{0,4}", inner.clone(), 0..4);
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(Value::from),
                object.prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn json_goes_there_and_back(json in any_json()) {
            let mut bytes = Vec::new();
            ciborium::into_writer(&json, &mut bytes).unwrap();
            prop_assert_eq!(read(&bytes), Ok(json));
        }

        #[test]
        fn no_bytes_are_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }
    }
}
