package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sslx-go/lab/internal/usage"
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
			return usage.Errorf("an argument is missing: write `%s`", cmd.UseLine())
		case most >= 0 && len(args) > most:
			return usage.Errorf("%q is one argument too many: write `%s`", args[most], cmd.UseLine())
		}
		return nil
	}
}

// jsonFlag adds --json to a command.
func jsonFlag(cmd *cobra.Command, asJSON *bool) {
	cmd.Flags().BoolVar(asJSON, "json", false, "print JSON, and nothing else, on standard output")
}
