//! Seeded point sets for timing: SplitMix64, so that the same bits come out on every machine.

/// One named set of points.
pub enum Points {
    /// Two objectives.
    Two(Vec<[f64; 2]>),
    /// Three objectives.
    Three(Vec<[f64; 3]>),
}

/// The names that [`generate`] knows.
pub const SETS: [&str; 16] = [
    "2d-uniform",
    "2d-all",
    "2d-shell",
    "2d-clustered",
    "2d-grid",
    "2d-equal",
    "2d-ascending",
    "2d-descending",
    "3d-uniform",
    "3d-shell",
    "3d-all",
    "3d-clustered",
    "3d-grid",
    "3d-equal",
    "3d-ascending",
    "3d-descending",
];

/// SplitMix64 (Steele, Lea & Flood 2014).
struct Generator(u64);

impl Generator {
    /// Uniform in `[0, 1)`, a multiple of 2^-53.
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn point<const N: usize>(&mut self) -> [f64; N] {
        std::array::from_fn(|_| self.uniform())
    }
}

/// `count` points of the set called `name`; `None` for an unknown name.
pub fn generate(name: &str, count: usize, seed: u64) -> Option<Points> {
    let (axes, shape) = name.split_once('-')?;
    match axes {
        "2d" => shaped(shape, count, seed).map(Points::Two),
        "3d" => shaped(shape, count, seed).map(Points::Three),
        _ => None,
    }
}

fn shaped<const N: usize>(shape: &str, count: usize, seed: u64) -> Option<Vec<[f64; N]>> {
    let mut generator = Generator(seed);
    let mut each =
        |f: &mut dyn FnMut(&mut Generator) -> [f64; N]| (0..count).map(|_| f(&mut generator)).collect();
    let points: Vec<[f64; N]> = match shape {
        "uniform" => each(&mut Generator::point),
        // On the plane of sum 1: every point is on the frontier, as far as rounding lets it.
        "all" => each(&mut |g| {
            let mut p = g.point::<N>();
            p[N - 1] = p[..N - 1].iter().fold(1.0, |rest, x| rest - x);
            p
        }),
        // Just outside the unit sphere, seen from (1, 1, ..): a few to some tens of thousands on the frontier.
        "shell" => each(&mut |g| {
            let raw = g.point::<N>().map(|x| x + 1e-9);
            let thickness = if N == 2 { 0.05 } else { 0.027 };
            let radius = raw.iter().map(|x| x * x).sum::<f64>().sqrt() * (1.0 + thickness * g.uniform());
            raw.map(|x| 1.0 - x / radius)
        }),
        // Sixteen clusters along an anti-diagonal, each 1e-6 wide.
        "clustered" => each(&mut |g| {
            let cluster = (g.uniform() * 16.0).floor() / 16.0;
            let mut p = g.point::<N>().map(|x| cluster + 1e-6 * x);
            p[N - 1] = 2.0 - p[N - 1];
            p
        }),
        "grid" => each(&mut |g| g.point::<N>().map(|x| (x * 10.0).floor())),
        "equal" => each(&mut |_| [1.0; N]),
        "ascending" | "descending" => {
            let mut points: Vec<[f64; N]> = each(&mut Generator::point);
            points.sort_by(|a, b| a.iter().sum::<f64>().total_cmp(&b.iter().sum()));
            if shape == "descending" {
                points.reverse();
            }
            points
        }
        _ => return None,
    };
    Some(points)
}
