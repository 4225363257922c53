package sslx_test

import (
	"fmt"

	"github.com/sslx-go/lab/sslx"
)

func ExampleReadConfig() {
	c, err := sslx.ReadConfig("", []string{"batch=512", "encoder.name=resnet18"})
	fmt.Println(c.Data, c.Batch, c.Encoder.Name, c.Objective.Name, err)
	_, err = sslx.ReadConfig("", []string{"optimiser.lr=0.1"})
	fmt.Println(err)
	// Output:
	// factors 512 resnet18 simclr <nil>
	// --set optimiser.lr=0.1: unknown key "optimiser": did you mean "optimizer"?
}
