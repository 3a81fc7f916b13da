package recorder

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
)

// RequireMounts fails the test if a container of the pod at path mounts a volume that the pod does not have, or a
// volume is mounted nowhere.
func (r Registration) RequireMounts(t testing.TB, path string) {
	t.Helper()
	have, used := map[any]bool{}, map[any]bool{}
	for _, v := range r.list(path + ".volumes") {
		have[v["name"]] = true
	}
	for _, c := range append(r.list(path+".containers"), r.list(path+".initContainers")...) {
		mounts, _ := c["volumeMounts"].([]any)
		for _, m := range mounts {
			used[m.(map[string]any)["name"]] = true
		}
	}
	for name := range used {
		if !have[name] {
			t.Errorf("%s %s mounts a volume %v that it does not have", r.Type, r.Name, name)
		}
	}
	for name := range have {
		if !used[name] {
			t.Errorf("%s %s has a volume %v that nothing mounts", r.Type, r.Name, name)
		}
	}
}

// RequireRestricted fails the test if the pod at path does not fit the restricted Pod Security Standard, has a
// writable root file system, a token of the API server, or a container without requests and limits of CPU and memory.
func (r Registration) RequireRestricted(t testing.TB, path string) {
	t.Helper()
	want := map[string]any{
		".securityContext.runAsNonRoot":        true,
		".securityContext.seccompProfile.type": "RuntimeDefault",
		".automountServiceAccountToken":        false,
		".enableServiceLinks":                  false,
	}
	var containers []string
	for _, kind := range []string{"containers", "initContainers"} {
		for i := range r.list(path + "." + kind) {
			containers = append(containers, fmt.Sprintf(".%s[%d]", kind, i))
		}
	}
	for _, container := range containers {
		c := container + ".securityContext"
		want[c+".runAsNonRoot"] = true
		want[c+".readOnlyRootFilesystem"] = true
		want[c+".allowPrivilegeEscalation"] = false
		want[c+".capabilities.drop[0]"] = "ALL"
	}
	for field, value := range want {
		if got := r.Value(path + field); got != value {
			t.Errorf("%s %s: %s%s is %v; want %v", r.Type, r.Name, path, field, got, value)
		}
	}
	if len(containers) == 0 {
		t.Errorf("%s %s has no containers at %s", r.Type, r.Name, path)
	}
	if uid, _ := r.Value(path + ".securityContext.runAsUser").(float64); uid == 0 {
		t.Errorf("%s %s runs as root or as the user of its image; runAsUser must be set", r.Type, r.Name)
	}
	for _, container := range containers {
		for _, name := range []string{"cpu", "memory"} {
			c := path + container + ".resources"
			request, limit := r.quantity(t, c+".requests."+name), r.quantity(t, c+".limits."+name)
			if request.Sign() <= 0 || limit.Cmp(request) < 0 {
				t.Errorf("%s %s: %s: %s requested, limit %s", r.Type, r.Name, c, request.String(), limit.String())
			}
		}
	}
}

// Limits are the sums of the limits of the pod at path, in thousandths of a CPU and MiB.
func (r Registration) Limits(t testing.TB, path string) (milliCPU, memoryMiB int64) {
	t.Helper()
	for i := range r.list(path + ".containers") {
		c := fmt.Sprintf("%s.containers[%d].resources.limits.", path, i)
		cpu, memory := r.quantity(t, c+"cpu"), r.quantity(t, c+"memory")
		milliCPU += cpu.MilliValue()
		memoryMiB += memory.Value() >> 20
	}
	return milliCPU, memoryMiB
}

func (r Registration) list(path string) []map[string]any {
	values, _ := r.Value(path).([]any)
	list := make([]map[string]any, 0, len(values))
	for _, v := range values {
		list = append(list, v.(map[string]any))
	}
	return list
}

func (r Registration) quantity(t testing.TB, path string) resource.Quantity {
	t.Helper()
	text, _ := r.Value(path).(string)
	q, err := resource.ParseQuantity(text)
	if err != nil {
		t.Errorf("%s %s: %s is %q: %v", r.Type, r.Name, path, text, err)
	}
	return q
}
