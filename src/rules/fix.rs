//! What `ringwall fix RULE ...` prints: YAML that mends a finding, ready for `kubectl apply -f -`.
//!
//! It goes by namespace and labels, for a refused Pod does not exist. Everything that enters the YAML is checked first, so that
//! no name can smuggle in another field.

use std::fmt::Write as _;

use crate::{
    model::{Labels, Name},
    network::Direction,
};

/// What a fix is for.
#[derive(Clone, Debug, Default)]
pub struct FixTarget {
    /// The namespace.
    pub namespace: Option<Name>,
    /// The labels of the Pods; none for all Pods of the namespace.
    pub labels: Labels,
    /// The policy or Ingress that is replaced.
    pub name: Option<Name>,
    /// The direction, for rules that hold in both.
    pub direction: Option<Direction>,
}

/// Why there is no YAML.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FixError {
    /// There is no such rule.
    #[error("there is no rule {0:?}; `ringwall rules` lists them")]
    UnknownRule(String),
    /// Something must be given.
    #[error("a fix for {rule} needs {what}")]
    Missing {
        /// The rule.
        rule: String,
        /// What is missing, as it is given on the command line.
        what: &'static str,
    },
    /// Something that was given cannot be the name of anything in Kubernetes.
    #[error("{what} {value:?} is not valid: {expected}")]
    Invalid {
        /// What it was given as.
        what: &'static str,
        /// What was given.
        value: String,
        /// What it must be.
        expected: &'static str,
    },
    /// No object that could be added mends it.
    #[error("{rule} is not mended by an object that could be applied: {words}")]
    ByHand {
        /// The rule.
        rule: String,
        /// What to edit.
        words: &'static str,
    },
}

/// The YAML that mends a finding of a rule.
pub fn fix(rule: &str, target: &FixTarget) -> Result<String, FixError> {
    let info = super::rule(rule).map(super::Rule::info).ok_or_else(|| FixError::UnknownRule(rule.to_owned()))?;
    match info.id.0 {
        "unisolated-ingress" => added(rule, target, &SAME_NAMESPACE_IN, "allow-same-namespace-to"),
        "unisolated-egress" => added(rule, target, &SAME_NAMESPACE_OUT, "allow-same-namespace-and-dns-from"),
        "open-ingress" => replaced(rule, target, &SAME_NAMESPACE_IN),
        "open-egress" => replaced(rule, target, &SAME_NAMESPACE_OUT),
        "wide-peer" => match target.direction {
            Some(Direction::Ingress) => replaced(rule, target, &SAME_NAMESPACE_IN),
            Some(Direction::Egress) => replaced(rule, target, &SAME_NAMESPACE_OUT),
            None => Err(missing(rule, "--direction ingress or --direction egress")),
        },
        "no-default-deny" => {
            let namespace = namespace(rule, target)?;
            let every = Labels::default();
            let deny = policy("default-deny", &namespace, &every, &DEFAULT_DENY);
            Ok(format!("{deny}---\n{}", policy("allow-dns", &namespace, &every, &ALLOW_DNS)))
        }
        "permissive-mtls" => peer_authentication(rule, target),
        _ => Err(FixError::ByHand { rule: rule.to_owned(), words: info.mend }),
    }
}

/// The rules of a policy: comment lines, then what stands below `podSelector`.
struct Body {
    comment: &'static str,
    spec: &'static str,
}

static SAME_NAMESPACE_IN: Body = Body {
    comment: "# Lets in the Pods of the same namespace, and nobody else.
# Narrow it: name the Pods that connect in podSelector, and add their ports.
",
    spec: "  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {}
",
};

static SAME_NAMESPACE_OUT: Body = Body {
    comment: "# Lets out to the Pods of the same namespace and to the cluster's DNS, and nowhere else.
# Narrow it: name the Pods that are connected to, and their ports. Where DNS has other labels (OpenShift, NodeLocal DNS), use those.
",
    spec: "  policyTypes: [Egress]
  egress:
    - to:
        - podSelector: {}
    - to:
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: kube-system
          podSelector:
            matchLabels:
              k8s-app: kube-dns
      ports:
        - {protocol: UDP, port: 53}
        - {protocol: TCP, port: 53}
",
};

static DEFAULT_DENY: Body = Body {
    comment: "# Isolates every Pod of the namespace in both directions: only what other policies admit still flows.
# Apply the policies that its workloads need first.
",
    spec: "  policyTypes: [Ingress, Egress]
",
};

