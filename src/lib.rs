//! Siemaphore compiles Microsoft Sentinel detections into the languages of other products, and says of every
//! artifact whether it matches the same events, more, fewer or both.

pub mod backend;
pub mod bundle;
pub mod cases;
pub mod cli;
pub mod coverage;
pub mod crosswalk;
pub mod diagnostic;
pub mod eval;
pub mod fidelity;
pub mod hash;
pub mod ir;
pub mod kql;
pub mod lower;
pub mod rewrite;
pub mod rule;
pub mod shape;
pub mod span;
pub mod suppression;
pub mod template;
pub mod witness;
pub mod yaml;
