//! Names that nothing has; the nearest one is suggested.

use crate::tool::refusal;

#[test]
fn a_near_miss_is_suggested() {
    for (line, parts) in [
        (
            "devices jetson-agx-orin-64g",
            &[
                "unknown device `jetson-agx-orin-64g`",
                "did you mean",
                "rooflaw devices",
            ][..],
        ),
        (
            "design --device rasberry-pi-5",
            &["unknown device `rasberry-pi-5`", "did you mean", "aspberry"],
        ),
        (
            "predict qwen3-0.6b -d rtx4091",
            &["unknown device `rtx4091`", "did you mean `RTX 4090`?"],
        ),
        (
            "predict qwen2.5-0.6b",
            &[
                "unknown model `qwen2.5-0.6b`",
                "did you mean `Qwen2.5-0.5B`?",
                "rooflaw models",
            ],
        ),
        (
            "models lama-3.1-8b",
            &["unknown model `lama-3.1-8b`", "did you mean `Llama-3.1-8B`?"],
        ),
        (
            "compare qwen3-0.6b qwen3-0.7b",
            &["unknown model `qwen3-0.7b`", "did you mean"],
        ),
        (
            "design --reference qwen-2.5-0.5b",
            &["unknown model `qwen-2.5-0.5b`", "did you mean `Qwen2.5-0.5B`?"],
        ),
        (
            "design --law codesign",
            &[
                "unknown law `codesign`",
                "did you mean `co-design`?",
                "rooflaw laws",
            ],
        ),
        (
            "laws co-desing",
            &["unknown law `co-desing`", "did you mean `co-design`?"],
        ),
        (
            "design --space papers",
            &[
                "unknown space `papers`",
                "did you mean `paper`?",
                "rooflaw spaces",
            ],
        ),
        (
            "spaces defualt",
            &["unknown space `defualt`", "did you mean `default`?"],
        ),
    ] {
        refusal(line, parts);
    }
}

#[test]
fn nothing_is_suggested_for_what_is_like_nothing() {
    for line in ["devices zzz", "models zzz", "laws zzz", "spaces zzz"] {
        let message = refusal(line, &["unknown", "`zzz`", "lists them"]);
        assert!(!message.contains("did you mean"), "{message}");
    }
    for line in ["devices", "models", "laws", "spaces"] {
        let folder = tempfile::tempdir().unwrap();
        crate::tool::refusal_in(folder.path(), &[line, ""], &["unknown", "``"]);
        let long = "x".repeat(100_000);
        crate::tool::refusal_in(folder.path(), &[line, &long], &["unknown", "xxx"]);
    }
}

#[test]
fn formats_classes_and_objectives() {
    for (line, parts) in [
        (
            "design --weights q5",
            &["--weights", "unknown format `q5`", "Q5_K_M", "w4a16"][..],
        ),
        ("design --weights bf16,,w8a8", &["--weights", "unknown format ``"]),
        ("design --weights bf16,BF16", &["--weights names bf16 twice"]),
        (
            "predict qwen3-0.6b --weights w8a8,int8",
            &["--weights names w8a8 twice"],
        ),
        ("predict qwen3-0.6b --kv int3", &["--kv", "`int3`", "fp16, bf16"]),
        (
            "predict qwen3-0.6b --activations w8a8",
            &["--activations", "`w8a8`", "fp16, bf16"],
        ),
        (
            "design --objective speed",
            &["--objective", "'speed'", "prefill, decode or total"],
        ),
        (
            "design --application flying",
            &["--application", "`flying`", "driving"],
        ),
        ("devices --class toaster", &["--class", "'toaster'", "jetson"]),
    ] {
        refusal(line, parts);
    }
}
