//! What `--from` and `--to` may say, and what was probably meant.

use std::{collections::BTreeSet, net::IpAddr};

use anyhow::anyhow;

use crate::{
    model::Name,
    network::reach::{Entity, Pattern, WorkloadName},
    source::nearest::nearest,
    trace::KindName,
};

/// How the ingress controller is written.
const INGRESS_CONTROLLER: &str = "ingress-controller";

/// The ends of flows that a text means; an error where there are none.
pub(super) fn pattern(flag: &str, text: &str, workloads: &[WorkloadName]) -> anyhow::Result<Pattern> {
    if text == INGRESS_CONTROLLER {
        return Ok(Pattern::Entity(Entity::IngressController));
    }
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(Pattern::Address(address));
    }
    if text.parse::<ipnet::IpNet>().is_ok() {
        return Err(anyhow!("{flag} {text}: is a network: name one address of it"));
    }
    match *text.split('/').collect::<Vec<_>>().as_slice() {
        [only] => {
            let namespace = namespace(flag, only, workloads)?;
            Ok(Pattern::Workload { kind: None, namespace, name: None })
        }
        [space, name] => workload(flag, None, space, name, workloads),
        [kind, space, name] => workload(flag, Some(kind), space, name, workloads),
        _ => Err(anyhow!(
            "{flag} {text}: write NAMESPACE, NAMESPACE/NAME, KIND/NAMESPACE/NAME, an address, or {INGRESS_CONTROLLER}"
        )),
    }
}

/// The namespace of that name.
pub(super) fn namespace(flag: &str, name: &str, workloads: &[WorkloadName]) -> anyhow::Result<Name> {
    if workloads.iter().any(|workload| *workload.namespace == *name) {
        return Ok(name.into());
    }
    // Whoever names a workload alone means it in its namespace.
    let help = workloads.iter().find(|workload| *workload.name == *name).map_or_else(
        || meant(name, workloads.iter().map(|workload| &*workload.namespace)),
        |workload| format!("; did you mean {}/{name}?", workload.namespace),
    );
    Err(anyhow!("{flag} {name}: there is no namespace of that name with workloads in it{help}"))
}

fn workload(
    flag: &str,
    kind: Option<&str>,
    space: &str,
    name: &str,
    workloads: &[WorkloadName],
) -> anyhow::Result<Pattern> {
    let space = namespace(flag, space, workloads)?;
    let there = || workloads.iter().filter(|workload| workload.namespace == space);
    let Some(kind) = kind else {
        if there().any(|workload| *workload.name == *name) {
            return Ok(Pattern::Workload { kind: None, namespace: space, name: Some(name.into()) });
        }
        let help = meant(name, there().map(|workload| &*workload.name));
        return Err(anyhow!("{flag} {space}/{name}: there is no workload {name} in the namespace {space}{help}"));
    };
    let service = ["svc", "service", "services"].iter().any(|word| kind.eq_ignore_ascii_case(word));
    if service {
        return Err(anyhow!(
            "{flag} {kind}/{space}/{name}: flows have Pods at their ends, not Services: name the workload behind it, or follow one \
             packet through it with ringwall trace"
        ));
    }
    let mut of_kind = there().filter(|workload| is_kind(&workload.kind, kind)).peekable();
    let Some(first) = of_kind.peek() else {
        let help = meant(kind, there().map(|workload| &*workload.kind));
        return Err(anyhow!("{flag} {kind}/{space}/{name}: there is no {kind} in the namespace {space}{help}"));
    };
    let known = first.kind.clone();
    let names: Vec<&str> = of_kind.map(|workload| &*workload.name).collect();
    if names.contains(&name) {
        return Ok(Pattern::Workload { kind: Some(known), namespace: space, name: Some(name.into()) });
    }
    let help = meant(name, names.into_iter());
    Err(anyhow!("{flag} {kind}/{space}/{name}: there is no {known} {name} in the namespace {space}{help}"))
}

/// As kubectl takes it: any case, one or many, or the short name.
fn is_kind(kind: &str, written: &str) -> bool {
    if KindName::of(written).is_some_and(|known| known.name() == kind) {
        return true;
    }
    let singular = written.strip_suffix(['s', 'S']).unwrap_or(written);
    kind.eq_ignore_ascii_case(written) || kind.eq_ignore_ascii_case(singular)
}

fn meant<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 8;
    let known: BTreeSet<&str> = known.collect();
    if let Some(meant) = nearest(word, known.iter().copied()) {
        return format!("; did you mean {meant}?");
    }
    if known.is_empty() {
        return String::new();
    }
    let more = if known.len() > SHOWN { ", ..." } else { "" };
    format!("; there is {}{more}", known.into_iter().take(SHOWN).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Result<Pattern, String> {
        let workload = |kind: &str, namespace: &str, name: &str| WorkloadName {
            namespace: namespace.into(),
            kind: kind.into(),
            name: name.into(),
        };
        let workloads = [
            workload("Deployment", "shop", "frontend"),
            workload("StatefulSet", "shop", "db"),
            workload("Pod", "web", "a"),
        ];
        pattern("--from", text, &workloads).map_err(|error| error.to_string())
    }

    #[test]
    fn ends_are_written_as_people_name_them() {
        let workload = |kind: Option<&str>, name: Option<&str>| Pattern::Workload {
            kind: kind.map(Name::from),
            namespace: "shop".into(),
            name: name.map(Name::from),
        };
        assert_eq!(told("shop"), Ok(workload(None, None)));
        assert_eq!(told("shop/frontend"), Ok(workload(None, Some("frontend"))));
        assert_eq!(told("deployments/shop/frontend"), Ok(workload(Some("Deployment"), Some("frontend"))));
        assert_eq!(told("deploy/shop/frontend"), told("deployments/shop/frontend"));
        assert_eq!(told("fd00::1"), Ok(Pattern::Address("fd00::1".parse().unwrap())));
        assert_eq!(told("ingress-controller"), Ok(Pattern::Entity(Entity::IngressController)));
    }

    #[test]
    fn what_is_not_there_is_answered_with_the_nearest() {
        let error = |text: &str| told(text).unwrap_err();
        assert!(error("shp").ends_with("did you mean shop?"));
        assert!(error("frontend").ends_with("did you mean shop/frontend?"));
        assert!(error("shop/frontent").ends_with("did you mean frontend?"));
        assert!(error("deploymnet/shop/frontend").ends_with("did you mean Deployment?"));
        assert!(error("deployment/shop/db").starts_with("--from deployment/shop/db: there is no Deployment db"));
        assert!(error("a/b/c/d").contains("write NAMESPACE"));
        assert!(error("elsewhere").ends_with("; there is shop, web"), "{}", error("elsewhere"));
        assert!(error("10.0.0.0/8").contains("is a network"));
        assert!(error("svc/shop/db").contains("not Services"));
    }
}
