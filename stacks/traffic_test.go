package stacks

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/growbin/cluster/internal/testing/awssim"
)

// withDomain are settings with a domain in an existing zone, and an administrator.
var withDomain = map[string]string{"domain": "growbin.app", "adminCidrs": `["` + adminIP + `/32"]`}

// expectedRoutes are the design's routes of the APIs.
var expectedRoutes = map[string]string{
	"waste-api": "/api/v1/waste", "chat-llm-api": "/api/v1/chat", "auth-api": "/api/v1/auth", "userinfo-api": "/api/v1/users",
	"location-api": "/api/v1/locations", "recycle-info-api": "/api/v1/recycle",
}

func (w *world) get(t *testing.T, from awssim.Endpoint, url string) awssim.WebAnswer {
	t.Helper()
	answer, err := w.cloud.Request(awssim.WebRequest{From: from, URL: url})
	require.NoError(t, err, url)
	return answer
}

// byNodePort returns the name of the Service with a node port.
func (w *world) byNodePort(t *testing.T, port int) string {
	t.Helper()
	for _, service := range objectsOf[corev1.Service](t, w, "core/v1:Service") {
		for _, p := range service.Spec.Ports {
			if int(p.NodePort) == port {
				return service.Name
			}
		}
	}
	return ""
}

func TestTraffic_EveryAPIByItsPath(t *testing.T) {
	w := deploy(t, "prod", withDomain)
	apiNodes := []string{"k8s-api-high-traffic", "k8s-api-low-traffic"}
	for name, path := range expectedRoutes {
		url := "https://api.growbin.app" + path
		assert.Equal(t, url, w.outputs[OutputURLs].(map[string]string)[name])
		for _, url := range []string{url, url + "/7"} {
			answer := w.get(t, awssim.Internet, url)
			var nodes []string
			for _, target := range answer.Targets {
				nodes = append(nodes, target.Instance)
				assert.Equal(t, name, w.byNodePort(t, target.Port), url)
			}
			assert.Equal(t, apiNodes, nodes, url)
		}
	}
	assert.Equal(t, awssim.WebAnswer{Status: 404}, w.get(t, awssim.Internet, "https://api.growbin.app/metrics"))
	assert.Equal(t, awssim.WebAnswer{Status: 301, Location: "https://api.growbin.app/api/v1/auth"}, w.get(t, awssim.Internet, "http://api.growbin.app/api/v1/auth"))
}

func TestTraffic_ToolsForAdministratorsOnly(t *testing.T) {
	w := deploy(t, "prod", withDomain)
	for host, target := range map[string]awssim.WebTarget{
		"argocd": {Instance: "k8s-master", Port: argoCDNodePort}, "grafana": {Instance: nodeMonitoring, Port: grafanaNodePort},
	} {
		url := "https://" + host + ".growbin.app/"
		assert.Equal(t, []awssim.WebTarget{target}, w.get(t, awssim.Admin, url).Targets, host)
		assert.Equal(t, awssim.WebAnswer{Status: 404}, w.get(t, awssim.Internet, url), host)
	}
	assert.Equal(t, "grafana", w.byNodePort(t, grafanaNodePort))
	release := at(t, w.mocks.One(t, "kubernetes:helm.sh/v3:Release", "argocd").Inputs, "values.server.service.nodePortHttp")
	assert.EqualValues(t, argoCDNodePort, release.NumberValue())
	// Without an administrator there is nobody to let in.
	closed := deploy(t, "prod", map[string]string{"domain": "growbin.app"})
	_, err := closed.cloud.Request(awssim.WebRequest{From: awssim.Admin, URL: "https://grafana.growbin.app/"})
	assert.Error(t, err)
	assert.Empty(t, closed.byNodePort(t, grafanaNodePort))
}

func TestTraffic_WithoutDomain(t *testing.T) {
	w := deploy(t, "dev", map[string]string{"adminCidrs": `["` + adminIP + `/32"]`})
	host := w.outputs[OutputLoadBalancer].(string)
	for name, path := range expectedRoutes {
		url := "http://" + host + path
		assert.Equal(t, url, w.outputs[OutputURLs].(map[string]string)[name])
		assert.Len(t, w.get(t, awssim.Internet, url).Targets, 2, url)
	}
	assert.Equal(t, awssim.WebAnswer{Status: 404}, w.get(t, awssim.Admin, "http://"+host+"/"), "passwords need TLS")
	assert.Empty(t, w.byNodePort(t, grafanaNodePort))
	_, err := w.cloud.Request(awssim.WebRequest{From: awssim.Internet, URL: "https://" + host + "/"})
	assert.Error(t, err, "port 443 is closed")
}

