//go:build !linux

package cluster

import "syscall"

// childAttributes gives a program its own process group. Only Linux can tie its life to ours.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
