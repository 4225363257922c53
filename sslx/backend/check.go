package backend

import (
	"context"
	"fmt"
	"reflect"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
)

// Check is one line of `sslx doctor`.
type Check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
	// Fix is what mends it, a command where there is one; empty when OK.
	Fix string `json:"fix"`
}

// Report is what `sslx doctor --json` prints.
type Report struct {
	OK      bool    `json:"ok"` // every check is
	Backend Info    `json:"backend"`
	Checks  []Check `json:"checks"`
}

// Doctor looks at the machine, the plugins and the folders, opens the backend that [Open] would choose and runs a
// small product on it. It downloads nothing; it creates the cache folder when that is missing.
func Doctor(ctx context.Context) Report {
	var report Report
	report.Checks = append(machineChecks(), folderChecks()...)
	report.Checks = append(report.Checks, toolChecks(ctx)...)
	report.Checks = append(report.Checks, pluginChecks(ctx)...)
	chosen, info := chosenCheck(ctx)
	report.Checks = append(report.Checks, chosen)
	report.Backend = info
	report.OK = true
	for _, c := range report.Checks {
		report.OK = report.OK && c.OK
	}
	return report
}

// chosenCheck runs a product on the backend that Open chooses.
func chosenCheck(ctx context.Context) (Check, Info) {
	c := Check{Name: "product of two matrices"}
	h, err := Open(ctx, Options{NoInstall: true, Warn: func(string) {}})
	if err != nil {
		c.Detail, c.Fix = err.Error(), "unset "+ConfigEnv
		return c, Info{}
	}
	defer h.Close()
	if err := product(h.Backend); err != nil {
		c.Detail, c.Fix = fmt.Sprintf("%s: %v", h.Name, err), "sslx backend install cpu"
		return c, h.Info()
	}
	c.OK, c.Detail = true, fmt.Sprintf("compiled and run on %s (%s)", h.Name, h.Device)
	return c, h.Info()
}

// product compiles and runs a 2x2 matrix product, and compares the result.
func product(b compute.Backend) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("cannot run a graph: %v", p)
		}
	}()
	x := [][]float32{{1, 2}, {3, 4}}
	out, err := graph.ExecOnce(b, func(x *graph.Node) *graph.Node { return graph.Dot(x, x).Product() }, x)
	if err != nil {
		return fmt.Errorf("cannot run a graph: %w", err)
	}
	if want := [][]float32{{7, 10}, {15, 22}}; !reflect.DeepEqual(out.Value(), want) {
		return fmt.Errorf("the product is %v, not %v", out.Value(), want)
	}
	return nil
}
