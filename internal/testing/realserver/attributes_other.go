//go:build !linux

package realserver

import "syscall"

// attributes put the process into a group of its own, so that it can be ended with all it started.
func attributes(as *User) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if as != nil {
		attr.Credential = &syscall.Credential{Uid: uint32(as.UID), Gid: uint32(as.GID)}
	}
	return attr
}
