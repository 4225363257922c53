//go:build !linux

package workers

import "os/exec"

// runOn runs a process; where processes cannot be kept on cores, all share them.
func runOn(c *exec.Cmd, _, _ int) error { return c.Run() }
