//! Whether the API server reaches Ringwall: what it answers to a request that Ringwall always refuses.

use crate::{cluster::Reply, report::Check, webhook};

use super::{
    super::facts::{Facts, Hook, Read},
    unread,
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
            .fix("helm upgrade --install ringwall charts/ringwall -n ringwall"),
        (_, Ok(0)) => Check::problem(ENDPOINTS, format!("no endpoint is ready{replicas}"))
            .why("The API server has nobody to call.")
            .fix(format!(
                "kubectl get pods -n {0}; kubectl logs -n {0} -l app.kubernetes.io/name=ringwall says why none is ready",
                facts.names.namespace
            )),
        (_, Ok(1)) => Check::ok(ENDPOINTS, format!("1 endpoint is ready{replicas}")),
        (_, Ok(count)) => Check::ok(ENDPOINTS, format!("{count} endpoints are ready{replicas}")),
    })
}

/// What became of the dry run.
fn called(facts: &Facts) -> Check {
    let Some(asked) = &facts.calls.refused else {
        return Check::cannot_say(CHECK, "no entry asks about Namespaces, so no dry run can tell")
            .fix("helm upgrade with the chart of this version");
    };
    match asked {
        Err(fault) => unread(CHECK, "the answer to a dry run", fault, "try again; then look at the API server"),
        Ok(reply) if failed(reply) => {
            let fails = entry(facts).is_some_and(Hook::fails);
            Check::problem(CHECK, format!("the API server cannot call Ringwall: {}", cause(&reply.message())))
                .why(if fails { REFUSED } else { PASSES })
                .fix(mend(&reply.message(), facts))
        }
        Ok(reply)
            if reply.message().contains("admission webhook") && reply.message().contains("denied the request") =>
        {
            Check::ok(CHECK, "the API server reaches Ringwall, which refused the dry run that it must refuse")
                .details(fingerprint(facts).map(|print| format!("served with certificate {print}")))
        }
        Ok(reply) if reply.is_success() => Check::problem(
            CHECK,
            "the API server let a dry run through that Ringwall refuses: nobody answered",
        )
        .why(PASSES)
        .fix(format!(
            "kubectl get pods -n {}; the API server's log says \"failed calling webhook, failing open\" and why; \
                     NetworkPolicies must let the API server in (docs/install.md)",
            facts.names.namespace
        )),
        Ok(reply) => Check::cannot_say(CHECK, format!("the dry run came to nothing: {}", reply.message()))
            .fix("run it as somebody who may create Namespaces; a dry run stores nothing"),
    }
}

const REFUSED: &str = "With failurePolicy Fail every request that an entry asks about is refused. docs/break-glass.md says how to let them pass \
                       until it is mended.";
const PASSES: &str = "With failurePolicy Ignore requests pass unjudged.";

fn failed(reply: &Reply) -> bool {
    reply.message().contains("failed calling webhook") || reply.message().contains("failed to call webhook")
}

fn entry(facts: &Facts) -> Option<&Hook> {
    let configuration = facts.configuration().ok()??;
    configuration.webhooks.iter().find(|hook| hook.name.starts_with("namespaces."))
}

/// What comes last is what happened.
fn cause(message: &str) -> String {
    message.split_once("failed to call webhook: ").map_or(message, |(_, rest)| rest).to_owned()
}

fn mend(message: &str, facts: &Facts) -> String {
    let namespace = &facts.names.namespace;
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
pub(super) fn is_reached(asked: Option<&Read<Reply>>) -> bool {
    matches!(asked, Some(Ok(reply)) if reply.message().contains("denied the request"))
}

#[cfg(test)]
mod tests {
    use super::super::world::{self, refusal};
    use super::*;
    use crate::report::Answer;

    fn told(message: &str, status: u16) -> Check {
        let mut facts = world::healthy();
        facts.calls.refused = Some(Ok(refusal(status, message)));
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
