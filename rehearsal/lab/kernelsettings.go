package lab

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// kernelSettings are those that kubelet changes and that the hosts share with this machine.
var kernelSettings = []string{"vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops", "kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes"}

// saveKernelSettings returns a function that restores the present values.
func saveKernelSettings() (restore func() error, err error) {
	before := map[string]string{}
	for _, name := range kernelSettings {
		value, err := os.ReadFile("/proc/sys/" + name)
		if err != nil {
			return nil, fmt.Errorf("reading a kernel setting: %w", err)
		}
		before[name] = strings.TrimSpace(string(value))
	}
	return func() error {
		var problems []error
		for name, value := range before {
			problems = append(problems, os.WriteFile("/proc/sys/"+name, []byte(value), 0o644))
		}
		return errors.Join(problems...)
	}, nil
}
