package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/optimizer"
)

// completeFunc completes the values of a flag, which must exist.
func completeFunc(cmd *cobra.Command, flag string, f cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, f); err != nil {
		panic(err)
	}
}

// dataNames returns the names of the sets that can be had.
func dataNames() (names []string) {
	listings, _ := dataset.List(dataset.LocateOptions{})
	for _, l := range listings {
		names = append(names, l.Name)
	}
	return names
}

// completeDataName completes names of data sets, and paths.
func completeDataName(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return dataNames(), cobra.ShellCompDirectiveDefault
}

// completeRun completes names of runs in runs/, and paths.
func completeRun(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return runNames(), cobra.ShellCompDirectiveDefault
}

// completeRecipe completes names of recipes, and paths.
func completeRecipe(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return sslx.Recipes(), cobra.ShellCompDirectiveDefault
}

// completeSet completes the keys of a configuration, and the values that are names.
func completeSet(_ *cobra.Command, _ []string, text string) ([]string, cobra.ShellCompDirective) {
	values := map[string]func() []string{"data": dataNames, "encoder.name": encoder.Names,
		"objective.name": objective.Names, "optimizer.name": optimizer.Names}
	key, _, valued := strings.Cut(text, "=")
	var out []string
	if !valued {
		for _, k := range sslx.Keys() {
			out = append(out, k+"=")
		}
		return out, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
	}
	if names := values[key]; names != nil {
		for _, name := range names() {
			out = append(out, key+"="+name)
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}
