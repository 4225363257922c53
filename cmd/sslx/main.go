// Command sslx trains image encoders without labels and measures them: `sslx quickstart` shows all of it in a few
// minutes, and `sslx help` lists the rest. See package command for a command with parts of your own.
package main

import (
	"github.com/sslx-go/lab/command"

	_ "github.com/sslx-go/lab/sslx/backend/tuned" // the allocator and the environment that XLA is fast with
)

func main() { command.Main() }
