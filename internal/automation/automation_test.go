package automation

import (
	"errors"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/assert"
)

func event(sequence int) events.EngineEvent {
	return events.EngineEvent{EngineEvent: apitype.EngineEvent{Sequence: sequence}}
}

func TestWatch(t *testing.T) {
	failed := errors.New("failed")
	for name, operation := range map[string]func(chan events.EngineEvent) error{
		"stream closed": func(stream chan events.EngineEvent) error {
			stream <- event(1)
			stream <- event(2)
			close(stream)
			return failed
		},
		"stream left open": func(stream chan events.EngineEvent) error {
			stream <- event(1)
			stream <- event(2)
			return failed
		},
	} {
		t.Run(name, func(t *testing.T) {
			var handled []int
			err := Watch(operation, func(e events.EngineEvent) { handled = append(handled, e.Sequence) })
			assert.ErrorIs(t, err, failed)
			assert.Equal(t, []int{1, 2}, handled)
		})
	}
}

func TestMessage(t *testing.T) {
	assert.Equal(t, "error: no such stack", Message(&apitype.DiagnosticEvent{Message: "<{%fg 1%}>error: <{%reset%}>no such stack\n"}))
}
