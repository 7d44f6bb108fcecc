// Command control-plane is a Kubernetes control plane for tests in one binary: etcd, kube-apiserver or
// kube-controller-manager by its first argument, and "up", which starts all three as children of its own.
//
// The components are Kubernetes' own, imported as libraries, so that tests meet the API server's real order of
// admission, its real garbage collector and its real error messages without a container, a virtual machine or a
// download of binaries. There are no nodes, no scheduler and no kubelet: Pods stay Pending.
package main

import (
	"fmt"
	"os"

	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

const usage = `usage: control-plane up [--dir DIR] [--assets DIR]
       control-plane etcd|kube-apiserver|kube-controller-manager FLAGS...`

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	role, arguments := os.Args[1], os.Args[2:]
	// The components' commands read os.Args themselves; they must see what they would see as programs of their own.
	os.Args = os.Args[1:]
	switch role {
	case "up":
		os.Exit(up(arguments))
	case nameEtcd:
		os.Exit(etcd(arguments))
	case nameAPIServer:
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	case nameControllerManager:
		os.Exit(cli.Run(controllermanager.NewControllerManagerCommand()))
	default:
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
}
