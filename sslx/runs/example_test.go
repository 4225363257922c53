package runs_test

import (
	"fmt"

	"github.com/sslx-go/lab/sslx/runs"
)

// The runs below a folder, with how far each is.
func ExampleList() {
	states, err := runs.List("runs")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range states {
		fmt.Println(s.Run, s.Method, s.Status, s.Steps)
	}
}

// A run by the beginning of its name, and all that its folder says.
func ExampleFind() {
	dir, err := runs.Find("first")
	if err != nil {
		fmt.Println(err)
		return
	}
	details, err := runs.Read(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(details.Path, details.Config.Epochs, details.Environment.CPU)
}
