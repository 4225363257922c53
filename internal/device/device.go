// Package device tells graphs what they run on, where the fastest way to compute something depends on it.
package device

import (
	"path/filepath"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"
	. "github.com/gomlx/gomlx/core/graph"
)

// IsPureGo reports whether a graph runs on the pure-Go backend.
func IsPureGo(g *Graph) bool { return g.Backend().String() == gobackend.BackendName }

// IsCPU reports whether a graph runs on XLA's CPU backend.
func IsCPU(g *Graph) bool { return strings.Contains(plugin(g.Backend()), "cpu") }

// IsGPU reports whether a graph runs on an NVIDIA GPU.
func IsGPU(g *Graph) bool { return HasGPU(g.Backend()) }

// HasGPU reports whether a backend runs on an NVIDIA GPU.
func HasGPU(b compute.Backend) bool { return strings.Contains(plugin(b), "cuda") }

// HasConvolutions reports whether a graph runs on one device whose backend has kernels for convolutions, of package
// convolution.
func HasConvolutions(g *Graph) bool {
	b, ok := g.Backend().(interface{ HasConvolutions() bool })
	return ok && b.HasConvolutions() && g.NumDevices() <= 1
}

// plugin returns the name of the XLA plugin of a backend, or of its file, and "" where there is none.
func plugin(backend compute.Backend) string {
	b, ok := backend.(interface{ PluginName() string })
	if !ok {
		return ""
	}
	return filepath.Base(b.PluginName()) // a folder may have any name
}
