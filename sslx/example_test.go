package sslx_test

import (
	"fmt"

	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/objective"
)

func ExampleReadConfig() {
	c, err := sslx.ReadConfig("", []string{"batch=512", "encoder.name=resnet18"})
	fmt.Println(c.Data, c.Batch, encoder.NameOf(c.Encoder), objective.NameOf(c.Objective), err)
	_, err = sslx.ReadConfig("", []string{"optimiser.lr=0.1"})
	fmt.Println(err)
	// Output:
	// factors 512 resnet18 simclr <nil>
	// --set optimiser.lr=0.1: unknown key "optimiser": did you mean "optimizer"?
}
