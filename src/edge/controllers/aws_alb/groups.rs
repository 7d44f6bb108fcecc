//! Ingresses that share a load balancer.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    edge::{ClientCertificates, Setting, resolve},
    model::{EdgeSpec, Ingress, Kind, Name, Object, ObjectKey},
    snapshot::{Lookup, Snapshot},
};

use super::{Doubt, IDENTITY, Member, Params, Reading, key_of};

/// What the Ingresses of one load balancer say together.
pub(super) struct Group {
    /// Its ports, each with whether it is HTTPS.
    ports: BTreeMap<u16, bool>,
    redirects: BTreeSet<u16>,
    /// By port, the policies that are named for it.
    policies: BTreeMap<u16, Vec<Setting<Name>>>,
    clients: BTreeMap<u16, Setting<ClientCertificates>>,
    /// Why the group cannot be told whole.
    ports_doubt: Option<Doubt>,
    redirect_doubt: Option<Doubt>,
    policy_doubt: Option<Doubt>,
    clients_doubt: Option<Doubt>,
}

impl Group {
    /// The group of an Ingress; an Ingress without one is a group of its own.
    pub(super) fn of(reading: &Reading<'_>, params: &Params, member: &Member) -> Self {
        let mut group = Self {
            ports: BTreeMap::new(),
            redirects: BTreeSet::new(),
            policies: BTreeMap::new(),
            clients: BTreeMap::new(),
            ports_doubt: None,
            redirect_doubt: None,
            policy_doubt: None,
            clients_doubt: None,
        };
        group.join(member);
        let Some(name) = params.group(reading.ingress) else { return group };
        if let Err(blind) = reading.snapshot.coverage(Kind::Ingress, None) {
            let doubt = Some(Doubt::from(blind));
            group.redirect_doubt = group.redirect_doubt.or_else(|| doubt.clone());
            group.policy_doubt = group.policy_doubt.or(doubt);
        }
        let own = key_of(reading.ingress);
        for key in members(reading.snapshot, name).into_iter().filter(|key| *key != own) {
            let Lookup::Found(Object::Ingress(other)) = reading.snapshot.object(&key) else { continue };
            let other_reading = Reading { ingress: &other, ..*reading };
            let other_params = Params::of(&other_reading);
            if is_served(reading, &other) && other_params.group(&other) == Some(name) {
                group.join(&Member::of(&other, &other_params));
            }
        }
        group
    }

    fn join(&mut self, member: &Member) {
        match &member.ports {
            Ok(ports) => {
                for (port, https) in ports {
                    if *self.ports.entry(*port).or_insert(*https) != *https {
                        self.ports_doubt.get_or_insert_with(|| contradict(&format!("whether port {port} is HTTPS")));
                    }
                    if let (Ok(Some(policy)), true) = (&member.policy, *https) {
                        self.policies.entry(*port).or_default().push(policy.clone());
                    }
                }
            }
            Err(doubt) => _ = self.ports_doubt.get_or_insert_with(|| doubt.clone()),
        }
        match &member.redirect {
            Ok(port) => self.redirects.extend(port),
            Err(doubt) => _ = self.redirect_doubt.get_or_insert_with(|| doubt.clone()),
        }
        if let Err(doubt) = &member.policy {
            self.policy_doubt.get_or_insert_with(|| doubt.clone());
        }
        match &member.clients {
            Ok(clients) => clients.iter().for_each(|(port, client)| {
                let kept = self.clients.entry(*port).or_insert_with(|| client.clone());
                if kept.value != client.value {
                    self.clients_doubt.get_or_insert_with(|| contradict("mutual-authentication"));
                }
            }),
            Err(doubt) => _ = self.clients_doubt.get_or_insert_with(|| doubt.clone()),
        }
    }

    /// Whether plaintext is redirected.
    pub(super) fn redirect(&self) -> Result<bool, Doubt> {
        let mut ports = self.redirects.iter();
        match (ports.next(), ports.next()) {
            (Some(_), Some(_)) => Err(contradict("the port of ssl-redirect")),
            (Some(port), None) => match (self.ports.get(port), &self.ports_doubt) {
                (_, Some(doubt)) => Err(doubt.clone()),
                (Some(true), None) => Ok(true),
                (_, None) => Err(Doubt::new(
                    format!(
                        "ssl-redirect names port {port}, on which no listen-ports opens HTTPS: the AWS Load Balancer Controller \
                         changes nothing until one does"
                    ),
                    format!("add {{\"HTTPS\": {port}}} to the annotation alb.ingress.kubernetes.io/listen-ports"),
                )),
            },
            (None, _) => match self.redirect_doubt.as_ref().or(self.ports_doubt.as_ref()) {
                Some(doubt) => Err(doubt.clone()),
                None => Ok(false),
            },
        }
    }

