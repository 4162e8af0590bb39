//! llama-bench: how it is called, and what it answers.
//!
//! Its flags and the fields of its JSON: `tools/llama-bench/llama-bench.cpp` of llama.cpp (ggml-org/llama.cpp, MIT).

use crate::MeasureError;
use rooflaw::device::Phase;
use rooflaw::measurements::{self, Given, Measurement};
use serde::Deserialize;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

/// llama-bench, and how it measures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LlamaBench {
    /// The program.
    pub program: PathBuf,
    /// CPU threads.
    pub threads: u32,
    /// Samples of each test in one process.
    pub samples: u32,
}

/// What to measure in one process: every length at one depth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lengths {
    /// Tokens of the prompts to prefill.
    pub(crate) prompt: Vec<u32>,
    /// Tokens to generate.
    pub(crate) generate: Vec<u32>,
    /// Tokens in the KV cache beforehand.
    pub(crate) depth: u32,
}

/// One test of llama-bench: an element of its JSON.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Test {
    /// Tokens of the prompt; 0 for a test of decode.
    pub n_prompt: u32,
    /// Tokens generated; 0 for a test of prefill.
    pub n_gen: u32,
    /// Tokens in the KV cache beforehand; builds before 2025 have none.
    #[serde(default)]
    pub n_depth: u32,
    /// The time of each sample, nanoseconds.
    pub samples_ns: Vec<u64>,
    /// Parameters of the model.
    pub model_n_params: u64,
    /// Bytes of its tensors.
    pub model_size: u64,
}

/// A process's answer, its tests in the order in which they were asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    /// The tests.
    pub(crate) tests: Vec<Test>,
    /// The same as a table has them.
    pub(crate) rows: Vec<Measurement>,
}

impl LlamaBench {
    /// The program at a path, or of that name among the programs of the system.
    ///
    /// # Errors
    /// Nothing there, or nothing that can be executed.
    pub fn find(program: &Path, threads: u32, samples: u32) -> Result<LlamaBench, MeasureError> {
        let wrong = |cause: &str| MeasureError::Program {
            path: program.to_path_buf(),
            cause: cause.to_owned(),
        };
        // As in a shell, but for a file of that name right here.
        let is_name = program.components().count() == 1;
        let found = if is_name && !program.exists() {
            let folders = std::env::var_os("PATH").unwrap_or_default();
            let mut paths = std::env::split_paths(&folders).map(|folder| folder.join(program));
            paths.find(|path| is_executable(path))
        } else if is_name {
            Some(Path::new(".").join(program))
        } else {
            Some(program.to_path_buf())
        };
        let program = found.ok_or_else(|| wrong("no such program in PATH"))?;
        match program.metadata() {
            Err(_) => Err(wrong("no such file")),
            Ok(metadata) if metadata.is_dir() => Err(wrong("a folder")),
            Ok(_) if !is_executable(&program) => Err(wrong("not executable (chmod +x makes it so)")),
            Ok(_) => Ok(LlamaBench {
                program,
                threads,
                samples,
            }),
        }
    }

    /// The arguments that measure a model.
    pub(crate) fn arguments(&self, model: &Path, lengths: &Lengths) -> Vec<OsString> {
        let list = |counts: &[u32]| {
            let counts: Vec<String> = counts.iter().map(u32::to_string).collect();
            // 0 is llama-bench's word for no such test.
            OsString::from(if counts.is_empty() {
                "0".to_owned()
            } else {
                counts.join(",")
            })
        };
        let mut arguments: Vec<OsString> = vec!["-m".into(), model.into()];
        let mut flag = |name: &str, value: OsString| arguments.extend([name.into(), value]);
        flag("-p", list(&lengths.prompt));
        flag("-n", list(&lengths.generate));
        // Left out where builds that lack it do the same.
        if lengths.depth > 0 {
            flag("-d", list(&[lengths.depth]));
        }
        flag("-t", list(&[self.threads]));
        flag("-r", list(&[self.samples]));
        flag("-ctk", "f16".into());
        flag("-ctv", "f16".into());
        flag("-o", "json".into());
        arguments
    }

