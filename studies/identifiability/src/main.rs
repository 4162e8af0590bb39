//! temp
#[path = "../../../crates/rooflaw/tests/fit/synthetic.rs"]
mod synthetic;
use rooflaw::law::fit::*;
fn main() -> anyhow::Result<()> {
    let n: u64 = std::env::args().nth(1).unwrap().parse()?;
    let mut hits = vec![0; 11];
    let start = std::time::Instant::now();
    for seed in 0..n {
        let (truth, rows) = synthetic::draw(seed)?;
        let t0 = std::time::Instant::now();
        let found = fit(
            &Form::codesign(),
            &rows,
            Objective::LeastSquares,
            &Starts::Random { count: 16, seed: 1 },
        )?;
        let t1 = std::time::Instant::now();
        let p = profile(&found, &rows, 0.95)?;
        let t2 = std::time::Instant::now();
        if std::env::args().nth(2).is_some() {
            println!(
                "LS {:e} {:?} {:?} {:?} {:?}",
                found.value, found.irreducible_loss, found.coefficients, found.exponents, found.convergence
            );
            let l = fit(
                &Form::codesign(),
                &rows,
                Objective::LogLeastSquares,
                &Starts::Random { count: 16, seed: 1 },
            )?;
            println!(
                "log {:e} {:?} {:?} {:?} {:?}; rmse {:e}",
                l.value,
                l.irreducible_loss,
                l.coefficients,
                l.exponents,
                l.convergence,
                l.quality.rmse * l.quality.rmse * 170.0
            );
        }
        let q = Quality::of(&p.optimum.predict(&rows)?, &truth);
        println!(
            "seed {seed} R2 {:.6} at {} of 16; fit {:?} profile {:?} better {}",
            q.r_squared,
            found.convergence.at_optimum,
            t1 - t0,
            t2 - t1,
            p.optimum.value / found.value - 1.0
        );
        let v = synthetic::published();
        let truth: Vec<f64> = std::iter::once(v.irreducible_loss)
            .chain(v.coefficients)
            .chain(v.exponents)
            .collect();
        for (i, pr) in p.parameters.iter().enumerate() {
            let inside = pr.interval.contains(truth[i]);
            hits[i] += u32::from(inside);
            if seed < 6 {
                println!(
                    "  {:4} {:.4} in {:?} ({} points) {inside}",
                    synthetic::NAMES[i],
                    pr.estimate,
                    pr.interval,
                    pr.points.len()
                );
            }
        }
        if seed < 6 {
            for (t, pr) in &p.contributions {
                println!("   contribution {t} {:.4} {:?}", pr.estimate, pr.interval);
            }
        }
    }
    println!("{:?}\n{:?} {:?}", synthetic::NAMES, hits, start.elapsed());
    Ok(())
}
