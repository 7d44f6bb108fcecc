//! Whether the API server reaches Ringwall: what it answers to a request that Ringwall always refuses.

use crate::{cluster::Reply, model::kinds::asked, report::Check, webhook};

use super::{
    super::{
        calls,
        facts::{DryRun, Facts, Hook},
    },
    install, logs, unread, upgrade,
};

const ENDPOINTS: &str = "endpoints";
const CHECK: &str = "reachable";

pub(super) fn checks(facts: &Facts) -> Vec<Check> {
    let Ok(Some(_)) = facts.configuration() else { return Vec::new() };
    endpoints(facts).into_iter().chain([called(facts)]).collect()
}

/// The fingerprint of the certificate that the answering replica serves.
pub(super) fn fingerprint(facts: &Facts) -> Option<&str> {
    let reply = facts.calls.named.as_ref()?.as_ref().ok()?;
    reply.warnings.iter().find_map(|warning| webhook::served(warning))
}

/// What is behind the Service.
fn endpoints(facts: &Facts) -> Option<Check> {
    let service = facts.service.as_ref()?;
    let replicas = match &facts.deployment {
        Ok(Some(deployment)) => format!("; {} of {} replicas are ready", deployment.ready, deployment.wanted),
        _ => String::new(),
    };
    Some(match (service, &facts.ready_endpoints) {
        (Err(fault), _) => unread(ENDPOINTS, "the Service", fault, "grant get of services in Ringwall's namespace"),
        (_, Err(fault)) => {
            unread(ENDPOINTS, "EndpointSlices", fault, "grant list of endpointslices in Ringwall's namespace")
        }
        (Ok(false), _) => Check::problem(ENDPOINTS, "the Service that the webhook configuration names is not there")
            .why("The API server has nobody to call.")
            .fix(install(facts)),
        (_, Ok(0)) => Check::problem(ENDPOINTS, format!("no endpoint is ready{replicas}"))
            .why("The API server has nobody to call.")
            .fix(format!("kubectl get pods -n {}; {} says why none is ready", facts.names.namespace, logs(facts))),
        (_, Ok(1)) => Check::ok(ENDPOINTS, format!("1 endpoint is ready{replicas}")),
        (_, Ok(count)) => Check::ok(ENDPOINTS, format!("{count} endpoints are ready{replicas}")),
    })
}

/// What became of the dry run.
fn called(facts: &Facts) -> Check {
    let name = entry_name();
    match &facts.calls.refused {
        DryRun::NoEntry => Check::cannot_say(CHECK, "no entry asks about Namespaces, so no dry run can tell")
            .fix(upgrade(facts, "")),
        DryRun::Unmatched => Check::cannot_say(CHECK, format!("no dry run can match the selectors of {name}"))
            .details(otherwise(facts))
            .fix(format!(
                "look at endpoints and ca-bundle; kubectl get validatingwebhookconfiguration {} -o yaml shows the selectors",
                facts.names.configuration
            )),
        DryRun::Sent(Err(fault)) => {
            unread(CHECK, "the answer to a dry run", fault, "try again; then look at the API server")
        }
        DryRun::Sent(Ok(reply)) => answered(facts, reply, &name),
    }
}

fn answered(facts: &Facts, reply: &Reply, own: &str) -> Check {
    let message = reply.message();
    match hook(&message) {
        Some((Outcome::Denied, name)) if name == own => {
            Check::ok(CHECK, "the API server reaches Ringwall, which refused the dry run that it must refuse")
                .details(fingerprint(facts).map(|print| format!("served with certificate {print}")))
        }
        Some((Outcome::Failed, name)) if name == own => {
            let fails = entry(facts).is_some_and(Hook::fails);
            Check::problem(CHECK, format!("the API server cannot call Ringwall: {}", cause(&message)))
                .why(if fails { REFUSED } else { PASSES })
                .fix(mend(&message, facts))
        }
        Some((_, name)) if name != own => {
            let fix = format!("exclude the Namespace {} from {name}, or look at endpoints", calls::namespace());
            Check::cannot_say(CHECK, format!("another webhook answered before: {message}"))
                .details(otherwise(facts))
                .fix(fix)
        }
        None if reply.is_success() => Check::problem(
            CHECK,
            "the API server let a dry run through that Ringwall refuses: nobody answered",
        )
        .why(PASSES)
        .fix(format!(
            "kubectl get pods -n {}; the API server's log says \"failed calling webhook, failing open\" and why; \
                     NetworkPolicies must let the API server in (docs/install.md)",
            facts.names.namespace
        )),
        _ => Check::cannot_say(CHECK, format!("the dry run came to nothing: {message}"))
            .fix("run it as somebody who may create Namespaces; a dry run stores nothing"),
    }
}

