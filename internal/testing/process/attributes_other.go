//go:build !linux

package process

import "syscall"

// attributes gives a program its own process group. Only Linux can end it when this process dies.
func attributes(as *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Credential: as}
}
