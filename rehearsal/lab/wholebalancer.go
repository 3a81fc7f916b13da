package lab

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/stacks"
)

// url is the address of an API that the stack exports.
func (w *whole) url(a stacks.Application) string { return w.urls[a.Name] }

// readURLs reads the addresses of the APIs.
func (w *whole) readURLs(ctx context.Context) error {
	return w.engine.Output(ctx, stacks.OutputURLs, &w.urls)
}

// dialer returns the connection of a request. A load balancer's is one to the node port that it forwards to: the simulated AWS
// resolves the name, and follows listener, rules, targets and security groups; targets get requests in turn. Other addresses are those
// of the lab's network.
func (w *whole) dialer(address string) (func(ctx context.Context, network, address string) (net.Conn, error), error) {
	address, _, _ = strings.Cut(address, "?")
	host, _, _ := strings.Cut(strings.TrimPrefix(address, "http://"), "/")
	for _, name := range w.cloud.LoadBalancers() {
		if name != host {
			continue
		}
		target, err := w.target(address)
		return func(ctx context.Context, network, _ string) (net.Conn, error) {
			return w.network.Dial(ctx, network, target)
		}, err
	}
	return w.network.Dial, nil
}

// target is the node port that gets the next request to a URL.
func (w *whole) target(url string) (string, error) {
	answer, err := w.cloud.Request(awssim.WebRequest{From: awssim.Internet, URL: url})
	if err != nil {
		return "", err
	}
	if len(answer.Targets) == 0 {
		return "", fmt.Errorf("%s: the load balancer answers %d %s itself", url, answer.Status, http.StatusText(answer.Status))
	}
	next := answer.Targets[w.turn.Add(1)%uint64(len(answer.Targets))]
	machine, err := w.cloud.Machine(next.Instance)
	if err != nil {
		return "", err
	}
	return net.JoinHostPort(machine.PrivateIP, strconv.Itoa(next.Port)), nil
}
