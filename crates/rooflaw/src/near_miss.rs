//! "Did you mean …?"

/// Similarity below which a suggestion would puzzle more than help (Jaro–Winkler, 1 is equality).
const SIMILAR: f64 = 0.75;

/// The candidate most similar to `wanted`, if any is similar at all. Case does not matter.
pub(crate) fn near_miss<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Similarity is quadratic in length; no name is this long.
    let wanted: String = wanted.chars().take(100).flat_map(char::to_lowercase).collect();
    candidates
        .into_iter()
        .map(|candidate| {
            (
                strsim::jaro_winkler(&wanted, &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(similarity, _)| *similarity >= SIMILAR)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}
