package realserver

import "syscall"

// attributes put the process into a group of its own, so that it can be ended with all it started, and end
// it with the test should the test be killed.
func attributes(as *User) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if as != nil {
		attr.Credential = &syscall.Credential{Uid: uint32(as.UID), Gid: uint32(as.GID)}
	}
	return attr
}
