//! What one process has seen, and for how long: in time that it ran, which no clock can shorten.

use std::{collections::BTreeMap, time::Duration};

use super::{Terms, bundles::Bundles, cert::Cert, clock::Clock};

/// Since when things have been as they are, as far as this process saw them.
#[derive(Clone, Default)]
pub(super) struct Memory {
    /// Authorities that stand in every entry, by fingerprint.
    in_bundle: BTreeMap<String, Duration>,
    /// The authority that signed the certificate that is kept, by fingerprint.
    signing: Option<(String, Duration)>,
}

impl Memory {
    /// Notes what there is now.
    pub(super) fn observe(&mut self, bundles: Option<&Bundles>, signing: Option<&Cert>, uptime: Duration) {
        let held = bundles.map(Bundles::held).unwrap_or_default();
        let everywhere =
            held.into_iter().filter(|authority| bundles.is_some_and(|bundles| bundles.all_hold(authority)));
        self.in_bundle = everywhere
            .map(|authority| {
                let since = self.in_bundle.get(&authority.fingerprint).copied().unwrap_or(uptime);
                (authority.fingerprint.clone(), since)
            })
            .collect();
        match signing {
            Some(authority) if self.signing.as_ref().is_some_and(|(known, _)| *known == authority.fingerprint) => {}
            authority => self.signing = authority.map(|authority| (authority.fingerprint.clone(), uptime)),
        }
    }

    /// For how long an authority has stood in every entry.
    pub(super) fn stood(&self, authority: &Cert, uptime: Duration) -> Option<Duration> {
        Some(uptime.saturating_sub(*self.in_bundle.get(&authority.fingerprint)?))
    }

    /// For how long the certificate that is kept has been one of the same authority.
    pub(super) fn signed(&self, uptime: Duration) -> Duration {
        self.signing.as_ref().map_or(Duration::ZERO, |(_, since)| uptime.saturating_sub(*since))
    }

    /// Whether a replica may serve a certificate instead of the one in force, or of none: not if API servers do not trust it at all while
    /// they trust others, and where they trust the one in force, not if the new one has ended or they may not have heard of its
    /// authority yet.
    pub(super) fn may_take(
        &self,
        new: &Cert,
        in_force: Option<&Cert>,
        bundles: Option<&Bundles>,
        terms: &Terms,
        clock: Clock,
        uptime: Duration,
    ) -> bool {
        let Some(bundles) = bundles else { return true };
        let held = bundles.held();
        let by = held.iter().find(|authority| bundles.all_hold(authority) && new.is_signed_by(authority));
        let Some(in_force) = in_force else { return held.is_empty() || by.is_some() };
        let works = in_force.not_after > clock.now && held.iter().any(|authority| in_force.is_signed_by(authority));
        let has_stood = by.and_then(|by| self.stood(by, uptime)).is_some_and(|stood| stood >= terms.wait);
        !works || (new.not_after > clock.now && has_stood)
    }
}
