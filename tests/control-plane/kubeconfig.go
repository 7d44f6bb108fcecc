package main

import (
	"encoding/json"
	"os"
)

// writeKubeconfig writes the kubeconfig of one user. Certificate and key are inside it, so that the file can be copied
// anywhere. It is JSON, which every reader of YAML reads.
func writeKubeconfig(l layout, user string) error {
	type object = map[string]any
	inline := func(paths ...string) ([][]byte, error) {
		var contents [][]byte
		for _, path := range paths {
			content, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			contents = append(contents, content)
		}
		return contents, nil
	}
	data, err := inline(l.certificate(authority), l.certificate(user), l.key(user))
	if err != nil {
		return err
	}
	// A []byte becomes base64 in JSON, which is what the "-data" fields hold.
	content, err := json.MarshalIndent(object{
		"apiVersion": "v1",
		"kind":       "Config",
		"clusters": []object{{"name": "control-plane", "cluster": object{
			"server": l.serverURL(), "certificate-authority-data": data[0],
		}}},
		"users": []object{{"name": user, "user": object{
			"client-certificate-data": data[1], "client-key-data": data[2],
		}}},
		"contexts":        []object{{"name": user, "context": object{"cluster": "control-plane", "user": user}}},
		"current-context": user,
	}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(l.kubeconfig(user), content, 0o600)
}
