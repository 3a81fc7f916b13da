package kubeadm_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm"
)

const spotScript = "/usr/local/lib/kubeadm-bootstrap/spot.sh"

// spotConfig is a worker without data on a spot instance, in a load balancer's target groups.
func spotConfig() kubeadm.WorkerConfig {
	config := workerConfig()
	config.DataMount, config.Spot, config.TargetGroups = "", true, "dev-"
	return config
}

// spotWorld is the part of AWS and of the API server that spot.sh uses.
type spotWorld struct {
	// quiet is the number of questions without a notice; blocked that of evictions that a budget forbids.
	quiet, blocked int
	// pods run on the node; those of DaemonSets stay.
	pods []string
	// member are the target groups that the instance is in.
	member map[string]bool
	calls  []string
	// node is the Node object.
	node string
}

const (
	groupOfNode  = "arn:aws:elasticloadbalancing:ap-northeast-2:000000000000:targetgroup/dev-api/0123"
	groupOfOther = "arn:aws:elasticloadbalancing:ap-northeast-2:000000000000:targetgroup/dev-grafana/4567"
	groupForeign = "arn:aws:elasticloadbalancing:ap-northeast-2:000000000000:targetgroup/shop-api/89ab"
)

func (s *spotWorld) balance(w http.ResponseWriter, form url.Values) {
	action, group := form.Get("Action"), form.Get("TargetGroupArn")
	_, name, _ := strings.Cut(group, ":targetgroup/")
	if action != "DescribeTargetGroups" && form.Get("Targets.member.1.Id") != instanceID {
		http.Error(w, "another instance", http.StatusBadRequest)
		return
	}
	s.calls = append(s.calls, action+" "+name)
	switch action {
	case "DescribeTargetGroups":
		for _, arn := range []string{groupOfNode, groupOfOther, groupForeign} {
			fmt.Fprintf(w, "<TargetGroupArn>%s</TargetGroupArn>", arn)
		}
	case "DeregisterTargets":
		s.member[group] = false
	}
}

func (s *spotWorld) serve(w http.ResponseWriter, r *http.Request) bool {
	if r.Header.Get("X-Amz-Target") != "" || r.Method == http.MethodPut {
		return false
	}
	body, _ := io.ReadAll(r.Body)
	switch {
	case strings.Contains(r.Header.Get("Authorization"), "/elasticloadbalancing/"):
		form, _ := url.ParseQuery(string(body))
		s.balance(w, form)
	case r.URL.Path == "/latest/meta-data/spot/instance-action":
		if s.quiet--; s.quiet >= 0 {
			http.NotFound(w, r)
			return true
		}
		fmt.Fprint(w, `{"action": "terminate", "time": "2026-11-26T08:22:00Z"}`)
	case r.Method == http.MethodPatch && r.URL.Path == "/api/v1/nodes/k8s-redis":
		s.calls = append(s.calls, string(body))
	case r.Method == http.MethodGet && r.URL.Path == "/api/v1/nodes/k8s-redis" && s.node != "":
		fmt.Fprint(w, s.node)
	case r.Method == http.MethodGet && r.URL.Query().Get("fieldSelector") == "spec.nodeName=k8s-redis":
		var items []string
		for _, pod := range s.pods {
			owner := "ReplicaSet"
			if strings.HasPrefix(pod, "daemon") {
				owner = "DaemonSet"
			}
			items = append(items, fmt.Sprintf(`{"metadata":{"namespace":"apps","name":%q,"ownerReferences":[{"kind":%q}]},"status":{"phase":"Running"}}`, pod, owner))
		}
		fmt.Fprintf(w, `{"items":[%s]}`, strings.Join(items, ","))
	case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/eviction"):
		if s.blocked--; s.blocked >= 0 {
			http.Error(w, "Cannot evict pod as it would violate the pod's disruption budget.", http.StatusTooManyRequests)
			return true
		}
		pod := strings.Split(r.URL.Path, "/")[6]
		s.calls = append(s.calls, "evict "+pod)
		s.pods = strings.Fields(strings.ReplaceAll(" "+strings.Join(s.pods, " ")+" ", " "+pod+" ", " "))
	default:
		return false
	}
	return true
}

func TestSpot_DrainsAtTheNotice(t *testing.T) {
	t.Parallel()
	s := &spotWorld{quiet: 2, blocked: 2, pods: []string{"api-a", "api-b", "daemon-a"}, member: map[string]bool{groupOfNode: true}}
	m := newMachine(t, spotConfig())
	m.requireRun(workerScript)
	require.Contains(t, m.calls(), "systemctl enable --now --no-block kubeadm-spot.service")
	m.aws.other = s.serve
	m.env = append(m.env, "NOTICE_INTERVAL=0.01", "EVICT_INTERVAL=0.01")
	output := m.requireRun(spotScript)
	require.Contains(t, output, "apps/api-a stays for now")
	require.Contains(t, output, "drained")
	require.Equal(t, []string{"daemon-a"}, s.pods)
	require.Equal(t, map[string]bool{groupOfNode: false, groupOfOther: false}, s.member, "no group of another cluster")
	require.Equal(t, `{"metadata":{"annotations":{"kubeadm-aws.io/taken":"true"}},"spec":{"unschedulable":true}}`, s.calls[0])
}

// The successor of a taken instance lifts its cordon, and no other.
func TestWorker_TakesPodsAfterATakenInstance(t *testing.T) {
	t.Parallel()
	for annotation, lifted := range map[string]bool{`"kubeadm-aws.io/taken":"true"`: true, `"cordoned-by":"somebody"`: false} {
		s := &spotWorld{node: `{"metadata":{"annotations":{` + annotation + `}}}`}
		m := newMachine(t, spotConfig())
		m.aws.other = s.serve
		m.requireRun(workerScript)
		require.Equal(t, lifted, slices.Contains(s.calls, `{"metadata":{"annotations":{"kubeadm-aws.io/taken":null}},"spec":{"unschedulable":false}}`))
	}
}