static ALLOW_DNS: Body = Body {
    comment: "# Lets every Pod of the namespace ask the cluster's DNS.
",
    spec: "  policyTypes: [Egress]
  egress:
    - to:
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: kube-system
          podSelector:
            matchLabels:
              k8s-app: kube-dns
      ports:
        - {protocol: UDP, port: 53}
        - {protocol: TCP, port: 53}
",
};

/// A policy beside those that are there.
fn added(rule: &str, target: &FixTarget, body: &Body, prefix: &str) -> Result<String, FixError> {
    let namespace = namespace(rule, target)?;
    let labels = labels(target)?;
    let name = match &target.name {
        Some(name) => valid_name("--name", name)?.to_owned(),
        None => derived_name(prefix, labels),
    };
    Ok(policy(&name, &namespace, labels, body))
}

/// A policy in the place of one that is there.
fn replaced(rule: &str, target: &FixTarget, body: &Body) -> Result<String, FixError> {
    let namespace = namespace(rule, target)?;
    let labels = labels(target)?;
    let name = target.name.as_ref().ok_or_else(|| missing(rule, "--name, the NetworkPolicy that it replaces"))?;
    Ok(policy(valid_name("--name", name)?, &namespace, labels, body))
}

fn policy(name: &str, namespace: &str, labels: &Labels, body: &Body) -> String {
    let mut text = format!(
        "{}apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: {}\n  namespace: {}\nspec:\n",
        body.comment,
        scalar(name),
        scalar(namespace)
    );
    if labels.is_empty() {
        text.push_str("  podSelector: {}\n");
    } else {
        text.push_str("  podSelector:\n");
        match_labels(&mut text, labels);
    }
    text.push_str(body.spec);
    text
}

/// Istio's policy that lets in mutual TLS alone: for the Pods with these labels, or for the whole namespace.
fn peer_authentication(rule: &str, target: &FixTarget) -> Result<String, FixError> {
    let namespace = namespace(rule, target)?;
    let labels = labels(target)?;
    let name = match &target.name {
        Some(name) => valid_name("--name", name)?.to_owned(),
        None => derived_name("strict-mtls-for", labels),
    };
    let mut text = format!(
        "# For workloads of Istio. Lets in mutual TLS alone: clients outside the mesh, and probes that the proxy does not answer, are cut \
         off.\napiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata:\n  name: {}\n  namespace: {}\nspec:\n",
        scalar(&name),
        scalar(&namespace)
    );
    if !labels.is_empty() {
        text.push_str("  selector:\n");
        match_labels(&mut text, labels);
    }
    text.push_str("  mtls:\n    mode: STRICT\n");
    Ok(text)
}

fn match_labels(text: &mut String, labels: &Labels) {
    text.push_str("    matchLabels:\n");
    for (key, value) in labels.iter() {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "      {}: {}", scalar(key), scalar(value));
    }
}

/// The name that one selection always gets, so that applying a fix twice changes nothing and two selections never share one.
fn derived_name(prefix: &str, labels: &Labels) -> String {
    let Some((key, value)) = NAMING.iter().find_map(|key| labels.value(key).map(|value| (*key, value))).or_else(|| {
        let (key, value) = labels.iter().next()?;
        Some((key.as_str(), value))
    }) else {
        return prefix.rsplit_once('-').map_or(prefix, |(whole, _)| whole).to_owned();
    };
    let readable: String =
        value.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let is_whole = key == "app" && labels.iter().count() == 1 && readable == **value && !readable.is_empty();
    if is_whole {
        format!("{prefix}-{readable}")
    } else {
        let middle = if readable.is_empty() { String::new() } else { format!("-{readable}") };
        format!("{prefix}{middle}-{:08x}", fingerprint(&labels.to_string()))
    }
}

/// The labels whose value names a workload best.
const NAMING: [&str; 5] = ["app", "app.kubernetes.io/name", "k8s-app", "name", "run"];

/// FNV-1a: the same on every machine and in every version.
fn fingerprint(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

fn missing(rule: &str, what: &'static str) -> FixError {
    FixError::Missing { rule: rule.to_owned(), what }
}

fn namespace(rule: &str, target: &FixTarget) -> Result<String, FixError> {
    let name = target.namespace.as_ref().ok_or_else(|| missing(rule, "-n, the namespace"))?;
    if is_label(name) {
        return Ok(name.to_string());
    }
    let expected = "lower-case letters, digits and dashes, at most 63";
    Err(FixError::Invalid { what: "the namespace", value: name.to_string(), expected })
}

fn valid_name<'a>(what: &'static str, name: &'a Name) -> Result<&'a str, FixError> {
    if is_subdomain(name) {
        return Ok(name.as_str());
    }
    let expected = "lower-case letters, digits, dashes and dots, at most 253";
    Err(FixError::Invalid { what, value: name.to_string(), expected })
}

fn labels(target: &FixTarget) -> Result<&Labels, FixError> {
    for (key, value) in target.labels.iter() {
        let invalid =
            |what, value: &Name, expected| Err(FixError::Invalid { what, value: value.to_string(), expected });
        if !is_label_key(key) {
            return invalid(
                "the label key",
                key,
                "a name of at most 63 characters, after an optional domain and a slash",
            );
        }
        if !(value.is_empty() || is_qualified(value)) {
            return invalid(
                "the label value",
                value,
                "at most 63 letters, digits, dashes, underscores and dots, the first and last of them letters or digits",
            );
        }
    }
    Ok(&target.labels)
}

/// RFC 1123 label.
fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&text.len()) && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

