package main

import (
	"context"
	"fmt"
	"os"
)

// plane is the control plane that "up" looks after.
type plane struct {
	layout   layout
	assets   string
	prober   prober
	children map[string]*process
}

// newPlane prepares the folder: certificates, kubeconfigs, audit policy.
func newPlane(dir, assets string) (*plane, error) {
	l, err := newLayout(dir)
	if err != nil {
		return nil, err
	}
	if err := writeCertificates(l); err != nil {
		return nil, err
	}
	for _, user := range []string{admin, controllerManager} {
		if err := writeKubeconfig(l, user); err != nil {
			return nil, err
		}
	}
	if err := l.writeAuditPolicy(); err != nil {
		return nil, err
	}
	// Made here, so that a reader need not care whether a first request has been logged.
	if err := os.WriteFile(l.auditLog(), nil, 0o600); err != nil {
		return nil, err
	}
	p, err := newProber(l)
	return &plane{l, assets, p, map[string]*process{}}, err
}

// startAll returns when the cluster can be used: a Pod in the namespace "default" needs the ServiceAccount that the
// controllers make there.
func (p *plane) startAll(ctx context.Context) error {
	for _, name := range []string{nameEtcd, nameAPIServer, nameControllerManager} {
		if err := p.start(ctx, name, nil); err != nil {
			return err
		}
	}
	namespaces := p.layout.serverURL() + "/api/v1/namespaces/"
	return p.prober.wait(ctx, p.children[nameControllerManager],
		namespaces+"kube-system", namespaces+"default/serviceaccounts/default")
}

// start returns when the component is healthy. Flags given in addition come last and so win over the usual ones.
func (p *plane) start(ctx context.Context, name string, more []string) error {
	if child := p.children[name]; child != nil && child.running() {
		return fmt.Errorf("%s is running already", name)
	}
	var arguments []string
	var health string
	switch name {
	case nameEtcd:
		arguments, health = p.layout.etcdArguments(), p.layout.etcdURL()+"/health"
	case nameAPIServer:
		arguments, health = p.layout.apiServerArguments(), p.layout.serverURL()+"/readyz"
	case nameControllerManager:
		arguments, health = p.layout.controllerManagerArguments(), p.layout.controllerURL()+"/healthz"
	default:
		return fmt.Errorf("there is no component %q", name)
	}
	child, err := spawn(p.layout, p.assets, name, append(arguments, more...))
	if err != nil {
		return err
	}
	p.children[name] = child
	if err := p.prober.wait(ctx, child, health); err != nil {
		child.stop()
		return err
	}
	go reportSurprise(child)
	return nil
}

func (p *plane) stop(name string) error {
	child := p.children[name]
	if child == nil || !child.running() {
		return fmt.Errorf("%s is not running", name)
	}
	child.stop()
	return nil
}

// signal pauses a component, or lets it go on. A paused one can be stopped: nothing holds off a kill.
func (p *plane) signal(name string, signal os.Signal) error {
	child := p.children[name]
	if child == nil || !child.running() {
		return fmt.Errorf("%s is not running", name)
	}
	return child.command.Process.Signal(signal)
}

func (p *plane) stopAll() {
	// Against the order of their start, so that none complains of another that is gone.
	for _, name := range []string{nameControllerManager, nameAPIServer, nameEtcd} {
		if child := p.children[name]; child != nil {
			child.stop()
		}
	}
}

// reportSurprise says so when a component ends that nobody has told to.
func reportSurprise(child *process) {
	<-child.ended
	if !child.asked.Load() {
		fmt.Fprintln(os.Stderr, "control-plane:", child.failure("ended"))
	}
}
