package argocd

// TCP ports of the chart's pods.
const (
	// ListenPort is that of the pod behind ServerService.
	ListenPort = 8080
	// RepoServerPort serves manifests of Git repositories.
	RepoServerPort = 8081
	// RedisPort is that of the chart's own cache.
	RedisPort = 6379
)

// Parts returns the value of the label app.kubernetes.io/name of each of the chart's long-running pods.
func Parts() []string {
	return []string{
		"argocd-application-controller", "argocd-applicationset-controller", "argocd-redis", "argocd-repo-server", "argocd-server",
	}
}
