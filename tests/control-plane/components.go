package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	nameEtcd              = "etcd"
	nameAPIServer         = "kube-apiserver"
	nameControllerManager = "kube-controller-manager"
)

// controllers lists what runs in kube-controller-manager. Those that need nodes, volumes or a cloud are left out, and
// so is the Pod garbage collector, which would remove the Pods that tests put on made-up nodes.
var controllers = []string{
	"clusterrole-aggregation-controller", // without it the roles "admin", "edit" and "view" are empty
	"cronjob-controller",
	"daemonset-controller",
	"deployment-controller",
	"garbage-collector-controller",
	"job-controller",
	"namespace-controller",
	"replicaset-controller",
	"replicationcontroller-controller",
	"root-ca-certificate-publisher-controller",
	"serviceaccount-controller",
	"serviceaccount-token-controller",
	"statefulset-controller",
	"ttl-after-finished-controller",
}

// auditPolicy records every request with its annotations, the ones that admission webhooks add included. Health probes
// are left out: "up" makes twenty of them a second while it waits.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: None
    nonResourceURLs: [/healthz*, /livez*, /readyz*]
  - level: Metadata
`

// layout knows where everything of one control plane lies: its folder and its ports.
type layout struct {
	dir                                            string
	etcdPort, peerPort, serverPort, controllerPort int
}

func newLayout(dir string) (layout, error) {
	ports, err := freePorts(4)
	if err != nil {
		return layout{}, err
	}
	return layout{dir, ports[0], ports[1], ports[2], ports[3]}, nil
}

func (l layout) file(name string) string { return filepath.Join(l.dir, name) }
func (l layout) etcdURL() string         { return fmt.Sprintf("http://127.0.0.1:%d", l.etcdPort) }
func (l layout) serverURL() string       { return fmt.Sprintf("https://127.0.0.1:%d", l.serverPort) }
func (l layout) controllerURL() string   { return fmt.Sprintf("https://127.0.0.1:%d", l.controllerPort) }
func (l layout) writeAuditPolicy() error {
	return os.WriteFile(l.file("audit-policy.yaml"), []byte(auditPolicy), 0o600)
}
func (l layout) auditLog() string               { return l.file("audit.log") }
func (l layout) kubeconfig(user string) string  { return l.file(user + ".kubeconfig") }
func (l layout) certificate(name string) string { return l.file(name + ".crt") }
func (l layout) key(name string) string         { return l.file(name + ".key") }

func (l layout) etcdArguments() []string {
	peer := fmt.Sprintf("http://127.0.0.1:%d", l.peerPort)
	return []string{
		"--data-dir=" + l.file("etcd"),
		"--unsafe-no-fsync",
		"--listen-client-urls=" + l.etcdURL(),
		"--advertise-client-urls=" + l.etcdURL(),
		"--listen-peer-urls=" + peer,
		"--initial-advertise-peer-urls=" + peer,
		"--initial-cluster=default=" + peer,
	}
}

func (l layout) apiServerArguments() []string {
	return []string{
		"--etcd-servers=" + l.etcdURL(),
		"--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", l.serverPort),
		"--tls-cert-file=" + l.certificate(serving),
		"--tls-private-key-file=" + l.key(serving),
		"--client-ca-file=" + l.certificate(authority),
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--allow-privileged=true",
		"--service-cluster-ip-range=10.96.0.0/16",
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-signing-key-file=" + l.key(serviceAccounts),
		"--service-account-key-file=" + l.key(serviceAccounts),
		"--audit-policy-file=" + l.file("audit-policy.yaml"),
		"--audit-log-path=" + l.auditLog(),
		// A test that has its response finds the line in the log.
		"--audit-log-mode=blocking",
		// The endpoints of the Service "kubernetes" may not be loopback addresses; nobody here needs them.
		"--endpoint-reconciler-type=none",
		"--profiling=false",
	}
}

func (l layout) controllerManagerArguments() []string {
	return []string{
		"--kubeconfig=" + l.kubeconfig(controllerManager),
		"--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", l.controllerPort),
		"--tls-cert-file=" + l.certificate(serving),
		"--tls-private-key-file=" + l.key(serving),
		"--leader-elect=false",
		"--use-service-account-credentials=true",
		"--service-account-private-key-file=" + l.key(serviceAccounts),
		"--root-ca-file=" + l.certificate(authority),
		"--controllers=" + strings.Join(controllers, ","),
		"--concurrent-gc-syncs=20",
		"--concurrent-namespace-syncs=20",
		"--concurrent-deployment-syncs=10",
		"--concurrent-replicaset-syncs=10",
		"--concurrent-serviceaccount-token-syncs=10",
		"--namespace-sync-period=10s",
		// Many tests at once share these controllers: they must not be throttled by their own client.
		"--kube-api-qps=500",
		"--kube-api-burst=1000",
		"--profiling=false",
	}
}
