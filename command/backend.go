package command

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/backend"
)

func backendCommand(a *app) *cobra.Command {
	return group(&cobra.Command{
		Use:     "backend",
		Short:   "Install XLA plugins",
		Long:    "Install the XLA plugins that sslx computes on. `sslx doctor` shows those that are there.",
		Example: "  sslx backend install cpu",
	}, backendInstallCommand(a))
}

// installCommand returns the command that installs a plugin.
func installCommand(plugin string) string { return "sslx backend install " + plugin }

func backendInstallCommand(a *app) *cobra.Command {
	var pinned bool
	cmd := &cobra.Command{
		Use:   "install [cpu|cuda12|cuda13]",
		Short: "Install an XLA plugin: cpu (the default), cuda12 or cuda13",
		Long: `Download an XLA plugin (PJRT), check it, and put it where sslx and GoMLX look for it; print its path. A
plugin that is there and whole is kept. Training installs the CPU plugin by itself; this command does it
ahead, and is the way to a plugin for NVIDIA GPUs (about 3 GB).

Version and checksum of every plugin are pinned. Where PyPI cannot be reached, the CPU plugin is a release
that no checksum guards: a warning says so, and --pinned refuses it.

PJRT_PLUGIN_LIBRARY_PATH names another folder to install into.`,
		Example: `  sslx backend install
  sslx backend install --pinned cuda13`,
		Args:      arguments(0, 1),
		ValidArgs: []string{"cpu", "cuda12", "cuda13"},
		RunE: func(cmd *cobra.Command, args []string) error {
			// The one that every machine can use.
			which := "cpu"
			if len(args) > 0 {
				which = args[0]
			}
			return a.backendInstall(cmd.Context(), which, pinned)
		},
	}

	cmd.Flags().BoolVar(&pinned, "pinned", false, "install only what a pinned checksum guards")
	return cmd
}

func (a *app) backendInstall(ctx context.Context, which string, pinned bool) error {
	var path string
	err := a.work(func(opt sslx.Options) (err error) {
		// The first word of the phase tells the display that bytes are counted.
		path, err = backend.Install(ctx, which, backend.InstallOptions{Pinned: pinned, Warn: opt.Warn,
			Progress: func(item string, done, total int64) {
				opt.Progress(sslx.Progress{Phase: phaseInstall + " " + item, Done: done, Total: total})
			}})
		return err
	})
	if err != nil {
		return err
	}

	// The path stands alone on standard output, so that scripts can use it.
	_, err = fmt.Fprintln(a.stdout, path)
	return err
}
