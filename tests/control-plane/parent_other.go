//go:build !linux

package main

import "syscall"

// dieWithParent can do nothing here: if "up" itself is killed outright, its children stay. The end of its standard
// input, which is how it notices the end of its own parent, works everywhere.
func dieWithParent() *syscall.SysProcAttr { return nil }
