//! A progress bar on standard error; silent when that is no terminal, or when the work is over within a second.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::{Duration, Instant};

/// Progress of long work.
pub struct Progress {
    bar: ProgressBar,
    started: Instant,
}

/// Work shorter than this shows no bar.
const PATIENCE: Duration = Duration::from_millis(800);

impl Progress {
    /// A bar over `total` combinations.
    pub fn new(total: u64) -> Progress {
        Progress::of(total, "{wide_bar} {human_pos}/{human_len}  {per_sec}  {eta} left")
    }

    /// A bar over `total` bytes.
    pub fn bytes(total: u64) -> Progress {
        let template =
            "{wide_bar} {decimal_bytes}/{decimal_total_bytes}  {decimal_bytes_per_sec}  {eta} left";
        Progress::of(total, template)
    }

    /// A bar over work that is told of by words; it is drawn only when something is said, since the machine may be
    /// busy with being measured.
    pub fn work(total: u64) -> Progress {
        Progress::of(total, "{bar:24} {percent}%  {eta} left  {wide_msg}")
    }

    fn of(total: u64, template: &str) -> Progress {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Progress {
            bar,
            started: Instant::now(),
        }
    }

    /// Tells that `more` of them are done.
    pub fn advance(&self, more: u64) {
        if self.bar.is_hidden() && self.started.elapsed() > PATIENCE {
            self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        }
        self.bar.inc(more);
    }

    /// What is being done.
    pub fn say(&self, text: String) {
        self.advance(0);
        self.bar.set_message(text);
    }

    /// Prints while the bar is out of the way.
    pub fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.suspend(print)
    }

    /// Removes the bar and tells how long it took.
    pub fn finish(self) -> Duration {
        self.bar.finish_and_clear();
        self.started.elapsed()
    }
}
