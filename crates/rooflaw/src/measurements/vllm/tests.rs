//! Results of vLLM: what they are and what they are not.

use crate::device::Phase;
use crate::format::{Precision, WeightFormat};
use crate::measurements::{Given, Measurement, read};

fn file(name: &str) -> String {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/measurements");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

fn given() -> Given {
    Given {
        model: Some("qwen2.5-0.5b".to_owned()),
        weights: Some(WeightFormat::Bf16),
        batch: Some(8),
        prompt_tokens: Some(32),
        generated_tokens: Some(1),
        ..Given::default()
    }
}

fn found(text: &str, given: &Given) -> (Vec<Measurement>, Vec<String>) {
    let (measurements, skipped) = read(text.as_bytes(), Some("json"), given).unwrap();
    (measurements, skipped.iter().map(ToString::to_string).collect())
}

fn error(text: &str, given: &Given) -> String {
    read(text.as_bytes(), Some("json"), given)
        .unwrap_err()
        .to_string()
}

#[test]
fn one_generated_token_is_a_prefill() {
    let (measurements, skipped) = found(&file("vllm_latency.json"), &given());
    assert!(skipped.is_empty());
    let [prefill] = measurements.as_slice() else {
        panic!("one measurement");
    };
    assert_eq!(
        (prefill.phase, prefill.batch, prefill.tokens),
        (Phase::Prefill, 8, 32)
    );
    assert_eq!((prefill.seconds, prefill.repeats), (0.0510, Some(3)));
    assert_eq!((&*prefill.runtime, &*prefill.model), ("vllm", "qwen2.5-0.5b"));
    assert!((prefill.spread.unwrap() - 0.0002 / 0.0510).abs() < 1e-12);
}

#[test]
fn what_is_missing_is_asked_for_by_its_flag() {
    let text = file("vllm_latency.json");
    type Forget = fn(&mut Given);
    let cases: [(Forget, &str); 5] = [
        (
            |given| given.weights = None,
            "the weight format is not in the file: give --weights",
        ),
        (
            |given| given.model = None,
            "the model is not in the file: give --model",
        ),
        (
            |given| given.batch = None,
            "the batch (batch_size) is not in the file: give --batch",
        ),
        (
            |given| given.prompt_tokens = None,
            "the prompts' length (input_len) is not in the file: give --prompt-tokens",
        ),
        (
            |given| given.generated_tokens = None,
            "how many tokens are generated (output_len) is not in the file: give --generated-tokens",
        ),
    ];
    for (forget, message) in cases {
        let mut given = given();
        forget(&mut given);
        assert_eq!(error(&text, &given), format!("entry 1: {message}"));
    }
}

#[test]
fn prefill_and_decode_together_are_neither() {
    let given = Given {
        generated_tokens: Some(128),
        ..given()
    };
    let message = error(&file("vllm_latency.json"), &given);
    assert!(
        message.starts_with("no usable measurement among 1: entry 1: prefill and decode are timed as one: expected --output-len 1 "),
        "{message}"
    );
}

#[test]
fn two_lengths_make_a_decode() {
    let given = Given {
        weights: Some(WeightFormat::Bf16),
        ..Given::default()
    };
    let (measurements, skipped) = found(&file("vllm_latency_pair.pytorch.json"), &given);
    assert!(skipped.is_empty());
    let [prefill, decode] = measurements.as_slice() else {
        panic!("two measurements");
    };
    assert_eq!(
        (prefill.phase, prefill.tokens, prefill.batch),
        (Phase::Prefill, 256, 4)
    );
    assert_eq!(prefill.seconds, 0.021);
    assert_eq!(prefill.model, "Qwen/Qwen2.5-0.5B-Instruct");
    assert_eq!(
        (decode.phase, decode.context_tokens, decode.tokens),
        (Phase::Decode, 256, 128)
    );
    assert!((decode.seconds - (0.533 - 0.021) / 128.0).abs() < 1e-15);
    assert_eq!((decode.kv, decode.repeats), (Precision::Bf16, Some(3)));
    let longer_is_faster =
        file("vllm_latency_pair.pytorch.json").replace("0.54, 0.53, 0.533", "0.01, 0.01, 0.01");
    let (measurements, skipped) = found(&longer_is_faster, &given);
    assert_eq!(measurements.len(), 1);
    assert_eq!(
        skipped,
        ["entry 2: generating more tokens took no longer than in entry 1"]
    );
}

#[test]
fn facts_may_be_added_to_a_result() {
    let result = |tokens: u32, seconds: f64| {
        format!(
            "{{\"avg_latency\": {seconds}, \"input_len\": 64, \"output_len\": {tokens}, \"batch_size\": 2, \"model\": \"m\", \
             \"quantization\": \"awq_marlin\", \"kv_cache_dtype\": \"fp8_e4m3\", \"device\": \"orin\"}}"
        )
    };
    let text = format!("[{}, {}, {}]", result(33, 1.0), result(65, 1.5), result(97, 2.25));
    let (measurements, skipped) = found(&text, &Given::default());
    assert_eq!(skipped.len(), 1, "the shortest is no prefill");
    assert!(skipped[0].starts_with("entry 1: prefill and decode are timed as one"));
    assert_eq!(measurements[0].seconds, 0.5 / 32.0);
    assert_eq!((measurements[0].context_tokens, measurements[0].tokens), (96, 32));
    assert_eq!(
        (measurements[1].seconds, measurements[1].tokens),
        (1.25 / 64.0, 64)
    );
    assert_eq!(measurements[0].weights, WeightFormat::W4A16 { group_size: 128 });
    assert_eq!(
        (measurements[0].kv, &*measurements[0].device),
        (Precision::Fp8, "orin")
    );
    assert_eq!(measurements[0].spread, None);
}

#[test]
fn runs_that_are_not_one_token_a_step_on_one_device_are_left_out() {
    let text = file("vllm_latency_pair.pytorch.json");
    for (from, to, reason) in [
        (
            "\"tensor_parallel_size\": 1",
            "\"tensor_parallel_size\": 2",
            "several devices (tensor_parallel_size 2)",
        ),
        (
            "\"use_beam_search\": false",
            "\"use_beam_search\": true",
            "a beam search",
        ),
        (
            "\"speculative_config\": null",
            "\"speculative_config\": {\"x\": 1}",
            "speculative decoding",
        ),
        ("\"n\": 1", "\"n\": 2", "several answers to each prompt (--n)"),
        (
            "\"name\": \"latency\"",
            "\"name\": \"x\"",
            "the metric `x` is not read",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        let message = error(&text.replace(from, to), &given());
        assert!(message.contains(reason), "{message}");
    }
}

#[test]
fn requests_one_after_another_are_measurements() {
    let (measurements, skipped) = found(&file("vllm_serve.json"), &Given::default());
    assert_eq!(
        skipped,
        [
            "entry 2: requests ran beside each other (max_concurrency 8), in batches of unknown size: expected --max-concurrency 1"
        ]
    );
    let [prefill, decode] = measurements.as_slice() else {
        panic!("two measurements");
    };
    assert_eq!(
        (prefill.phase, prefill.tokens, prefill.batch),
        (Phase::Prefill, 512, 1)
    );
    assert_eq!((prefill.seconds, prefill.repeats), (0.014, Some(20)));
    assert_eq!(
        (decode.phase, decode.context_tokens, decode.tokens),
        (Phase::Decode, 512, 127)
    );
    assert_eq!(decode.seconds, 0.0047);
    assert!((prefill.spread.unwrap() - 0.1).abs() < 1e-12);
    assert!((decode.spread.unwrap() - 0.02).abs() < 1e-12);
    assert_eq!((&*decode.device, &*decode.runtime), ("h100-sxm", "vllm"));
    assert_eq!(decode.weights, WeightFormat::Bf16);
}

#[test]
fn servings_that_are_not_plain_are_left_out() {
    let text = file("vllm_serve.json");
    let first = text.lines().next().unwrap();
    let change = |from: &str, to: &str| {
        assert!(first.contains(from), "{from}");
        first.replace(from, to)
    };
    let refused = |from: &str, to: &str| error(&change(from, to), &Given::default());
    assert!(refused("\"completed\": 20", "\"completed\": 0").contains("no request was completed"));
    assert!(
        refused("\"max_concurrency\": 1", "\"max_concurrency\": null")
            .contains("(max_concurrency not limited)")
    );
    assert!(refused("10240", "10247").contains("prompts are not of one length (512.4 tokens in the mean)"));
    assert!(
        refused("\"completed\": 20", "\"completed\": \"x\"")
            .starts_with("entry 1: completed is `x`, expected a whole number")
    );
    let uneven = change("10240", "10247");
    let given = Given {
        prompt_tokens: Some(512),
        ..Given::default()
    };
    assert_eq!(found(&uneven, &given).0[0].tokens, 512);
    let lengths = |lengths: &str| uneven.replacen('{', &format!("{{\"input_lens\": [{lengths}], "), 1);
    assert_eq!(found(&lengths("510, 515"), &Given::default()).0.len(), 2);
    assert!(error(&lengths("100, 900"), &given).contains("not of one length"));
    let (measurements, skipped) = found(
        &change("\"failed\": 0", "\"spec_decode_num_drafts\": 7"),
        &Given::default(),
    );
    assert_eq!((measurements.len(), measurements[0].phase), (1, Phase::Prefill));
    assert!(skipped[0].starts_with("entry 1: decode: run with speculative decoding"));
    let (measurements, skipped) = found(&change("2560", "20"), &Given::default());
    assert_eq!(
        (measurements.len(), &*skipped[0]),
        (1, "entry 1: decode: no tokens after the first")
    );
    let runtime = |to: &str| {
        found(&change("\"endpoint_type\": \"openai\"", to), &Given::default()).0[0]
            .runtime
            .clone()
    };
    assert_eq!(runtime("\"endpoint_type\": \"tensorrt-llm\""), "tensorrt-llm");
    assert_eq!(runtime("\"runtime\": \"SGLang\""), "sglang");
}
