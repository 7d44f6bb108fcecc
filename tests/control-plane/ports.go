package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// Ports come from below the range that the kernel gives to outgoing connections. A port from inside that range can be
// lost while the API server is stopped: a client that keeps dialling it may be given the very same port as its own,
// connect to itself, and keep the API server from coming back.
const firstPort, lastPort = 15000, 32000

// freePorts finds ports of the loopback interface that nobody listens on. All are held open until the last is found, so
// that they differ.
func freePorts(count int) ([]int, error) {
	var ports []int
	for range 1000 {
		port := firstPort + rand.IntN(lastPort-firstPort)
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		defer listener.Close()
		ports = append(ports, port)
		if len(ports) == count {
			return ports, nil
		}
	}
	return nil, errors.New("no free ports on 127.0.0.1")
}
