//! Which hosts the names of a certificate cover (RFC 6125, 6.4; RFC 9525, 6.3).
//!
//! The subject alternative name alone counts: the common name is ignored, as clients do. A wildcard is a whole label, the first,
//! and stands for exactly one. Names are compared without regard to case; hosts beyond ASCII are compared in the form in which
//! they stand in certificates and objects alike (`xn--`).

use std::{collections::BTreeSet, net::IpAddr};

use crate::model::{AskedCertificate, CertificateFacts, Name, wildcard_above};

/// The names of a certificate, to be asked for one host or for thousands.
#[derive(Debug, Default)]
pub struct Names {
    names: BTreeSet<String>,
    addresses: BTreeSet<IpAddr>,
    /// Whether there are more, which were not kept.
    is_partial: bool,
}

impl Names {
    /// Those of a certificate.
    pub fn of(certificate: &CertificateFacts) -> Self {
        Self {
            names: certificate.names.iter().map(|name| normal(name)).collect(),
            addresses: certificate.addresses.iter().copied().collect(),
            is_partial: certificate.names_left_out > 0,
        }
    }

    /// Those that a Certificate of cert-manager asks for.
    pub fn asked(asked: &AskedCertificate) -> Self {
        Self {
            names: asked.dns_names.iter().map(|name| normal(name)).collect(),
            addresses: asked.addresses.iter().filter_map(|address| address.parse().ok()).collect(),
            is_partial: false,
        }
    }

    /// Whether some name covers a host. A wildcard host is covered by the very same wildcard alone.
    pub fn cover(&self, host: &str) -> bool {
        let host = normal(host);
        if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
            return self.addresses.contains(&address);
        }
        self.names.contains(&host) || wildcard_above(&host).is_some_and(|wildcard| self.names.contains(&wildcard))
    }

    /// The hosts that no name covers, each once.
    pub fn uncovered<'a>(&self, hosts: impl IntoIterator<Item = &'a Name>) -> BTreeSet<Name> {
        hosts.into_iter().filter(|host| !self.cover(host)).cloned().collect()
    }

    /// Whether a host that is not covered may be covered by a name that was not kept.
    pub fn is_partial(&self) -> bool {
        self.is_partial
    }
}

/// Lower case, without the dot that ends an absolute name.
fn normal(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    name.strip_suffix('.').map(str::to_owned).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(names: &[&str]) -> Names {
        let asked = AskedCertificate {
            dns_names: names.iter().copied().map(Name::from).collect(),
            addresses: vec!["192.0.2.7".into(), "2001:db8::1".into()],
            ..AskedCertificate::default()
        };
        Names::asked(&asked)
    }

    #[test]
    fn names_cover_hosts_as_clients_compare_them() {
        for (name, host, expected) in [
            ("shop.example.com", "shop.example.com", true),
            ("Shop.Example.COM", "shop.example.com", true),
            ("shop.example.com", "SHOP.example.com", true),
            ("shop.example.com", "shop.example.com.", true),
            ("*.example.com", "shop.example.com", true),
            ("*.example.com", "a.shop.example.com", false),
            ("*.example.com", "example.com", false),
            ("*.example.com", "*.example.com", true),
            ("shop.example.com", "*.example.com", false),
            ("*.com", "*.example.com", false),
            ("s*.example.com", "shop.example.com", false),
            ("shop.*.com", "shop.example.com", false),
            ("*.*.com", "shop.example.com", false),
            ("*", "localhost", false),
            ("xn--bcher-kva.example", "XN--BCHER-KVA.example", true),
            ("*.example", "xn--bcher-kva.example", true),
            ("192.0.2.8", "192.0.2.8", false),
            ("", "", true),
        ] {
            assert_eq!(names(&[name]).cover(host), expected, "{name} for {host}");
        }
    }

    #[test]
    fn addresses_are_compared_with_addresses_alone() {
        let names = names(&["shop.example.com"]);
        for (host, expected) in
            [("192.0.2.7", true), ("192.0.2.8", false), ("2001:DB8:0::1", true), ("[2001:db8::1]", true)]
        {
            assert_eq!(names.cover(host), expected, "{host}");
        }
    }

    /// RFC 6125, 6.4.3, label by label: a wildcard is the whole first label of the name and stands for the whole first label of
    /// the host.
    fn naive(name: &str, host: &str) -> bool {
        let labels = |text: &str| text.to_lowercase().split('.').map(str::to_owned).collect::<Vec<_>>();
        let (name, host) = (labels(name), labels(host));
        let same_first = name[0] == host[0] || (name[0] == "*" && host.len() > 1 && host[0] != "*");
        name.len() == host.len() && same_first && name[1..] == host[1..]
    }

    proptest! {
        #[test]
        fn coverage_agrees_with_a_naive_matcher(
            many in prop::collection::vec("(\\*\\.)?[aAbB](\\.[ab]){0,2}", 1..4),
            host in "(\\*\\.)?[aAbB](\\.[ab]){0,3}",
        ) {
            let all: Vec<&str> = many.iter().map(String::as_str).collect();
            prop_assert_eq!(names(&all).cover(&host), all.iter().any(|name| naive(name, &host)));
        }

        #[test]
        fn no_name_and_no_host_breaks_it(name in "\\PC{0,40}", host in "\\PC{0,40}") {
            let names = names(&[&name]);
            prop_assert_eq!(names.cover(&host), names.cover(&host));
        }
    }
}
