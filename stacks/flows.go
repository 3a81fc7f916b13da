package stacks

import (
	"slices"

	"github.com/growbin/cluster/components/argocd"
	"github.com/growbin/cluster/components/metricsserver"
	"github.com/growbin/cluster/components/monitoring"
	"github.com/growbin/cluster/components/networkpolicy"
	"github.com/growbin/cluster/components/ports"
	"github.com/growbin/cluster/components/postgresql"
	"github.com/growbin/cluster/components/rabbitmq"
	"github.com/growbin/cluster/components/redis"
)

// Peers that are neither an application nor a service.
const (
	peerDNS       = "dns"
	peerAPIServer = "api-server"
	peerNodes     = "nodes"
	// peerOverlay are the nodes too, by the addresses with which they forward to pods of other nodes.
	peerOverlay    = "pod-network"
	peerInternet   = "internet"
	peerBackups    = "postgresql-backup"
	peerHeartbeat  = "heartbeat"
	peerGit        = "argocd-repo-server"
	peerEverything = "everything-in-" // and a namespace
)

// Flows returns every connection that pods may make or take. The rows of the catalog make those of the applications.
func (s *Settings) Flows() []networkpolicy.Flow {
	flows := []networkpolicy.Flow{
		{
			From: namespacePeers(), To: peerDNS, Reason: "names",
			Ports: []networkpolicy.Port{{Protocol: "UDP", Number: 53}, {Protocol: "TCP", Number: 53}},
		},
		{From: []string{peerBackups}, To: "postgresql", Ports: networkpolicy.TCP(postgresql.Port), Reason: "nightly dumps"},
		{From: []string{peerBackups}, To: peerInternet, Ports: networkpolicy.TCP(443), Reason: "copies of dumps in S3"},
		{From: []string{celeryExporter}, To: "rabbitmq", Ports: networkpolicy.TCP(rabbitmq.Port), Reason: "events of tasks"},
	}
	for _, application := range catalog {
		flows = append(flows, application.flows()...)
	}
	flows = append(flows, monitoringFlows()...)
	if s.hostName(hostGrafana) != "" {
		flows = append(flows, networkpolicy.Flow{
			From: []string{peerNodes}, To: "grafana", Ports: networkpolicy.TCP(monitoring.GrafanaPort), Reason: "people, by the load balancer",
		})
	}
	if s.autoscales() {
		flows = append(flows,
			networkpolicy.Flow{From: []string{metricsserver.Name}, To: peerAPIServer, Ports: networkpolicy.TCP(ports.APIServer), Reason: "objects of Kubernetes"},
			networkpolicy.Flow{From: []string{metricsserver.Name}, To: peerNodes, Ports: networkpolicy.TCP(ports.Kubelet), Reason: "CPU and memory of pods"},
			// The API server has an address of the control plane, in the network of the nodes or of the overlay.
			networkpolicy.Flow{From: []string{peerNodes, peerOverlay}, To: metricsserver.Name, Ports: networkpolicy.TCP(metricsserver.Port), Reason: "autoscalers, by the API server"})
	}
	if len(s.AlarmEmails) > 0 {
		flows = append(flows,
			networkpolicy.Flow{From: []string{peerHeartbeat}, To: "alertmanager", Ports: networkpolicy.TCP(monitoring.AlertmanagerPort), Reason: "whether alerts work"},
			networkpolicy.Flow{From: []string{peerHeartbeat}, To: peerInternet, Ports: networkpolicy.TCP(443), Reason: "heartbeat to CloudWatch"})
	}
	return append(flows, argoCDFlows(s.gitPorts())...)
}

// flows returns the connections of one application.
func (a Application) flows() []networkpolicy.Flow {
	var flows []networkpolicy.Flow
	add := func(to, reason string, ports ...int) {
		flows = append(flows, networkpolicy.Flow{From: []string{a.Name}, To: to, Ports: networkpolicy.TCP(ports...), Reason: reason})
	}
	if a.Kind == kindAPI {
		flows = append(flows, networkpolicy.Flow{
			From: []string{peerNodes, peerOverlay}, To: a.Name, Ports: networkpolicy.TCP(apiListenPort), Reason: "requests of users, by the nodes",
		})
	}
	if a.Migrates {
		flows = append(flows, networkpolicy.Flow{
			From: []string{a.migration()}, To: "postgresql", Ports: networkpolicy.TCP(postgresql.Port), Reason: "migrations of database " + a.Database,
		})
	}
	servers := map[string]bool{}
	for _, c := range a.connections() {
		switch c {
		case envDatabase:
			add("postgresql", "database "+a.Database, postgresql.Port)
		case envRabbitMQ, envBroker:
			add("rabbitmq", "tasks", rabbitmq.Port)
		case envRedis:
			servers[redisServer(a.Cache)] = true
		case envResults:
			servers[redisServer(redisResults)] = true
		case envOpenAIKey, envKakaoKey:
			add(peerInternet, "APIs of others", 443)
		case envBucket:
			add(peerInternet, "objects in S3", 443)
		}
	}
	for _, service := range Services() {
		if servers[service.Name] {
			add(service.Name, "keys", redis.Port)
		}
	}
	return flows
}

