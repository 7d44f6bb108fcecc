package main

import (
	"flag"
	"fmt"
	"net/url"
	"os"

	"go.etcd.io/etcd/server/v3/embed"
)

// etcd runs one member with the few flags that "up" passes. They are spelled like those of the etcd program, so that
// "up --assets" can start that program with the same arguments.
func etcd(arguments []string) int {
	config := embed.NewConfig()
	flags := flag.NewFlagSet(nameEtcd, flag.ExitOnError)
	flags.StringVar(&config.Dir, "data-dir", "", "folder of the data")
	flags.BoolVar(&config.UnsafeNoFsync, "unsafe-no-fsync", false, "do not wait for the disk")
	client := flags.String("listen-client-urls", "", "where clients are served")
	peer := flags.String("listen-peer-urls", "", "where peers are served")
	advertisedClient := flags.String("advertise-client-urls", "", "where clients are told to go")
	advertisedPeer := flags.String("initial-advertise-peer-urls", "", "where peers are told to go")
	flags.StringVar(&config.InitialCluster, "initial-cluster", "", "the members")
	_ = flags.Parse(arguments) // ExitOnError: it does not return with an error.

	for _, address := range []struct {
		text *string
		into *[]url.URL
	}{
		{client, &config.ListenClientUrls},
		{peer, &config.ListenPeerUrls},
		{advertisedClient, &config.AdvertiseClientUrls},
		{advertisedPeer, &config.AdvertisePeerUrls},
	} {
		parsed, err := url.Parse(*address.text)
		if err != nil {
			fmt.Fprintln(os.Stderr, "etcd:", err)
			return 2
		}
		*address.into = []url.URL{*parsed}
	}

	server, err := embed.StartEtcd(config)
	if err != nil {
		fmt.Fprintln(os.Stderr, "etcd:", err)
		return 1
	}
	// There is no orderly stop: the member is alone and its folder is thrown away, so "up" simply kills it.
	select {
	case err = <-server.Err():
	case <-server.Server.StopNotify():
	}
	fmt.Fprintln(os.Stderr, "etcd ended:", err)
	return 1
}
