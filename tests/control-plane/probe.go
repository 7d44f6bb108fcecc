package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// prober asks the components whether they are well, as the administrator.
type prober struct{ client *http.Client }

func newProber(l layout) (prober, error) {
	pair, err := tls.LoadX509KeyPair(l.certificate(admin), l.key(admin))
	if err != nil {
		return prober{}, err
	}
	ca, err := os.ReadFile(l.certificate(authority))
	if err != nil {
		return prober{}, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	return prober{&http.Client{
		Timeout: 5 * time.Second,
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}},
			// A kept connection may belong to a server that has been stopped since.
			DisableKeepAlives: true,
		},
	}}, nil
}

// wait polls the addresses until each has answered with 200, the child has ended or time is over.
func (p prober) wait(ctx context.Context, child *process, addresses ...string) error {
	deadline := time.Now().Add(90 * time.Second)
	for _, address := range addresses {
		for {
			err := p.get(ctx, address)
			if err == nil {
				break
			}
			if time.Now().After(deadline) || !child.running() {
				return child.failure("did not become ready: " + err.Error())
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-child.ended:
			case <-time.After(pollInterval):
			}
		}
	}
	return nil
}

func (p prober) get(ctx context.Context, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := p.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(response.Body, 2000))
		return fmt.Errorf("%s: %s: %s", address, response.Status, strings.TrimSpace(string(body)))
	}
	return nil
}
