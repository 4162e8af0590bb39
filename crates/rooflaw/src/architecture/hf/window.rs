//! Which layers attend to a window only.

use super::classes::{Period, Window};
use super::error::{HfError, shown};
use super::fields::Fields;
use crate::architecture::SlidingWindow;

const SIZE: &str = "sliding_window";

/// The window, `None` when every layer is global, and for every layer whether it is local.
pub(super) fn sliding_window(
    fields: &Fields<'_>,
    window: Window,
    n_layers: u32,
) -> Result<(Option<SlidingWindow>, Vec<bool>), HfError> {
    let (size, is_local) = local_layers(fields, window, n_layers)?;
    let n_local_layers = is_local.iter().map(|&is_local| u32::from(is_local)).sum();
    match size {
        Some(size) if n_local_layers > 0 => Ok((Some(SlidingWindow { size, n_local_layers }), is_local)),
        _ => Ok((None, vec![false; n_layers as usize])),
    }
}

/// The window's size, if there is one, and which layers would be local then.
fn local_layers(
    fields: &Fields<'_>,
    window: Window,
    n_layers: u32,
) -> Result<(Option<u32>, Vec<bool>), HfError> {
    let layers = Layers { fields, n_layers };
    let all = || vec![true; n_layers as usize];
    Ok(match window {
        Window::Never => (None, Vec::new()),
        Window::Every(default) => (fields.count_unless_null(SIZE, default)?, all()),
        Window::AllButEvery { period, size } => {
            refuse_encoder(fields)?;
            let period = match period {
                Period::Fixed(period) => period,
                Period::Pattern(default) => fields.positive_or("sliding_window_pattern", default)?,
            };
            let is_local = layers.local(|_| Ok(move |layer: u32| !(layer + 1).is_multiple_of(period)))?;
            (fields.count_unless_null(SIZE, size)?, is_local)
        }
        _ if !fields.flag_or("use_sliding_window", false)? => (None, Vec::new()),
        Window::EveryIfUsed => (fields.nullable_count(SIZE)?, all()),
        Window::FromLayer => {
            let is_local = layers.local(|fields| {
                let first = fields.count("max_window_layers")?;
                Ok(move |layer| layer >= first)
            })?;
            (fields.nullable_count(SIZE)?, is_local)
        }
        Window::AlternatingBelowLayer => {
            let is_local = layers.local(|fields| {
                let end = fields.count("max_window_layers")?;
                Ok(move |layer| layer < end && layer % 2 == 0)
            })?;
            (fields.nullable_count(SIZE)?, is_local)
        }
        Window::WithoutRope => {
            let is_local = layers.local(|fields| without_rope(fields, n_layers))?;
            (fields.optional_count(SIZE)?, is_local)
        }
    })
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
    /// Which are local: by `layer_types` or, in its absence, by the rule that older configurations state, whose
    /// fields are needed only then.
    fn local<Rule: Fn(u32) -> bool>(
        &self,
        rule: impl FnOnce(&Fields<'_>) -> Result<Rule, HfError>,
    ) -> Result<Vec<bool>, HfError> {
        let Some(types) = self.fields.list("layer_types")? else {
            let is_local = rule(self.fields)?;
            return Ok((0..self.n_layers).map(is_local).collect());
        };
        let types = self.fields.per_layer("layer_types", types, self.n_layers)?;
        let is_local = types.iter().map(|layer_type| match layer_type.as_str() {
            Some("sliding_attention") => Ok(true),
            // The second is a former name of the first.
            Some("full_attention" | "attention") => Ok(false),
            _ => {
                let accepted = "\"full_attention\" or \"sliding_attention\" in every entry".to_owned();
                Err(self.fields.wrong("layer_types", shown(layer_type), accepted))
            }
        });
        is_local.collect()
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
