//! `incomplete-chain`: a bundle of certificates from which clients cannot build a chain.

use crate::snapshot::Need;

use super::{
    Breach, Context, Extent, Family, Finding, Fix, Level, Rule, RuleId, RuleInfo, Subject,
    certificates::{self, Held, called},
};

/// What is wrong with a chain: the sort, what it is, to follow "whose", and what mends it.
type Fault = (&'static str, String, String);

fn faults(held: &Held) -> Vec<Fault> {
    let Some(bundle) = held.bundle() else { return Vec::new() };
    let mut faults: Vec<Fault> = Vec::new();
    let leaf = &bundle.leaf;
    // A private authority's certificate stands beside, in ca.crt, and clients have it from elsewhere.
    let has_authority =
        held.secret.as_ref().and_then(|secret| secret.tls.as_ref()).is_some_and(|tls| tls.has_authority);
    if bundle.lacks_issuer() && !leaf.is_authority && !has_authority {
        let issuer = &leaf.issuer;
        faults.push((
            "issuer",
            format!("tls.crt does not hold the certificate of {issuer}, which issued that for {}", called(leaf)),
            format!("put the certificate of {issuer} behind it, unless that is a root that clients have"),
        ));
    } else if !bundle.is_in_order() {
        let what = "certificates do not lead up one after the other";
        let mend = "put each certificate before the one that issued it, and take out those that lead nowhere";
        faults.push(("order", what.to_owned(), mend.to_owned()));
    }
    if bundle.unreadable > 0 {
        let count = bundle.unreadable;
        let what =
            format!("tls.crt holds {count} behind the first that cannot be read: some servers then refuse them all");
        faults.push(("unreadable", what, "take out what is no certificate".to_owned()));
    }
    faults
}

/// The rule.
pub(super) struct IncompleteChain;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("incomplete-chain"),
    family: Family("incomplete-chain"),
    level: Level::Hint,
    what: "A Secret of type kubernetes.io/tls without the certificate that issued its own, or with certificates in another order than they lead up.",
    why: "A server sends what is in the Secret; clients that do not happen to know the one in between cannot find the way to a root, and others \
          can, so that it works in the browser and fails everywhere else. Where a root issued the certificate itself, it is complete.",
    sources: &[
        "RFC 5246, section 7.4.2",
        "RFC 8446, section 4.4.2",
        "https://nginx.org/en/docs/http/configuring_https_servers.html#chains",
    ],
    parameters: &[],
    aspect: "the Secret, where the rule speaks of who uses it",
    extent: "the sorts of faults",
    breaks: r#"apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Secret
metadata: {name: web-tls, namespace: shop}
type: kubernetes.io/tls
stringData:
  tls.crt: |
    -----BEGIN CERTIFICATE-----
    MIIBqTCCAU6gAwIBAgIBAjAKBggqhkjOPQQDAjAdMRswGQYDVQQDDBJFeGFtcGxl
    IElzc3VpbmcgQ0EwIBcNMjYxMTAxMDAwMDAwWhgPOTk5OTEyMzEyMzU5NTlaMBsx
    GTAXBgNVBAMMEHNob3AuZXhhbXBsZS5jb20wWTATBgcqhkjOPQIBBggqhkjOPQMB
    BwNCAARAjZyNpT8DPjUkxW+8AX8AHiqxfueRKgVFNO5678zFB12hUhtZzlPxfZ9Y
    +D1UiJQRCVJ+INP6OA9FNBQbUU5ao38wfTAJBgNVHRMEAjAAMBMGA1UdJQQMMAoG
    CCsGAQUFBwMBMBsGA1UdEQQUMBKCEHNob3AuZXhhbXBsZS5jb20wHQYDVR0OBBYE
    FDA7gUs33vO6L8nhITqY4bghFI9/MB8GA1UdIwQYMBaAFAl/F8Cyo6Cb9BR31ELS
    BA6uR6sIMAoGCCqGSM49BAMCA0kAMEYCIQDJUpNpQBepQoLAUFZDBQbWN03ynvEL
    LOrh20uUSrBzUgIhAM7tP/tcn7SCabmZPONwj7Qwq4ysNnPJpxKH/hMAJPIU
    -----END CERTIFICATE-----
  # The key is left out here.
  tls.key: ""
"#,
    keeps: r#"apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Secret
metadata: {name: web-tls, namespace: shop}
type: kubernetes.io/tls
stringData:
  tls.crt: |
    -----BEGIN CERTIFICATE-----
    MIIBqTCCAU6gAwIBAgIBAjAKBggqhkjOPQQDAjAdMRswGQYDVQQDDBJFeGFtcGxl
    IElzc3VpbmcgQ0EwIBcNMjYxMTAxMDAwMDAwWhgPOTk5OTEyMzEyMzU5NTlaMBsx
    GTAXBgNVBAMMEHNob3AuZXhhbXBsZS5jb20wWTATBgcqhkjOPQIBBggqhkjOPQMB
    BwNCAARAjZyNpT8DPjUkxW+8AX8AHiqxfueRKgVFNO5678zFB12hUhtZzlPxfZ9Y
    +D1UiJQRCVJ+INP6OA9FNBQbUU5ao38wfTAJBgNVHRMEAjAAMBMGA1UdJQQMMAoG
    CCsGAQUFBwMBMBsGA1UdEQQUMBKCEHNob3AuZXhhbXBsZS5jb20wHQYDVR0OBBYE
    FDA7gUs33vO6L8nhITqY4bghFI9/MB8GA1UdIwQYMBaAFAl/F8Cyo6Cb9BR31ELS
    BA6uR6sIMAoGCCqGSM49BAMCA0kAMEYCIQDJUpNpQBepQoLAUFZDBQbWN03ynvEL
    LOrh20uUSrBzUgIhAM7tP/tcn7SCabmZPONwj7Qwq4ysNnPJpxKH/hMAJPIU
    -----END CERTIFICATE-----
    -----BEGIN CERTIFICATE-----
    MIIBXjCCAQOgAwIBAgIBATAKBggqhkjOPQQDAjAdMRswGQYDVQQDDBJFeGFtcGxl
    IElzc3VpbmcgQ0EwIBcNMjYxMTAxMDAwMDAwWhgPOTk5OTEyMzEyMzU5NTlaMB0x
    GzAZBgNVBAMMEkV4YW1wbGUgSXNzdWluZyBDQTBZMBMGByqGSM49AgEGCCqGSM49
    AwEHA0IABJ6wbjtxgb2MqugFxuQQ8n8zEPjCn3DYFH7rUGb7XuIctPvAngvoZdRV
    4/Xe1mHjBQQjnx2WZPVFBkNoql6qcnyjMjAwMA8GA1UdEwEB/wQFMAMBAf8wHQYD
    VR0OBBYEFAl/F8Cyo6Cb9BR31ELSBA6uR6sIMAoGCCqGSM49BAMCA0kAMEYCIQCu
    ReZmw//OktZu8I2ihZ66eDICu/ljrxCYESIlr45DMwIhAM229WP+XHraOh2vua6d
    WAkX7H2GM0o58mWAnv2rX2St
    -----END CERTIFICATE-----
  # The key is left out here.
  tls.key: ""
"#,
    mend: "Put the certificates that lead up to the root behind the one of the server, each followed by its issuer.",
};

impl Rule for IncompleteChain {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn minds_policies(&self) -> bool {
        false
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        for held in context.held(subject).iter() {
            let sorts: std::collections::BTreeSet<_> =
                faults(held).into_iter().map(|(sort, ..)| crate::model::Name::from(sort)).collect();
            if !sorts.is_empty() {
                out.push(certificates::breach(&INFO, subject, held, Extent::Names(sorts)));
            }
        }
    }

    fn rests_on(&self, context: &Context<'_>, breach: &Breach) -> Vec<Need> {
        certificates::rests_on(context, breach)
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let mut finding = certificates::finding(context, &INFO, breach);
        let Some(held) = certificates::of_breach(context, breach) else { return finding };
        let Some((_, what, mend)) = faults(&held).into_iter().next() else { return finding };
        finding.message = format!("{} {what}", held.whose(&finding.subject));
        finding.fix = Fix::Words(mend);
        finding.places = held.places(&breach.subject, "tls.crt");
        finding
    }
}
