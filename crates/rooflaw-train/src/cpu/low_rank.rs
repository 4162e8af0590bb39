//! What latent attention keeps, to the keys and values of every head, and back.

use super::heads::Heads;

/// Widths.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ranks {
    /// Of queries; 0 without.
    pub(super) query: usize,
    pub(super) kv: usize,
    /// A head's part without position, and its rotary part.
    pub(super) nope: usize,
    pub(super) rope: usize,
}

/// Keys and values of all heads from what came up from the low rank and the one rotary key.
pub(super) fn spread(
    heads: &Heads,
    ranks: &Ranks,
    (raised, rotary_key): (&[f32], &[f32]),
    (keys, values): (&mut [f32], &mut [f32]),
) {
    let (nope, value) = (ranks.nope, heads.value_dim);
    let rows = raised
        .chunks_exact(heads.n_heads * (nope + value))
        .zip(rotary_key.chunks_exact(ranks.rope));
    let to = (keys.chunks_exact_mut(heads.n_heads * heads.key_dim))
        .zip(values.chunks_exact_mut(heads.n_heads * value));
    for ((raised, rotary_key), (keys, values)) in rows.zip(to) {
        let of_heads = keys
            .chunks_exact_mut(heads.key_dim)
            .zip(values.chunks_exact_mut(value));
        for (raised, (key, head_value)) in raised.chunks_exact(nope + value).zip(of_heads) {
            key[..nope].copy_from_slice(&raised[..nope]);
            key[nope..].copy_from_slice(rotary_key);
            head_value.copy_from_slice(&raised[nope..]);
        }
    }
}

/// The reverse for gradients: all heads' rotary parts are added up.
pub(super) fn gather(
    heads: &Heads,
    ranks: &Ranks,
    (dk, dv): (&[f32], &[f32]),
    d_raised: &mut [f32],
    d_rotary_key: &mut [f32],
) {
    let (nope, value) = (ranks.nope, heads.value_dim);
    let from = (dk.chunks_exact(heads.n_heads * heads.key_dim)).zip(dv.chunks_exact(heads.n_heads * value));
    let to = (d_raised.chunks_exact_mut(heads.n_heads * (nope + value)))
        .zip(d_rotary_key.chunks_exact_mut(ranks.rope));
    for ((dk, dv), (d_raised, d_rotary_key)) in from.zip(to) {
        d_rotary_key.fill(0.0);
        let of_heads = dk.chunks_exact(heads.key_dim).zip(dv.chunks_exact(value));
        for (d_raised, (dk, dv)) in d_raised.chunks_exact_mut(nope + value).zip(of_heads) {
            d_raised[..nope].copy_from_slice(&dk[..nope]);
            d_raised[nope..].copy_from_slice(dv);
            for (sum, dk) in d_rotary_key.iter_mut().zip(&dk[nope..]) {
                *sum += dk;
            }
        }
    }
}
