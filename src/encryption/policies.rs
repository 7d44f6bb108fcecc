//! TLS policies that clouds know by name: what they accept, as far as the name or a table tells.
//!
//! AWS says the oldest version in most names; the suites are those of its tables ("Security policies for your Application Load
//! Balancer", "... Network Load Balancer"), which come in a few groups. Azure's predefined policies are few. The SSL policies of GCP are
//! made by each project: only the operator can say what they accept (`tlsPolicies`).

use std::collections::BTreeSet;

use crate::{
    edge::{Doubt, EdgeSettings},
    model::{Name, TlsVersion},
};

use super::ciphers::Suite;

/// The prefix of AWS's names.
const AWS: &str = "ELBSecurityPolicy-";

/// The policy of AWS that offers forward secret AEAD suites alone: what is recommended.
pub const RECOMMENDED_OF_AWS: &str = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06";

/// Whether a name is one of AWS's.
pub fn is_of_aws(name: &str) -> bool {
    name.starts_with(AWS)
}

/// The oldest version that a policy accepts: as the name or a table tells, for what a cloud has built in nobody can alter; else as the
/// ruleset says.
pub fn oldest(name: &Name, edge: &EdgeSettings) -> Result<TlsVersion, Doubt> {
    let known = match name.strip_prefix(AWS) {
        Some(rest) => oldest_of_aws(rest),
        None => oldest_of_azure(name),
    };
    known.or_else(|| edge.tls_policies.get(name).copied()).ok_or_else(|| doubt(name))
}

/// That nothing is known of a policy, and what would settle it.
pub(super) fn doubt(name: &Name) -> Doubt {
    Doubt::new(
        format!("what the TLS policy {name} accepts is known to its cloud alone"),
        format!("say in the ruleset which version it accepts at least: environment.tlsPolicies: {{{name}: \"1.2\"}}"),
    )
}

fn oldest_of_aws(name: &str) -> Option<TlsVersion> {
    let minor = ["TLS13-1-", "TLS-1-", "FS-1-"].iter().find_map(|prefix| name.strip_prefix(prefix));
    match minor {
        Some(rest) => match rest.split('-').next()? {
            "0" => Some(TlsVersion::Tls10),
            "1" => Some(TlsVersion::Tls11),
            "2" => Some(TlsVersion::Tls12),
            "3" => Some(TlsVersion::Tls13),
            _ => None,
        },
        None => ["2016-08", "2015-05", "FS-2018-06"].contains(&name).then_some(TlsVersion::Tls10),
    }
}

/// Application Gateway's predefined policies ("Application Gateway TLS policy overview").
fn oldest_of_azure(name: &str) -> Option<TlsVersion> {
    match name {
        "AppGwSslPolicy20150501" => Some(TlsVersion::Tls10),
        "AppGwSslPolicy20170401" => Some(TlsVersion::Tls11),
        "AppGwSslPolicy20170401S" | "AppGwSslPolicy20220101" | "AppGwSslPolicy20220101S" => Some(TlsVersion::Tls12),
        _ => None,
    }
}

/// The suites of TLS 1.2 and before that a policy offers; `None` where they are not known.
pub(super) fn suites(name: &str) -> Option<BTreeSet<&'static Suite>> {
    let groups = match name.strip_prefix(AWS) {
        Some(rest) => groups_of_aws(rest)?,
        None => groups_of_azure(name)?,
    };
    Some(groups.iter().flat_map(|group| group.iter()).filter_map(|name| Suite::by_openssl(name)).collect())
}

type Group = &'static [&'static str];

/// ECDHE with AES-GCM.
const AEAD: Group = &[
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
];
/// ECDHE with CBC and SHA-2.
const CBC: Group =
    &["ECDHE-ECDSA-AES128-SHA256", "ECDHE-RSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA384", "ECDHE-RSA-AES256-SHA384"];
/// ECDHE with CBC and SHA-1.
const SHA1: Group =
    &["ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES256-SHA", "ECDHE-ECDSA-AES256-SHA"];
