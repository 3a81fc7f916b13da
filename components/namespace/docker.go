package namespace

import (
	"encoding/base64"
	"encoding/json"
)

// dockerConfig returns the credentials of a registry in the format of ~/.docker/config.json, which the kubelet reads.
func dockerConfig(registry, username, password string) (string, error) {
	type login struct {
		Username string `json:"username"`
		Password string `json:"password"`
		Auth     string `json:"auth"`
	}
	out, err := json.Marshal(map[string]map[string]login{"auths": {registry: {
		Username: username, Password: password,
		Auth: base64.StdEncoding.EncodeToString([]byte(username + ":" + password)),
	}}})
	return string(out), err
}
