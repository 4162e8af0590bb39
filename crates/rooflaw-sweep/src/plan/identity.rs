//! Ids: hashes of what a run is.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// Hexadecimal digits of an id: of 100,000 runs two agree by chance with probability 2·10⁻⁵.
const DIGITS: usize = 12;

/// The id of a run. Neither the order of a config's keys nor spaces in it matter; the recipe's text counts as it is.
pub(super) fn id(config: &Value, recipe: &str, seed: u64, data_hash: &str) -> String {
    let what = json!({ "config": config, "recipe": recipe, "seed": seed, "data": data_hash });
    let mut text = String::new();
    canonical(&what, &mut text);
    digits(text.as_bytes())
}

/// The id of many.
pub(super) fn of_ids<'a>(ids: impl Iterator<Item = &'a str>) -> String {
    let mut ids: Vec<&str> = ids.collect();
    ids.sort_unstable();
    digits(ids.join(" ").as_bytes())
}

fn digits(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(bytes) {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text.truncate(DIGITS);
    text
}

/// JSON without spaces, keys sorted, whatever order the parser kept.
fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            text.push('{');
            for (key, value) in entries {
                canonical(&Value::String(key.clone()), text);
                text.push(':');
                canonical(value, text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(values) => {
            text.push('[');
            for value in values {
                canonical(value, text);
                text.push(',');
            }
            text.push(']');
        }
        other => text.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_spaces_do_not_matter_and_all_else_does() {
        let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let one = parse(r#"{"a": 1, "b": {"c": [1, 2], "d": "x"}}"#);
        let same = parse(r#"{"b":{"d":"x","c":[1,2]},"a":1}"#);
        let first = id(&one, "r", 1, "h");
        assert_eq!(first.len(), DIGITS);
        assert_eq!(first, id(&same, "r", 1, "h"));
        let others = [
            id(&parse(r#"{"a": 1, "b": {"c": [2, 1], "d": "x"}}"#), "r", 1, "h"),
            id(&one, "r2", 1, "h"),
            id(&one, "r", 2, "h"),
            id(&one, "r", 1, "h2"),
        ];
        assert!(others.iter().all(|other| *other != first), "{others:?}");
    }
}
