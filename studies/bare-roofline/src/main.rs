use rooflaw_study_bare_roofline::*;
fn main() {
    let mut w = csv::Writer::from_path("/tmp/wt/errors0.csv").unwrap();
    let mut skips = std::collections::BTreeMap::new();
    let mut r = csv::Reader::from_path(std::env::args().nth(1).unwrap()).unwrap();
    for m in r.deserialize::<measurements::Measurement>() {
        let m = m.unwrap();
        match row::Row::new(&m) {
            Ok(row) => w.serialize(row).unwrap(),
            Err(s) => { *skips.entry(s.clone()).or_insert(0) += 1; if s != row::Skipped::OutOfScope { eprintln!("{s}\t{}|{}|{}|{}|{}|{:?}", m.device, m.device_variant, m.model, m.runtime, m.quant, m.weight_bytes_reported) } }
        }
    }
    println!("{skips:#?}");
}
