package argocd

import (
	"cmp"
	"fmt"
)

// Images returns the references of the images of Argo CD and of its Redis by the archive of the chart in a folder; false without an
// archive.
func Images(version, folder string) (server, redis string, found bool, err error) {
	var values struct {
		Global struct {
			Image imageValues `json:"image"`
		} `json:"global"`
		Redis struct {
			Image imageValues `json:"image"`
		} `json:"redis"`
	}
	appVersion, found, err := Chart(version).Defaults(folder, &values)
	if err != nil || !found {
		return "", "", false, err
	}
	own, other := values.Global.Image, values.Redis.Image
	own.Tag = cmp.Or(own.Tag, appVersion)
	if own.Repository == "" || own.Tag == "" || other.Repository == "" || other.Tag == "" {
		return "", "", false, fmt.Errorf("%s: values.yaml: must have repository and tag of global.image and redis.image", Chart(version).File())
	}
	return own.Repository + ":" + own.Tag, other.Repository + ":" + other.Tag, true, nil
}
