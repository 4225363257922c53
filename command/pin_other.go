//go:build !linux

package command

import "os/exec"

// startOn starts a process; where they cannot be kept on cores, all share them.
func startOn(cmd *exec.Cmd, _, _ int) error { return cmd.Start() }
