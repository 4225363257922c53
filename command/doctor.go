package command

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sslx-go/lab/sslx/backend"
)

func doctorCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check the installation, and print how to fix what is missing",
		Long: `Look at the machine, the folders and the XLA plugins, open the backend that training would use, and run a
small product on it. Nothing is downloaded. The exit status is 1 when something is missing.

In a clone of sslx, and nowhere else, doctor also runs what scripts/notebook has installed below .venv:
python --version, jupyter lab --version and gonb -V.`,
		Example: `  sslx doctor
  sslx doctor --json`,
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.doctor(cmd.Context(), asJSON) },
	}

	jsonFlag(cmd, &asJSON)
	return cmd
}

func (a *app) doctor(ctx context.Context, asJSON bool) error {
	report := backend.Doctor(ctx, ".")

	// Package backend names a plugin; the command that installs it is known only here.
	for i, c := range report.Checks {
		if c.Plugin != "" {
			report.Checks[i].Fix = installCommand(c.Plugin)
		}
	}

	print := func() error { return a.printChecks(report) }
	if asJSON {
		print = func() error { return a.printJSON(report) }
	}
	if err := print(); err != nil || report.OK {
		return err
	}

	// The lines say everything; this error sets the exit status.
	return errors.New("something is missing or broken: the lines above say how to fix it")
}

func (a *app) printChecks(report backend.Report) error {
	t := table{left: 3}
	for _, c := range report.Checks {
		mark := "ok"
		if !c.OK {
			mark = "!!"
		}
		t.add(mark, c.Name, sentence(c.Detail))

		// On its own line, so that it can be copied.
		if !c.OK && c.Fix != "" {
			t.add("", "", "to fix it: "+c.Fix)
		}
	}
	if err := t.print(a.stdout); err != nil {
		return err
	}

	_, err := fmt.Fprintf(a.stdout, "\nbackend: %s\n", orNone(report.Backend.Name))
	return err
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}
