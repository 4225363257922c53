// Command own is the sslx command with the parts of package own.
package main

import (
	"github.com/sslx-go/lab/command"

	_ "example.com/own"
)

func main() { command.Main() }
