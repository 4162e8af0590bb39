//! Many independent fits: on all cores with the feature `parallel`, on one without; the results are the same.

/// `work` at every index below `count`, in order. `scratch` makes a workspace that a thread keeps.
#[cfg(feature = "parallel")]
pub(crate) fn map<S, T: Send>(
    count: usize,
    scratch: impl Fn() -> S + Sync + Send,
    work: impl Fn(&mut S, usize) -> T + Sync + Send,
) -> Vec<T> {
    use rayon::prelude::*;
    (0..count)
        .into_par_iter()
        .with_min_len(4)
        .map_init(scratch, work)
        .collect()
}

/// `work` at every index below `count`, in order. `scratch` makes a workspace that a thread keeps.
#[cfg(not(feature = "parallel"))]
pub(crate) fn map<S, T: Send>(
    count: usize,
    scratch: impl Fn() -> S + Sync + Send,
    work: impl Fn(&mut S, usize) -> T + Sync + Send,
) -> Vec<T> {
    let mut scratch = scratch();
    (0..count).map(|index| work(&mut scratch, index)).collect()
}
