package process

import "syscall"

// attributes gives a program its own process group, and ends it when this process dies for whatever reason.
func attributes(as *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, Credential: as}
}