/// RFC 1123 subdomain: labels with dots between, each of any length as Kubernetes allows it.
fn is_subdomain(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let part =
        |part: &str| !part.is_empty() && part.bytes().all(inner) && !part.starts_with('-') && !part.ends_with('-');
    text.len() <= 253 && text.split('.').all(part)
}

fn is_label_key(text: &str) -> bool {
    match text.split_once('/') {
        Some((domain, name)) => is_subdomain(domain) && is_qualified(name),
        None => is_qualified(text),
    }
}

/// The part of a label key after the slash, or a label value that is not empty.
fn is_qualified(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    (1..=63).contains(&bytes.len()) && bytes.iter().copied().all(inner) && ends(bytes.first()) && ends(bytes.last())
}

/// A YAML scalar that reads as this string whatever the reader makes of bare words and numbers. Only checked text comes here: it
/// holds nothing that quotes would have to escape.
fn scalar(text: &str) -> String {
    let words = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    let is_plain =
        text.starts_with(|c: char| c.is_ascii_alphabetic()) && !words.contains(&text.to_ascii_lowercase().as_str());
    if is_plain { text.to_owned() } else { format!("\"{text}\"") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(labels: &str) -> FixTarget {
        let labels = labels.split(',').filter_map(|pair| pair.split_once('=')).collect();
        FixTarget { namespace: Some("shop".into()), labels, ..FixTarget::default() }
    }

    fn name_in(yaml: &str) -> &str {
        yaml.lines().find_map(|line| line.strip_prefix("  name: ")).unwrap()
    }

    #[test]
    fn one_selection_has_one_name_and_two_never_share_one() {
        let name = |labels: &str| name_in(&fix("unisolated-ingress", &target(labels)).unwrap()).to_owned();
        assert_eq!(name("app=web"), "allow-same-namespace-to-web");
        assert_eq!(name(""), "allow-same-namespace");
        let all =
            ["app=web", "app=Web", "name=web", "app=web,tier=front", "app=web,tier=back", "app=", "a_b=w_b", "a=w.b"];
        let names: std::collections::BTreeSet<_> = all.iter().map(|labels| name(labels)).collect();
        assert_eq!(names.len(), all.len());
        assert!(names.iter().all(|name| is_subdomain(name)), "{names:?}");
    }

    #[test]
    fn nothing_can_be_smuggled_in() {
        for labels in ["app=web\n  ingress: [{}]", "a b=c", "app=\"", "/x=y", "a/b/c=d", "app=-", "évil=x"] {
            assert!(matches!(fix("unisolated-ingress", &target(labels)), Err(FixError::Invalid { .. })), "{labels}");
        }
        let namespace = FixTarget { namespace: Some("shop\nspec: {}".into()), ..target("app=web") };
        assert!(matches!(fix("no-default-deny", &namespace), Err(FixError::Invalid { .. })));
        let name = FixTarget { name: Some("a: b".into()), ..target("app=web") };
        assert!(matches!(fix("open-ingress", &name), Err(FixError::Invalid { .. })));
    }

    #[test]
    fn words_and_numbers_stay_strings() {
        let yaml = fix("unisolated-ingress", &target("on=yes,version=1,empty=")).unwrap();
        for line in ["      \"on\": \"yes\"", "      version: \"1\"", "      empty: \"\""] {
            assert!(yaml.lines().any(|found| found == line), "{yaml}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        assert!(matches!(fix("no-such-rule", &target("")), Err(FixError::UnknownRule(_))));
        assert!(matches!(fix("unisolated-ingress", &FixTarget::default()), Err(FixError::Missing { .. })));
        assert!(matches!(fix("open-egress", &target("app=web")), Err(FixError::Missing { .. })));
        assert!(matches!(fix("host-network", &target("app=web")), Err(FixError::ByHand { .. })));
    }
}
