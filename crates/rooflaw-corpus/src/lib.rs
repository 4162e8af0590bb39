//! Text to tokens to memory-mapped shards that models are trained on.
