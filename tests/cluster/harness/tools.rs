//! `kubectl` and `helm`: those of the machine if their version fits, else those that `tools.sh` unpacks.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::skip::{Missing, say};

/// The programs the tests talk to the API server with.
#[derive(Clone, Debug)]
pub(crate) struct Tools {
    pub(crate) kubectl: PathBuf,
    pub(crate) helm: PathBuf,
}

/// Finds the tools once for the whole run.
pub(crate) fn tools() -> Result<&'static Tools, Missing> {
    static TOOLS: OnceLock<Result<Tools, Missing>> = OnceLock::new();
    TOOLS.get_or_init(find).as_ref().map_err(Clone::clone)
}

/// Cargo's target folder of this build.
pub(crate) fn target() -> &'static Path {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    scratch.parent().expect("the scratch folder lies in the target folder")
}

/// The root of the repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn find() -> Result<Tools, Missing> {
    let folder = target().join("tools");
    let choose = |name: &str, fits: fn(&Path) -> bool| {
        [PathBuf::from(name), folder.join(name)].into_iter().find(|program| fits(program))
    };
    let choose_both = || Some(Tools { kubectl: choose("kubectl", kubectl_fits)?, helm: choose("helm", helm_fits)? });
    if let Some(tools) = choose_both() {
        return Ok(tools);
    }
    say("unpacking kubectl and helm");
    let script = repository().join("tests/cluster/tools.sh");
    let output = Command::new("sh").arg(script).arg(&folder).output();
    choose_both().ok_or_else(|| {
        let reason = match output {
            Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            Err(error) => error.to_string(),
        };
        Missing(format!(
            "kubectl 1.35 to 1.37 or helm (4, or 3.10 and newer) is not on the PATH, and tests/cluster/tools.sh \
             could not unpack them: {reason}"
        ))
    })
}

fn kubectl_fits(program: &Path) -> bool {
    minor_of(program, &["version", "--client", "--output=json"], "\"gitVersion\": \"v1.")
        .is_some_and(|minor| (35..=37).contains(&minor))
}

fn helm_fits(program: &Path) -> bool {
    let template = ["version", "--template", "{{.Version}}"];
    minor_of(program, &template, "v4.").is_some()
        || minor_of(program, &template, "v3.").is_some_and(|minor| minor >= 10)
}

/// The number that follows `before` in what the program prints.
fn minor_of(program: &Path, arguments: &[&str], before: &str) -> Option<u32> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let (_, rest) = text.split_once(before)?;
    let digits = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
    rest[..digits].parse().ok()
}
