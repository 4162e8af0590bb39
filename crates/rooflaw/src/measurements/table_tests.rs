//! Tables that are read and written, and mistakes that are named.

use super::*;
use proptest::prelude::*;

fn read(text: &str) -> MeasurementTable {
    MeasurementTable::from_csv(text.as_bytes()).unwrap()
}

fn error(text: &str) -> String {
    MeasurementTable::from_csv(text.as_bytes())
        .unwrap_err()
        .to_string()
}

#[test]
fn few_columns_are_enough() {
    let table = read(
        "# by hand\nmodel,weights,phase,tokens,tokens_per_s,milliseconds\n\
         qwen2.5-0.5b,Q4_K - Medium,prefill,512,1024,\n\
         qwen2.5-0.5b,bfloat16,decode,,,12.5\n",
    );
    let [prefill, decode] = table.rows.as_slice() else {
        panic!("two rows");
    };
    assert_eq!(prefill.weights, WeightFormat::Q4KM);
    assert_eq!(prefill.seconds, 0.5);
    assert_eq!((prefill.batch, prefill.context_tokens), (1, 0));
    assert_eq!(prefill.kv, Precision::Fp16);
    assert_eq!(
        (decode.tokens, decode.seconds, decode.kv),
        (1, 0.0125, Precision::Bf16)
    );
    assert_eq!((decode.spread, decode.threads, &*decode.device), (None, None, ""));
}

#[test]
fn tokens_per_second_are_of_the_whole_batch() {
    let header = "model,weights,phase,batch,context_tokens,tokens,tokens_per_s\n";
    let prefill = &read(&format!("{header}m,fp16,prefill,4,0,100,800\n")).rows[0];
    assert_eq!((prefill.seconds, prefill.tokens_per_s()), (0.5, 800.0));
    let decode = &read(&format!("{header}m,fp16,decode,4,100,64,800\n")).rows[0];
    assert_eq!((decode.seconds, decode.tokens_per_s()), (0.005, 800.0));
    assert_eq!(decode.context_tokens, 100);
}

#[test]
fn what_is_given_stands_in_for_what_is_not_there() {
    let given = Given {
        device: Some("apple-m2".to_owned()),
        runtime: Some("MLX".to_owned()),
        weights: Some(WeightFormat::W4A16 { group_size: 64 }),
        prompt_tokens: Some(256),
        ..Given::default()
    };
    let text = "device,config,phase,seconds\n,a/config.json,prefill,1\napple-m3,a/config.json,decode,0.1\n";
    let table = MeasurementTable::from_csv_with(text.as_bytes(), &given).unwrap();
    assert_eq!((&*table.rows[0].device, table.rows[0].tokens), ("apple-m2", 256));
    assert_eq!(
        (&*table.rows[1].device, table.rows[1].context_tokens),
        ("apple-m3", 256)
    );
    assert_eq!(table.rows[1].runtime, "mlx");
    assert_eq!(table.rows[1].weights.name(), "w4a16-g64");
    assert_eq!(table.rows[1].config.as_deref(), Some("a/config.json"));
}

#[test]
fn mistakes_are_named_with_line_column_and_value() {
    let with = |cells: &str| error(&format!("model,weights,phase,tokens,seconds\n{cells}\n"));
    assert_eq!(
        error(""),
        "no measurements: expected a header and at least one row"
    );
    assert_eq!(
        error("model,weights,phase,seconds\n"),
        "no measurements: expected a header and at least one row"
    );
    assert!(
        error("model,weights,phase,token,seconds\n")
            .starts_with("unknown column `token` (did you mean `tokens`?): expected device, runtime, ")
    );
    assert_eq!(error("phase,seconds,phase\n"), "column `phase` appears twice");
    assert_eq!(
        error("model,phase\n"),
        "no column of a time: expected tokens_per_s, seconds or milliseconds"
    );
    assert_eq!(
        error("model,seconds\n"),
        "no column `phase`: expected prefill or decode"
    );
    assert_eq!(
        with("m,fp16,prompt,1,1"),
        "line 2: phase is `prompt`, expected prefill or decode"
    );
    assert!(
        with("m,Q4_K_S,decode,1,1").starts_with("line 2: weights is `Q4_K_S`, expected one of fp32, fp16, ")
    );
    for time in ["NaN", "inf", "-1", "0", "1e999", "1e-999", "1 s", "0x1"] {
        assert_eq!(
            with(&format!("m,fp16,decode,1,{time}")),
            format!("line 2: seconds is `{time}`, expected a positive number")
        );
    }
    for tokens in ["0", "-1", "1.5", "4294967296", "1e300", "NaN"] {
        assert_eq!(
            with(&format!("m,fp16,decode,{tokens},1")),
            format!("line 2: tokens is `{tokens}`, expected a whole number from 1 to 4294967295")
        );
    }
    assert_eq!(
        with("m,fp16,prefill,,1"),
        "line 2: the prompt's length is not in the file: give the column `tokens`, or --prompt-tokens"
    );
    assert_eq!(
        with(",fp16,decode,,1"),
        "line 2: the model is not in the file: give the column `model` or `config`, or --model"
    );
    assert_eq!(
        with("m,,decode,,1"),
        "line 2: the weight format is not in the file: give the column `weights`, or --weights"
    );
    assert_eq!(with("m,fp16,decode,1"), "line 2: 4 cells, but the header has 5");
    let both = "model,weights,phase,seconds,milliseconds\n";
    assert_eq!(
        error(&format!("{both}m,fp16,decode,1,1\n")),
        "line 2: seconds and milliseconds: expected exactly one of tokens_per_s, seconds, milliseconds"
    );
    assert_eq!(
        error(&format!("{both}m,fp16,decode,,\n")),
        "line 2: no time: expected exactly one of tokens_per_s, seconds, milliseconds"
    );
    assert_eq!(
        error("model,weights,phase,milliseconds\nm,fp16,decode,5e-324\n"),
        "line 2: milliseconds is `5e-324`, expected a time that is a positive number"
    );
    assert_eq!(
        error("model,weights,phase,seconds,n_parameters\nm,fp16,decode,1,1e30\n"),
        "line 2: n_parameters is `1e30`, expected a whole number from 1 to 2^53"
    );
    assert_eq!(
        error("model,weights,phase,seconds,spread\nm,fp16,decode,1,-0.1\n"),
        "line 2: spread is `-0.1`, expected a number of at least 0"
    );
    assert_eq!(
        MeasurementTable::from_csv(&[0xff]).unwrap_err().to_string(),
        "not UTF-8 text"
    );
}

