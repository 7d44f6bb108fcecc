//! SARIF 2.1.0, for code scanning: the catalogue's rules with their help, findings as results, what could not be judged as
//! notifications. Only the part of the format that says something here.

use std::{collections::BTreeMap, fmt::Write};

use serde::Serialize;

use crate::{
    decision::Outcome,
    rules::{self, Level, RuleInfo},
};

use super::{Position, Report, ReportError, Reported, json};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    invocations: [Invocation; 1],
    results: Vec<ResultEntry>,
    column_kind: &'static str,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    information_uri: &'static str,
    rules: Vec<ReportingDescriptor>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReportingDescriptor {
    id: &'static str,
    short_description: Message,
    full_description: Message,
    help: Help,
    default_configuration: Configuration,
    properties: Properties,
}

#[derive(Serialize)]
struct Help {
    text: String,
    markdown: String,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct Properties {
    tags: [&'static str; 2],
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Message,
    locations: Vec<Location>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultEntry {
    rule_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: Message,
    locations: Vec<Location>,
    partial_fingerprints: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Suppression>,
}

#[derive(Serialize)]
struct Suppression {
    kind: &'static str,
    justification: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    physical_location: Option<PhysicalLocation>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<LogicalLocation>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_column: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation {
    fully_qualified_name: String,
    kind: &'static str,
}

pub(super) fn render(report: &Report) -> String {
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "ringwall",
                    semantic_version: env!("CARGO_PKG_VERSION"),
                    information_uri: env!("CARGO_PKG_REPOSITORY"),
                    rules: rules::all().map(|rule| descriptor(rule.info())).collect(),
                },
            },
            invocations: [Invocation {
                execution_successful: report.errors.is_empty(),
                tool_execution_notifications: report.errors.iter().map(notification).collect(),
            }],
            results: report.findings.iter().map(result).collect(),
            column_kind: "unicodeCodePoints",
        }],
    };
    json::pretty(&log)
}

fn descriptor(info: &'static RuleInfo) -> ReportingDescriptor {
    let level = match info.level {
        Level::Always | Level::Baseline | Level::Restricted => "error",
        Level::Hint => "warning",
    };
    ReportingDescriptor {
        id: info.id.0,
        short_description: Message { text: info.what.to_owned() },
        full_description: Message { text: format!("{} {}", info.what, info.why) },
        help: Help {
            text: format!("{}\n\nTo mend it: {}", info.why, info.mend),
            markdown: format!("{}\n\n**To mend it:** {}", info.why, info.mend),
        },
        default_configuration: Configuration { level },
        properties: Properties { tags: ["security", "kubernetes"] },
    }
}

fn notification(error: &ReportError) -> Notification {
    let suggestion = error.suggestion.as_ref().map(|text| format!("; {text}")).unwrap_or_default();
    let region = error.position.as_ref().map(region);
    let artifact_location = ArtifactLocation { uri: uri(&error.file) };
    Notification {
        level: "error",
        message: Message { text: format!("{}{suggestion}", error.reason) },
        locations: vec![Location {
            physical_location: Some(PhysicalLocation { artifact_location, region }),
            logical_locations: Vec::new(),
        }],
    }
}

fn result(reported: &Reported) -> ResultEntry {
    let Reported { finding, outcome, positions } = reported;
    let (level, suppressions) = match outcome {
        Outcome::Refuse => ("error", Vec::new()),
        Outcome::Warn(_) => ("warning", Vec::new()),
        Outcome::Audit(_) => ("note", Vec::new()),
        Outcome::Exempt(name) => {
            ("note", vec![Suppression { kind: "external", justification: format!("exemption {name}") }])
        }
    };
    let subject = &finding.subject;
    let namespace = subject.namespace.as_ref().map(|name| format!("{name}/")).unwrap_or_default();
    let name = format!("{} {namespace}{}", subject.kind, subject.name);
    // What a finding is about, and not where: it stays the same when lines move.
    let identity = format!("{}|{name}|{}", finding.rule, finding.aspect);
    let mut locations: Vec<_> = positions
        .iter()
        .map(|position| Location {
            physical_location: Some(PhysicalLocation {
                artifact_location: ArtifactLocation { uri: uri(&position.file) },
                region: Some(region(position)),
            }),
            logical_locations: Vec::new(),
        })
        .collect();
    let logical = LogicalLocation { fully_qualified_name: name, kind: "resource" };
    match locations.first_mut() {
        Some(first) => first.logical_locations.push(logical),
        None => locations.push(Location { physical_location: None, logical_locations: vec![logical] }),
    }
    ResultEntry {
        rule_id: finding.rule.0,
        rule_index: rules::all().position(|rule| rule.info().id == finding.rule),
        level,
        message: Message { text: format!("{}; fix: {}", finding.message, finding.fix.text()) },
        locations,
        partial_fingerprints: BTreeMap::from([
            ("primaryLocationLineHash", format!("{:016x}", fnv1a(identity.as_bytes()))),
            ("ringwallFinding/v1", identity),
        ]),
        suppressions,
    }
}

fn region(position: &Position) -> Region {
    Region { start_line: position.line, start_column: position.column, end_column: position.end_column() }
}

/// A relative reference with forward slashes, as code scanning wants it; an absolute path becomes a `file:` URI.
fn uri(file: &str) -> String {
    let path = file.strip_prefix("./").unwrap_or(file).replace('\\', "/");
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

/// A hash that is the same everywhere and for ever; nothing rests on its strength.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_relative_references() {
        assert_eq!(uri("./shop/web app.yaml"), "shop/web%20app.yaml");
        assert_eq!(uri("shop\\web.yaml"), "shop/web.yaml");
        assert_eq!(uri("/tmp/a:b.yaml"), "file:///tmp/a%3Ab.yaml");
    }

    #[test]
    fn the_hash_is_fowlers_nolls_and_vos() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
    }
}
