// Package report says what a rehearsal showed: as JSON for a machine, as tables for a person.
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

	// OK is true when everything held; Problems says what did not.
	OK       bool     `json:"ok"`
	Problems []string `json:"problems"`
	// Phases names the keys of Seconds in their order.
	Phases []string `json:"phases"`
	// OtherPods are all that belong to no application: databases, monitoring, the cluster's own.
	OtherPods    []Pod        `json:"otherPods"`
	StatefulSets []Controller `json:"statefulSets"`
	DaemonSets   []Controller `json:"daemonSets"`
	Claims       []Claim      `json:"claims"`
	// NotInstalledHere is what the program asks for and a rehearsal cannot install.
	NotInstalledHere []NotInstalled `json:"notInstalledHere"`
	// Real and Simulated say what the result rests on.
	Real      []string `json:"real"`
	Simulated []string `json:"simulated"`
	// Drill is what happened to the stack while it ran; absent when nothing did.
	Drill *Drill `json:"drill,omitempty"`
	// PeakMemoryBytes is the largest resident memory of all processes of the rehearsal together, sampled.
	PeakMemoryBytes int64 `json:"peakMemoryBytes"`
}

// Node is one machine, as AWS and the API server showed it.
type Node struct {
	Name         string            `json:"name"`
	InstanceType string            `json:"instanceType"`
	Zone         string            `json:"zone"`
	Labels       map[string]string `json:"labels"`
	// PlannedCPU and PlannedMemory are what its pods request, in percent of what it can give to pods.
	PlannedCPU    float64 `json:"plannedCpu"`
	PlannedMemory float64 `json:"plannedMemory"`
	Role          string  `json:"role"`
	Purpose       string  `json:"purpose"`
	InstanceID    string  `json:"instanceId,omitempty"`
	// Band is the load that the design expects, in percent; absent where it states none.
	Band *Band `json:"band,omitempty"`
}

// Band is a range of percent.
type Band struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

func (b *Band) holds(percent float64) bool { return b == nil || percent >= b.Low && percent <= b.High }

// Pod is one pod, as the API server showed it.
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

// Resources counts what Pulumi did.
type Resources struct {
	Created           int `json:"created"`
	ChangedOnSecondUp int `json:"changedOnSecondUp"`
	LeftAfterDestroy  int `json:"leftAfterDestroy"`
	// Deleted by the destroy; ChangedToUnprotect by the update before it that lifts deletion protection.
	Deleted            int `json:"deleted"`
	ChangedToUnprotect int `json:"changedToUnprotect"`
	// Changes and Left name what should not have been.
	Changes []string `json:"changes,omitempty"`
	Left    []string `json:"left,omitempty"`
}

// NotInstalled is a chart that a rehearsal left out.
type NotInstalled struct {
	Name    string `json:"name"`
	Chart   string `json:"chart"`
	Version string `json:"version,omitempty"`
	Reason  string `json:"reason"`
}

// Write puts the report into a file, whole or not at all.
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
