//! The certificate that Ringwall makes for itself.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{
    cluster::{Handle, Vital},
    telemetry::Metrics,
    upkeep::certificates::{Keeper, Place, Terms},
    webhook::Tls,
};

use super::{leading::Candidacy, options::Managing};

impl Managing {
    /// Keeps the certificate from now on, if it is to be kept. A replica that has lost its keeper would serve on, with a certificate that
    /// ends: it shall be started anew.
    pub(super) fn keep(
        &self,
        cluster: &Handle,
        candidacy: &Candidacy,
        namespace: Option<&str>,
        (tls, metrics): (&Arc<Tls>, &Arc<Metrics>),
        poll: Duration,
        vital: &Vital,
    ) {
        let Some(namespace) = namespace.filter(|_| self.manage_certificate) else { return };
        let service = format!("{}.{namespace}.svc", self.service);
        let cluster_name = format!("{service}.cluster.local");
        let names = [service, cluster_name].into_iter().chain(self.certificate_name.iter().cloned()).collect();
        let keeper = Keeper {
            documents: cluster.documents.clone(),
            leadership: candidacy.leadership.clone(),
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
        let leaving = candidacy.leaving.clone();
        let keeping = keeper.run(leaving.clone());
        vital.spawn("what keeps the certificate", to_the_end(keeping, leaving, vital.shutdown().clone()));
    }
}

/// Work that ends when this replica leaves, which is a while before the program does, and not before that.
async fn to_the_end(work: impl Future<Output = ()>, leaving: CancellationToken, shutdown: CancellationToken) {
    work.await;
    if leaving.is_cancelled() {
        shutdown.cancelled().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_keeper_that_panics_or_ends_unasked_ends_the_program_and_one_that_leaves_does_not() {
        for (panics, leaves) in [(true, false), (false, false), (false, true)] {
            let shutdown = CancellationToken::new();
            let leaving = shutdown.child_token();
            let vital = Vital::new(shutdown.clone());
            let work = async move { assert!(!panics, "a panic") };
            if leaves {
                leaving.cancel();
            }
            vital.spawn("the keeper", to_the_end(work, leaving, shutdown));
            let ended = tokio::time::timeout(Duration::from_secs(60), vital.ended()).await;
            assert_eq!(ended.is_err(), leaves);
        }
    }
}