// redisServer returns the name of the server of a use of Redis.
func redisServer(wanted redisUse) string {
	uses := redisUses()
	i := slices.IndexFunc(uses, func(u redis.Use) bool { return u.Name == string(wanted) })
	return redis.ServerName("redis", uses[i].Kind)
}

func monitoringFlows() []networkpolicy.Flow {
	const reason = "metrics"
	flows := []networkpolicy.Flow{
		{From: []string{"prometheus", "kube-state-metrics"}, To: peerAPIServer, Ports: networkpolicy.TCP(ports.APIServer), Reason: "objects of Kubernetes"},
		{From: []string{"prometheus"}, To: peerNodes, Ports: networkpolicy.TCP(monitoring.NodePorts()...), Reason: reason},
		{From: []string{"prometheus"}, To: "alertmanager", Ports: networkpolicy.TCP(monitoring.AlertmanagerPort), Reason: "alerts"},
		{From: []string{"prometheus"}, To: "kube-state-metrics", Ports: networkpolicy.TCP(monitoring.KubeStateMetricsPort), Reason: reason},
		{From: []string{"prometheus"}, To: "grafana", Ports: networkpolicy.TCP(monitoring.GrafanaPort), Reason: reason},
		{From: []string{"prometheus"}, To: celeryExporter, Ports: networkpolicy.TCP(celeryExporterPort), Reason: reason},
		{From: []string{"prometheus"}, To: "postgresql", Ports: networkpolicy.TCP(postgresql.MetricsPort), Reason: reason},
		{From: []string{"prometheus"}, To: "rabbitmq", Ports: networkpolicy.TCP(rabbitmq.MetricsPort), Reason: reason},
		{From: []string{"grafana"}, To: "prometheus", Ports: networkpolicy.TCP(monitoring.PrometheusPort), Reason: "dashboards"},
		// A proxied request has an address of the control plane, in the network of the nodes or of the overlay.
		{From: []string{peerNodes, peerOverlay}, To: "alertmanager", Ports: networkpolicy.TCP(monitoring.AlertmanagerPort), Reason: "growbin verify, by the API server"},
		// The port of the receiver's address is part of a secret.
		{From: []string{"alertmanager"}, To: peerInternet, Ports: networkpolicy.TCP(0), Reason: "notifications"},
	}
	for _, kind := range []redis.Kind{redis.Evictable, redis.Kept} {
		flows = append(flows, networkpolicy.Flow{
			From: []string{"prometheus"}, To: redis.ServerName("redis", kind), Ports: networkpolicy.TCP(redis.MetricsPort), Reason: reason,
		})
	}
	for _, application := range catalog {
		if application.Kind == kindAPI {
			flows = append(flows, networkpolicy.Flow{
				From: []string{"prometheus"}, To: application.Name, Ports: networkpolicy.TCP(apiListenPort), Reason: reason,
			})
		}
	}
	return flows
}

func argoCDFlows(git []int) []networkpolicy.Flow {
	return []networkpolicy.Flow{
		{From: []string{peerEverything + namespaceArgoCD}, To: peerAPIServer, Ports: networkpolicy.TCP(ports.APIServer), Reason: "objects of Kubernetes"},
		{
			From: []string{"argocd-server", "argocd-application-controller", "argocd-applicationset-controller"}, To: peerGit,
			Ports: networkpolicy.TCP(argocd.RepoServerPort), Reason: "manifests",
		},
		{
			From: []string{"argocd-server", "argocd-application-controller", peerGit}, To: "argocd-redis",
			Ports: networkpolicy.TCP(argocd.RedisPort), Reason: "cache",
		},
		{From: []string{peerNodes}, To: "argocd-server", Ports: networkpolicy.TCP(argocd.ListenPort), Reason: "people, by the nodes"},
		{From: []string{peerGit}, To: peerInternet, Ports: networkpolicy.TCP(git...), Reason: "Git"},
	}
}

func namespacePeers() []string {
	return []string{
		peerEverything + namespaceApplications, peerEverything + namespaceData,
		peerEverything + namespaceMonitoring, peerEverything + namespaceArgoCD,
	}
}
