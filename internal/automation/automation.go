// Package automation holds the parts of Pulumi's Automation API that the day-two command and the rehearsal share: the event
// stream of an operation and the text of its diagnostics.
package automation

import (
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// Watch runs an operation and calls handle with each of the engine's events, in order. It returns the operation's error once
// all events have been handled. The operation must pass the stream to the Automation API.
func Watch(operation func(stream chan events.EngineEvent) error, handle func(events.EngineEvent)) error {
	stream, handled := make(chan events.EngineEvent), make(chan struct{})
	go func() {
		defer close(handled)
		for event := range stream {
			handle(event)
		}
	}()
	err := operation(stream)
	closeOnce(stream)
	<-handled
	return err
}

// closeOnce closes the stream unless the Automation API has: it does so once it has opened the engine's log, but not if the
// operation failed before.
func closeOnce(stream chan events.EngineEvent) {
	defer func() { _ = recover() }()
	close(stream)
}

// colorTags are the engine's color marks in its messages.
var colorTags = regexp.MustCompile(`<\{%[^%]*%\}>`)

// Message returns the text of a diagnostic without color marks and surrounding blanks.
func Message(d *apitype.DiagnosticEvent) string {
	return strings.TrimSpace(colorTags.ReplaceAllString(d.Message, ""))
}
