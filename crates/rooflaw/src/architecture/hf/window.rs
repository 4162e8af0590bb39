//! Which layers attend to a window only.

use super::classes::{Period, Window};
use super::error::{HfError, shown};
use super::fields::Fields;
use crate::architecture::SlidingWindow;

const SIZE: &str = "sliding_window";

/// The window and the number of local layers; `None` when every layer is global.
pub(super) fn sliding_window(
    fields: &Fields<'_>,
    window: Window,
    n_layers: u32,
) -> Result<Option<SlidingWindow>, HfError> {
    let layers = Layers { fields, n_layers };
    let (size, n_local_layers) = match window {
        Window::Never => return Ok(None),
        Window::Every(default) => (fields.count_unless_null(SIZE, default)?, n_layers),
        Window::AllButEvery { period, size } => {
            refuse_encoder(fields)?;
            let period = match period {
                Period::Fixed(period) => period,
                Period::Pattern(default) => fields.positive_or("sliding_window_pattern", default)?,
            };
            let n_local = layers.local(|_| Ok(move |layer: u32| !(layer + 1).is_multiple_of(period)))?;
            (fields.count_unless_null(SIZE, size)?, n_local)
        }
        _ if !fields.flag_or("use_sliding_window", false)? => return Ok(None),
        Window::EveryIfUsed => (fields.nullable_count(SIZE)?, n_layers),
        Window::FromLayer => {
            let n_local = layers.local(|fields| {
                let first = fields.count("max_window_layers")?;
                Ok(move |layer| layer >= first)
            })?;
            (fields.nullable_count(SIZE)?, n_local)
        }
        Window::AlternatingBelowLayer => {
            let n_local = layers.local(|fields| {
                let end = fields.count("max_window_layers")?;
                Ok(move |layer| layer < end && layer % 2 == 0)
            })?;
            (fields.nullable_count(SIZE)?, n_local)
        }
        Window::WithoutRope => {
            let n_local = layers.local(|fields| without_rope(fields, n_layers))?;
            (fields.optional_count(SIZE)?, n_local)
        }
    };
    Ok(size
        .filter(|_| n_local_layers > 0)
        .map(|size| SlidingWindow { size, n_local_layers }))
}

/// Published encoders are made of these classes too; their attention is not a decoder's.
fn refuse_encoder(fields: &Fields<'_>) -> Result<(), HfError> {
    const NAME: &str = "use_bidirectional_attention";
    match fields.find(NAME) {
        None | Some(serde_json::Value::Bool(false)) => Ok(()),
        Some(other) => {
            let accepted = "false: a decoder attends to earlier tokens only".to_owned();
            Err(fields.wrong(NAME, shown(other), accepted))
        }
    }
}

struct Layers<'a> {
    fields: &'a Fields<'a>,
    n_layers: u32,
}

impl Layers<'_> {
    /// How many are local: by `layer_types` or, in its absence, by the rule that older configurations state, whose
    /// fields are needed only then.
    fn local<Rule: Fn(u32) -> bool>(
        &self,
        rule: impl FnOnce(&Fields<'_>) -> Result<Rule, HfError>,
    ) -> Result<u32, HfError> {
        let Some(types) = self.fields.list("layer_types")? else {
            let is_local = rule(self.fields)?;
            return Ok((0..self.n_layers).map(|layer| u32::from(is_local(layer))).sum());
        };
        let mut n_local = 0;
        for layer_type in self.fields.per_layer("layer_types", types, self.n_layers)? {
            match layer_type.as_str() {
                Some("sliding_attention") => n_local += 1,
                // The second is a former name of the first.
                Some("full_attention" | "attention") => {}
                _ => {
                    let accepted = "\"full_attention\" or \"sliding_attention\" in every entry".to_owned();
                    return Err(self.fields.wrong("layer_types", shown(layer_type), accepted));
                }
            }
        }
        Ok(n_local)
    }
}

/// SmolLM3's local layers are those that `no_rope_layers` marks with 0.
fn without_rope(fields: &Fields<'_>, n_layers: u32) -> Result<impl Fn(u32) -> bool + use<>, HfError> {
    let has_rope = match fields.counts("no_rope_layers")? {
        Some(marks) => {
            let marks = fields.per_layer("no_rope_layers", &marks, n_layers)?;
            marks.iter().map(|mark| *mark != 0).collect()
        }
        None => {
            let interval = fields.positive_or("no_rope_layer_interval", 4)?;
            let has_rope = |layer: u32| !(layer + 1).is_multiple_of(interval);
            (0..n_layers).map(has_rope).collect::<Vec<_>>()
        }
    };
    Ok(move |layer: u32| has_rope.get(layer as usize) == Some(&false))
}
