// Command sslx pre-trains and evaluates joint-embedding encoders: `sslx quickstart` shows all of it in a few minutes,
// and `sslx help` lists the rest. It holds no logic of its own: see package sslx.
package main

import (
	"os"

	_ "github.com/sslx-go/lab/sslx/backend/tuned" // the allocator and the environment that XLA is fast with
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }
