package argocd

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// The types below are the chart's values that are set here. The chart has no schema (values.schema.json) to check them
// with; their keys were compared with its documentation, see testdata/chart-keys.txt.

type chartValues struct {
	Global          globalValues    `json:"global"`
	Configs         configValues    `json:"configs"`
	Controller      componentValues `json:"controller"`
	Server          serverValues    `json:"server"`
	RepoServer      repoValues      `json:"repoServer"`
	ApplicationSet  componentValues `json:"applicationSet"`
	Redis           redisValues     `json:"redis"`
	RedisSecretInit componentValues `json:"redisSecretInit"`
	Dex             switchValues    `json:"dex"`
	Notifications   switchValues    `json:"notifications"`
}

// globalValues are the defaults of every pod of the chart, its jobs included.
type globalValues struct {
	Domain        string              `json:"domain,omitempty"`
	Image         imageValues         `json:"image,omitzero"`
	NetworkPolicy networkPolicyValues `json:"networkPolicy"`
	NodeSelector  map[string]string   `json:"nodeSelector"`
	Tolerations   []corev1.Toleration `json:"tolerations,omitempty"`
}

// imageValues are those of an image in the chart.
type imageValues struct {
	Repository string `json:"repository,omitempty"`
	// Tag may come with a digest: the chart makes a valid label of it.
	Tag string `json:"tag,omitempty"`
}

type networkPolicyValues struct {
	Create bool `json:"create"`
}

type configValues struct {
	// CM are entries of Argo CD's ConfigMap argocd-cm.
	CM     map[string]any `json:"cm,omitempty"`
	Params map[string]any `json:"params"`
	Secret secretValues   `json:"secret"`
	SSH    sshValues      `json:"ssh,omitzero"`
}

// sshValues are the servers that Argo CD knows beside those of the chart.
type sshValues struct {
	ExtraHosts string `json:"extraHosts"`
}

type secretValues struct {
	PasswordHash  string `json:"argocdServerAdminPassword"`
	PasswordMtime string `json:"argocdServerAdminPasswordMtime"`
}

type componentValues struct {
	Resources corev1.ResourceRequirements `json:"resources"`
}

type redisValues struct {
	componentValues
	Image imageValues `json:"image,omitzero"`
}

type serverValues struct {
	componentValues
	Service *serviceValues `json:"service,omitempty"`
}

// serviceValues open the server's ports on every node. The chart takes 30443 for HTTPS.
type serviceValues struct {
	Type         string `json:"type"`
	NodePortHTTP int    `json:"nodePortHttp"`
}

type repoValues struct {
	componentValues
	// CopyUtil is its init container.
	CopyUtil componentValues `json:"copyutil"`
}

type switchValues struct {
	Enabled bool `json:"enabled"`
}

// valuesFor returns the chart's values; hash is the admin password's, by bcrypt.
func valuesFor(a *ArgoCDArgs, hash string) chartValues {
	small := sized("10m", "32Mi", "100m", "64Mi")
	return chartValues{
		Global: globalValues{Domain: a.Domain, Image: imageValues{Tag: a.ImageTag}, NetworkPolicy: networkPolicyValues{Create: !a.OwnNetworkPolicies}, NodeSelector: a.NodeSelector, Tolerations: a.Tolerations},
		Configs: configValues{
			CM: settings(a.Domain),
			// With its own TLS the server redirects HTTP to HTTPS, a loop behind a load balancer that terminates TLS, and
			// its certificate is self-signed.
			Params: map[string]any{"server.insecure": true},
			Secret: secretValues{PasswordHash: hash, PasswordMtime: a.PasswordChanged},
			SSH:    sshValues{ExtraHosts: a.knownHosts()},
		},
		// For one cluster and some tens of Applications. Together the requests are 200m and 640 MiB.
		Controller:      sized("100m", "320Mi", "500m", "640Mi"),
		Server:          serverValues{componentValues: sized("20m", "64Mi", "200m", "160Mi"), Service: service(a.NodePort)},
		RepoServer:      repoValues{componentValues: sized("50m", "128Mi", "500m", "384Mi"), CopyUtil: small},
		ApplicationSet:  sized("20m", "64Mi", "100m", "128Mi"),
		Redis:           redisValues{sized("10m", "64Mi", "100m", "128Mi"), imageValues{Tag: a.RedisImageTag}},
		RedisSecretInit: small,
		// There is no single sign-on, and Alertmanager sends the alerts.
		Dex:           switchValues{Enabled: false},
		Notifications: switchValues{Enabled: false},
	}
}

// Pods returns the containers of the chart's pods by part, without the images and everything else that the chart sets.
func Pods() map[string]corev1.PodSpec {
	v := valuesFor(&ArgoCDArgs{}, "")
	pods := map[string]corev1.PodSpec{}
	for name, part := range map[string]componentValues{
		"controller": v.Controller, "server": v.Server.componentValues, "repo-server": v.RepoServer.componentValues,
		"applicationset-controller": v.ApplicationSet, "redis": v.Redis.componentValues, "redis-secret-init": v.RedisSecretInit,
	} {
		pods[name] = corev1.PodSpec{Containers: []corev1.Container{{Name: name, Resources: part.Resources}}}
	}
	return pods
}

func (a *ArgoCDArgs) knownHosts() string {
	if a.Repository == nil {
		return ""
	}
	return a.Repository.KnownHosts
}

// service is nil without a node port: the chart's Service is reachable inside the cluster only.
func service(nodePort int) *serviceValues {
	if nodePort == 0 {
		return nil
	}
	return &serviceValues{Type: "NodePort", NodePortHTTP: nodePort}
}

// settings name the address that people use: the chart would make one of http:// from a server without TLS.
func settings(domain string) map[string]any {
	if domain == "" {
		return nil
	}
	return map[string]any{"url": "https://" + domain}
}

func sized(cpuRequest, memoryRequest, cpuLimit, memoryLimit string) componentValues {
	amount := func(cpu, memory string) corev1.ResourceList {
		return corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory)}
	}
	return componentValues{corev1.ResourceRequirements{Requests: amount(cpuRequest, memoryRequest), Limits: amount(cpuLimit, memoryLimit)}}
}

// toMap converts the values for a Release.
func (v chartValues) toMap() (map[string]any, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("writing the chart's values: %w", err)
	}
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		return nil, fmt.Errorf("reading the chart's values back: %w", err)
	}
	return out, nil
}

// secretValuesFor returns the values with the hash as a secret; previews show the other values.
func secretValuesFor(a *ArgoCDArgs, hash pulumi.StringOutput) (pulumi.Map, error) {
	values, err := valuesFor(a, "").toMap()
	if err != nil {
		return nil, err
	}
	configs := values["configs"].(map[string]any)
	secret := configs["secret"].(map[string]any)
	delete(secret, "argocdServerAdminPassword")

	inputs := pulumi.ToMap(values)
	configsInput := pulumi.ToMap(configs)
	secretInput := pulumi.ToMap(secret)
	secretInput["argocdServerAdminPassword"] = hash
	configsInput["secret"] = secretInput
	inputs["configs"] = configsInput
	return inputs, nil
}
