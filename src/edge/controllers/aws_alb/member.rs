//! What one Ingress says of its load balancer.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{
    edge::{By, ClientCertificates, Setting},
    model::{EdgeSpec, FieldPath, Ingress, Kind, Name, Object, ObjectKey, Place, aws::IngressClassParams},
    snapshot::Lookup,
};

use super::{
    CERTIFICATES, CLIENTS, Doubt, GROUP_NAME, LISTEN_PORTS, Reading, SSL_POLICY, SSL_REDIRECT, by_annotation, key_of,
};

/// The ports of a load balancer, each with whether it is HTTPS.
pub(super) type Ports = BTreeMap<u16, bool>;

/// What is known of an Ingress's `IngressClassParams`.
pub(super) enum Params {
    /// There are none for it.
    None,
    /// These.
    Found(ObjectKey, IngressClassParams),
    /// Whether there are any, or what they say, cannot be seen.
    Unseen(Option<ObjectKey>, Doubt),
}

impl Params {
    /// Of the class that an Ingress names by the field; the annotation knows no parameters.
    pub(super) fn of(reading: &Reading<'_>) -> Self {
        let Some(class) = &reading.ingress.class_name else { return Self::None };
        let class = match reading.snapshot.object(&ObjectKey::cluster(Kind::IngressClass, class.clone())) {
            Lookup::Found(Object::IngressClass(class)) => class,
            Lookup::Found(_) | Lookup::Absent => return Self::None,
            Lookup::Unseen(blind) => return Self::Unseen(None, blind.into()),
        };
        let Some(key) = class.parameters.clone().filter(|key| key.kind == Kind::IngressClassParams) else {
            return Self::None;
        };
        match reading.snapshot.object(&key) {
            Lookup::Found(Object::EdgeResource(resource)) => match &resource.spec {
                EdgeSpec::Aws(params) => Self::Found(key, params.clone()),
                _ => Self::None,
            },
            Lookup::Found(_) | Lookup::Absent => {
                let doubt = Doubt::new(
                    format!(
                        "there is no {key}, and the AWS Load Balancer Controller serves nothing of the class until there is"
                    ),
                    format!("create the {key}"),
                );
                Self::Unseen(Some(key), doubt)
            }
            Lookup::Unseen(blind) => Self::Unseen(Some(key), blind.into()),
        }
    }

    /// The object that holds them.
    pub(super) fn key(&self) -> Option<&ObjectKey> {
        match self {
            Self::Found(key, _) | Self::Unseen(Some(key), _) => Some(key),
            _ => None,
        }
    }

    /// The group of an Ingress: by its class, or by its annotation.
    pub(super) fn group<'a>(&'a self, ingress: &'a Ingress) -> Option<&'a Name> {
        let of_class = match self {
            Self::Found(_, params) => params.group.as_ref(),
            _ => None,
        };
        of_class.or_else(|| ingress.meta.annotations.value(GROUP_NAME).filter(|name| !name.is_empty()))
    }

    fn found(&self) -> Option<(&ObjectKey, &IngressClassParams)> {
        match self {
            Self::Found(key, params) => Some((key, params)),
            _ => None,
        }
    }

    fn doubt(&self) -> Option<&Doubt> {
        match self {
            Self::Unseen(_, doubt) => Some(doubt),
            _ => None,
        }
    }
}

/// What one Ingress says of its load balancer.
pub(super) struct Member {
    /// Its ports.
    pub(super) ports: Result<Ports, Doubt>,
    /// The port that plaintext is redirected to.
    pub(super) redirect: Result<Option<u16>, Doubt>,
    /// The policy of its HTTPS ports.
    pub(super) policy: Result<Option<Setting<Name>>, Doubt>,
    /// By port, whether clients show a certificate.
    pub(super) clients: Result<BTreeMap<u16, Setting<ClientCertificates>>, Doubt>,
}

impl Member {
    pub(super) fn of(ingress: &Ingress, params: &Params) -> Self {
        Self {
            ports: ports(ingress, params),
            redirect: redirect(ingress, params),
            policy: policy(ingress, params),
            clients: clients(ingress),
        }
    }
}

