//! Relative links in what people read lead somewhere.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{files_of_any_kind, root};

#[test]
fn links_of_the_documents_resolve() {
    let mut documents: Vec<PathBuf> =
        ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|name| root().join(name)).into();
    for folder in ["docs", "charts", "certs", "examples"] {
        documents.extend(files_of_any_kind(&root().join(folder)).into_iter().filter(|file| is_markdown(file)));
    }
    let faults: Vec<String> = documents.iter().flat_map(|file| broken(file)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn is_markdown(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "md")
}

fn broken(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    let folder = file.parent().unwrap();
    let mut faults = Vec::new();
    for link in links(&text) {
        if link.contains("://") || link.starts_with("mailto:") {
            continue;
        }
        let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
        let target = if path.is_empty() { file.to_owned() } else { folder.join(path) };
        if !target.exists() {
            faults.push(format!("{}: {link} leads nowhere", file.display()));
        } else if !anchor.is_empty()
            && is_markdown(&target)
            && !headings(&fs::read_to_string(&target).unwrap()).contains(&anchor.to_owned())
        {
            faults.push(format!("{}: {link}: there is no such heading", file.display()));
        }
    }
    faults
}

/// The targets of `[text](target)` outside of code.
fn links(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for line in prose(text) {
        let mut rest = line;
        while let Some((_, after)) = rest.split_once("](") {
            let Some((target, more)) = after.split_once(')') else { break };
            found.push(target.trim());
            rest = more;
        }
    }
    found
}

/// Headings as GitHub names their anchors: lower case, spaces as hyphens, other signs gone.
fn headings(text: &str) -> Vec<String> {
    let heading = |line: &str| {
        let title = line.strip_prefix('#')?.trim_start_matches('#').strip_prefix(' ')?.to_lowercase();
        let kept = title.trim().chars().filter(|sign| sign.is_alphanumeric() || matches!(sign, ' ' | '-' | '_'));
        Some(kept.map(|sign| if sign == ' ' { '-' } else { sign }).collect())
    };
    prose(text).filter_map(heading).collect()
}

/// The lines that are not in fences.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        fenced ^= is_fence;
        !fenced && !is_fence
    })
}

#[test]
fn anchors_are_named_as_on_github() {
    let text =
        "# Ringwall's own token\n```sh\n# no heading\n```\n## exec, port-forward, pods/proxy\n[a](b.md#c) [d](e)";
    assert_eq!(headings(text), ["ringwalls-own-token", "exec-port-forward-podsproxy"]);
    assert_eq!(links(text), ["b.md#c", "e"]);
}
