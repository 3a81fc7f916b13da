// Command coredns is CoreDNS with the plugins that kubeadm's Corefile names and no others: those for the clouds would
// take most of the build.
package main

import (
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"

	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/forward"
	_ "github.com/coredns/coredns/plugin/health"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/loadbalance"
	_ "github.com/coredns/coredns/plugin/loop"
	_ "github.com/coredns/coredns/plugin/metrics"
	_ "github.com/coredns/coredns/plugin/ready"
	_ "github.com/coredns/coredns/plugin/reload"
)

// The order is the order in which a query passes them, as in CoreDNS's own plugin.cfg.
func main() {
	dnsserver.Directives = []string{"reload", "errors", "health", "ready", "prometheus", "loadbalance", "cache", "kubernetes", "loop", "forward"}
	coremain.Run()
}
