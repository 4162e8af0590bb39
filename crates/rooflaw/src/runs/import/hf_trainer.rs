//! `trainer_state.json` of Hugging Face's `Trainer`.
//!
//! `log_history` has an object for each log: its `step` and scalars, `loss` of the batches since the last log or `eval_loss`
//! of the evaluation set. `num_input_tokens_seen` is among them with `include_num_input_tokens_seen`, and 0 without.

use super::{ImportError, ImportedRun};
use crate::runs::MAX_RUN_BYTES;
use serde::Deserialize;
use serde_json::{Map, Value};

/// The scalar that counts tokens.
const TOKENS: &str = "num_input_tokens_seen";

#[derive(Deserialize)]
struct State {
    log_history: Vec<Map<String, Value>>,
    global_step: Option<u64>,
    num_input_tokens_seen: Option<f64>,
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
    let mut run = ImportedRun::new(name);
    for (index, entry) in state.log_history.iter().enumerate() {
        let step = entry.get("step").and_then(Value::as_u64).ok_or_else(|| {
            let found = entry.get("step").map_or("nothing".to_owned(), Value::to_string);
            ImportError::HfTrainer(format!(
                "log_history[{index}].step is {found}, expected a whole number"
            ))
        })?;
        for (tag, value) in entry.iter().filter(|(tag, _)| *tag != "step") {
            match value {
                // Not counted.
                Value::Number(number) if tag == TOKENS && number.as_f64() == Some(0.0) => {}
                Value::Number(number) => run.add(step, tag, number.as_f64().unwrap_or(f64::NAN)),
                Value::String(text) if !text.is_empty() && text.trim().is_empty() => {
                    run.add(step, tag, f64::NAN)
                }
                _ => {}
            }
        }
    }
    if let (Some(step), Some(tokens)) = (state.global_step, state.num_input_tokens_seen)
        && tokens > 0.0
        && let Some(scalars) = run.steps.get_mut(&step)
    {
        scalars.entry(TOKENS.to_owned()).or_insert(tokens);
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
