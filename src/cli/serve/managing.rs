//! The certificate that Ringwall makes for itself.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{
    cluster::{Handle, Leadership},
    telemetry::Metrics,
    upkeep::certificates::{Keeper, Place, Terms},
    webhook::Tls,
};

use super::options::Managing;

impl Managing {
    /// Keeps the certificate from now on, if it is to be kept.
    pub(super) fn keep(
        &self,
        cluster: &Handle,
        leadership: Leadership,
        namespace: Option<&str>,
        (tls, metrics): (&Arc<Tls>, &Arc<Metrics>),
        poll: Duration,
        stop: CancellationToken,
    ) {
        let Some(namespace) = namespace.filter(|_| self.manage_certificate) else { return };
        let service = format!("{}.{namespace}.svc", self.service);
        let cluster_name = format!("{service}.cluster.local");
        let names = [service, cluster_name].into_iter().chain(self.certificate_name.iter().cloned()).collect();
        let keeper = Keeper {
            documents: cluster.documents.clone(),
            leadership,
            tls: Arc::clone(tls),
            metrics: Arc::clone(metrics),
            place: Place {
                namespace: namespace.to_owned(),
                secret: self.certificate_secret.clone(),
                configuration: self.webhook_configuration.clone(),
                names,
            },
            terms: Terms {
                leaf: self.certificate_life,
                authority: self.authority_life,
                wait: self.rotation_wait,
                keep: self.rotation_keep,
                patience: self.rotation_wait * 10,
            },
            poll,
            clock_ahead: self.certificate_clock_ahead,
        };
        super::beside("what keeps the certificate", "the certificate is not renewed", keeper.run(stop));
    }
}