fn ports(ingress: &Ingress, params: &Params) -> Result<Ports, Doubt> {
    let annotations = &ingress.meta.annotations;
    let Some(text) = annotations.value(LISTEN_PORTS) else {
        let names = |text: &Name| text.split(',').any(|entry| !entry.trim().is_empty());
        let is_named = annotations.value(CERTIFICATES).is_some_and(names)
            || params.found().is_some_and(|(_, params)| params.has_certificates);
        return match params.doubt() {
            Some(doubt) if !is_named => Err(doubt.clone()),
            _ if is_named => Ok(Ports::from([(443, true)])),
            _ => Ok(Ports::from([(80, false)])),
        };
    };
    let entries: Vec<BTreeMap<String, u16>> = serde_json::from_str(text).unwrap_or_default();
    let entries = entries.iter().flatten();
    let ports: Option<Ports> = entries
        .map(|(protocol, port)| match protocol.as_str() {
            _ if *port == 0 => None,
            "HTTP" => Some((*port, false)),
            "HTTPS" => Some((*port, true)),
            _ => None,
        })
        .collect();
    ports.filter(|ports| !ports.is_empty()).ok_or_else(|| {
        Doubt::new(
            "the AWS Load Balancer Controller cannot read listen-ports, and changes nothing until it can",
            r#"set the annotation alb.ingress.kubernetes.io/listen-ports: '[{"HTTPS": 443}]'"#,
        )
    })
}

fn redirect(ingress: &Ingress, params: &Params) -> Result<Option<u16>, Doubt> {
    if let Some(port) = params.found().and_then(|(_, params)| params.ssl_redirect_port.as_ref()) {
        // What is no number there turns redirects off, for the whole group.
        return Ok(port.parse().ok());
    }
    match ingress.meta.annotations.value(SSL_REDIRECT) {
        Some(text) => text.parse().map(Some).map_err(|_| {
            Doubt::new(
                "the AWS Load Balancer Controller cannot read ssl-redirect, and changes nothing until it can",
                "set the annotation alb.ingress.kubernetes.io/ssl-redirect: \"443\"",
            )
        }),
        None => params.doubt().map_or(Ok(None), |doubt| Err(doubt.clone())),
    }
}

fn policy(ingress: &Ingress, params: &Params) -> Result<Option<Setting<Name>>, Doubt> {
    if let Some((key, name)) = params.found().and_then(|(key, params)| Some((key, params.ssl_policy.clone()?))) {
        let by = By::Field(Place { object: key.clone(), path: FieldPath::new("spec.sslPolicy") });
        return Ok(Some(Setting { value: name, by }));
    }
    let by = || by_annotation(key_of(ingress), SSL_POLICY);
    match (ingress.meta.annotations.value(SSL_POLICY), params.doubt()) {
        (_, Some(doubt)) => Err(doubt.clone()),
        (Some(name), None) => Ok(Some(Setting { value: name.clone(), by: by() })),
        (None, None) => Ok(None),
    }
}

/// One entry of the annotation `mutual-authentication`.
#[derive(Deserialize)]
struct Entry {
    port: u16,
    mode: String,
}

fn clients(ingress: &Ingress) -> Result<BTreeMap<u16, Setting<ClientCertificates>>, Doubt> {
    let Some(text) = ingress.meta.annotations.value(CLIENTS) else { return Ok(BTreeMap::new()) };
    let by = || by_annotation(key_of(ingress), CLIENTS);
    let value = |mode: &str| match mode {
        "off" => Some(ClientCertificates::NotAsked),
        "passthrough" => Some(ClientCertificates::Optional(
            "are handed to the backend unchecked: mutual-authentication has the mode passthrough".into(),
        )),
        "verify" => Some(ClientCertificates::Required),
        _ => None,
    };
    let entries: Option<Vec<Entry>> = serde_json::from_str(text).ok();
    let clients = entries.and_then(|entries| {
        let setting = |Entry { port, mode }: Entry| Some((port, Setting { value: value(&mode)?, by: by() }));
        entries.into_iter().map(setting).collect()
    });
    clients.ok_or_else(|| {
        Doubt::new(
            "the AWS Load Balancer Controller cannot read mutual-authentication, and changes nothing until it can",
            r#"set the annotation alb.ingress.kubernetes.io/mutual-authentication: '[{"port": 443, "mode": "verify", "trustStore": "NAME"}]'"#,
        )
    })
}
