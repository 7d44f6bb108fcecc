package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"time"
)

// Names of key pairs: the files are NAME.crt and NAME.key in the control plane's folder.
const (
	authority         = "ca"
	serving           = "serving"
	admin             = "admin"
	controllerManager = "controller-manager"
	serviceAccounts   = "service-accounts"
)

// issuer is the control plane's own certificate authority. Its key lives only in this process.
type issuer struct {
	layout      layout
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// writeCertificates makes the authority and every key pair of the components, new for each control plane.
func writeCertificates(l layout) error {
	ca, err := newIssuer(l)
	if err != nil {
		return err
	}
	if err := ca.issue(serving, &x509.Certificate{
		Subject:     pkix.Name{CommonName: "kube-apiserver"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(10, 96, 0, 1)},
		DNSNames:    []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"},
	}); err != nil {
		return err
	}
	for name, subject := range map[string]pkix.Name{
		admin:             {CommonName: "admin", Organization: []string{"system:masters"}},
		controllerManager: {CommonName: "system:kube-controller-manager"},
	} {
		if err := ca.issue(name, &x509.Certificate{
			Subject:     subject,
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		}); err != nil {
			return err
		}
	}
	_, err = writeKey(l.key(serviceAccounts))
	return err
}

func newIssuer(l layout) (*issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	certificate := template(&x509.Certificate{
		Subject:               pkix.Name{CommonName: "control plane for tests"},
		IsCA:                  true,
		BasicConstraintsValid: true,
	})
	certificate.KeyUsage |= x509.KeyUsageCertSign
	encoded, err := x509.CreateCertificate(rand.Reader, certificate, certificate, key.Public(), key)
	if err != nil {
		return nil, err
	}
	// Parsed again, for the key identifiers that the encoding has added.
	if certificate, err = x509.ParseCertificate(encoded); err != nil {
		return nil, err
	}
	return &issuer{l, certificate, key}, writePEM(l.certificate(authority), "CERTIFICATE", encoded)
}

func (i *issuer) issue(name string, request *x509.Certificate) error {
	key, err := writeKey(i.layout.key(name))
	if err != nil {
		return err
	}
	encoded, err := x509.CreateCertificate(rand.Reader, template(request), i.certificate, key.Public(), i.key)
	if err != nil {
		return err
	}
	return writePEM(i.layout.certificate(name), "CERTIFICATE", encoded)
}

// template fills in what all certificates share. They begin an hour ago, for clocks that are set back during a test.
func template(certificate *x509.Certificate) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)) // never fails
	certificate.SerialNumber = serial
	certificate.NotBefore = time.Now().Add(-time.Hour)
	certificate.NotAfter = time.Now().AddDate(0, 0, 30)
	certificate.KeyUsage |= x509.KeyUsageDigitalSignature
	return certificate
}

func writeKey(path string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	encoded, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, writePEM(path, "EC PRIVATE KEY", encoded)
}

func writePEM(path, kind string, content []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), 0o600)
}
