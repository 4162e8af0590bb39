//! Names of models: descriptions such as `qwen3 0.6B Q4_K - Medium`, and files.

use crate::format::WeightFormat;
use crate::measurements::weight_format;

/// The format that ends a description, and where it begins. Descriptions are an architecture, a size and a format
/// (`llama_model_desc`), each of which may have blanks: the longest end that is a format is it.
fn split(description: &str) -> Option<(usize, WeightFormat)> {
    let description = description.trim().trim_end_matches(" (guessed)");
    // `Q4_1, some F16` ends with the name of another format.
    if description.contains(',') {
        return None;
    }
    let starts = std::iter::once(0).chain(description.match_indices(' ').map(|(at, _)| at + 1));
    starts
        .take(20)
        .find_map(|at| Some((at, weight_format(&description[at..]).ok()?)))
}

/// How the weights of a described model are stored, if it is a format that we know.
pub(super) fn weights(description: &str) -> Option<WeightFormat> {
    split(description).map(|(_, format)| format)
}

/// The description without the format.
pub(super) fn name(description: &str) -> String {
    let description = description.trim();
    let end = split(description).map_or(description.len(), |(at, _)| at);
    description[..end].trim().to_owned()
}

/// The stem of a file's name, without the number of a part and without a format at its end:
/// `models/Qwen2.5-7B-Instruct-Q4_K_M.gguf` is `Qwen2.5-7B-Instruct`.
pub(super) fn stem(file: &str) -> &str {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let is_gguf = |(_, extension): &(&str, &str)| extension.eq_ignore_ascii_case("gguf");
    let stem = name
        .rsplit_once('.')
        .filter(is_gguf)
        .map_or(name, |(stem, _)| stem);
    let stem = without_part(stem);
    let separators = stem.match_indices(['-', '.', '_']).filter(|(at, _)| *at > 0);
    let mut named = separators
        .take(50)
        .filter(|(at, _)| weight_format(&stem[at + 1..]).is_ok());
    named.next().map_or(stem, |(at, _)| &stem[..at])
}

/// Large models are split into files that end with `-00001-of-00003`.
fn without_part(stem: &str) -> &str {
    let is_number = |text: &str| text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts = stem.rsplit_once("-of-").and_then(|(rest, last)| {
        let (rest, first) = rest.rsplit_once('-')?;
        (is_number(first) && is_number(last)).then_some(rest)
    });
    parts.unwrap_or(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_end_with_a_format() {
        for (description, format, rest) in [
            ("llama ?B F16", Some(WeightFormat::GgufF16), "llama ?B"),
            ("qwen3 0.6B Q4_K - Medium", Some(WeightFormat::Q4KM), "qwen3 0.6B"),
            ("llama 7B mostly Q4_0", Some(WeightFormat::Q4_0), "llama 7B"),
            (
                "llama4 17Bx16E (Scout) Q8_0",
                Some(WeightFormat::Q8_0),
                "llama4 17Bx16E (Scout)",
            ),
            ("llama 7B Q6_K (guessed)", Some(WeightFormat::Q6K), "llama 7B"),
            ("gpt-oss 20B MXFP4 MoE", Some(WeightFormat::Mxfp4), "gpt-oss 20B"),
            ("llama 1B all F32", Some(WeightFormat::Fp32), "llama 1B"),
            ("llama 8B Q4_K - Small", None, "llama 8B Q4_K - Small"),
            (
                "llama 7B mostly Q4_1, some F16",
                None,
                "llama 7B mostly Q4_1, some F16",
            ),
            ("llama 8B IQ4_XS - 4.25 bpw", None, "llama 8B IQ4_XS - 4.25 bpw"),
            ("", None, ""),
            ("Q4_K - Medium", Some(WeightFormat::Q4KM), ""),
            ("  é Q8_0", Some(WeightFormat::Q8_0), "é"),
        ] {
            assert_eq!(
                (weights(description), &*name(description)),
                (format, rest),
                "{description}"
            );
        }
    }

    #[test]
    fn files_are_called_after_their_models() {
        for (file, stem_) in [
            ("models/Qwen2.5-7B-Instruct-Q4_K_M.gguf", "Qwen2.5-7B-Instruct"),
            (r"C:\models\tiny.Q8_0.GGUF", "tiny"),
            ("big-q8_0-00001-of-00003.gguf", "big"),
            ("ggml-model-f16.gguf", "ggml-model"),
            ("t.gguf", "t"),
            ("Q8_0.gguf", "Q8_0"),
            ("Llama-3.2-1B", "Llama-3.2-1B"),
            ("-Q8_0.gguf", "-Q8_0"),
        ] {
            assert_eq!(stem(file), stem_, "{file}");
        }
    }
}
