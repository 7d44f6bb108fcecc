//! What of a text must not be shown: what Secrets hold, were they ever so broken.

/// Marks of keys and certificates, as they are and in base64.
const MARKS: [&str; 3] = ["PRIVATE KEY", "LS0tLS1CRUdJTi", "0tLS1CRUdJTi"];
/// How many letters of base64 in a row nobody writes who writes names.
const LONGEST_NAME: usize = 24;
/// And nobody who writes anything else by hand; a line of PEM has 64.
const LONGEST_WORD: usize = 40;

/// Whether a text, which may be neither YAML nor JSON, may hold the content of a Secret.
pub fn may_hold_secret(text: &str) -> bool {
    MARKS.iter().any(|mark| text.contains(mark))
        || runs(text).any(|run| run.len() >= LONGEST_WORD && is_mixed(run))
        || (is_of_secret(text) && has_values(text))
}

/// The document around a byte of a text: what lies between two lines that are `---`.
pub fn document_around(text: &str, offset: usize) -> &str {
    let (mut start, mut end) = (0, 0);
    for line in text.split_inclusive('\n') {
        if super::split::is_separator(line) {
            if end >= offset && end > start {
                break;
            }
            start = end;
        }
        end += line.len();
    }
    text.get(start..end).unwrap_or(text)
}

/// A name for a message; what looks like content is not quoted.
pub fn quoted(name: &str) -> String {
    if is_content(name) {
        format!("of {} letters, which looks like content and is not shown,", name.chars().count())
    } else {
        format!("{name:?}")
    }
}

/// Whether a name looks like content that has come out of its place: of a key, most often.
pub fn is_content(name: &str) -> bool {
    name.contains("-----") || runs(name).any(|run| run.len() >= LONGEST_NAME && is_mixed(run))
}

/// What could be base64, as long as it goes on.
fn runs(text: &str) -> impl Iterator<Item = &[u8]> {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    text.as_bytes().split(move |byte| !is_base64(*byte))
}

/// Whether there are digits and letters of both cases in it, as there hardly are in words, paths and digests.
fn is_mixed(run: &[u8]) -> bool {
    run.iter().any(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'='))
        && run.iter().any(u8::is_ascii_uppercase)
        && run.iter().any(u8::is_ascii_lowercase)
}

/// `kind: Secret`, in any way of writing it, or something near it.
fn is_of_secret(text: &str) -> bool {
    text.match_indices("Sec").any(|(at, _)| {
        let before = text.get(..at).unwrap_or_default();
        before.trim_end_matches([' ', '\t', '\n', '\r', '"', '\'']).ends_with(':')
    })
}

/// `data` or `stringData`, in any case, as a word of its own.
fn has_values(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.match_indices("data").any(|(at, _)| {
        let before = text.get(..at).unwrap_or_default();
        let before = before.strip_suffix("string").unwrap_or(before);
        !before.ends_with(|c: char| c.is_ascii_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_secret_is_known_by_its_kind_or_by_what_it_holds() {
        for text in [
            "kind: Secret\ndata:\n  a: b",
            "{\"kind\": \"Secret\", \"stringData\": {}}",
            "kind: 'Secret'\nstringdata: {",
            "- kind:\n    Secrets\n  data: {}",
            "x: |\n-----BEGIN RSA PRIVATE KEY-----",
            "x: LS0tLS1CRUdJTiBDRVJU",
            "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg",
        ] {
            assert!(may_hold_secret(text), "{text}");
        }
        for text in [
            "kind: Gateway\nmetadata:\n  name: a\nspec:\n  certificateRefs: [{kind: Secret, name: a}]",
            "kind: ConfigMap\ndata:\n  a: b",
            "kind: Ingress\nmetadata: {}\nspec:\n  tls: [{secretName: a}]",
            "image: registry.example.com/a@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        ] {
            assert!(!may_hold_secret(text), "{text}");
        }
    }

    #[test]
    fn a_name_that_looks_like_content_is_not_quoted() {
        assert_eq!(quoted("tls.key"), "\"tls.key\"");
        let content = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg";
        assert!(!quoted(content).contains("MIG"));
        assert!(!quoted("-----BEGIN PRIVATE KEY-----").contains("BEGIN"));
        for name in [
            "requiredDuringSchedulingIgnoredDuringExecution",
            "nginx.ingress.kubernetes.io/configuration-snippet",
            "pod-template-hash-5d4f8c7b9",
        ] {
            assert_eq!(quoted(name), format!("{name:?}"));
        }
    }

    #[test]
    fn a_document_lies_between_two_separators() {
        let text = "a\n---\nb\n-----BEGIN\nc\n--- # next\nd\n";
        assert_eq!(document_around(text, 0), "a\n");
        assert_eq!(document_around(text, text.find('c').unwrap()), "---\nb\n-----BEGIN\nc\n");
        assert_eq!(document_around(text, text.len()), "--- # next\nd\n");
        assert_eq!(document_around("", 7), "");
    }
}
