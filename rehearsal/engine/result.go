package engine

import (
	"fmt"
	"regexp"
	"sort"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Result of one operation, counted by the engine itself.
type Result struct {
	Created, Updated, Replaced, Deleted, Same int
	Took                                      time.Duration
	// Changes are the resources that were not left as they are.
	Changes []Change
	// Failures are the engine's errors.
	Failures []Failure
	// Warnings are the providers' and the engine's, each once.
	Warnings []string
}

// Change is what was done, or would be done, to one resource.
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

// collect reads the engine's events to their end; alive is called with each, steps with those that are steps.
func collect(stream <-chan events.EngineEvent, steps func(*apitype.ResourcePreEvent), alive func()) Result {
	var r Result
	warned := map[string]bool{}
	for event := range stream {
		alive()
		switch {
		case event.SummaryEvent != nil:
			r.count(event.SummaryEvent.ResourceChanges)
		case event.ResourcePreEvent != nil:
			r.change(event.ResourcePreEvent.Metadata)
			if steps != nil {
				steps(event.ResourcePreEvent)
			}
		case event.DiagnosticEvent != nil:
			r.diagnose(event.DiagnosticEvent, warned)
		}
	}
	sort.Slice(r.Changes, func(a, b int) bool { return r.Changes[a].String() < r.Changes[b].String() })
	return r
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

// colorTags are the engine's marks for colour in its messages.
var colorTags = regexp.MustCompile(`<\{%[^%]*%\}>`)

// wrapping is what Pulumi's own layers put before an error; none of it helps to mend anything.
var wrapping = regexp.MustCompile(`^(error: |1 error occurred:\s+\* |an unhandled error occurred: |waiting for RPCs: |marshaling properties: )+`)

func (r *Result) diagnose(d *apitype.DiagnosticEvent, warned map[string]bool) {
	message := strings.TrimSpace(colorTags.ReplaceAllString(d.Message, ""))
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
		// The engine repeats itself: what the stack as a whole says about a failed resource adds nothing.
		if strings.HasPrefix(failure.Reason, "update failed") || strings.HasPrefix(failure.Reason, "preview failed") {
			return
		}
		r.Failures = append(r.Failures, failure)
	case "warning":
		text := strings.TrimPrefix(failure.String(), "warning: ")
		if !warned[text] {
			warned[text] = true
			r.Warnings = append(r.Warnings, text)
		}
	}
}
