use super::*;

fn paper() -> DesignSpace {
    find("paper").unwrap()
}

#[test]
fn every_embedded_space_is_read_and_its_architectures_are_valid() {
    for (id, text) in embedded::SPACES {
        let space = DesignSpace::from_toml(id, text).unwrap_or_else(|error| panic!("{id}: {error}"));
        let step = (space.len() / 5000).max(1);
        let mut found = 0;
        for index in (0..space.len()).step_by(step as usize) {
            if let Some(architecture) = Cursor::new(&space, index).architecture() {
                architecture
                    .validate()
                    .unwrap_or_else(|error| panic!("{id} {index}: {error}"));
                found += 1;
            }
        }
        assert!(found > 0, "{id} is empty");
    }
}

#[test]
fn advancing_is_seeking() {
    let space = paper();
    let mut cursor = Cursor::new(&space, 0);
    for index in 0..space.len() {
        let sought = Cursor::new(&space, index);
        assert_eq!(
            (cursor.index(), cursor.architecture()),
            (index, sought.architecture())
        );
        cursor.advance();
    }
}

#[test]
fn the_papers_grid_is_the_papers() {
    let space = paper();
    // 8 depths, 9 widths, 5 mixtures, 5 numbers of KV heads, and 5 FFN ratios of ours (the paper gives none).
    assert_eq!(space.len(), 8 * 9 * 5 * 5 * 5);
    let mut rates: Vec<f64> = Vec::new();
    let mut cursor = Cursor::new(&space, 0);
    for _ in 0..space.len() {
        if let Some(architecture) = cursor.architecture() {
            rates.push(architecture.activation_rate());
        }
        cursor.advance();
    }
    rates.sort_by(f64::total_cmp);
    rates.dedup();
    assert_eq!(rates, [1.0 / 16.0, 1.0 / 8.0, 1.0 / 4.0, 1.0]);
}

#[test]
fn mistakes_are_named() {
    let (_, text) = embedded::SPACES.iter().find(|(id, _)| *id == "paper").unwrap();
    for (from, to, expected) in [
        ("variable = \"n_layers\"", "variable = \"depth\"", "depth"),
        (
            "n_heads = \"hidden_size / head_dim\"",
            "n_heads = \"hidden_size % head_dim\"",
            "expected `*` or `/`",
        ),
        ("n_heads = \"hidden_size / head_dim\"", "", "n_heads"),
        (
            "n_heads = \"hidden_size / head_dim\"",
            "n_heads = \"intermediate_size / head_dim\"",
            "before it is read",
        ),
        ("vocab_size = 151936", "", "vocab_size"),
        (
            "vocab_size = 151936",
            "vocab_size = 151936\nn_layers = 3",
            "n_layers: is set twice",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        let error = DesignSpace::from_toml("x", &text.replacen(from, to, 1))
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{error}");
    }
}

/// Sixteen bits on each axis: 2^64 combinations are refused, 2^63 are read and walked at both ends.
#[test]
fn a_space_takes_no_memory_whatever_its_size() {
    let axis = |name: &str, n: u32| {
        format!("[[axes]]\nvariable = \"{name}\"\nrange = {{ min = 1, max = {n}, step = 1 }}\n")
    };
    let fixed = "name = \"large\"\n[fixed]\nn_kv_heads = 1\nhead_dim = 64\nintermediate_size = 64\n";
    let axes = |n_heads| {
        fixed.to_owned()
            + &["n_layers", "hidden_size", "vocab_size"]
                .map(|name| axis(name, 1 << 16))
                .concat()
            + &axis("n_heads", n_heads)
    };
    let refused = DesignSpace::from_toml("large", &axes(1 << 16)).unwrap_err();
    assert_eq!(refused.to_string(), "axes: more than 2^64 combinations");
    let space = DesignSpace::from_toml("large", &axes(1 << 15)).unwrap();
    assert_eq!(space.len(), 1 << 63);
    assert_eq!(Cursor::new(&space, 0).architecture().unwrap().n_layers, 1);
    let last = Cursor::new(&space, space.len() - 1).architecture().unwrap();
    assert_eq!((last.n_layers, last.attention.n_heads), (1 << 16, 1 << 15));
}
