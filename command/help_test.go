package command

import (
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// commands returns every command that a user can find, cobra's own completion scripts apart.
func commands(cmd *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{cmd}
	for _, below := range cmd.Commands() {
		if cmd.Name() != "completion" {
			all = append(all, commands(below)...)
		}
	}
	return all
}

func TestHelp_EveryCommandHasALongTextAndExamples(t *testing.T) {
	for _, cmd := range commands(rootCommand(&app{stdout: io.Discard, stderr: io.Discard})) {
		if len(cmd.Long) < len(cmd.Short) || cmd.Short == "" || cmd.Example == "" {
			t.Errorf("%s: help is incomplete", cmd.CommandPath())
		}
		for line := range strings.Lines(cmd.Long + "\n" + cmd.Example) {
			if len(strings.TrimSpace(line)) > 110 {
				t.Errorf("%s: help line is too wide: %s", cmd.CommandPath(), line)
			}
		}
	}
}

func TestHelp_EveryExampleIsACorrectCommandLine(t *testing.T) {
	for _, cmd := range commands(rootCommand(&app{stdout: io.Discard, stderr: io.Discard})) {
		if cmd.Name() == "completion" {
			continue
		}
		for line := range strings.Lines(cmd.Example) {
			line, _, _ = strings.Cut(line, "#")
			line, _, _ = strings.Cut(line, " > ")
			line = strings.ReplaceAll(line, "runs/*", "runs/a runs/b") // as a shell does
			_, line, found := strings.Cut(line, "sslx ")
			if !found {
				t.Errorf("%s: an example does not call sslx", cmd.CommandPath())
				continue
			}
			root := rootCommand(&app{stdout: io.Discard, stderr: io.Discard})
			named, rest, err := root.Find(strings.Fields(line))
			if err == nil {
				err = named.ParseFlags(rest)
			}
			if err == nil {
				err = named.ValidateArgs(named.Flags().Args())
			}
			if err != nil {
				t.Errorf("%s: example %q: %v", cmd.CommandPath(), line, err)
			}
		}
	}
}

func TestCompletion_KnowsNames(t *testing.T) {
	isolate(t)
	for args, want := range map[string]string{
		"pretrain --set en":              "encoder.name=",
		"pretrain --set encoder.name=":   "encoder.name=resnet18",
		"pretrain --set optimizer.name=": "optimizer.name=adamw",
		"quickstart --data f":            "factors",
		"data get c":                     "cifar100",
		"backend install c":              "cuda13",
		"evaluate x --protocols k":       "knn",
	} {
		status, stdout, _ := call(t, append([]string{"__complete"}, strings.Fields(args)...)...)
		if status != statusDone || !strings.Contains("\n"+stdout, "\n"+want+"\n") {
			t.Errorf("completing %q gives %q, which lacks %q", args, stdout, want)
		}
	}
}