    /// The command that measures a model. Threads that wait must not take the processors from those that work, or the
    /// time is that of the fight (`OMP_WAIT_POLICY`).
    pub(crate) fn command(&self, model: &Path, lengths: &Lengths) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(self.arguments(model, lengths))
            .env("OMP_WAIT_POLICY", "passive");
        command
    }
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

impl Lengths {
    /// The tests that were asked for: tokens of the prompt, tokens generated.
    pub(crate) fn tests(&self) -> impl Iterator<Item = (u32, u32)> {
        let prompt = self.prompt.iter().map(|&tokens| (tokens, 0));
        prompt.chain(self.generate.iter().map(|&tokens| (0, tokens)))
    }

    /// What a process answered.
    ///
    /// # Errors
    /// What is not llama-bench's JSON, lacks a test or samples of one, or did not run on one device.
    pub(crate) fn read(&self, stdout: &[u8], stderr: &[u8]) -> Result<Answer, MeasureError> {
        let garbage = |found: String| MeasureError::Garbage {
            found,
            stderr: last_words(stderr),
        };
        if stdout.trim_ascii().is_empty() {
            return Err(garbage("nothing".to_owned()));
        }
        let answer: Vec<Test> =
            serde_json::from_slice(stdout).map_err(|error| garbage(format!("no valid JSON ({error})")))?;
        let asked = self.tests().map(|(n_prompt, n_gen)| {
            let is_asked =
                |test: &&Test| (test.n_prompt, test.n_gen, test.n_depth) == (n_prompt, n_gen, self.depth);
            let name = format!("n_prompt = {n_prompt}, n_gen = {n_gen}, n_depth = {}", self.depth);
            let test = answer.iter().find(is_asked);
            let test = test.ok_or_else(|| garbage(format!("no test of {name}")))?;
            if test.samples_ns.is_empty() || test.samples_ns.contains(&0) {
                return Err(garbage(format!("no samples_ns, or one of 0, for {name}")));
            }
            Ok(test.clone())
        });
        let tests = asked.collect::<Result<Vec<Test>, MeasureError>>()?;
        let (rows, skipped) = measurements::read(stdout, Some("json"), &Given::default())
            .map_err(|error| garbage(format!("other tests than asked for ({error})")))?;
        let row = |test: &Test| {
            let is_of = |row: &&Measurement| {
                let lengths = (row.phase, row.tokens, row.context_tokens);
                lengths == (test.phase(), test.tokens(), test.n_depth)
            };
            let reason = || skipped.first().map_or_else(String::new, ToString::to_string);
            let row = rows.iter().find(is_of).cloned();
            row.ok_or_else(|| garbage(format!("a test that is no measurement ({})", reason())))
        };
        Ok(Answer {
            rows: tests.iter().map(row).collect::<Result<_, _>>()?,
            tests,
        })
    }
}

impl Test {
    /// What was timed.
    pub(crate) const fn phase(&self) -> Phase {
        if self.n_gen > 0 {
            Phase::Decode
        } else {
            Phase::Prefill
        }
    }

    /// Of how many tokens.
    pub(crate) fn tokens(&self) -> u32 {
        self.n_prompt.max(self.n_gen)
    }
}

/// Most characters of what a program said that a message repeats.
const MOST_WORDS: usize = 300;

/// The last lines of a program's standard error, in one line.
pub(crate) fn last_words(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let words = lines[lines.len().saturating_sub(3)..].join("; ");
    let skipped = words.chars().count().saturating_sub(MOST_WORDS);
    words.chars().skip(skipped).collect()
}

