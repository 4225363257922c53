package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/dataset"
)

func dataGetCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "get NAME",
		Short: "Download a known data set and pack it",
		Long: `Download a known data set, check it against its published checksum, and pack it into the cache: cifar10,
cifar100 and fashion-mnist come from their authors' servers, mnist comes as a Go module and needs the go
command. A set that is packed already is not fetched again. Prints the pack's path.`,
		Example: `  sslx data get cifar10
  sslx data get mnist
  sslx data get fashion-mnist --json`,
		Args:              arguments(1, 1),
		ValidArgsFunction: completeDownload,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.dataGet(cmd.Context(), args[0], asJSON) },
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

func (a *app) dataGet(ctx context.Context, name string, asJSON bool) error {
	var pack string
	err := a.work(func(opt sslx.Options) (err error) {
		pack, err = dataset.Get(ctx, name, dataset.GetOptions{Progress: func(file string, done, total int64) {
			opt.Progress(sslx.Progress{Phase: phaseDownload + " " + file, Done: done, Total: max(total, 0)})
		}})
		return err
	})
	if err != nil {
		return err
	}
	if asJSON {
		return a.printJSON(map[string]string{"name": name, "pack": pack})
	}
	_, err = fmt.Fprintln(a.stdout, pack)
	return err
}

// completeDownload completes the sets that are to download.
func completeDownload(*cobra.Command, []string, string) (names []string, _ cobra.ShellCompDirective) {
	listings, _ := dataset.List(dataset.LocateOptions{})
	for _, l := range listings {
		if l.State == dataset.StateDownload {
			names = append(names, l.Name)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
