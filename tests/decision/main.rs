//! What the decision promises (design, section 4), sentence by sentence, on small worlds; and the law between `survey` and
//! `decide`, on random ones.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod certificates;
mod edge_kinds;
mod effects;
mod exemptions;
mod forms;
mod gateways;
mod ingresses;
mod law;
mod law_gateways;
mod mesh;
mod namespaces;
mod other_kinds;
mod pods;
mod policies;
mod reads;
mod settings;
mod spared;
mod suites;
#[path = "../../src/model/decode/test_certificates.rs"]
mod test_certificates;
mod world;
