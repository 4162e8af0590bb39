//! `trainer_state.json` of Hugging Face's `Trainer`.
//!
//! `log_history` has an object for each log: its `step` and scalars, `loss` of the batches since the last log or `eval_loss`
//! of the evaluation set. `num_input_tokens_seen` is among them with `include_num_input_tokens_seen`, and 0 without.

use super::{ImportError, ImportedRun};
use crate::runs::MAX_RUN_BYTES;
use crate::runs::rows::Members;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};
use serde_json::Value;

/// The scalar that counts tokens.
const TOKENS: &str = "num_input_tokens_seen";

#[derive(Deserialize)]
struct State {
    log_history: Log,
    global_step: Option<u64>,
    num_input_tokens_seen: Option<f64>,
}

/// What is logged, in a run without a name. Entries are taken in one by one: as JSON values they are twenty times the file.
struct Log(ImportedRun);

impl<'de> Deserialize<'de> for Log {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Log;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list of objects")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Log, A::Error> {
                let mut run = ImportedRun::new("");
                let mut index = 0;
                while let Some(Members(entry)) = entries.next_element()? {
                    add(&mut run, &entry)
                        .map_err(|what| A::Error::custom(format!("log_history[{index}]{what}")))?;
                    index += 1;
                }
                Ok(Log(run))
            }
        }
        deserializer.deserialize_seq(Entries)
    }
}

/// Adds the scalars of an entry.
fn add(run: &mut ImportedRun, entry: &[(String, Value)]) -> Result<(), String> {
    let step = entry.iter().find(|(tag, _)| tag == "step").map(|(_, step)| step);
    let step = step.and_then(Value::as_u64).ok_or_else(|| {
        let found = step.map_or("nothing".to_owned(), Value::to_string);
        format!(".step is {found}, expected a whole number")
    })?;
    for (tag, value) in entry.iter().filter(|(tag, _)| tag != "step") {
        let value = match value {
            // Not counted.
            Value::Number(number) if tag == TOKENS && number.as_f64() == Some(0.0) => continue,
            Value::Number(number) => number.as_f64().unwrap_or(f64::NAN),
            // What `without_bare_words` leaves.
            Value::String(text) if !text.is_empty() && text.trim().is_empty() => f64::NAN,
            _ => continue,
        };
        run.add(step, tag, value).map_err(|error| format!(": {error}"))?;
    }
    Ok(())
}

/// Reads a `trainer_state.json`; the run is to be called `name`.
///
/// # Errors
/// Not JSON, no `log_history`, an entry without a step.
pub fn hf_trainer(name: &str, bytes: &[u8]) -> Result<ImportedRun, ImportError> {
    if bytes.len() > MAX_RUN_BYTES {
        return Err(ImportError::TooLong {
            bytes: bytes.len(),
            limit: MAX_RUN_BYTES,
        });
    }
    let state: State = serde_json::from_slice(&without_bare_words(bytes))
        .map_err(|error| ImportError::HfTrainer(error.to_string()))?;
    let mut run = ImportedRun {
        name: ImportedRun::new(name).name,
        ..state.log_history.0
    };
    if let (Some(step), Some(tokens)) = (state.global_step, state.num_input_tokens_seen)
        && tokens > 0.0
        && !run
            .series
            .get(TOKENS)
            .is_some_and(|series| series.contains_key(&step))
    {
        run.add(step, TOKENS, tokens)?;
    }
    Ok(run)
}

/// Python writes NaN and Infinity as bare words, which JSON does not have. Each becomes a blank text of the same length, so
/// that positions in messages stay right.
fn without_bare_words(json: &[u8]) -> Vec<u8> {
    let mut json = json.to_vec();
    let (mut at, mut quoted) = (0, false);
    while at < json.len() {
        match json[at] {
            b'"' => quoted = !quoted,
            b'\\' if quoted => at += 1,
            _ if quoted => {}
            _ => {
                let word = [&b"NaN"[..], b"-Infinity", b"Infinity"]
                    .into_iter()
                    .find(|word| json[at..].starts_with(word));
                if let Some(word) = word {
                    let end = at + word.len() - 1;
                    json[at..end].fill(b' ');
                    json[at] = b'"';
                    json[end] = b'"';
                    at = end;
                }
            }
        }
        at += 1;
    }
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_words_are_blanked_and_texts_are_not() {
        let json = br#"{"a": NaN, "NaN \"Infinity": [-Infinity,Infinity]}"#;
        let blank = without_bare_words(json);
        assert_eq!(blank.len(), json.len());
        assert_eq!(
            String::from_utf8(blank).unwrap(),
            r#"{"a": " ", "NaN \"Infinity": ["       ","      "]}"#
        );
        assert_eq!(without_bare_words(b"\"\\"), b"\"\\");
    }
}