#[test]
fn what_no_reader_would_take_is_not_written() {
    let table = read("model,weights,phase,seconds\nm,fp16,decode,1\n");
    let refused = |change: fn(&mut Measurement)| {
        let mut table = table.clone();
        change(&mut table.rows[0]);
        table.to_csv().unwrap_err().to_string()
    };
    assert_eq!(
        refused(|row| row.seconds = f64::NAN),
        "row 1: seconds is `NaN`, expected a positive number"
    );
    assert_eq!(
        refused(|row| row.tokens = 0),
        "row 1: tokens is `0`, expected a whole number from 1 to 4294967295"
    );
    assert_eq!(
        refused(|row| row.device = " m1".to_owned()),
        "row 1: device is ` m1`, expected one line without blanks around it"
    );
    assert!(refused(|row| row.repeats = Some(0)).starts_with("row 1: repeats is `0`"));
    assert!(refused(|row| row.runtime = "vLLM".to_owned()).starts_with("row 1: runtime is `vLLM`"));
    assert!(refused(|row| row.model = String::new()).starts_with("row 1: the model is not"));
}

#[test]
fn the_page_in_docs_has_every_column_and_tables_that_are_read() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/measurements.md");
    let page = std::fs::read_to_string(path).unwrap();
    for column in COLUMNS {
        assert!(page.contains(&format!("\n| `{column}` | ")), "{column}");
    }
    let tables: Vec<&str> = page
        .split("```csv\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert_eq!(tables.len(), 3);
    for table in tables {
        assert!(read(table).rows.len() >= 2);
    }
}

fn some_text() -> impl Strategy<Value = String> {
    "[ -~é\u{2028}#\",;]{0,12}".prop_map(|text| given::clean(&text))
}

fn measurements() -> impl Strategy<Value = Measurement> {
    let texts = (some_text(), some_text(), some_text(), some_text(), "[a-z#]{1,9}");
    let formats = (0..WeightFormat::ALL.len(), 0..Precision::ALL.len(), any::<bool>());
    let counts = (
        1_u32..,
        0_u32..,
        1_u32..,
        prop::option::of(1_u32..),
        prop::option::of(1_u32..),
    );
    let totals = (prop::option::of(1_u64..1 << 53), prop::option::of(1_u64..1 << 53));
    let times = (
        5e-324_f64..1e308,
        prop::option::of(0.0_f64..1e300),
        prop::option::of("[a-z/.]{1,9}"),
    );
    (texts, formats, counts, totals, times).prop_map(|(texts, formats, counts, totals, times)| Measurement {
        device: texts.0,
        runtime: texts.1.to_ascii_lowercase(),
        runtime_version: texts.2,
        backend: texts.3.to_ascii_lowercase(),
        threads: counts.3,
        model: texts.4.clone(),
        config: times.2,
        weights: WeightFormat::ALL[formats.0],
        kv: Precision::ALL[formats.1],
        phase: if formats.2 { Phase::Prefill } else { Phase::Decode },
        batch: counts.0,
        context_tokens: counts.1,
        tokens: counts.2,
        seconds: times.0,
        spread: times.1,
        repeats: counts.4,
        n_parameters: totals.0,
        model_bytes: totals.1,
        source: texts.4,
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(rows in prop::collection::vec(measurements(), 1..8)) {
        let table = MeasurementTable { rows };
        let csv = table.to_csv().unwrap();
        prop_assert_eq!(MeasurementTable::from_csv(csv.as_bytes()).unwrap(), table);
    }
}