/// What the other dry run has shown, where this one shows nothing.
fn otherwise(facts: &Facts) -> Option<String> {
    let print = fingerprint(facts)?;
    Some(format!("a dry run of an Exemption was answered by Ringwall, which serves certificate {print}"))
}

/// What became of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Outcome {
    /// The webhook answered, and refused.
    Denied,
    /// It could not be called, or its answer could not be read.
    Failed,
    /// It is not called for dry runs.
    Unasked,
}

/// The entry of a webhook configuration that kept the API server from going on, and how: its messages begin with it (apiserver:
/// `webhook/errors/statuserror.go`, `util/webhook/error.go`).
fn hook(message: &str) -> Option<(Outcome, &str)> {
    let message = message.strip_prefix("Internal error occurred: ").unwrap_or(message);
    let named = |before: &str| message.strip_prefix(before)?.split_once('"');
    if let Some((name, _)) = named("failed calling webhook \"") {
        return Some((Outcome::Failed, name));
    }
    let (name, rest) = named("admission webhook \"")?;
    let is_denied = rest.starts_with(" denied the request");
    Some((if is_denied { Outcome::Denied } else { Outcome::Unasked }, name))
}

const REFUSED: &str = "With failurePolicy Fail every request that an entry asks about is refused. docs/break-glass.md says how to let them pass \
                       until it is mended.";
const PASSES: &str = "With failurePolicy Ignore requests pass unjudged.";

/// The entry that asks about Namespaces.
fn entry_name() -> String {
    format!("namespaces.{}", asked::DOMAIN)
}

fn entry(facts: &Facts) -> Option<&Hook> {
    let (configuration, name) = (facts.configuration().ok()??, entry_name());
    configuration.webhooks.iter().find(|hook| hook.name == name)
}

/// What comes last is what happened.
fn cause(message: &str) -> &str {
    message.split_once("failed to call webhook: ").map_or(message, |(_, rest)| rest)
}

fn mend(message: &str, facts: &Facts) -> String {
    let namespace = &facts.names.namespace;
    // The URL that was called speaks of a timeout, too.
    let cause = cause(message);
    let message = cause.split_once("\": ").map_or(cause, |(_, error)| error);
    if message.contains("x509") || message.contains("tls:") {
        return "see ca-bundle and certificate below".to_owned();
    }
    if message.contains("no endpoints") || message.contains("not found") {
        return format!("kubectl get pods -n {namespace}: no replica is ready, or none is there");
    }
    if message.contains("deadline") || message.contains("timeout") {
        return "packets are lost on the way: a NetworkPolicy around Ringwall or a firewall between control plane and nodes does not let \
                the API server in (docs/install.md)"
            .to_owned();
    }
    format!("kubectl get pods -n {namespace} shows whether replicas run; docs/break-glass.md helps until they do")
}

/// Whether Ringwall answered the dry run.
pub(super) fn is_reached(asked: &DryRun) -> bool {
    let DryRun::Sent(Ok(reply)) = asked else { return false };
    hook(&reply.message()).is_some_and(|(outcome, name)| outcome == Outcome::Denied && name == entry_name())
}

#[cfg(test)]
mod tests {
    use super::super::world::{self, refusal};
    use super::*;
    use crate::report::Answer;

