//! JSON Lines: an object a line, one of its fields the text.

use super::stream::Stream;
use super::{Each, MAX_DOCUMENT_BYTES, SourceFile};
use crate::CorpusError;
use serde_json::{Map, Value};
use std::ops::ControlFlow;

pub(super) fn read(
    source: &SourceFile,
    stream: &mut Stream<'_>,
    each: Each<'_>,
) -> Result<ControlFlow<()>, CorpusError> {
    let field = &source.options.field;
    let mut line = Vec::new();
    while stream.push_line(&mut line)? {
        let number = stream.line;
        if line.iter().all(u8::is_ascii_whitespace) {
            line.clear();
            continue;
        }
        let mut object: Map<String, Value> = serde_json::from_slice(&line)
            .map_err(|error| source.wrong(format!("line {number}: {error}: expected a JSON object")))?;
        let text = match object.remove(field) {
            Some(Value::String(text)) => text,
            Some(_) => {
                return Err(source.wrong(format!(
                    "line {number}: `{field}` is no string: expected the text"
                )));
            }
            None => {
                let names: Vec<&str> = object.keys().take(8).map(String::as_str).collect();
                return Err(source.wrong(format!(
                    "line {number}: no field `{field}`: expected one of its fields ({}) by --text-field",
                    names.join(", ")
                )));
            }
        };
        if text.len() as u64 > MAX_DOCUMENT_BYTES {
            return Err(source.too_long(number));
        }
        if each(text, stream.bytes())?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        line.clear();
    }
    Ok(ControlFlow::Continue(()))
}
