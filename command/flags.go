package command

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/optimizer"
	"github.com/sslx-go/lab/sslx/runs"
)

// flagError turns what pflag says into a sentence with the nearest name.
func flagError(cmd *cobra.Command, err error) error {
	if args := cmd.Flags().Args(); cmd.HasSubCommands() && len(args) > 0 {
		return unknownCommand(cmd, args[0]) // the flag belongs to a command that does not exist
	}
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		return unknownFlag(cmd, unknown)
	}

	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		return usage.Errorf("--%s is %q: it must be %s", invalid.GetFlag().Name, invalid.GetValue(),
			typeText(invalid.GetFlag().Value.Type()))
	}
	return usage.Errorf("%v: see `%s --help`", err, cmd.CommandPath())
}

func unknownFlag(cmd *cobra.Command, unknown *pflag.NotExistError) error {
	if unknown.GetSpecifiedShortnames() != "" {
		return usage.Errorf("unknown flag -%s: see `%s --help`", unknown.GetSpecifiedShortnames(), cmd.CommandPath())
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if near := usage.Nearest(unknown.GetSpecifiedName(), names); near != "" {
		return usage.Errorf("unknown flag --%s: did you mean --%s?", unknown.GetSpecifiedName(), near)
	}
	return usage.Errorf("unknown flag --%s: see `%s --help`", unknown.GetSpecifiedName(), cmd.CommandPath())
}

func typeText(name string) string {
	switch name {
	case "int":
		return "a whole number"
	case "uint64":
		return "a whole number, 0 or more"
	case "bool":
		return "true or false"
	}
	return fmt.Sprintf("of type %s", name)
}

// arguments accepts from least to most arguments; most < 0 sets no limit.
func arguments(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return usage.Errorf("an argument is missing: write `%s`", useLine(cmd))
		case most >= 0 && len(args) > most:
			return usage.Errorf("%q is one argument too many: write `%s`", args[most], useLine(cmd))
		}
		return nil
	}
}

// useLine returns how a command is called, without its flags.
func useLine(cmd *cobra.Command) string { return strings.TrimSuffix(cmd.UseLine(), " [flags]") }

// argument returns the first argument, or "" when there is none.
func argument(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

// jsonFlag adds --json to a command.
func jsonFlag(cmd *cobra.Command, asJSON *bool) {
	cmd.Flags().BoolVar(asJSON, "json", false, "print JSON, and nothing else, on standard output")
}

// completeFunc completes the values of a flag, which must exist.
func completeFunc(cmd *cobra.Command, flag string, f cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, f); err != nil {
		panic(err)
	}
}

// dataNames returns the names of the sets that are available.
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
	return runs.Names(), cobra.ShellCompDirectiveDefault
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

	// No space after a key: its value follows at once.
	if !valued {
		for _, k := range sslx.ConfigKeys() {
			out = append(out, k+"=")
		}
		return out, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
	}

	// The other values are numbers, or lists of them.
	if names := values[key]; names != nil {
		for _, name := range names() {
			out = append(out, key+"="+name)
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}
