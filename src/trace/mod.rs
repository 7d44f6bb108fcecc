//! One packet through edge and network: each hop, what lets it pass or stops it, and why.
//!
//! **Invariant.** Nothing is remembered of how a flow came to be allowed: it is worked out again, for the one that is asked about.
