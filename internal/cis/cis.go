// Package cis says how the cluster meets each control of the CIS Kubernetes Benchmark. The boot lab compares it with kube-bench on
// its nodes.
package cis

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// Control is one control of the benchmark.
type Control struct {
	// ID is its number, e.g. 1.2.5.
	ID string `json:"id"`
	// Title is the benchmark's.
	Title string `json:"title"`
	// Reason is why kube-bench does not pass it, and how it is met instead; empty for a control that kube-bench passes.
	Reason string `json:"reason"`
}

// Passed is the status of a control that kube-bench passes. It calls others FAIL, WARN or INFO.
const Passed = "PASS"

// Result is kube-bench's for one control on one node.
type Result struct {
	ID     string `json:"test_number"`
	Status string `json:"status"`
	// Actual and Reason say what kube-bench found.
	Actual string `json:"actual_value"`
	Reason string `json:"reason"`
	Node   string `json:"-"`
}

//go:embed controls.yaml
var controls []byte

// Controls returns all controls of the benchmark, in its order.
func Controls() ([]Control, error) {
	var all []Control
	if err := yaml.UnmarshalStrict(controls, &all); err != nil {
		return nil, fmt.Errorf("reading the controls: %w", err)
	}
	return all, nil
}

// Compare returns a problem for each control that fails without a reason, that passes on every node although it has one, that has no
// result, or that is unknown.
func Compare(all []Control, results []Result) []string {
	var problems []string
	of := map[string][]Result{}
	for _, r := range results {
		if !slices.ContainsFunc(all, func(c Control) bool { return c.ID == r.ID }) {
			problems = append(problems, fmt.Sprintf("control %s is not in the table", r.ID))
		}
		of[r.ID] = append(of[r.ID], r)
	}
	for _, c := range all {
		failed := slices.DeleteFunc(slices.Clone(of[c.ID]), func(r Result) bool { return r.Status == Passed })
		switch {
		case len(of[c.ID]) == 0:
			problems = append(problems, fmt.Sprintf("control %s has no result", c.ID))
		case len(failed) == 0 && c.Reason != "":
			problems = append(problems, fmt.Sprintf("control %s passes: its reason must go", c.ID))
		case len(failed) > 0 && c.Reason == "":
			for _, r := range failed {
				problems = append(problems, strings.TrimSpace(fmt.Sprintf("control %s, %s: %s on %s, and no reason is given: %s %s", c.ID, c.Title, r.Status, r.Node, r.Actual, r.Reason)))
			}
		}
	}
	return problems
}
