//! x
#![allow(dead_code)]
mod frontiers;
mod sample;
mod setup;
mod stats;
mod text;
mod ablation; mod compare; mod volume;
use setup::*;
use frontiers::*;
use rooflaw::search::Objective;
fn main() -> anyhow::Result<()> {
    let setup = Setup::new()?;
    let t = std::time::Instant::now();
    let f = Frontiers::find(&setup, &Designs::ALL)?;
    eprintln!("{:?}", t.elapsed());
    for v in ablation::variants(&setup) {
        println!("{:35}", v.name);
        for (s,g) in v.by_objective.iter().zip(&v.int8_gain) { println!("    n={} moe={:.2} shallow={:.2} sparsest={:.2} top1={:.2} narrow={:.2} l={} d={} r={} E={} 1/rho={} gqa={} gain={g:.2}", s.n, s.moe, s.shallow, s.sparsest, s.top_1, s.narrow, s.n_layers, s.hidden_size, s.ffn_ratio, s.n_experts, s.sparsity, s.gqa); }
    }
    eprintln!("{:?}", t.elapsed());
    for v in volume::volumes(&f)? { println!("{} {} {} ref={:?} s/g={:.4} g/d={:.4} drawn={:.2} regret {:.4} {:.4}", v.costing.name(), v.objective.name(), v.format.name(), v.reference, v.sample_to_grid, v.grid_to_default, v.drawn, v.median_regret, v.largest_regret); }
    for m in compare::matches(&setup, &f) { if let (Some(a),b) = (&m.same_latency, &m.same_memory) { println!("{} {} {} {} {:.4} {:.3} mem {:.2} | {:?}", m.costing.name(), m.designs.slug(), m.objective.name(), m.format.name(), m.delta(a), compare::perplexity_change(m.delta(a)), m.memory_ratio(a), b.as_ref().map(|b| (m.delta(b), text::describe(&b.architecture)))); } }
    eprintln!("{:?}", t.elapsed());
    for t in compare::targets(&f, &[Designs::Grid, Designs::Default])? { println!("{} {} {} {} {:?}", t.costing.name(), t.application.name(), t.designs.slug(), t.format.name(), t.best.map(|b| (text::describe(&b.architecture), b.evaluation.loss, b.evaluation.memory.total_bytes()/1e9, b.evaluation.ttft_s, b.evaluation.tpot_s, b.evaluation.total_s))); }
    for fr in &f.all { if fr.costing==Costing::Full { 
       let dense: Vec<usize> = fr.points.iter().enumerate().filter(|(_,p)| p.architecture.ffn.moe.is_none()).map(|(i,_)| i).collect();
       println!("{} {} {} n={} dense at {:?} slowest dense {:?}", fr.designs.slug(), fr.objective.name(), fr.format.name(), fr.points.len(), dense, dense.last().map(|&i| (latency_ms(fr.objective,&fr.points[i]), text::describe(&fr.points[i].architecture), fr.points[i].evaluation.loss)));
    } }
    let _ = Objective::ALL;
    Ok(())
}
