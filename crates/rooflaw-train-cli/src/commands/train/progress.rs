//! How a training goes: a bar on a terminal, else a line now and then.

use rooflaw_terminal::{self as output, Progress};
use rooflaw_train::record::RunRecord;
use rooflaw_train::session::Event;
use std::io::{IsTerminal as _, stderr};
use std::time::{Duration, Instant};

/// Between two lines where there is no terminal.
const LINES: Duration = Duration::from_secs(30);

/// Speed is the mean over about so many of the last steps' seconds.
const MEMORY_S: f64 = 20.0;

/// Tells the user how a training goes.
pub struct Watcher {
    bar: Option<Progress>,
    said: Instant,
    steps: u64,
    tokens_per_step: f64,
    tokens: f64,
    /// Of late, tokens/s; `None` before the first step.
    speed: Option<f64>,
    validation: Option<f64>,
}

impl Watcher {
    pub fn new(record: &RunRecord) -> Watcher {
        Watcher {
            bar: stderr().is_terminal().then(|| Progress::work(record.steps)),
            said: Instant::now(),
            steps: record.steps,
            tokens_per_step: record.recipe.tokens_per_step() as f64,
            tokens: record.tokens as f64,
            speed: None,
            validation: None,
        }
    }

    pub fn tell(&mut self, event: Event) {
        match event {
            Event::Resumed(step) => {
                if let Some(bar) = &self.bar {
                    bar.advance(step);
                }
                self.note(&format!("going on from the checkpoint of step {step}"));
            }
            Event::Trained(trained) => {
                let seconds = self.tokens_per_step / trained.tokens_per_s;
                let share = (seconds / MEMORY_S).min(1.0);
                let before = self.speed.unwrap_or(trained.tokens_per_s);
                let speed = before + share * (trained.tokens_per_s - before);
                self.speed = Some(speed);
                let mut text = format!(
                    "step {}/{}  loss {}",
                    trained.step,
                    self.steps,
                    output::loss(trained.loss)
                );
                if let Some(validation) = self.validation {
                    text.push_str(&format!("  held out {}", output::loss(validation)));
                }
                let left = (self.tokens - trained.tokens as f64) / speed;
                text.push_str(&format!(
                    "  {} tok/s  {} left",
                    output::thousands(speed as u64),
                    time(left)
                ));
                match &self.bar {
                    Some(bar) => {
                        bar.advance(1);
                        bar.say(text);
                    }
                    None if self.said.elapsed() >= LINES => self.note(&text),
                    None => {}
                }
            }
            Event::Validated(validated) => self.validation = Some(validated.validation_loss),
            Event::Evaluating | Event::Saved(_) => {}
        }
    }

    fn note(&mut self, text: &str) {
        self.said = Instant::now();
        // A reader that has gone away must not end a training.
        let print = || drop(output::note(text));
        match &self.bar {
            Some(bar) => bar.aside(print),
            None => print(),
        }
    }

    pub fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish();
        }
    }
}

/// A time of any length in a few characters.
pub fn time(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        0..10 => format!("{:.1} s", seconds.max(0.0)),
        10..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        3600..172_800 => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
        _ => format!("{} days", whole / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        assert_eq!(time(59.4), "59 s");
        assert_eq!(time(3599.0), "59 min 59 s");
        assert_eq!(time(7260.0), "2 h 1 min");
        assert_eq!(time(1e6), "11 days");
        assert_eq!(time(f64::NAN), "0.0 s");
        assert_eq!(time(0.25), "0.2 s");
    }
}