    fn told(message: &str, status: u16) -> Check {
        let mut facts = world::healthy();
        facts.calls.refused = DryRun::Sent(Ok(refusal(status, message)));
        called(&facts)
    }

    #[test]
    fn a_refusal_by_ringwall_shows_that_it_is_reached() {
        let facts = world::healthy();
        let check = called(&facts);
        assert_eq!(check.answer, Answer::Ok, "{check:?}");
        assert!(check.details[0].starts_with("served with certificate "), "{check:?}");
    }

    #[test]
    fn a_failed_call_is_a_problem_with_the_api_servers_words() {
        let message = "Internal error occurred: failed calling webhook \"namespaces.ringwall.dev\": failed to call webhook: Post \
                       \"https://ringwall.ringwall.svc:443/validate?timeout=5s\": x509: certificate signed by unknown authority";
        let check = told(message, 500);
        assert_eq!(check.answer, Answer::Problem);
        assert!(check.message.contains("x509: certificate signed by unknown authority"), "{check:?}");
        assert!(check.fix.contains("ca-bundle"), "{check:?}");
    }

    #[test]
    fn the_url_that_was_called_does_not_make_it_a_timeout() {
        let failed = |error: &str| {
            let message = format!(
                "Internal error occurred: failed calling webhook \"namespaces.ringwall.dev\": failed to call webhook: Post \
                 \"https://ringwall.ringwall.svc:443/validate?timeout=5s\": {error}"
            );
            told(&message, 500).fix
        };
        assert!(failed("dial tcp 10.0.0.1:443: connect: connection refused").contains("shows whether replicas run"));
        assert!(failed("context deadline exceeded").contains("packets are lost"));
        assert!(failed("service \"ringwall\" not found").contains("no replica is ready"));
    }

    #[test]
    fn what_another_webhook_did_says_nothing_of_ringwall() {
        for (status, message) in [
            (403, "admission webhook \"owners.example.com\" denied the request: every Namespace has an owner"),
            (
                403,
                "admission webhook \"a.example.com\" denied the request: as admission webhook \"namespaces.ringwall.dev\" denied the request",
            ),
            (
                500,
                "Internal error occurred: failed calling webhook \"owners.example.com\": failed to call webhook: Post \"https://o.o.svc:443/\": EOF",
            ),
            (400, "admission webhook \"owners.example.com\" does not support dry run"),
        ] {
            let check = told(message, status);
            assert_eq!(check.answer, Answer::CannotSay, "{check:?}");
            assert!(check.message.starts_with("another webhook answered before: "), "{check:?}");
            assert!(check.fix.contains("exclude the Namespace ringwall-probe-doctor from "), "{check:?}");
            assert!(check.details[0].contains("which serves certificate "), "{check:?}");
            assert!(!is_reached(&DryRun::Sent(Ok(refusal(status, message)))), "{message}");
        }
    }

    #[test]
    fn where_no_dry_run_can_match_nothing_is_said() {
        let mut facts = world::healthy();
        facts.calls.refused = DryRun::Unmatched;
        let check = called(&facts);
        assert_eq!(check.answer, Answer::CannotSay);
        assert_eq!(check.message, "no dry run can match the selectors of namespaces.ringwall.dev");
    }

    #[test]
    fn a_dry_run_that_is_let_through_was_answered_by_nobody() {
        let check = told("", 201);
        assert_eq!(check.answer, Answer::Problem);
        assert!(check.message.contains("nobody answered"), "{check:?}");
    }

    #[test]
    fn who_may_not_ask_cannot_say() {
        let check = told("namespaces is forbidden: User \"dev\" cannot create resource \"namespaces\"", 403);
        assert_eq!(check.answer, Answer::CannotSay);
    }

    #[test]
    fn no_ready_endpoint_is_a_problem() {
        let mut facts = world::healthy();
        facts.ready_endpoints = Ok(0);
        assert_eq!(endpoints(&facts).unwrap().answer, Answer::Problem);
    }
}
