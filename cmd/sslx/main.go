// Command sslx pre-trains and evaluates joint-embedding encoders: `sslx quickstart` shows all of it in a few minutes,
// and `sslx help` lists the rest. It holds no logic of its own: see package sslx.
package main

import "os"

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }
