package verify

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func pointer[T any](value T) *T { return &value }

var dedicated = corev1.Taint{Key: "dedicated", Value: "api", Effect: corev1.TaintEffectNoSchedule}

func design() Expected {
	return Expected{
		Nodes: []Node{{
			Name: "api", RoleLabel: "node-role.kubernetes.io/api", Labels: map[string]string{"workload": "api"},
			Taints: []corev1.Taint{dedicated}, Band: &Band{40, 60},
		}},
		Workloads: []Workload{{Name: "web", Replicas: 2, Nodes: []string{"api"}}},
	}
}

// fabricate makes a cluster that is exactly the design: a Deployment of two pods with half of the node.
func fabricate() *Snapshot {
	owner := func(kind, name, uid string) []metav1.OwnerReference {
		return []metav1.OwnerReference{{Kind: kind, Name: name, UID: types.UID(uid), Controller: pointer(true)}}
	}
	pod := func(name string) corev1.Pod {
		return corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, Labels: map[string]string{"app.kubernetes.io/name": "web"}, OwnerReferences: owner("ReplicaSet", "web-1", "rs")},
			Spec: corev1.PodSpec{NodeName: "api", Containers: []corev1.Container{{Name: "web", Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
				corev1.ResourceCPU: resource.MustParse("500m"), corev1.ResourceMemory: resource.MustParse("1Gi"),
			}}}}},
			Status: corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}},
		}
	}
	return &Snapshot{
		Nodes: []corev1.Node{{
			ObjectMeta: metav1.ObjectMeta{Name: "api", Labels: map[string]string{"workload": "api", "node-role.kubernetes.io/api": ""}},
			Spec:       corev1.NodeSpec{Taints: []corev1.Taint{dedicated}},
			Status: corev1.NodeStatus{
				Conditions:  []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
				Allocatable: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("2"), corev1.ResourceMemory: resource.MustParse("4Gi")},
			},
		}},
		Pods:        []corev1.Pod{pod("web-1-a"), pod("web-1-b")},
		ReplicaSets: []appsv1.ReplicaSet{{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web-1", UID: "rs", OwnerReferences: owner("Deployment", "web", "d")}}},
		Deployments: []appsv1.Deployment{{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: "d"},
			Spec:       appsv1.DeploymentSpec{Replicas: pointer[int32](2)},
			Status:     appsv1.DeploymentStatus{UpdatedReplicas: 2, AvailableReplicas: 2},
		}},
		StatefulSets: []appsv1.StatefulSet{{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "db"}, Spec: appsv1.StatefulSetSpec{Replicas: pointer[int32](1)},
			Status: appsv1.StatefulSetStatus{ReadyReplicas: 1},
		}},
		DaemonSets: []appsv1.DaemonSet{{ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "agent"},
			Status: appsv1.DaemonSetStatus{DesiredNumberScheduled: 1, NumberAvailable: 1}}},
		Claims: []corev1.PersistentVolumeClaim{{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "data"},
			Status: corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimBound}}},
	}
}

func TestDifferences_AsDesigned(t *testing.T) {
	assert.Empty(t, fabricate().Differences(design()))
}

func TestDifferences(t *testing.T) {
	unscheduled := []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/9 nodes are available: 9 Insufficient cpu."}}
	for name, test := range map[string]struct {
		spoil func(*Snapshot)
		want  []string
	}{
		"node missing": {func(s *Snapshot) { s.Nodes = nil }, []string{"node api has not joined the cluster"}},
		"node unknown": {
			func(s *Snapshot) {
				s.Nodes = append(s.Nodes, corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "stray"}})
			},
			[]string{"node stray is in the cluster, but not in the design", "DaemonSet kube-system/agent is on 1 of 2 nodes"},
		},
		"node not ready": {
			func(s *Snapshot) {
				s.Nodes[0].Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionFalse, Reason: "KubeletNotReady", Message: "no CNI"}}
			},
			[]string{"node api is not Ready: KubeletNotReady: no CNI"},
		},
		"label missing": {func(s *Snapshot) { delete(s.Nodes[0].Labels, "workload") }, []string{"node api lacks the label workload=api"}},
		"label wrong":   {func(s *Snapshot) { s.Nodes[0].Labels["workload"] = "db" }, []string{"node api has the label workload=db, it must be api"}},
		"role missing": {
			func(s *Snapshot) { delete(s.Nodes[0].Labels, "node-role.kubernetes.io/api") },
			[]string{"node api does not show its role: it lacks the label node-role.kubernetes.io/api"},
		},
		"taint missing": {func(s *Snapshot) { s.Nodes[0].Spec.Taints = nil }, []string{"node api lacks the taint dedicated=api:NoSchedule"}},
		"taint too many": {
			func(s *Snapshot) {
				s.Nodes[0].Spec.Taints = append(s.Nodes[0].Spec.Taints, corev1.Taint{Key: "node.kubernetes.io/unreachable", Effect: corev1.TaintEffectNoExecute})
			},
			[]string{"node api has the taint node.kubernetes.io/unreachable:NoExecute, which is not in the design"},
		},
		"pod on the wrong node": {
			func(s *Snapshot) {
				s.Pods[1].Spec.NodeName = "other"
				s.Nodes[0].Status.Allocatable[corev1.ResourceCPU] = resource.MustParse("1")
				s.Nodes[0].Status.Allocatable[corev1.ResourceMemory] = resource.MustParse("2Gi")
			},
			[]string{"pod web-1-b of web runs on other, it belongs on api", "pod shop/web-1-b is bound to node other, which does not exist"},
		},
		"pod of a job on its way": {
			func(s *Snapshot) {
				s.Pods = append(s.Pods, corev1.Pod{
					ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "beat-1", OwnerReferences: []metav1.OwnerReference{{Kind: "Job", Name: "beat", Controller: pointer(true)}}},
					Status:     corev1.PodStatus{Phase: corev1.PodPending},
				})
			}, nil,
		},
		"pod pending": {
			func(s *Snapshot) {
				s.Pods[1].Status = corev1.PodStatus{Phase: corev1.PodPending, Conditions: unscheduled}
			},
			[]string{
				"web has 1 pods Running, the design has 2",
				"pod shop/web-1-b is Pending and not ready: Unschedulable: 0/9 nodes are available: 9 Insufficient cpu.",
			},
		},
		"a pod that ended with its machine is no difference": {
			func(s *Snapshot) {
				ended := s.Pods[0].DeepCopy()
				ended.Name, ended.Status = "web-1-night", corev1.PodStatus{Phase: corev1.PodFailed, Reason: "Terminated", Message: "Pod was terminated in response to imminent node shutdown."}
				s.Pods = append(s.Pods, *ended)
			},
			nil,
		},
		"pod that failed": {
			func(s *Snapshot) {
				failed := s.Pods[0].DeepCopy()
				failed.Name, failed.Status = "web-1-failed", corev1.PodStatus{Phase: corev1.PodFailed, Reason: "Evicted"}
				s.Pods = append(s.Pods, *failed)
			},
			[]string{"pod shop/web-1-failed is Failed and not ready: it has never reported"},
		},
		"pod running but not ready": {
			func(s *Snapshot) {
				s.Pods[1].Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionFalse, Reason: "ContainersNotReady"}}
			},
			[]string{"pod shop/web-1-b is Running and not ready: ContainersNotReady"},
		},
		"a pod of nobody pending": {
			func(s *Snapshot) {
				s.Pods = append(s.Pods, corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "x", Name: "lost"}, Status: corev1.PodStatus{Phase: corev1.PodPending, Conditions: unscheduled}})
			},
			[]string{"pod x/lost is Pending and not ready: Unschedulable: 0/9 nodes are available: 9 Insufficient cpu."},
		},
		"one replica too many": {
			func(s *Snapshot) {
				extra := s.Pods[0].DeepCopy()
				extra.Name = "web-1-c"
				extra.Spec.Containers = nil
				s.Pods = append(s.Pods, *extra)
			},
			[]string{"web has 3 pods Running, the design has 2"},
		},
		"deployment incomplete": {
			func(s *Snapshot) { s.Deployments[0].Status.AvailableReplicas = 1 },
			[]string{"Deployment shop/web has 1 of 2 replicas available"},
		},
		"stateful set incomplete": {
			func(s *Snapshot) { s.StatefulSets[0].Status.ReadyReplicas = 0 },
			[]string{"StatefulSet shop/db has 0 of 1 replicas ready"},
		},
		"daemon set incomplete": {
			func(s *Snapshot) { s.DaemonSets[0].Status.DesiredNumberScheduled = 9 },
			[]string{"DaemonSet kube-system/agent has 1 of 9 pods available"},
		},
		"daemon set missing on a node": {
			func(s *Snapshot) {
				s.DaemonSets[0].Status = appsv1.DaemonSetStatus{}
			},
			[]string{"DaemonSet kube-system/agent is on 0 of 1 nodes"},
		},
		"claim unbound": {
			func(s *Snapshot) { s.Claims[0].Status.Phase = corev1.ClaimPending },
			[]string{"claim shop/data is Pending, not Bound"},
		},
		"outside the band": {
			func(s *Snapshot) { s.Nodes[0].Status.Allocatable[corev1.ResourceCPU] = resource.MustParse("1") },
			[]string{"node api: planned CPU is 100.0 %, outside its band of 40 to 60 %"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := fabricate()
			test.spoil(s)
			got := s.Differences(design())
			if name == "node missing" {
				require.NotEmpty(t, got)
				got = got[:1]
			}
			assert.Equal(t, test.want, got)
		})
	}
}

