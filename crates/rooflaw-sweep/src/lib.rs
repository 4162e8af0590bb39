//! Many training runs: planned, priced, run on this machine or a cluster, collected.
