package device

import (
	"strings"
	"testing"

	"github.com/gomlx/compute"
)

// named is a backend on an XLA plugin.
type named struct {
	compute.Backend
	plugin string
}

func (b named) PluginName() string { return b.plugin }

func TestPlugin_IsReadFromItsFileAndNotFromItsFolder(t *testing.T) {
	for name, gpu := range map[string]bool{
		"cpu":  false,
		"cuda": true,
		"/home/cuda/go-xla/pjrt_c_api_cpu_plugin.so":                    false,
		"/home/cpu/go-xla/nvidia/pjrt_c_api_cuda_plugin.so":             true,
		"/venv/site-packages/jax_plugins/xla_cuda13/xla_cuda_plugin.so": true,
	} {
		b := named{plugin: name}
		if cpu := strings.Contains(plugin(b), "cpu"); HasGPU(b) != gpu || cpu == gpu {
			t.Errorf("%s: GPU %t, CPU %t", name, HasGPU(b), cpu)
		}
	}
	if HasGPU(struct{ compute.Backend }{}) {
		t.Error("a backend without a plugin has a GPU")
	}
}
