//! The `siemaphore` binary.
fn main() {}
