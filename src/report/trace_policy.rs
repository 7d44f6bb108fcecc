//! A NetworkPolicy as YAML, ready for `kubectl apply -f -`.

use std::fmt::Write;

use ipnet::IpNet;

use crate::{
    model::{Labels, METADATA_NAME},
    network::Direction,
    trace::{Added, PeerAdded},
};

pub(super) fn yaml(added: &Added) -> String {
    let (kind, list) = match added.direction {
        Direction::Ingress => ("Ingress", "from"),
        Direction::Egress => ("Egress", "to"),
    };
    let mut out = String::from("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n");
    // Writing to a string cannot fail.
    let _ = writeln!(out, "  name: {}\n  namespace: {}\nspec:", scalar(&added.name), scalar(&added.namespace));
    selector(&mut out, "  ", "podSelector", &added.pods);
    let _ = writeln!(out, "  policyTypes: [{kind}]\n  {}:\n    - {list}:", added.direction);
    match &added.peer {
        PeerAdded::Pods { namespace, labels } => {
            let mut peer = String::new();
            if let Some(namespace) = namespace {
                let name: Labels = [(METADATA_NAME, namespace.clone())].into_iter().collect();
                selector(&mut peer, "          ", "namespaceSelector", &name);
            }
            selector(&mut peer, "          ", "podSelector", labels);
            let _ = write!(out, "        - {}", peer.trim_start());
        }
        PeerAdded::Address(address) => {
            let _ =
                writeln!(out, "        - ipBlock:\n            cidr: {}", scalar(&IpNet::from(*address).to_string()));
        }
    }
    let _ = writeln!(out, "      ports:\n        - {{protocol: {}, port: {}}}", added.protocol, added.port);
    out
}

fn selector(out: &mut String, indent: &str, field: &str, labels: &Labels) {
    if labels.is_empty() {
        let _ = writeln!(out, "{indent}{field}: {{}}");
        return;
    }
    let _ = writeln!(out, "{indent}{field}:\n{indent}  matchLabels:");
    for (key, value) in labels.iter() {
        let _ = writeln!(out, "{indent}    {}: {}", scalar(key), scalar(value));
    }
}

/// A YAML scalar that reads as this string: bare where no reader could take it for anything else.
fn scalar(text: &str) -> String {
    const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/'))
        && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    // JSON's strings are YAML's.
    if is_plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Protocol;

    #[test]
    fn what_is_no_plain_word_is_quoted() {
        for (text, written) in [("web", "web"), ("on", "\"on\""), ("1", "\"1\""), ("", "\"\""), ("a: b", "\"a: b\"")] {
            assert_eq!(scalar(text), written);
        }
    }

    #[test]
    fn a_policy_for_an_address_has_one_block() {
        let added = Added {
            name: "allow".into(),
            namespace: "shop".into(),
            pods: Labels::default(),
            direction: Direction::Egress,
            peer: PeerAdded::Address("fd00::1".parse().unwrap()),
            protocol: Protocol::Udp,
            port: 53,
        };
        let yaml = yaml(&added);
        assert!(yaml.contains("  podSelector: {}\n") && yaml.contains("    - to:\n        - ipBlock:\n"), "{yaml}");
        assert!(yaml.contains("            cidr: \"fd00::1/128\"\n"), "{yaml}");
    }
}
