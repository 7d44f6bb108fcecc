//! The program `control-plane`, built from `tests/control-plane` when it is missing or old.

use std::path::{Path, PathBuf};
use std::process::{Command, id};
use std::sync::OnceLock;
use std::time::{Instant, SystemTime};

use super::skip::{Missing, say};
use super::tools::{repository, target};

/// Finds or builds the program, once for the whole run.
pub(crate) fn control_plane() -> Result<&'static Path, Missing> {
    static PROGRAM: OnceLock<Result<PathBuf, Missing>> = OnceLock::new();
    PROGRAM.get_or_init(find_or_build).as_deref().map_err(Clone::clone)
}

fn find_or_build() -> Result<PathBuf, Missing> {
    let source = repository().join("tests/control-plane");
    let program = target().join("control-plane/control-plane");
    if is_current(&program, &source) {
        return Ok(program);
    }
    // What is used of Kubernetes says its version, as helm charts and kubectl want to know it.
    let version = go(&source, &["list", "-m", "-f", "{{.Version}}", "k8s.io/kubernetes"])?;
    let minor = version.split('.').nth(1).unwrap_or_default();
    let package = "k8s.io/component-base/version";
    let link = format!("-s -w -X {package}.gitVersion={version} -X {package}.gitMajor=1 -X {package}.gitMinor={minor}");
    say("building tests/control-plane (minutes the first time, seconds when Go has it cached)");
    let start = Instant::now();
    // Built beside and renamed, so that another run never starts half a program.
    let part = program.with_extension(id().to_string());
    go(&source, &["build", "-trimpath", "-ldflags", &link, "-o", &part.to_string_lossy(), "."])?;
    std::fs::rename(&part, &program)
        .map_err(|error| Missing(format!("{} cannot be written: {error}", program.display())))?;
    say(&format!("built tests/control-plane in {} s", start.elapsed().as_secs()));
    Ok(program)
}

/// Whether the program is newer than everything it is made of.
fn is_current(program: &Path, source: &Path) -> bool {
    let changed = |path: &Path| path.metadata().and_then(|metadata| metadata.modified());
    let newest = std::fs::read_dir(source)
        .into_iter()
        .flatten()
        .filter_map(|entry| changed(&entry.ok()?.path()).ok())
        .max()
        .unwrap_or_else(SystemTime::now);
    changed(program).is_ok_and(|built| built > newest)
}

fn go(source: &Path, arguments: &[&str]) -> Result<String, Missing> {
    let output = Command::new("go").args(arguments).current_dir(source).output().map_err(|error| {
        Missing(format!(
            "Go is not there to build their control plane ({error}), which is needed with KUBEBUILDER_ASSETS too: \
             install Go 1.26 or newer and run `cargo test --test cluster` again"
        ))
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let verb = arguments.first().copied().unwrap_or_default();
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(Missing(format!("`go {verb}` failed in tests/control-plane: {}", errors.trim())))
}
