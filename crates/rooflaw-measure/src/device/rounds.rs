//! The same work on several threads at once, timed round by round.

use std::sync::Barrier;
use std::thread;
use std::time::Instant;

/// The shortest of some rounds, seconds: from when the first thread begins to when the last has ended. Every thread
/// prepares for itself, so that what it works on lies near it; one round goes before, unseen.
pub(super) fn best<S>(
    threads: usize,
    rounds: usize,
    prepare: impl Fn() -> S + Sync,
    work: impl Fn(&mut S) + Sync,
) -> f64 {
    let barrier = Barrier::new(threads);
    let one = || {
        let mut state = prepare();
        let mut spans = Vec::with_capacity(rounds);
        for _ in 0..=rounds {
            barrier.wait();
            let begin = Instant::now();
            work(&mut state);
            spans.push((begin, Instant::now()));
        }
        spans
    };
    let spans: Vec<Vec<(Instant, Instant)>> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        // A thread that panics would have left the others at the barrier.
        workers
            .into_iter()
            .filter_map(|worker| worker.join().ok())
            .collect()
    });
    let round = |index: usize| {
        let begin = spans
            .iter()
            .filter_map(|spans| spans.get(index))
            .map(|span| span.0)
            .min()?;
        let end = spans
            .iter()
            .filter_map(|spans| spans.get(index))
            .map(|span| span.1)
            .max()?;
        Some((end - begin).as_secs_f64())
    };
    (1..=rounds).filter_map(round).fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn every_thread_works_in_every_round() {
        let (prepared, worked) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let seconds = best(
            3,
            4,
            || prepared.fetch_add(1, Ordering::Relaxed),
            |_| {
                worked.fetch_add(1, Ordering::Relaxed);
            },
        );
        assert_eq!(prepared.into_inner(), 3);
        // One round more than is timed.
        assert_eq!(worked.into_inner(), 15);
        assert!(seconds.is_finite());
    }
}
