package stacks

import (
	"fmt"
	"strings"
)

// refuse returns the problems as the error of an edit that is refused before anything moves, or nil if there are none. The reason
// follows the stack's name, e.g. "has pods that do not fit their nodes".
func (s *Settings) refuse(reason string, problems error) error {
	if problems == nil {
		return nil
	}
	return fmt.Errorf("stack %q %s; nothing was changed:\n  - %s", s.Stack, reason, strings.ReplaceAll(problems.Error(), "\n", "\n  - "))
}
