package lab

import (
	"encoding/json"
	"fmt"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/growbin/cluster/components/kubeadm"
)

// newClient returns a client of the API server with the kubeconfig that the control plane has published.
func (l *Lab) newClient(controlPlane *instance) (kubernetes.Interface, error) {
	config, err := l.clientConfig(controlPlane)
	if err != nil {
		return nil, err
	}
	return kubernetes.NewForConfig(config)
}

func (l *Lab) clientConfig(controlPlane *instance) (*rest.Config, error) {
	text, err := l.cloud.Parameter(controlPlane.node.KubeconfigParameter)
	if err != nil {
		return nil, err
	}
	var message kubeadm.KubeconfigMessage
	if err := json.Unmarshal([]byte(text), &message); err != nil {
		return nil, fmt.Errorf("decoding the published kubeconfig: %w", err)
	}
	if id := controlPlane.id(); message.InstanceID != id {
		return nil, fmt.Errorf("the published kubeconfig is from instance %s; it must be from %s", message.InstanceID, id)
	}
	config, err := clientcmd.RESTConfigFromKubeConfig([]byte(message.Kubeconfig))
	if err != nil {
		return nil, fmt.Errorf("reading the published kubeconfig: %w", err)
	}
	config.Dial = l.network.Dial
	config.Timeout = 10 * time.Second
	config.QPS, config.Burst = 50, 100
	return config, nil
}
