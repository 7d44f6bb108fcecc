package main

import "syscall"

// dieWithParent lets the kernel kill a child when "up" dies, however it dies.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
