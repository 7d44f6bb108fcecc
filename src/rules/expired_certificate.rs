//! `expired-certificate`: a certificate that has expired, or is not valid yet.

use crate::{
    encryption::certificates::{Lapse, lapse},
    snapshot::Need,
};

use super::{
    Breach, Context, Extent, Family, Finding, Fix, Level, Rule, RuleId, RuleInfo, Subject,
    certificates::{self, called, day, origin},
};

/// The rule.
pub(super) struct ExpiredCertificate;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("expired-certificate"),
    family: Family("expired-certificate"),
    level: Level::Baseline,
    what: "A certificate that has expired or is not valid yet, or one above it that has expired.",
    why: "Every client refuses it, and people who are told to go on anyway would do so before an impostor as well.",
    sources: &["RFC 5280, sections 4.1.2.5 and 6.1.3"],
    parameters: &[],
    aspect: "the Secret, where the rule speaks of who uses it",
    extent: "1",
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
    MIIBgjCCASmgAwIBAgIBAzAKBggqhkjOPQQDAjAbMRkwFwYDVQQDDBBzaG9wLmV4
    YW1wbGUuY29tMB4XDTIwMDEwMTAwMDAwMFoXDTIxMDEwMTAwMDAwMFowGzEZMBcG
    A1UEAwwQc2hvcC5leGFtcGxlLmNvbTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA
    BECNnI2lPwM+NSTFb7wBfwAeKrF+55EqBUU07nrvzMUHXaFSG1nOU/F9n1j4PVSI
    lBEJUn4g0/o4D0U0FBtRTlqjXjBcMAkGA1UdEwQCMAAwEwYDVR0lBAwwCgYIKwYB
    BQUHAwEwGwYDVR0RBBQwEoIQc2hvcC5leGFtcGxlLmNvbTAdBgNVHQ4EFgQUMDuB
    Szfe87ovyeEhOpjhuCEUj38wCgYIKoZIzj0EAwIDRwAwRAIgPcngYm5wZ6BGVbvk
    5NPDlBZkS8+zbXUNPpBJYilWLNECIF8u8cuqSGQHYhiE9avwY/T/BUOFykjNIpp8
    50y13g8p
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
    MIIBhTCCASugAwIBAgIBBDAKBggqhkjOPQQDAjAbMRkwFwYDVQQDDBBzaG9wLmV4
    YW1wbGUuY29tMCAXDTI2MTEwMTAwMDAwMFoYDzk5OTkxMjMxMjM1OTU5WjAbMRkw
    FwYDVQQDDBBzaG9wLmV4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD
    QgAEQI2cjaU/Az41JMVvvAF/AB4qsX7nkSoFRTTueu/MxQddoVIbWc5T8X2fWPg9
    VIiUEQlSfiDT+jgPRTQUG1FOWqNeMFwwCQYDVR0TBAIwADATBgNVHSUEDDAKBggr
    BgEFBQcDATAbBgNVHREEFDASghBzaG9wLmV4YW1wbGUuY29tMB0GA1UdDgQWBBQw
    O4FLN97zui/J4SE6mOG4IRSPfzAKBggqhkjOPQQDAgNIADBFAiAdM3CT6OcoCyti
    48dSad3cJoEGJA8UGs8/j5E0lRbtWQIhAJ9yvQ4PRXu2YD2ctxS7/55PUivx7/Ks
    yq2ow/vKVDo4
    -----END CERTIFICATE-----
  # The key is left out here.
  tls.key: ""
"#,
    mend: "Renew the certificate, and let cert-manager or its like do so from now on.",
};

impl Rule for ExpiredCertificate {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn minds_policies(&self) -> bool {
        false
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        for held in context.held(subject).iter() {
            if held.bundle().and_then(|bundle| lapse(bundle, context.now)).is_some() {
                out.push(certificates::breach(&INFO, subject, held, Extent::Count(1)));
            }
        }
    }

    fn rests_on(&self, context: &Context<'_>, breach: &Breach) -> Vec<Need> {
        certificates::rests_on(context, breach)
    }

    fn awaits(&self, context: &Context<'_>, breach: &Breach) -> bool {
        certificates::of_breach(context, breach).is_some_and(|held| held.is_renewed())
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let mut finding = certificates::finding(context, &INFO, breach);
        let Some(held) = certificates::of_breach(context, breach) else { return finding };
        let Some(bundle) = held.bundle() else { return finding };
        let Some(lapse) = lapse(bundle, context.now) else { return finding };
        let (whose, subject, origin) = (held.whose(&finding.subject), called(&bundle.leaf), origin(&bundle.leaf));
        let (what, mend) = match lapse {
            Lapse::Expired(at) => {
                (format!("certificate for {subject}{origin} has expired on {}", day(at)), "renew the certificate")
            }
            Lapse::NotYet(at) => (
                format!("certificate for {subject}{origin} is not valid before {}", day(at)),
                "wait until then with the change, or check the clock of whoever issued it",
            ),
            Lapse::Above(above, at) => (
                format!("certificate for {subject} leads up through {above}, which has expired on {}", day(at)),
                "put the issuer's present certificate behind it, or renew it",
            ),
        };
        finding.message = format!("{whose} {what}");
        finding.fix = Fix::Words(mend.to_owned());
        finding.places = held.places(&breach.subject, "tls.crt");
        finding
    }
}
