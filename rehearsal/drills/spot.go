package drills

import (
	"context"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/growbin/cluster/components/capacity"
	"github.com/growbin/cluster/components/instance"
	"github.com/growbin/cluster/internal/roll"
	"github.com/growbin/cluster/rehearsal"
	"github.com/growbin/cluster/rehearsal/engine"
	"github.com/growbin/cluster/rehearsal/programs"
)

const (
	// takenNode runs the most pods behind the load balancer, on a spot instance.
	takenNode = "k8s-api-high-traffic"
	// otherType is asked for where AWS has no capacity: as large as that of the node.
	otherType = "c6i.large"
	// largerWorkers have room for the pods of a taken node; keptType keeps the type that the roll got.
	largerWorkers = `["k8s-worker-storage=t3.medium","k8s-worker-ai=t3.medium"]`
	keptType      = `["k8s-worker-storage=t3.medium","k8s-worker-ai=t3.medium","` + takenNode + "=" + otherType + `"]`
)

func spot() rehearsal.Drill {
	return rehearsal.Drill{
		Name: "spot", Program: programs.GrowbinName,
		About:  "EC2 takes a spot instance under load, and has no capacity for another of its type",
		Config: spotSettings(),
		Phases: func(r *rehearsal.Rehearsal) []rehearsal.Phase {
			s := &taken{Rehearsal: r}
			return []rehearsal.Phase{
				{Name: "remember", Do: s.remember},
				{Name: "notice", Do: s.notice},
				{Name: "without the instance", Do: s.without},
				{Name: "no capacity", Do: s.refused},
				{Name: "another type", Do: s.back},
			}
		},
	}
}

// spotSettings buy the nodes without data as spot instances, on which their pods have room for those of a taken one.
func spotSettings() map[string]string {
	return map[string]string{
		programs.KeyBuying:        `["k8s-api-high-traffic=spot","k8s-api-low-traffic=spot","k8s-worker-storage=spot","k8s-worker-ai=spot"]`,
		programs.KeySleep:         "",
		programs.KeyInstanceTypes: largerWorkers,
	}
}

// taken is a spot instance that EC2 takes, with the state before it.
type taken struct {
	*rehearsal.Rehearsal
	client kubernetes.Interface
	// zone and kind are those of the instance.
	zone, kind string
	load       *load
	requests   *requests
	replicas   *replicas
}

func (s *taken) remember(ctx context.Context) (err error) {
	machine, err := s.Cloud.Machine(takenNode)
	if err != nil {
		return err
	}
	s.zone, s.kind = machine.Zone, machine.InstanceType
	if s.client, err = s.Client(ctx); err != nil {
		return err
	}
	if s.load, err = startLoad(context.WithoutCancel(ctx), s.client, lostWorker); err != nil {
		return err
	}
	s.Defer(s.load.cancel)
	if s.replicas, err = watchReplicas(ctx, s.Rehearsal, s.client); err != nil {
		return err
	}
	s.requests, err = sendRequests(ctx, s.Rehearsal, s.client)
	return err
}

// notice waits until the node has drained itself, which EC2 gives two minutes for.
func (s *taken) notice(ctx context.Context) error {
	const notice = 2 * time.Minute
	ctx, cancel := context.WithTimeout(ctx, notice)
	defer cancel()
	if err := s.Cloud.NoticeSpot(takenNode); err != nil {
		return err
	}
	if err := s.Cloud.WaitBoots(ctx); err != nil {
		return fmt.Errorf("the node is not drained %s after the notice: %w", notice, err)
	}
	left, err := s.podsOf(ctx)
	s.Compare("pods on "+takenNode+" when EC2 takes it", "–", left, left == 0)
	return err
}

// podsOf counts the pods of applications on the node.
func (s *taken) podsOf(ctx context.Context) (count int, err error) {
	pods, err := s.client.CoreV1().Pods("growbin").List(ctx, metav1.ListOptions{FieldSelector: "spec.nodeName=" + takenNode})
	if err != nil {
		return 0, fmt.Errorf("list the pods of %s: %w", takenNode, err)
	}
	return len(pods.Items), nil
}

// without is the time in which EC2 has no capacity.
func (s *taken) without(ctx context.Context) error {
	if err := s.Cloud.TakeSpot(takenNode); err != nil {
		return err
	}
	if err := awaitSilent(ctx, s.client, takenNode); err != nil {
		return err
	}
	waiting, err := s.client.CoreV1().Pods("growbin").List(ctx, metav1.ListOptions{FieldSelector: "status.phase=Pending"})
	if err != nil {
		return fmt.Errorf("list the pods that wait: %w", err)
	}
	s.Compare("pods that find no node without it", 0, len(waiting.Items), len(waiting.Items) == 0)
	return nil
}

// refused runs the one command that replaces a lost instance, where AWS has no capacity.
func (s *taken) refused(ctx context.Context) error {
	s.Cloud.SetCapacity(s.zone, s.kind, true, false)
	_, err := s.Engine.Up(ctx, "no-capacity", engine.RunOptions{Refresh: true})
	said := err != nil && strings.Contains(err.Error(), instance.Remedy(takenNode, instance.NoCapacity))
	s.Compare("an update without capacity names the ways out", true, said, said)
	return nil
}

// back rolls the node, asking for another type.
func (s *taken) back(ctx context.Context) error {
	kind, err := capacity.LookupInstanceType(s.kind)
	if err != nil {
		return err
	}
	o := rollOptions(s.Rehearsal)
	o.Only, o.NoSurge, o.Types = []string{takenNode}, true, capacity.Substitutes(kind)
	if err := roll.Run(ctx, o); err != nil {
		return err
	}
	s.requests.compare(s.Rehearsal)
	s.replicas.compare(s.Rehearsal)
	written, present, _, err := s.load.stop(ctx)
	if err != nil {
		return err
	}
	s.Compare("objects written meanwhile", written, present, written > 0 && written == present)
	machine, err := s.Cloud.Machine(takenNode)
	if err != nil {
		return err
	}
	s.Compare("type of "+takenNode, s.kind, machine.InstanceType, machine.InstanceType == otherType)
	node, err := s.client.CoreV1().Nodes().Get(ctx, takenNode, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("read node %s: %w", takenNode, err)
	}
	s.Compare(takenNode+" takes pods", true, !node.Spec.Unschedulable, !node.Spec.Unschedulable)
	return s.Set(ctx, programs.KeyInstanceTypes, keptType)
}
