package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/record"
)

func runsShowCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show RUN",
		Short: "Show a run: configuration, machine, log's end and results",
		Long: `Show a run: how far it is, where it was made, its whole configuration, the last line of its log and its
results.`,
		Example: `  sslx runs show first
  sslx runs show runs/first --json`,
		Args:              arguments(1, 1),
		ValidArgsFunction: completeRun,
		RunE:              func(_ *cobra.Command, args []string) error { return a.runsShow(args[0], asJSON) },
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

// runDetails is all that a run folder says. The JSON keys are a stable contract.
type runDetails struct {
	runState
	Report      string             `json:"report"` // path, empty when there is none
	Environment record.Environment `json:"environment"`
	Config      sslx.Config        `json:"config"`
	Last        *record.Metrics    `json:"last"`    // last line of the log; null before the first
	Outcome     []record.Result    `json:"results"` // in place of their number
}

func readRun(dir string) (d runDetails, err error) {
	d.runState = stateOf(dir)
	if err := record.ReadConfig(dir, &d.Config); err != nil {
		return d, err
	}
	if d.Environment, err = record.ReadEnvironment(dir); err != nil {
		return d, err
	}
	metrics, err := record.ReadMetrics(dir)
	if err != nil {
		return d, err
	}
	if len(metrics) > 0 {
		d.Last = &metrics[len(metrics)-1]
	}
	if _, err := os.Stat(record.ReportPath(dir)); err == nil {
		d.Report = record.ReportPath(dir)
	}
	results, err := record.ReadResults(dir)
	d.Outcome = list(results)
	return d, err
}

func (a *app) runsShow(name string, asJSON bool) error {
	dir, err := findRun(name)
	if err != nil {
		return err
	}
	d, err := readRun(dir)
	if err != nil {
		return err
	}
	if asJSON {
		return a.printJSON(d)
	}
	if err := a.printDetails(d); err != nil || len(d.Outcome) == 0 {
		return err
	}
	fmt.Fprintln(a.stdout)
	return printResults(a.stdout, d.Outcome)
}

func (a *app) printDetails(d runDetails) error {
	e := d.Environment
	t := table{left: 2}
	t.add("run", d.Path)
	t.add("status", d.Status)
	if h := d.Holder; h != nil {
		t.add("process", fmt.Sprintf("%d on %s, last seen %s", h.PID, h.Host, h.Seen.Local().Format(time.RFC1123)))
	}
	if d.Status == "died" || d.Status == "stopped" {
		t.add("next", "sslx pretrain --resume "+d.Path)
	}
	t.add("started", e.Started.Local().Format(time.RFC1123))
	t.add("data", fmt.Sprintf("%s, fingerprint %.12s", e.Data, e.Fingerprint))
	t.add("device", fmt.Sprintf("%s (%s %s)", e.Device, e.Backend, e.Plugin))
	t.add("source", fmt.Sprintf("%s, %s", e.Revision, e.Go))
	if m := d.Last; m != nil {
		t.add("trained", fmt.Sprintf("%d steps, %.1f epochs, %d images, %.0f s", m.Step, m.Epoch, m.Images, m.Seconds))
		t.add("loss", fmt.Sprintf("%.4f (chance %.4f), spread %.3f, effective rank %.1f", m.Loss, m.Chance, m.Spread, m.Rank))
		if m.ProbeAccuracy != nil {
			t.add("online probe", fmt.Sprintf("%.1f %% on training views", 100**m.ProbeAccuracy))
		}
	}
	t.add("report", orNone(d.Report))
	if err := t.print(a.stdout); err != nil {
		return err
	}
	text, err := yaml.Marshal(d.Config)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "\n%s", text)
	return err
}
