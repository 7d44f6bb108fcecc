//! Gateway API, as the page of controllers tells it. What Gateways and routes open is worked out in [`crate::edge`]'s own files
//! for it; implementations are known by `GatewayClass`.

use super::{Controller, HostMatch, Identity, Knowledge, MissingSecret, Opening, Reading, Topic, UNKNOWN};

/// The implementations of Gateway API. They are not looked up for Ingresses.
#[derive(Debug)]
pub(super) struct GatewayApi;

static IDENTITY: Identity = Identity {
    title: "Gateway API",
    controllers: &[
        "istio.io/gateway-controller",
        "gateway.envoyproxy.io/gatewayclass-controller",
        "gateway.nginx.org/nginx-gateway-controller",
        "io.cilium/gateway-controller",
        "kgateway.dev/kgateway",
        "projectcontour.io/gateway-controller",
        "traefik.io/gateway-controller",
        "networking.gke.io/gateway",
        "gateway.k8s.aws/alb",
        "gateway.k8s.aws/nlb",
    ],
    annotation: None,
    matching: HostMatch::Certificates,
    missing_secret: MissingSecret::NoRoute,
    source: "https://gateway-api.sigs.k8s.io/reference/spec/",
};

static KNOWLEDGE: Knowledge = Knowledge {
    exact: &[
        (
            Topic::Plaintext,
            "listeners that a route attaches to (`sectionName`, `port`, hostnames, namespaces), `RequestRedirect` to https",
        ),
        (Topic::Versions, "by implementation: `nginx.org/ssl-protocols`, else its built-in floor where that is known"),
        (
            Topic::Ciphers,
            "by implementation: `nginx.org/ssl-ciphers`, `gateway.istio.io/tls-cipher-suites`, else its built-in ones where they are known",
        ),
        (Topic::Certificates, "`certificateRefs`, across namespaces by `ReferenceGrant`"),
        (Topic::Clients, "`spec.tls.frontend` of the Gateway, `gateway.istio.io/tls-terminate-mode`"),
        (Topic::Backends, "`BackendTLSPolicy`, and `appProtocol` of the Service's port"),
        (
            Topic::OwnKinds,
            "`Gateway`, `ListenerSet`, `HTTPRoute`, `GRPCRoute`, `TLSRoute`, `TCPRoute`, `UDPRoute`, `BackendTLSPolicy`, `ReferenceGrant`",
        ),
    ],
    doubts: &[
        "a route whose parent is not seen, until the Gateway comes",
        "versions and cipher suites of an implementation that is not listed, or that leaves them to a cloud (GKE, AWS)",
        "policies of an implementation's own: Envoy Gateway's `ClientTrafficPolicy`, GKE's `GCPGatewayPolicy`, AWS's `LoadBalancerConfiguration`",
        "whether bytes on a TCP listener are TLS, unless `appProtocol` says so",
    ],
};

impl Controller for GatewayApi {
    fn identity(&self) -> &'static Identity {
        &IDENTITY
    }

    fn knowledge(&self) -> &'static Knowledge {
        &KNOWLEDGE
    }

    fn open<'a>(&self, reading: Reading<'a>) -> Box<dyn Opening + 'a> {
        UNKNOWN.open(reading)
    }
}
