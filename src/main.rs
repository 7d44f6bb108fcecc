//! The `ringwall` binary.

use std::process::ExitCode;

/// One arena for all threads: glibc's arenas let the resident size of a long-lived server with many threads creep up.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Fails only when a provider is installed already, and nobody else does that.
    #[cfg(feature = "cluster")]
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    ringwall::cli::run()
}