func TestDifferences_WorkloadOnAnyNode(t *testing.T) {
	s, want := fabricate(), design()
	s.Pods[1].Spec.NodeName = "other"
	s.Nodes, want.Nodes = append(s.Nodes, *s.Nodes[0].DeepCopy()), append(want.Nodes, want.Nodes[0])
	s.Nodes[1].Name, want.Nodes[1].Name = "other", "other"
	want.Nodes[1].Band = nil
	s.DaemonSets[0].Status = appsv1.DaemonSetStatus{DesiredNumberScheduled: 2, CurrentNumberScheduled: 2, UpdatedNumberScheduled: 2, NumberAvailable: 2, NumberReady: 2}
	want.Nodes[0].Band, want.Workloads[0].Nodes = nil, nil
	assert.Empty(t, s.Differences(want))
}

func TestLoad_AsTheSchedulerCounts(t *testing.T) {
	s := fabricate()
	always := corev1.ContainerRestartPolicyAlways
	request := func(cpu string) corev1.ResourceRequirements {
		return corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu)}}
	}
	// An init container larger than the pod counts instead of it, a sidecar counts beside it, a finished pod not at all.
	s.Pods[0].Spec.InitContainers = []corev1.Container{{Name: "init", Resources: request("900m")}}
	s.Pods[1].Spec.InitContainers = []corev1.Container{{Name: "side", Resources: request("100m"), RestartPolicy: &always}}
	done := s.Pods[1].DeepCopy()
	done.Status.Phase = corev1.PodSucceeded
	s.Pods = append(s.Pods, *done)
	assert.InDelta(t, 100*(900+600)/2000, s.Load("api").CPU, 0.01)
	assert.InDelta(t, 50, s.Load("api").Memory, 0.01)
	assert.Equal(t, Load{}, s.Load("nowhere"))
}

func TestApp(t *testing.T) {
	s := fabricate()
	assert.Equal(t, "web", s.App(&s.Pods[0]))
	s.Pods[0].Labels = nil
	assert.Equal(t, "web", s.App(&s.Pods[0]), "without a label the Deployment's name counts")
}
