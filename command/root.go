package command

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/sslx-go/lab/internal/usage"
)

// rootCommand builds the tree of commands.
func rootCommand(a *app) *cobra.Command {
	root := group(&cobra.Command{
		Use:   "sslx",
		Short: "Train image encoders without labels, and measure them honestly",
		Long: `sslx pre-trains image encoders without labels (joint-embedding self-supervised learning), compiled
through XLA for CPU or GPU, and measures what they learned.

Results go to standard output, progress and messages to standard error. Commands that print a table
print JSON with --json. Exit status: 0 done, 1 the work failed, 2 wrong usage.

Environment: SSLX_DATA is a folder of data sets that can be named without a path; SSLX_CACHE keeps packed
sets; GOMLX_BACKEND names the backend (xla:cpu, xla:cuda, go).`,
		Example: `  sslx quickstart                         # pre-train and evaluate, with a report
  sslx pretrain --set epochs=20 --out runs/first
  sslx evaluate runs/first`,
		Version:          moduleVersion(),
		SilenceErrors:    true,
		SilenceUsage:     true,
		PersistentPreRun: func(cmd *cobra.Command, _ []string) { a.started, a.command = true, cmd },
	})

	// A test runs the whole tree with its own streams.
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(flagError)
	root.PersistentFlags().BoolVar(&a.debug, "debug", false, "show stack traces of errors")
	root.AddCommand(quickstartCommand(a), doctorCommand(a), backendCommand(a), dataCommand(a), pretrainCommand(a),
		evaluateCommand(a), embedCommand(a), searchCommand(a), runsCommand(a), sweepCommand(a), claimsCommand(a),
		benchCommand(a), versionCommand(a))
	root.SetHelpCommand(helpCommand())

	// Made here and not by Execute, so that it has an example and refuses an unknown shell.
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() == "completion" {
			cmd.Example = "  source <(sslx completion bash)"
			group(cmd)
		}
	}
	return root
}

// group makes a command that only has commands below it: alone it prints its help.
func group(cmd *cobra.Command, below ...*cobra.Command) *cobra.Command {
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return unknownCommand(cmd, args[0])
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	cmd.AddCommand(below...)
	return cmd
}

func unknownCommand(parent *cobra.Command, name string) error {
	var known []string
	for _, c := range parent.Commands() {
		if c.IsAvailableCommand() || c.Name() == "help" {
			known = append(known, c.Name())
		}
	}
	return usage.Unknown(strings.TrimPrefix(parent.CommandPath()+" command", "sslx "), name, known)
}

func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Help on a command",
		Long:    "Print the help of a command; the same as its flag --help.",
		Example: "  sslx help data import",
		RunE: func(cmd *cobra.Command, args []string) error {
			// Cobra's own help ends with status 0 for an unknown topic; here that is wrong usage.
			topic, rest, err := cmd.Root().Find(args)
			if err != nil {
				return err
			}
			if len(rest) > 0 {
				return unknownCommand(topic, rest[0])
			}
			return topic.Help()
		},
	}
}