/// Keys encrypted to the certificate's, with SHA-2.
const RSA: Group = &["AES128-GCM-SHA256", "AES128-SHA256", "AES256-GCM-SHA384", "AES256-SHA256"];
/// The same with SHA-1.
const RSA_SHA1: Group = &["AES128-SHA", "AES256-SHA"];
/// DHE with AES-GCM.
const DHE: Group = &["DHE-RSA-AES128-GCM-SHA256", "DHE-RSA-AES256-GCM-SHA384"];
const TRIPLE_DES: Group = &["DES-CBC3-SHA"];

/// The groups of AWS's policies. Those with `PQ` add key exchanges to a policy and no suites; those of `FIPS` differ from their twins in
/// TLS 1.3 only.
fn groups_of_aws(name: &str) -> Option<Vec<Group>> {
    const ALL: [Group; 5] = [AEAD, CBC, SHA1, RSA, RSA_SHA1];
    if name.contains("RFC9151") {
        return None;
    }
    let dated = |rest: &str| {
        let mut parts = rest.split('-').skip_while(|part| matches!(*part, "FIPS" | "PQ"));
        parts.next().is_some_and(|part| part.len() == 4 && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    if let Some(rest) = name.strip_prefix("TLS13-1-") {
        let kinds: [(&str, &[Group]); 8] = [
            ("0-", &ALL),
            ("1-", &ALL),
            ("2-Res-", &[AEAD]),
            ("2-Ext0-", &[AEAD, CBC, SHA1]),
            ("2-Ext1-", &[AEAD, CBC, RSA]),
            ("2-Ext2-", &ALL),
            ("2-", &[AEAD, CBC]),
            ("3-", &[]),
        ];
        let found = kinds.iter().find_map(|(kind, groups)| Some((rest.strip_prefix(kind)?, groups)));
        return found.filter(|(rest, _)| dated(rest)).map(|(_, groups)| groups.to_vec());
    }
    match name {
        "2016-08" | "2015-05" | "TLS-1-1-2017-01" | "TLS-1-2-Ext-2018-06" => Some(ALL.to_vec()),
        "TLS-1-0-2015-04" => Some(ALL.iter().copied().chain([TRIPLE_DES]).collect()),
        "TLS-1-2-2017-01" => Some(vec![AEAD, CBC, RSA]),
        "FS-2018-06" | "FS-1-1-2019-08" | "FS-1-2-2019-08" => Some(vec![AEAD, CBC, SHA1]),
        "FS-1-2-Res-2019-08" => Some(vec![AEAD, CBC]),
        "FS-1-2-Res-2020-10" => Some(vec![AEAD]),
        _ => None,
    }
}

fn groups_of_azure(name: &str) -> Option<Vec<Group>> {
    match name {
        "AppGwSslPolicy20150501" | "AppGwSslPolicy20170401" => {
            Some(vec![AEAD, CBC, SHA1, DHE, RSA, RSA_SHA1, TRIPLE_DES])
        }
        "AppGwSslPolicy20170401S" => Some(vec![AEAD, CBC, SHA1, RSA, RSA_SHA1]),
        "AppGwSslPolicy20220101" => Some(vec![AEAD, CBC]),
        "AppGwSslPolicy20220101S" => Some(vec![AEAD]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encryption::ciphers::{Offer, Weakness};

    #[allow(clippy::option_option, reason = "known to be sound, known to be weak, not known")]
    fn of(name: &str) -> (Option<TlsVersion>, Option<Option<Weakness>>) {
        let name = Name::from(name);
        let weakest = suites(&name).map(|suites| {
            let offer = Offer { suites, ..Offer::default() };
            offer.weak(&BTreeSet::new()).first().map(|weak| weak.weakness)
        });
        (oldest(&name, &EdgeSettings::default()).ok(), weakest)
    }

    #[test]
    fn names_of_aws_say_their_oldest_version_and_tables_their_worst_suite() {
        use TlsVersion::{Tls10, Tls11, Tls12, Tls13};
        use Weakness::{CbcWithSha1, NoForwardSecrecy, NotListed, SmallBlocks};
        for (name, version, worst) in [
            ("2016-08", Tls10, Some(NoForwardSecrecy)),
            ("2015-05", Tls10, Some(NoForwardSecrecy)),
            ("TLS-1-0-2015-04", Tls10, Some(SmallBlocks)),
            ("FS-2018-06", Tls10, Some(CbcWithSha1)),
            ("TLS13-1-0-2021-06", Tls10, Some(NoForwardSecrecy)),
            ("TLS13-1-0-FIPS-2023-04", Tls10, Some(NoForwardSecrecy)),
            ("TLS13-1-0-PQ-2025-09", Tls10, Some(NoForwardSecrecy)),
            ("TLS13-1-0-FIPS-PQ-2025-09", Tls10, Some(NoForwardSecrecy)),
            ("TLS-1-1-2017-01", Tls11, Some(NoForwardSecrecy)),
            ("FS-1-1-2019-08", Tls11, Some(CbcWithSha1)),
            ("TLS13-1-1-2021-06", Tls11, Some(NoForwardSecrecy)),
            ("TLS-1-2-2017-01", Tls12, Some(NoForwardSecrecy)),
            ("TLS-1-2-Ext-2018-06", Tls12, Some(NoForwardSecrecy)),
            ("FS-1-2-2019-08", Tls12, Some(CbcWithSha1)),
            ("FS-1-2-Res-2019-08", Tls12, Some(NotListed)),
            ("FS-1-2-Res-2020-10", Tls12, None),
            ("TLS13-1-2-2021-06", Tls12, Some(NotListed)),
            ("TLS13-1-2-FIPS-2023-04", Tls12, Some(NotListed)),
            ("TLS13-1-2-Ext0-FIPS-2023-04", Tls12, Some(CbcWithSha1)),
            ("TLS13-1-2-Ext1-2021-06", Tls12, Some(NoForwardSecrecy)),
            ("TLS13-1-2-Ext2-PQ-2025-09", Tls12, Some(NoForwardSecrecy)),
            ("TLS13-1-2-Res-2021-06", Tls12, None),
            ("TLS13-1-2-Res-PQ-2025-09", Tls12, None),
            ("TLS13-1-2-Res-FIPS-PQ-2025-09", Tls12, None),
            ("TLS13-1-3-2021-06", Tls13, None),
            ("TLS13-1-3-FIPS-2023-04", Tls13, None),
        ] {
            assert_eq!(of(&format!("{AWS}{name}")), (Some(version), Some(worst)), "{name}");
        }
        assert_eq!(of(RECOMMENDED_OF_AWS), (Some(Tls12), Some(None)));
    }

    #[test]
    fn of_names_that_no_table_has_nothing_is_said() {
        assert_eq!(of("ELBSecurityPolicy-TLS13-1-2-RFC9151-FIPS-2023-07"), (Some(TlsVersion::Tls12), None));
        for name in
            ["ELBSecurityPolicy-2031-01", "ELBSecurityPolicy-TLS13-1-9-2031-01", "ELBSecurityPolicy-", "modern", ""]
        {
            assert_eq!(of(name), (None, None), "{name}");
        }
    }

    #[test]
    fn the_predefined_policies_of_azure_are_known_and_those_of_gcp_are_the_operators_to_name() {
        assert_eq!(of("AppGwSslPolicy20150501").0, Some(TlsVersion::Tls10));
        assert_eq!(of("AppGwSslPolicy20170401").0, Some(TlsVersion::Tls11));
        assert_eq!(of("AppGwSslPolicy20220101S"), (Some(TlsVersion::Tls12), Some(None)));
        let name = Name::from("gke-modern");
        let doubt = oldest(&name, &EdgeSettings::default()).unwrap_err();
        assert!(doubt.settle.contains("environment.tlsPolicies: {gke-modern: \"1.2\"}"), "{}", doubt.settle);
        let named =
            EdgeSettings { tls_policies: [(name.clone(), TlsVersion::Tls12)].into(), ..EdgeSettings::default() };
        assert_eq!(oldest(&name, &named), Ok(TlsVersion::Tls12));
    }
}
