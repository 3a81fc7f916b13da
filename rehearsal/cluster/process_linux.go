package cluster

import "syscall"

// childAttributes gives a program its own process group, and ends it when this process dies in whatever way.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
