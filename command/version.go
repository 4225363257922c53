package command

import (
	"maps"
	"runtime/debug"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sslx-go/lab/sslx/record"
)

// moduleVersion returns the version that this program was built from, "(devel)" in a checkout.
func moduleVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return record.Version(info)
	}
	return "(devel)"
}

func versionCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the versions of sslx and of what it computes with",
		Long: `Print the version of sslx, the source revision and the Go version that it was built with, and the
versions of the modules that can change a number.`,
		Example: `  sslx version
  sslx version --json`,
		Args: arguments(0, 0),
		RunE: func(*cobra.Command, []string) error { return a.version(asJSON) },
	}

	jsonFlag(cmd, &asJSON)
	return cmd
}

func (a *app) version(asJSON bool) error {
	e := record.Describe()
	if asJSON {
		return a.printJSON(map[string]any{"version": moduleVersion(), "revision": e.Revision, "go": e.Go,
			"os": e.OS, "arch": e.Arch, "modules": e.Modules})
	}

	// Sorted, so that the lists of two machines can be compared line by line.
	t := table{left: 2}
	t.add("sslx", moduleVersion())
	t.add("source", e.Source())
	t.add("go", e.Go+" "+e.OS+"/"+e.Arch)
	for _, name := range slices.Sorted(maps.Keys(e.Modules)) {
		t.add(name, e.Modules[name])
	}
	return t.print(a.stdout)
}
