// Package report holds the result of a rehearsal, and writes it as JSON and as tables.
package report

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Report is written to .rehearsal/report.json.
type Report struct {
	Stack             string `json:"stack"`
	KubernetesVersion string `json:"kubernetesVersion"`
	Nodes             []Node `json:"nodes"`
	// Pods are those of the applications.
	Pods      []Pod     `json:"pods"`
	Resources Resources `json:"resources"`
	// Seconds each phase took.
	Seconds map[string]float64 `json:"seconds"`

	// OK is true if there are no Problems.
	OK       bool     `json:"ok"`
	Problems []string `json:"problems"`
	// Phases names the keys of Seconds in their order.
	Phases []string `json:"phases"`
	// OtherPods are all that belong to no application: databases, monitoring, the cluster's own.
	OtherPods    []Pod        `json:"otherPods"`
	StatefulSets []Controller `json:"statefulSets"`
	DaemonSets   []Controller `json:"daemonSets"`
	Claims       []Claim      `json:"claims"`
	// NotInstalledHere lists the charts that a rehearsal cannot install.
	NotInstalledHere []NotInstalled `json:"notInstalledHere"`
	// CriticalPath is the chain of resources for which an update on AWS waits the longest, by the waits of the real provider that
	// were seen. Boots of instances and starts of pods come on top.
	CriticalPath []Wait `json:"criticalPath"`
	// Real and Simulated list the parts of the rehearsal that were real and those that were simulated.
	Real      []string `json:"real"`
	Simulated []string `json:"simulated"`
	// Drill is the result of the drill, if there was one.
	Drill *Drill `json:"drill,omitempty"`
	// PeakMemoryBytes is the largest resident memory of all processes of the rehearsal together, sampled.
	PeakMemoryBytes int64 `json:"peakMemoryBytes"`
}

// Node is one node, as AWS and the API server reported it.
type Node struct {
	Name         string            `json:"name"`
	InstanceType string            `json:"instanceType"`
	Zone         string            `json:"zone"`
	Labels       map[string]string `json:"labels"`
	// PlannedCPU and PlannedMemory are the requests of its pods, in percent of its allocatable resources.
	PlannedCPU    float64 `json:"plannedCpu"`
	PlannedMemory float64 `json:"plannedMemory"`
	Role          string  `json:"role"`
	Purpose       string  `json:"purpose"`
	InstanceID    string  `json:"instanceId,omitempty"`
	// Band is the expected load in percent, if the design has one.
	Band *Band `json:"band,omitempty"`
}

// Band is a range of percent.
type Band struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

func (b *Band) holds(percent float64) bool { return b == nil || percent >= b.Low && percent <= b.High }

// Pod is one pod, as the API server reported it.
type Pod struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	App       string `json:"app"`
	Node      string `json:"node"`
	Phase     string `json:"phase"`
}

// Controller is a StatefulSet or a DaemonSet.
type Controller struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Ready     int32  `json:"ready"`
	Wanted    int32  `json:"wanted"`
}

// Claim is a claim for a volume.
type Claim struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Phase     string `json:"phase"`
	Volume    string `json:"volume"`
}

// Resources counts Pulumi's operations.
type Resources struct {
	Created           int `json:"created"`
	ChangedOnSecondUp int `json:"changedOnSecondUp"`
	LeftAfterDestroy  int `json:"leftAfterDestroy"`
	// Deleted by the destroy; ChangedToUnprotect by the update before it that lifts deletion protection.
	Deleted            int `json:"deleted"`
	ChangedToUnprotect int `json:"changedToUnprotect"`
	// Changes are those of the second up, Left the resources that the destroy left. Both should be empty.
	Changes []string `json:"changes,omitempty"`
	Left    []string `json:"left,omitempty"`
}

// Wait is a resource for which an update on AWS waits.
type Wait struct {
	Resource string  `json:"resource"`
	Seconds  float64 `json:"seconds"`
}

// NotInstalled is a chart that a rehearsal left out.
type NotInstalled struct {
	Name    string `json:"name"`
	Chart   string `json:"chart"`
	Version string `json:"version,omitempty"`
	Reason  string `json:"reason"`
}

// Write writes the report to a file, atomically.
func (r *Report) Write(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the report: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("make the report's directory: %w", err)
	}
	temporary := path + ".new"
	if err := os.WriteFile(temporary, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if err := os.Rename(temporary, path); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
