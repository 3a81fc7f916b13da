package cluster

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/growbin/cluster/internal/testing/process"
)

// readManifest turns a static pod that kubeadm wrote into a program for this host.
func readManifest(name, binary string, p place) (program, error) {
	path := filepath.Join(p.layout.manifests(), name+".yaml")
	content, err := os.ReadFile(path)
	if err != nil {
		return program{}, fmt.Errorf("kubeadm wrote no static pod for %s: %w", name, err)
	}
	var pod corev1.Pod
	if err := yaml.UnmarshalStrict(content, &pod); err != nil {
		return program{}, fmt.Errorf("reading the static pod of %s: %w", name, err)
	}
	if len(pod.Spec.Containers) != 1 {
		return program{}, fmt.Errorf("the static pod of %s has %d containers; one was expected", name, len(pod.Spec.Containers))
	}
	container := pod.Spec.Containers[0]
	command := append(container.Command, container.Args...)
	if len(command) == 0 || command[0] != name {
		return program{}, fmt.Errorf("the static pod of %s runs %q", name, command)
	}
	healthy, err := probe(container, p)
	if err != nil {
		return program{}, fmt.Errorf("the static pod of %s: %w", name, err)
	}
	return program{healthy: healthy, Command: process.Command{
		Name: name, Path: binary, Args: rewriteFlags(name, command[1:], p), Env: environment(p.layout, container.Env),
	}}, nil
}

// environment is the container's, and the variables that a Go program needs; none of the user's.
func environment(l layout, vars []corev1.EnvVar) []string {
	env := []string{"HOME=" + l.run, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir()}
	for _, v := range vars {
		env = append(env, v.Name+"="+v.Value)
	}
	return env
}

// probe is the pod's own startup probe at its place on this host. Like kubelet it does not verify the certificate.
func probe(container corev1.Container, p place) (func(context.Context) error, error) {
	if container.StartupProbe == nil || container.StartupProbe.HTTPGet == nil {
		return nil, fmt.Errorf("it has no startup probe that can be asked over HTTP")
	}
	get := *container.StartupProbe.HTTPGet
	if container.ReadinessProbe != nil && container.ReadinessProbe.HTTPGet != nil {
		get = *container.ReadinessProbe.HTTPGet // ready says more than started
	}
	port := get.Port.IntValue()
	for _, named := range container.Ports {
		if named.Name == get.Port.StrVal {
			port = int(named.ContainerPort)
		}
	}
	scheme := "http"
	if get.Scheme == corev1.URISchemeHTTPS {
		scheme = "https"
	}
	return httpProbe(scheme + "://127.0.0.1:" + p.port(strconv.Itoa(port)) + get.Path), nil
}

func httpProbe(url string) func(context.Context) error {
	client := &http.Client{
		Timeout:   5 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true},
	}
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return fmt.Errorf("asking for its health: %w", err)
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answered %s", url, response.Status)
		}
		return nil
	}
}
