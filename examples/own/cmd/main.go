// Command own is the sslx command with the parts of package own.
package main

import (
	"github.com/sslx-go/lab/command"

	_ "example.com/own"
	_ "github.com/sslx-go/lab/sslx/backend/tuned" // the allocator and the environment that XLA is fast with
)

func main() { command.Main() }
