package lab

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/rehearsal"
	"github.com/growbin/cluster/rehearsal/engine"
)

// whole is a run with all nodes and all pods.
type whole struct {
	*Lab
	fleet    *fleet
	deployed []deployed
	engine   *engine.Engine
	client   kubernetes.Interface
	// urls are the addresses of the APIs by name, turn counts the requests to the load balancer.
	urls map[string]string
	turn atomic.Uint64
	// photo is the ID of the first photo's analysis.
	photo string
}

// RunWhole boots every instance of the stack, deploys the program and uses the applications. It reports whether all checks
// passed.
func (l *Lab) RunWhole(ctx context.Context) bool {
	w := &whole{Lab: l, fleet: l.newFleet()}
	begin := time.Now()
	memory := rehearsal.WatchMemory(ctx)
	checks := w.checks()
	if !l.runChecks(ctx, checks, true, w.explain) {
		return false
	}
	w.printProvenance()
	fmt.Fprintf(l.options.Out, "\nAll %d checks passed in %.0f s. All processes had %.1f GiB of memory at most; shared pages count once for each.\n",
		len(checks), time.Since(begin).Seconds(), float64(memory.Load())/(1<<30))
	return true
}

func (w *whole) checks() []check {
	return []check{
		{"programs, systems and images", w.prepareImages},
		{"the program deploys the stack on nine hosts, which boot from its user data", w.up},
		{"every node is Ready, with its labels, taints and pod capacity", w.checkNodes},
		{"every pod is Ready", w.checkPods},
		{"NetworkPolicies are enforced: every pair of pods is tried", w.checkPolicies},
		{"every database is migrated by a release", w.migrate},
		{"pods on different nodes reach each other by name", w.checkNames},
		{"every API answers at its URL, through the simulated load balancer", w.checkAPIs},
		{"a photo is stored, analyzed, matched with its rule and answered", w.checkPhoto},
		{"a browser uploads and reads a photo by URLs that waste-api signs", w.checkBrowser},
		{"eight photos at once are answered within the limit of the AI API", w.checkPhotos},
		{"a task that fails is in q.dlq", w.checkDeadLetter},
		{"Beat sends its task", w.checkBeat},
		{"Prometheus scrapes every target", w.checkTargets},
		{"every query of the dashboards has a result", w.checkDashboards},
		{"the autoscaler knows the CPU of its pods, by metrics-server and the kubelets", w.checkAutoscaler},
		{"the alert for dead letters fires, and ends when they are gone", w.checkAlert},
		{"memory and CPU of every container, against requests and limits", w.checkUsage},
		{"the second up changes nothing", w.secondUp},
		{"a worker's power is cut: requests and photos are answered", w.cutPower},
		{"the control plane is lost: the same cluster on another instance", w.loseControlPlane},
		{"the machine of a store is replaced: its data is there", w.replaceStore},
		{"an API is released", w.releaseAPI},
		{"every pod is Ready at the end", w.checkPods},
	}
}

// prepareImages makes programs, systems and images, and serves them.
func (w *whole) prepareImages(ctx context.Context) (err error) {
	if err := w.prepare(ctx); err != nil {
		return err
	}
	if err := w.publishPackages(); err != nil {
		return err
	}
	if w.deployed, err = w.deployedImages(ctx); err != nil {
		return err
	}
	images, err := w.images(ctx)
	if err != nil {
		return err
	}
	router, err := w.policyImage(ctx)
	if err != nil {
		return err
	}
	images = append(images, router)
	for _, i := range w.deployed {
		images = append(images, i.Image)
	}
	return w.serveEndpoints(awssim.Options{Boot: w.fleet.boot, Terminate: w.fleet.terminate}, images)
}

func (w *whole) secondUp(ctx context.Context) error {
	return w.operate(ctx, func(ctx context.Context) error {
		result, err := w.engine.Up(ctx, "second-up", engine.RunOptions{})
		if err == nil && result.Changed() > 0 {
			err = fmt.Errorf("changed %d resources: %s", result.Changed(), strings.Join(engine.Strings(result.Changes), "; "))
		}
		return err
	})
}

// printProvenance prints the contents of each image and the differences from EC2.
func (w *whole) printProvenance() {
	fmt.Fprintln(w.options.Out, "\nThe images have the names that the program deploys. Their contents in the lab:")
	said := map[string]bool{}
	for _, i := range w.deployed {
		if strings.HasPrefix(i.contents, "examples/") {
			if said[i.contents] {
				continue
			}
			said[i.contents] = true
			fmt.Fprintf(w.options.Out, "  · the images of the applications: %s\n", i.contents)
			continue
		}
		fmt.Fprintf(w.options.Out, "  · %s: %s\n", i.Name, i.contents)
	}
	fmt.Fprintln(w.options.Out, "  · the load balancer: the simulated AWS decides on the target of each request, to which the lab connects")
	w.printOverrides(hardware{podRange: "a range of the node", podNetwork: w.settings.PodCIDR})
}

// explain prints the error, and for each node that is not Ready and each pod that is not, where to look.
func (w *whole) explain(err error) {
	for line := range strings.Lines(err.Error()) {
		w.printf("%s", strings.TrimRight(line, "\n"))
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, line := range w.troubles(ctx) {
		w.printf("%s", line)
	}
	w.printf("the lab's log: %s; the engine's: %s", w.log.Name(), w.path("logs"))
}