/// How a program ended, for people.
pub(crate) fn ending(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        // The kernel's way out of a shortage.
        const SIGKILL: i32 = 9;
        let why = if signal == SIGKILL {
            ", as the system does when memory is short"
        } else {
            ""
        };
        return format!("was killed by signal {signal}{why}");
    }
    match status.code() {
        Some(code) => format!("failed with exit code {code}"),
        None => "failed".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(depth: u32) -> Lengths {
        Lengths {
            prompt: vec![128],
            generate: vec![16, 32],
            depth,
        }
    }

    fn bench() -> LlamaBench {
        LlamaBench {
            program: "llama-bench".into(),
            threads: 3,
            samples: 5,
        }
    }

    fn line(lengths: &Lengths) -> String {
        let arguments = bench().arguments(Path::new("x.gguf"), lengths);
        arguments.join(std::ffi::OsStr::new(" ")).into_string().unwrap()
    }

    #[test]
    fn command_lines() {
        let common = "-t 3 -r 5 -ctk f16 -ctv f16 -o json";
        assert_eq!(line(&lengths(0)), format!("-m x.gguf -p 128 -n 16,32 {common}"));
        let only_decode = Lengths {
            prompt: Vec::new(),
            ..lengths(64)
        };
        assert_eq!(
            line(&only_decode),
            format!("-m x.gguf -p 0 -n 16,32 -d 64 {common}")
        );
    }

    fn test(n_prompt: u32, n_gen: u32, samples: &str) -> String {
        format!(
            r#"{{"n_prompt":{n_prompt},"n_gen":{n_gen},"n_depth":0,"samples_ns":{samples},"model_n_params":7,"model_size":14,
                "model_type":"llama ?B F16","backends":"CPU","cpu_info":"AMD EPYC","n_threads":3,"more":1}}"#
        )
    }

    #[test]
    fn answers_are_read_in_the_order_asked_for() {
        let answer = [test(0, 32, "[3]"), test(128, 0, "[1,2]"), test(0, 16, "[4]")];
        let answer = format!("[{}]", answer.join(","));
        let found = lengths(0).read(answer.as_bytes(), b"").unwrap();
        let tokens: Vec<u32> = found.rows.iter().map(|row| row.tokens).collect();
        assert_eq!(tokens, [128, 16, 32]);
        assert_eq!(
            (found.rows[0].threads, found.rows[0].device.as_str()),
            (Some(3), "AMD EPYC")
        );
        let samples: Vec<&[u64]> = found
            .tests
            .iter()
            .map(|test| test.samples_ns.as_slice())
            .collect();
        assert_eq!(samples, [&[1, 2][..], &[4], &[3]]);
        for cut in [1, answer.len() / 2, answer.len() - 1] {
            let error = lengths(0)
                .read(&answer.as_bytes()[..cut], b"warning\n\nlast")
                .unwrap_err();
            let error = error.to_string();
            assert!(
                error.contains("no valid JSON") && error.ends_with("it said: warning; last"),
                "{error}"
            );
        }
    }

    #[test]
    fn answers_that_lack_something_are_refused() {
        let all = |samples| {
            let tests = [test(128, 0, samples), test(0, 16, "[4]"), test(0, 32, "[3]")];
            format!("[{}]", tests.join(","))
        };
        assert!(lengths(0).read(all("[5]").as_bytes(), b"").is_ok());
        for (depth, answer, part) in [
            (0, String::new(), "printed nothing"),
            (0, "build: 1234".to_owned(), "no valid JSON"),
            (0, "[]".to_owned(), "no test of n_prompt = 128"),
            (0, all("[]"), "no samples_ns"),
            (0, all("[0]"), "no samples_ns"),
            (0, all("[-1]"), "no valid JSON"),
            (64, all("[5]"), "n_depth = 64"),
        ] {
            let error = lengths(depth)
                .read(answer.as_bytes(), b"")
                .unwrap_err()
                .to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn programs_that_are_none_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let plain = folder.path().join("plain");
        std::fs::write(&plain, "#!/bin/sh\n").unwrap();
        for (program, part) in [
            (folder.path().join("missing").as_path(), "no such file"),
            (folder.path(), "a folder"),
            (Path::new("no-such-program-anywhere"), "no such program in PATH"),
            #[cfg(unix)]
            (plain.as_path(), "not executable"),
        ] {
            let error = LlamaBench::find(program, 1, 1).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
