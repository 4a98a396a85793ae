package main

import "syscall"

// childAttributes: the child does not outlive its parent, and Ctrl-C reaches it
// through the parent only, which passes it on once.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