    /// The policy that is named for a port, if any is.
    pub(super) fn policy(&self, port: u16) -> Result<Option<Setting<Name>>, Doubt> {
        let named = self.policies.get(&port).map(Vec::as_slice).unwrap_or_default();
        let Some(first) = named.first() else {
            return self.policy_doubt.as_ref().map_or(Ok(None), |doubt| Err(doubt.clone()));
        };
        if named.iter().any(|policy| policy.value != first.value) {
            Err(contradict("ssl-policy"))
        } else {
            Ok(Some(first.clone()))
        }
    }

    /// Whether clients of a port show a certificate, where something says so.
    pub(super) fn client(&self, port: u16) -> Option<Setting<ClientCertificates>> {
        match &self.clients_doubt {
            Some(doubt) => Some(Setting { value: ClientCertificates::Unknown(doubt.clone()), by: super::BY_DEFAULT }),
            None => self.clients.get(&port).cloned(),
        }
    }
}

fn contradict(what: &str) -> Doubt {
    Doubt::new(
        format!(
            "the Ingresses of its group contradict each other in {what}, and the AWS Load Balancer Controller changes nothing \
             until they agree"
        ),
        "let the Ingresses of the group agree",
    )
}

/// Whether the same controller serves an Ingress, and will go on to: it leaves its group as soon as it is to go.
fn is_served(reading: &Reading<'_>, ingress: &Ingress) -> bool {
    let serving = resolve(reading.snapshot, reading.vouched, ingress).serving;
    let is_ours = serving.name().is_some_and(|name| IDENTITY.controllers.contains(&name.as_str()));
    is_ours && !ingress.meta.is_terminating()
}

/// The Ingresses that may be of a group: by annotation, or by the parameters of their class.
fn members(snapshot: &Snapshot, group: &Name) -> BTreeSet<ObjectKey> {
    let mut members: BTreeSet<ObjectKey> = snapshot.ingresses_of_group(group).map(|ingress| key_of(ingress)).collect();
    let params = snapshot.list(Kind::IngressClassParams, None).filter(|object| match object {
        Object::EdgeResource(resource) => {
            matches!(&resource.spec, EdgeSpec::Aws(params) if params.group.as_ref() == Some(group))
        }
        _ => false,
    });
    params.for_each(|params| of_params(snapshot, &params.key(), &mut members));
    members
}

/// The Ingresses of the classes with these parameters.
fn of_params(snapshot: &Snapshot, params: &ObjectKey, out: &mut BTreeSet<ObjectKey>) {
    for class in snapshot.referrers(params) {
        out.extend(snapshot.referrers(class).filter(|key| key.kind == Kind::Ingress).cloned());
    }
}

/// The Ingresses whose load balancer a change of another one, of a class or of parameters can alter.
pub(in super::super) fn alters(snapshot: &Snapshot, key: &ObjectKey, out: &mut Vec<ObjectKey>) {
    let mut altered = BTreeSet::new();
    match snapshot.object(key) {
        Lookup::Found(Object::Ingress(ingress)) => {
            if let Some(group) = group_of(snapshot, &ingress) {
                altered = members(snapshot, &group);
                altered.remove(key);
            }
        }
        Lookup::Found(Object::EdgeResource(resource)) => {
            if let EdgeSpec::Aws(params) = &resource.spec {
                of_params(snapshot, key, &mut altered);
                altered.extend(params.group.iter().flat_map(|group| members(snapshot, group)));
            }
        }
        _ => {}
    }
    out.extend(altered);
}

/// The group of an Ingress, whoever serves it.
fn group_of(snapshot: &Snapshot, ingress: &Ingress) -> Option<Name> {
    let class = ingress.class_name.as_ref().map(|name| ObjectKey::cluster(Kind::IngressClass, name.clone()));
    let of_class = class.and_then(|class| match snapshot.object(&class) {
        Lookup::Found(Object::IngressClass(class)) => match snapshot.object(class.parameters.as_ref()?) {
            Lookup::Found(Object::EdgeResource(resource)) => match &resource.spec {
                EdgeSpec::Aws(params) => params.group.clone(),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    });
    of_class.or_else(|| ingress.meta.annotations.value(super::GROUP_NAME).filter(|name| !name.is_empty()).cloned())
}
