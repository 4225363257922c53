package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sslx-go/lab/sslx/dataset"
)

func dataCommand(a *app) *cobra.Command {
	return group(&cobra.Command{
		Use:   "data",
		Short: "List, import, check and fetch data sets",
		Long: `List, import, check and fetch data sets. Images from any source are packed once into a file in the cache
(SSLX_CACHE, or sslx in the user's cache folder), which training maps into memory.`,
		Example: `  sslx data list
  sslx data import photos.zip --size 64
  sslx data verify photos`,
	}, dataListCommand(a), dataImportCommand(a), dataVerifyCommand(a), dataGetCommand(a), dataViewsCommand(a))
}

func dataListCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the data sets that can be named",
		Long: `List the packed data sets in the cache, then those that can be had: built in (generated on first use), in the
folder SSLX_DATA or installed by a Debian package (packed on first use), and to download (with "sslx data
get").`,
		Example: `  sslx data list
  SSLX_DATA=~/sets sslx data list --json`,
		Args: arguments(0, 0),
		RunE: func(*cobra.Command, []string) error { return a.dataList(asJSON) },
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

func (a *app) dataList(asJSON bool) error {
	listings, err := dataset.List(dataset.LocateOptions{})
	if err != nil {
		return err
	}
	if asJSON {
		return a.printJSON(list(listings))
	}
	t := table{left: 6}
	t.add("name", "state", "images", "splits", "tasks", "where")
	for _, l := range listings {
		where := l.Path
		if l.State == dataset.StateDamaged || l.Path == "" {
			where = sentence(l.Detail)
		}
		t.add(l.Name, l.State, sizeText(l.Height, l.Width), splitsText(l.Splits), tasksText(l.Tasks), where)
	}
	return t.print(a.stdout)
}

func sizeText(height, width int) string {
	if height == 0 {
		return "-"
	}
	return fmt.Sprintf("%dx%d", height, width)
}

func splitsText(splits []dataset.SplitCount) string {
	var parts []string
	for _, s := range splits {
		parts = append(parts, fmt.Sprintf("%s %d", s.Name, s.N))
	}
	return orDash(strings.Join(parts, ", "))
}

// tasksText names up to two tasks with their numbers of classes.
func tasksText(tasks []dataset.Task) string {
	var parts []string
	for i, task := range tasks {
		if i == 2 {
			parts = append(parts, fmt.Sprintf("%d more", len(tasks)-i))
			break
		}
		parts = append(parts, fmt.Sprintf("%s (%d)", task.Name, len(task.Classes)))
	}
	return orDash(strings.Join(parts, ", "))
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
