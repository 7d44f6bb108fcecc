//! Keeps the import table and the size of files: `docs/ARCHITECTURE.md` says why.

#![allow(clippy::unwrap_used, reason = "clippy's allowances for tests do not reach the functions that tests call")]

mod links;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The layers, each with those that it may name. What is not listed is forbidden.
const TABLE: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("source", &["model"]),
    ("snapshot", &["model"]),
    ("edge", &["model", "snapshot"]),
    ("network", &["model", "snapshot", "edge"]),
    ("encryption", &["model", "snapshot", "edge"]),
    ("trace", &["model", "snapshot", "edge", "network", "encryption"]),
    ("rules", &["model", "source", "snapshot", "edge", "network", "encryption", "trace"]),
    ("ruleset", &["model", "source", "snapshot", "edge", "network", "encryption", "rules"]),
    ("decision", &["model", "snapshot", "edge", "network", "encryption", "rules", "ruleset"]),
    (
        "report",
        &["model", "source", "snapshot", "edge", "network", "encryption", "trace", "rules", "ruleset", "decision"],
    ),
    ("manifest", &["model", "source", "snapshot"]),
    ("telemetry", &[]),
    ("cluster", &["model", "snapshot", "telemetry"]),
    ("webhook", &["model", "snapshot", "rules", "ruleset", "decision", "report", "cluster", "telemetry"]),
    ("audit", &["model", "snapshot", "rules", "ruleset", "decision", "report", "cluster", "telemetry"]),
    ("upkeep", &["model", "snapshot", "rules", "ruleset", "decision", "cluster", "webhook", "audit", "telemetry"]),
];

/// External crates that only some layers may name.
const GUARDED: &[(&str, &[&str])] = &[
    ("kube", &["cluster"]),
    ("k8s_openapi", &["cluster"]),
    ("tokio", &["cluster", "webhook", "audit", "upkeep", "cli"]),
    ("hyper", &["webhook", "cluster"]),
    ("rustls", &["webhook", "upkeep", "cluster", "cli"]),
    ("serde_saphyr", &["source"]),
    ("annotate_snippets", &["report"]),
];

/// Above this a file is split by meaning.
const LINES: usize = 600;

#[test]
fn imports_go_one_way() {
    let mut faults = Vec::new();
    for (layer, file, text) in sources() {
        if layer == "cli" {
            continue;
        }
        let Some((_, allowed)) = TABLE.iter().find(|(name, _)| *name == layer) else {
            faults.push(format!("{}: the layer {layer} is not in the table", file.display()));
            continue;
        };
        for named in named_layers(&text) {
            if named != layer && !allowed.contains(&named.as_str()) {
                faults.push(format!("{}: {layer} names {named}, and may name {allowed:?}", file.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn outside_crates_stay_where_they_belong() {
    let mut faults = Vec::new();
    for (layer, file, text) in sources() {
        for (name, layers) in GUARDED {
            let used = code_of(&text).lines().any(|line| {
                line.trim_start().starts_with(&format!("use {name}::")) || line.contains(&format!(" {name}::"))
            });
            if used && !layers.contains(&layer.as_str()) {
                faults.push(format!("{}: names {name}, which belongs to {layers:?}", file.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_core_has_no_clock_and_does_no_input_or_output() {
    let core = [
        "model",
        "source",
        "snapshot",
        "edge",
        "network",
        "encryption",
        "trace",
        "rules",
        "ruleset",
        "decision",
        "report",
        "manifest",
    ];
    let forbidden = [
        "std::fs",
        "std::net::Tcp",
        "std::time::SystemTime",
        "Timestamp::now",
        "Instant::now",
        "std::env",
        "std::process",
    ];
    let mut faults = Vec::new();
    for (layer, file, text) in sources() {
        for word in forbidden {
            if core.contains(&layer.as_str()) && code_of(&text).contains(word) {
                faults.push(format!("{}: {layer} is pure and names {word}", file.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_file_outgrows_its_reader() {
    let mut faults = Vec::new();
    for folder in ["src", "tests", "benches"] {
        for file in files_below(&root().join(folder)) {
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            if lines > LINES {
                faults.push(format!("{}: {lines} lines; split it by meaning (at most {LINES})", file.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn nothing_bears_a_path_of_one_machine() {
    let forbidden = [concat!("/ro", "ot/"), concat!("/wo", "rk/")];
    let mut faults = Vec::new();
    for folder in ["src", "tests", "benches", "docs", "examples", "charts", ".ci"] {
        for file in files_of_any_kind(&root().join(folder)) {
            let Ok(text) = fs::read_to_string(&file) else { continue };
            faults.extend(
                forbidden.iter().filter(|path| text.contains(**path)).map(|path| format!("{}: {path}", file.display())),
            );
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Layer, file and text of every source file below a layer.
fn sources() -> Vec<(String, PathBuf, String)> {
    let source = root().join("src");
    let layer = |file: &Path| {
        let below = file.strip_prefix(&source).ok()?.components().next()?.as_os_str().to_str()?.to_owned();
        (!below.contains('.')).then_some(below)
    };
    let read = |file: PathBuf| Some((layer(&file)?, file.clone(), fs::read_to_string(&file).ok()?));
    let found: Vec<_> = files_below(&source).into_iter().filter_map(read).collect();
    assert!(found.len() > 50, "the sources were not found below {}", source.display());
    found
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    files_of_any_kind(folder).into_iter().filter(|file| file.extension().is_some_and(|it| it == "rs")).collect()
}

fn files_of_any_kind(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(files_of_any_kind(&path)) } else { found.push(path) }
    }
    found
}

/// The text without comments and without the tests at its end.
fn code_of(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text);
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The layers that a text names: `crate::rules`, and each name of `use crate::{rules::.., model}`.
fn named_layers(text: &str) -> BTreeSet<String> {
    let code = code_of(text);
    let mut named = BTreeSet::new();
    for (index, _) in code.match_indices("crate::") {
        let rest = code.get(index + "crate::".len()..).unwrap_or_default();
        let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
        let Some(group) = rest.strip_prefix('{') else {
            named.insert(word(rest));
            continue;
        };
        let mut depth = 0;
        let mut start = true;
        for (at, character) in group.char_indices() {
            match character {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => start = true,
                _ if start && depth == 0 && !character.is_whitespace() => {
                    named.insert(word(group.get(at..).unwrap_or_default()));
                    start = false;
                }
                _ => {}
            }
        }
    }
    named.retain(|name| !name.is_empty());
    named
}

#[test]
fn the_reader_of_imports_sees_groups_and_paths() {
    let text =
        "use crate::{\n    model::{Kind, Name},\n    rules,\n};\nfn f() { crate::cluster::start() }\n// crate::cli\n";
    assert_eq!(named_layers(text).into_iter().collect::<Vec<_>>(), ["cluster", "model", "rules"]);
}
