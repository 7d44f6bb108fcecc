//! The ingress controllers that are known, as the page `docs/ingress-controllers.md`.

use std::fmt::Write;

use crate::edge::{
    Controller, HostMatch, Identity, MissingSecret, Topic,
    controllers::{BESIDE, KNOWN},
};

/// The command that makes the page.
pub const COMMAND: &str = "cargo run -- controllers > docs/ingress-controllers.md";

/// The page.
pub fn markdown() -> String {
    let mut out = format!(
        "# Ingress controllers\n\nMade from the code by `{COMMAND}`; not to be edited by hand.\n\n\
         What an object at the edge means depends on who serves it: with the same `spec.tls` one controller redirects, another serves\n\
         plaintext beside TLS, a third ignores it. Ringwall judges each of the controllers below by what it really does. What no object\n\
         in the cluster says is \"cannot prove\": it warns, says what would settle it, and is refused only where the ruleset says\n\
         `unknownController: refuse`. So is everything of a controller that is not listed.\n\n\
         What is set at the edge is judged with its defaults, where nothing is set. An empty cell is \"cannot prove\", or nothing that\n\
         the controller has.\n\n\
         ## What is judged exactly\n\n| controller |"
    );
    let titles = Topic::ALL.map(|topic| format!(" {} |", topic.title())).concat();
    let _ = writeln!(out, "{titles}\n| --- |{}", " --- |".repeat(Topic::ALL.len()));
    for controller in all() {
        let knows = |topic: Topic| if controller.knowledge().of(topic).next().is_some() { " exactly |" } else { " |" };
        let _ = writeln!(out, "| {} |{}", link(controller.identity().title), Topic::ALL.map(knows).concat());
    }
    out.push_str(
        "\n## By default\n\n\
         | controller | hosts of `spec.tls` are compared | where the Secret is missing |\n| --- | --- | --- |\n",
    );
    for controller in KNOWN {
        let Identity { title, matching, missing_secret, .. } = controller.identity();
        let _ = writeln!(out, "| {title} | {} | {} |", compared(*matching), missing(*missing_secret));
    }
    for controller in all() {
        section(&mut out, *controller);
    }
    out
}

fn all() -> impl Iterator<Item = &'static &'static dyn Controller> {
    KNOWN.iter().chain(BESIDE)
}

/// A link to a controller's own section.
fn link(title: &str) -> String {
    let kept = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, ' ' | '-');
    let anchor: String =
        title.to_lowercase().chars().filter(kept).map(|letter| if letter == ' ' { '-' } else { letter }).collect();
    format!("[{title}](#{anchor})")
}

fn section(out: &mut String, controller: &dyn Controller) {
    let Identity { title, controllers, annotation, source, .. } = controller.identity();
    let knowledge = controller.knowledge();
    let _ = writeln!(out, "\n## {title}\n");
    let names = controllers.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let annotation = annotation.map(|class| format!("; `kubernetes.io/ingress.class: {class}`")).unwrap_or_default();
    let _ = writeln!(out, "Known by {names}{annotation}.");
    if !knowledge.exact.is_empty() {
        out.push_str("\nExactly:\n\n");
    }
    for topic in Topic::ALL {
        for text in knowledge.of(topic) {
            let _ = writeln!(out, "- {}: {text}", topic.title());
        }
    }
    if !knowledge.doubts.is_empty() {
        out.push_str("\nCannot prove:\n\n");
    }
    for doubt in knowledge.doubts {
        let _ = writeln!(out, "- {doubt}");
    }
    let _ = writeln!(out, "\nSource: {source}");
}

fn compared(matching: HostMatch) -> &'static str {
    match matching {
        HostMatch::Wildcard => "as certificates' names: a wildcard covers one label",
        HostMatch::Exact => "literally: a wildcard covers only itself",
        HostMatch::Certificates => "not at all: whichever certificate names the host is served",
    }
}

fn missing(missing: MissingSecret) -> &'static str {
    match missing {
        MissingSecret::DefaultCertificate => "its default certificate is served",
        MissingSecret::RejectsHandshake => "handshakes are refused",
        MissingSecret::NoRoute => "nothing is served",
        MissingSecret::Plaintext => "**plaintext is served**",
        MissingSecret::Unknown => "no Secret is read",
    }
}
