package drills

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	listers "k8s.io/client-go/listers/core/v1"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/rehearsal"
	"github.com/growbin/cluster/stacks"
)

// requestInterval is the time between two rounds of requests, one to each URL.
const requestInterval = 100 * time.Millisecond

// requests are sent by users to all URLs of the stack, through the simulated load balancer, while something else happens.
type requests struct {
	cloud *awssim.Cloud
	pods  listers.PodLister
	urls  []string
	// services are those with a node port, by port. They do not change in a drill.
	services map[int]corev1.Service
	// inTurn sends each request to one of the targets, as a load balancer does, instead of requiring that all could answer it.
	inTurn bool
	// stop ends the requests.
	stop context.CancelFunc

	mu   sync.Mutex
	sent int
	// reported is the number of those of earlier calls of failures.
	reported int
	// failed counts the failed requests by reason.
	failed map[string]int
}

// sendRequests sends until compare, or until the drill ends. Pods are watched: the API server may be down meanwhile.
func sendRequests(ctx context.Context, r *rehearsal.Rehearsal, client kubernetes.Interface, options ...func(*requests)) (*requests, error) {
	var urls map[string]string
	if err := r.Engine.Output(ctx, stacks.OutputURLs, &urls); err != nil {
		return nil, err
	}
	list, err := client.CoreV1().Services(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list Services: %w", err)
	}
	q := &requests{cloud: r.Cloud, urls: slices.Sorted(maps.Values(urls)), services: map[int]corev1.Service{}, failed: map[string]int{}}
	for _, service := range list.Items {
		for _, port := range service.Spec.Ports {
			if port.NodePort != 0 {
				q.services[int(port.NodePort)] = service
			}
		}
	}
	for _, option := range options {
		option(q)
	}
	ctx, q.stop = context.WithCancel(context.WithoutCancel(ctx))
	r.Defer(q.stop)
	factory := informers.NewSharedInformerFactory(client, 0)
	q.pods = factory.Core().V1().Pods().Lister()
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	go q.send(ctx)
	return q, nil
}

// inTurn is an option of sendRequests.
func inTurn(q *requests) { q.inTurn = true }

func (q *requests) send(ctx context.Context) {
	for {
		for _, url := range q.urls {
			problem := q.request(url)
			q.mu.Lock()
			q.sent++
			if problem != "" {
				q.failed[url+": "+problem]++
			}
			q.mu.Unlock()
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(requestInterval):
		}
	}
}

// request returns the reason why a request can fail: any target may get it, or, in turn, why it does.
func (q *requests) request(url string) string {
	answer, err := q.cloud.Request(awssim.WebRequest{From: awssim.Internet, URL: url})
	switch {
	case err != nil:
		return err.Error()
	case answer.Status != 0:
		return fmt.Sprintf("status %d", answer.Status)
	case q.inTurn:
		if turn := q.sent % (len(answer.Lost) + len(answer.Targets)); turn < len(answer.Lost) {
			return atLostNode
		} else {
			answer.Targets = answer.Targets[turn-len(answer.Lost):][:1]
		}
	case len(answer.Lost) > 0:
		return atLostNode
	}
	for _, target := range answer.Targets {
		service := q.services[target.Port]
		pods, err := q.pods.Pods(service.Namespace).List(labels.SelectorFromSet(service.Spec.Selector))
		if err != nil {
			return err.Error()
		}
		if !slices.ContainsFunc(pods, healthy) {
			return fmt.Sprintf("no ready pod behind port %d", target.Port)
		}
	}
	return ""
}

// atLostNode is the reason why a request fails that a load balancer sends to an instance that does not run.
const atLostNode = "an instance that does not run is a target"

// failures returns the number of requests that failed since the last call, by URL, and of all.
func (q *requests) failures() (failed map[string]int, sent int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	failed = map[string]int{}
	for reason, count := range q.failed {
		for _, url := range q.urls {
			if strings.HasPrefix(reason, url+": ") {
				failed[url] += count
			}
		}
	}
	sent = q.sent - q.reported
	q.reported, q.failed = q.sent, map[string]int{}
	return failed, sent
}

// compare ends the requests and reports the number of those that failed, of which there must be none.
func (q *requests) compare(r *rehearsal.Rehearsal) {
	q.stop()
	q.mu.Lock()
	defer q.mu.Unlock()
	failed := 0
	for _, reason := range slices.Sorted(maps.Keys(q.failed)) {
		failed += q.failed[reason]
		r.Console.Logf("%d requests failed: %s", q.failed[reason], reason)
	}
	r.Compare("requests through the load balancer that failed", 0, fmt.Sprintf("%d of %d", failed, q.sent), failed == 0 && q.sent > len(q.urls))
}
