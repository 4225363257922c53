package backend

import (
	"context"
	"fmt"
)

// pluginChecks loads each plugin that the machine could use.
func pluginChecks(ctx context.Context) []Check {
	checks := []Check{pluginCheck(ctx, "XLA plugin for CPU", cpu, "sslx backend install cpu")}
	if hasGPU() {
		which := cudaFor(driverMajor())
		checks = append(checks, Check{Name: "NVIDIA GPU", OK: true, Detail: gpuText("found")},
			pluginCheck(ctx, "XLA plugin for CUDA", cuda, "sslx backend install "+which))
	} else {
		checks = append(checks, Check{Name: "NVIDIA GPU", OK: true, Detail: "none found; the CPU is used"})
	}
	return append(checks, goCheck())
}

func pluginCheck(ctx context.Context, name, plugin, fix string) Check {
	h, err := Open(ctx, Options{Config: "xla:" + plugin, NoInstall: true})
	if err != nil {
		return Check{Name: name, Detail: err.Error(), Fix: fix}
	}
	defer h.Close()
	detail := fmt.Sprintf("%s, PJRT C API %s, %d devices", h.PluginPath, h.PluginVersion, h.NumDevices)
	return Check{Name: name, OK: true, Detail: detail}
}

func goCheck() Check {
	c := Check{Name: "pure-Go backend"}
	h, err := openGo()
	if err == nil {
		defer h.Close()
		err = product(h.Backend)
	}
	if err != nil {
		c.Detail, c.Fix = err.Error(), "report it: this build of sslx is broken"
		return c
	}
	c.OK, c.Detail = true, "works; too slow to train with"
	return c
}
