package engine

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/growbin/cluster/internal/automation"
)

// Result of one operation, counted by the engine itself.
type Result struct {
	Created, Updated, Replaced, Deleted, Same int
	// Took is the duration of the operation.
	Took time.Duration
	// Changes are the resources that were not the same, sorted.
	Changes []Change
	// Failures are the engine's errors.
	Failures []Failure
	// Warnings are those of the providers and the engine, without duplicates.
	Warnings []string
}

// Change is an operation on one resource, done or planned.
type Change struct {
	Operation, Type, Name string
	// Properties that differ.
	Properties []string
}

func (c Change) String() string {
	text := fmt.Sprintf("%s %s %s", c.Operation, c.Type, c.Name)
	if len(c.Properties) > 0 {
		text += " (" + strings.Join(c.Properties, ", ") + ")"
	}
	return text
}

// Strings describes changes, one string each.
func Strings(changes []Change) []string {
	list := make([]string, 0, len(changes))
	for _, change := range changes {
		list = append(list, change.String())
	}
	return list
}

// Changed counts every resource that was not the same.
func (r Result) Changed() int { return r.Created + r.Updated + r.Replaced + r.Deleted }

// Failure is one error of the engine, with the resource that it is about.
type Failure struct{ Type, Name, Reason string }

func (f Failure) String() string {
	if f.Name == "" {
		return f.Reason
	}
	return fmt.Sprintf("%s %s: %s", f.Type, f.Name, f.Reason)
}

// add counts one of the engine's events.
func (r *Result) add(event events.EngineEvent) {
	switch {
	case event.SummaryEvent != nil:
		r.count(event.SummaryEvent.ResourceChanges)
	case event.ResourcePreEvent != nil:
		r.change(event.ResourcePreEvent.Metadata)
	case event.DiagnosticEvent != nil:
		r.diagnose(event.DiagnosticEvent)
	}
}

func (r *Result) count(changes map[apitype.OpType]int) {
	r.Created, r.Updated = changes[apitype.OpCreate], changes[apitype.OpUpdate]
	r.Replaced, r.Deleted = changes[apitype.OpReplace], changes[apitype.OpDelete]
	r.Same = changes[apitype.OpSame]
}

func (r *Result) change(step apitype.StepEventMetadata) {
	switch step.Op {
	case apitype.OpSame, apitype.OpRead, apitype.OpRefresh:
		return
	}
	urn := resource.URN(step.URN)
	r.Changes = append(r.Changes, Change{string(step.Op), string(urn.Type()), urn.Name(), step.Diffs})
}

// wrapping are the prefixes that Pulumi's layers add to an error. None of them helps to fix it.
var wrapping = regexp.MustCompile(`^(error: |1 error occurred:\s+\* |an unhandled error occurred: |waiting for RPCs: |marshaling properties: )+`)

func (r *Result) diagnose(d *apitype.DiagnosticEvent) {
	message := automation.Message(d)
	if message == "" || d.Ephemeral {
		return
	}
	urn := resource.URN(d.URN)
	failure := Failure{Reason: wrapping.ReplaceAllString(message, "")}
	if d.URN != "" {
		failure.Type, failure.Name = string(urn.Type()), urn.Name()
	}
	switch d.Severity {
	case "error":
		// The engine repeats the failure of a resource as one of the stack.
		if strings.HasPrefix(failure.Reason, "update failed") || strings.HasPrefix(failure.Reason, "preview failed") {
			return
		}
		r.Failures = append(r.Failures, failure)
	case "warning":
		text := strings.TrimPrefix(failure.String(), "warning: ")
		if !slices.Contains(r.Warnings, text) {
			r.Warnings = append(r.Warnings, text)
		}
	}
}
