//! A ruleset that is read again when its file changes.

use std::{path::PathBuf, sync::Arc, time::Duration};

use crate::{ruleset::Ruleset, telemetry::Metrics};

/// Reads and checks a ruleset file; the error says what is wrong and where.
pub type Load = Arc<dyn Fn(&std::path::Path) -> Result<Ruleset, String> + Send + Sync>;

/// Puts a ruleset in force.
pub type Put = Arc<dyn Fn(Ruleset) + Send + Sync>;

/// Puts what the file says in force whenever its content differs from what was
/// loaded last, for ever. What does not load never replaces what works.
pub async fn follow_ruleset(
    path: PathBuf,
    loaded: Vec<u8>,
    load: Load,
    put: Put,
    metrics: Arc<Metrics>,
    every: Duration,
) {
    let mut last = Some(loaded);
    loop {
        tokio::time::sleep(every).await;
        let read_path = path.clone();
        let Ok(content) = tokio::task::spawn_blocking(move || std::fs::read(read_path).ok()).await else { continue };
        if content == last {
            continue;
        }
        last = content;
        let (load, load_path) = (Arc::clone(&load), path.clone());
        let loaded = tokio::task::spawn_blocking(move || load(&load_path)).await;
        match loaded.unwrap_or_else(|error| Err(error.to_string())) {
            Ok(new) => {
                metrics.ruleset_reload("ok");
                tracing::info!(path = %path.display(), "a new ruleset is in force");
                put(new);
            }
            Err(error) => {
                metrics.ruleset_reload("error");
                tracing::error!(path = %path.display(), error, "the new ruleset is not used; the old one stays");
            }
        }
    }
}