// Node ports are reachable through the load balancer only, and it reaches nothing else.
func TestTraffic_NodePortsOnlyFromTheLoadBalancer(t *testing.T) {
	w := deploy(t, "prod", withDomain)
	var balancer awssim.Endpoint
	for name := range w.cloud.LoadBalancers() {
		balancer = awssim.Endpoint(name)
	}
	ports := []int{argoCDNodePort, grafanaNodePort, 6443, 22, 10250, 9100, 5432, 5672, 6379}
	for _, a := range catalog {
		if a.NodePort != 0 {
			ports = append(ports, a.NodePort)
		}
	}
	allowed := map[string]map[int]bool{"k8s-master": {argoCDNodePort: true}}
	for _, n := range topology {
		switch {
		case n.Name == nodeMonitoring:
			allowed[n.Name] = map[int]bool{grafanaNodePort: true}
		case n.Role == RoleAPI:
			allowed[n.Name] = map[int]bool{}
			for _, a := range catalog {
				allowed[n.Name][a.NodePort] = a.NodePort != 0
			}
		}
	}
	for _, n := range topology {
		for _, port := range ports {
			assert.Equal(t, allowed[n.Name][port], w.cloud.Reach(balancer, awssim.Endpoint(n.Name), "tcp", port) == nil, "load balancer to %s:%d", n.Name, port)
			assert.Error(t, w.cloud.Reach(awssim.Internet, awssim.Endpoint(n.Name), "tcp", port), "world to %s:%d", n.Name, port)
			if port >= 30000 {
				assert.Error(t, w.cloud.Reach(awssim.Admin, awssim.Endpoint(n.Name), "tcp", port), "administrator to %s:%d", n.Name, port)
			}
		}
	}
	assert.Error(t, w.cloud.Reach(awssim.Internet, balancer, "tcp", 22))
}

// A surge instance gets requests, so that its node can leave.
func TestTraffic_SurgeInstanceIsATarget(t *testing.T) {
	w := deploy(t, "prod", map[string]string{"domain": "growbin.app", "surgeNodes": `["k8s-api-high-traffic"]`})
	var nodes []string
	for _, target := range w.get(t, awssim.Internet, "https://api.growbin.app/api/v1/waste").Targets {
		nodes = append(nodes, target.Instance)
	}
	assert.Equal(t, []string{"k8s-api-high-traffic", "k8s-api-high-traffic-surge", "k8s-api-low-traffic"}, nodes)
}

func TestTraffic_SlowAnswersComplete(t *testing.T) {
	w := deploy(t, "prod", withDomain)
	const slowAnswer = 173 // seconds: the 95th percentile of the team's LLM answers
	balancer := w.mocks.OfType("aws:lb/loadBalancer:LoadBalancer")[0]
	idle := at(t, balancer.Inputs, "idleTimeout").NumberValue()
	assert.Greater(t, idle, float64(slowAnswer))
	for _, g := range w.mocks.OfType("aws:lb/targetGroup:TargetGroup") {
		assert.GreaterOrEqual(t, at(t, g.Inputs, "deregistrationDelay").NumberValue(), idle, g.Name)
	}
	for name, deployment := range applications(t, w) {
		if _, isAPI := expectedRoutes[name]; !isAPI {
			continue
		}
		assert.Greater(t, float64(*deployment.Spec.Template.Spec.TerminationGracePeriodSeconds), idle, name)
		for _, variable := range deployment.Spec.Template.Spec.Containers[0].Env {
			if variable.Name == "UVICORN_TIMEOUT_KEEP_ALIVE" {
				assert.Equal(t, "305", variable.Value, "longer than the load balancer keeps an idle connection")
			}
		}
	}
}

func TestPreflight_UnknownZone(t *testing.T) {
	w, err := tryDeploy(t, "dev", map[string]string{"domain": "example.org"}, awssim.Options{})
	assert.ErrorContains(t, err, `growbin:hostedZone: "example.org" must be`)
	assert.Empty(t, w.mocks.OfType("aws:ec2/vpc:Vpc"))
}

// The load balancer reaches the node ports of the routes, and no port beside them.
func TestTrafficRules_NodePortsAlone(t *testing.T) {
	settings, err := decode(t, "prod", withDomain)
	require.NoError(t, err)
	var open []string
	for _, rule := range settings.trafficRules() {
		if slices.Contains(rule.From, groupLoadBalancer) {
			open = append(open, fmt.Sprintf("%s %s %d-%d", rule.Description, rule.Protocol, rule.FromPort, rule.ToPort))
		}
	}
	assert.ElementsMatch(t, []string{
		"Load balancer to waste-api tcp 30080-30080", "Load balancer to chat-llm-api tcp 30081-30081", "Load balancer to auth-api tcp 30082-30082",
		"Load balancer to userinfo-api tcp 30083-30083", "Load balancer to location-api tcp 30084-30084",
		"Load balancer to recycle-info-api tcp 30085-30085", "Load balancer to grafana tcp 30300-30300", "Load balancer to argocd tcp 30442-30442",
	}, open)
}

func TestCatalog_RouteAndNodePortOfAPIs(t *testing.T) {
	for _, a := range catalog {
		assert.Equal(t, a.Kind == kindAPI, a.Route != "", a.Name)
		assert.Equal(t, a.Kind == kindAPI, a.NodePort != 0, a.Name)
	}
}

// The policies let the load balancer's requests in: nodes forward them, with addresses of the VPC or of the pod network.
func TestFlows_LoadBalancer(t *testing.T) {
	settings, err := decode(t, "prod", withDomain)
	require.NoError(t, err)
	from := map[string][]string{}
	for _, flow := range settings.Flows() {
		from[flow.To] = append(from[flow.To], flow.From...)
	}
	for name := range expectedRoutes {
		assert.Subset(t, from[name], []string{peerNodes, peerOverlay}, name)
	}
	for _, name := range []string{"grafana", "argocd-server"} {
		assert.Contains(t, from[name], peerNodes, name)
		assert.NotContains(t, from[name], peerOverlay, "its node alone is a target")
	}
}
