//! What may be a name, a label, a port (k8s.io/apimachinery/pkg/util/validation). Each function answers with what is wrong.

const LABEL: &str = "must consist of lower case letters, digits and `-`, and begin and end with a letter or digit";
const SUBDOMAIN: &str =
    "must consist of lower case letters, digits, `-` and `.`, and begin and end with a letter or digit";
const QUALIFIED: &str = "must consist of letters, digits, `-`, `_` and `.`, and begin and end with a letter or digit";

/// RFC 1123 label: the name of a Namespace or a Service, for example.
pub(super) fn dns_label(text: &str) -> Option<&'static str> {
    if text.len() > 63 {
        return Some("must be no more than 63 characters long");
    }
    (!is_label(text)).then_some(LABEL)
}

/// RFC 1123 subdomain: the name of most objects.
pub(super) fn dns_subdomain(text: &str) -> Option<&'static str> {
    if text.len() > 253 {
        return Some("must be no more than 253 characters long");
    }
    (!text.split('.').all(is_label)).then_some(SUBDOMAIN)
}

/// The host of an Ingress: `*` may be the first label, and then there are others.
pub(super) fn wildcard_host(text: &str) -> Option<&'static str> {
    match text.strip_prefix("*.") {
        Some(rest) if text.len() <= 253 && rest.split('.').all(is_label) => None,
        Some(_) => Some("after `*.` must come a host name in lower case"),
        None => Some("`*` is only allowed as the whole first label, as in `*.example.com`"),
    }
}

/// The key of a label, of an annotation.
pub(super) fn qualified_name(text: &str) -> Option<&'static str> {
    let name = match text.split_once('/') {
        Some(("", _)) => return Some("the prefix before `/` must not be empty"),
        Some((prefix, _)) if dns_subdomain(prefix).is_some() => {
            return Some("the prefix before `/` must be a DNS name");
        }
        Some((_, name)) if name.contains('/') => return Some("must have one `/` at most"),
        Some((_, name)) => name,
        None => text,
    };
    match name.len() {
        0 => Some("the name must not be empty"),
        64.. => Some("the name must be no more than 63 characters long"),
        _ => (!is_qualified(name)).then_some(QUALIFIED),
    }
}

/// The value of a label.
pub(super) fn label_value(text: &str) -> Option<&'static str> {
    if text.len() > 63 {
        return Some("must be no more than 63 characters long");
    }
    (!text.is_empty() && !is_qualified(text)).then_some(QUALIFIED)
}

/// The name of a port (`IANA_SVC_NAME`).
pub(super) fn port_name(text: &str) -> Option<&'static str> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if text.len() > 15 {
        Some("must be no more than 15 characters long")
    } else if text.is_empty() || !text.bytes().all(allowed) {
        Some("must consist of lower case letters, digits and `-`")
    } else if !text.bytes().any(|byte| byte.is_ascii_lowercase()) {
        Some("must contain at least one letter")
    } else if text.contains("--") || text.starts_with('-') || text.ends_with('-') {
        Some("must not begin or end with `-`, or have two of them in a row")
    } else {
        None
    }
}

/// The number of a port.
pub(super) fn port_number(number: i64) -> Option<&'static str> {
    (!(1..=65535).contains(&number)).then_some("must be between 1 and 65535")
}

/// `domain/path`, as the controller of an `IngressClass` is named.
pub(super) fn domain_path(text: &str) -> Option<&'static str> {
    match text.split_once('/') {
        Some((domain, path)) if dns_subdomain(domain).is_none() && !path.is_empty() => None,
        _ => Some("must be a domain and a path, such as `example.com/controller`"),
    }
}

fn is_label(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(allowed) && !text.starts_with('-') && !text.ends_with('-')
}

fn is_qualified(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let at_the_end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.chars().all(allowed) && at_the_end(text.chars().next()) && at_the_end(text.chars().next_back())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_the_api_server_takes() {
        for good in ["a", "a-1", "1"] {
            assert_eq!(dns_label(good), None, "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a.b", "a_b", &"a".repeat(64)] {
            assert!(dns_label(bad).is_some(), "{bad}");
        }
        assert!(dns_subdomain("a.b-c.1").is_none());
        assert!(dns_subdomain("a..b").is_some() && dns_subdomain(".a").is_some());
        for good in ["app", "app.kubernetes.io/name", "A_b.c-9"] {
            assert_eq!(qualified_name(good), None, "{good}");
        }
        for bad in ["", "/a", "a/", "a/b/c", "-a", "B.com/a", "a b", &"a".repeat(64)] {
            assert!(qualified_name(bad).is_some(), "{bad}");
        }
        assert!(label_value("").is_none() && label_value("A.b_c").is_none());
        assert!(label_value("a b").is_some() && label_value("-a").is_some());
    }

    #[test]
    fn a_star_is_a_whole_first_label() {
        assert_eq!(wildcard_host("*.example.com"), None);
        assert_eq!(wildcard_host("*.com"), None);
        for bad in ["*", "*.", "a*.example.com", "a.*.com", "*.*.com", "*.Example.com"] {
            assert!(wildcard_host(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn port_names_are_short_and_have_a_letter() {
        assert!(port_name("http").is_none() && port_name("a-1").is_none());
        for bad in ["", "80", "Http", "a--b", "-a", "sixteen-letters-", "a_b"] {
            assert!(port_name(bad).is_some(), "{bad}");
        }
    }
}
