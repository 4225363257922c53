package command

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/internal/atomicfile"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/internal/words"
	"github.com/sslx-go/lab/report"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/encoder/weights"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/record"
	"github.com/sslx-go/lab/sslx/runs"
)

func runsCommand(a *app) *cobra.Command {
	return group(&cobra.Command{
		Use:   "runs",
		Short: "Find, list, show, watch, compare, export, share and clear away runs",
		Long: `Find, list, show, watch, compare, export, share and clear away runs. RUN is a run folder, or the name of
one in runs/ and below, or the beginning of that name. Runs may be training meanwhile: all commands but
gc --delete and share only read.`,
		Example: `  sslx runs list
  sslx runs compare first lr01`,
	}, runsListCommand(a), runsShowCommand(a), runsWatchCommand(a), runsCompareCommand(a),
		runsExportCommand(a), runsShareCommand(a), runsGCCommand(a))
}

func runsListCommand(a *app) *cobra.Command {
	var asJSON bool
	var where []string
	cmd := &cobra.Command{
		Use:   "list [DIR]",
		Short: "List the runs in a folder and below",
		Long: `List the runs in a folder (runs when left out) and below: method, data, how far each is, the loss at the end
of its log, the number of results, and whether a process works on it now. A run that is neither in use nor
finished was stopped, or its process died; sslx pretrain --resume RUN continues both.

--where keeps the runs that have a value in their configuration, or a status.`,
		Example: `  sslx runs list
  sslx runs list experiments --json
  sslx runs list --where objective.name=vicreg --where status=died`,
		Args: arguments(0, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			states, err := runs.List(argument(args))
			if err != nil {
				return err
			}
			if states, err = runs.Where(states, where); err != nil {
				return err
			}
			if asJSON {
				return a.printJSON(states)
			}
			return a.printStates(states)
		},
	}

	// An array, not a slice: values may hold commas.
	cmd.Flags().StringArrayVar(&where, "where", nil,
		"keep runs with this `key=value` of the configuration, or status; repeatable")
	completeFunc(cmd, "where", completeSet)
	jsonFlag(cmd, &asJSON)
	return cmd
}

func (a *app) printStates(states []runs.State) error {
	if len(states) == 0 {
		_, err := fmt.Fprintln(a.stdout, advise("no runs: `sslx pretrain --out runs/first` makes one"))
		return err
	}
	t := table{left: 4}
	t.add("run", "method", "data", "status", "steps", "epochs", "loss", "results", "started")
	for _, s := range states {
		loss := "-"
		if s.Loss != nil {
			loss = fmt.Sprintf("%.4f", *s.Loss)
		}
		t.add(s.Path, s.Method, s.Data, string(s.Status), fmt.Sprint(s.Steps), fmt.Sprintf("%.1f", s.Epochs), loss,
			fmt.Sprint(s.Results), s.Started.Local().Format("2006-01-02 15:04"))

		// A run that cannot be read stays in the list; the reason goes to standard error.
		if s.Error != "" {
			a.warn(s.Path + ": " + s.Error)
		}
	}
	return t.print(a.stdout)
}

func runsShowCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show RUN",
		Short: "Show a run: configuration, machine, log's end and results",
		Long:  `Show a run: its progress, the machine, the whole configuration, the end of its log, and its results.`,
		Example: `  sslx runs show first
  sslx runs show runs/first --json`,
		Args:              arguments(1, 1),
		ValidArgsFunction: completeRun,
		RunE:              func(_ *cobra.Command, args []string) error { return a.runsShow(args[0], asJSON) },
	}

	jsonFlag(cmd, &asJSON)
	return cmd
}

func (a *app) runsShow(name string, asJSON bool) error {
	dir, err := runs.Find(name)
	if err != nil {
		return err
	}
	d, err := runs.Read(dir)
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
	return a.printResults(d.Outcome)
}

func (a *app) printDetails(d runs.Details) error {
	e := d.Environment
	t := table{left: 2}
	t.add("run", d.Path)
	t.add("status", string(d.Status))
	if h := d.Holder; h != nil {
		t.add("process", fmt.Sprintf("%d on %s, last seen %s", h.PID, h.Host, h.Seen.Local().Format(time.RFC1123)))
	}

	// Both are resumed by the same command, and end with the same weights.
	if d.Status == runs.Died || d.Status == runs.Stopped {
		t.add("next", words.Quote(usage.Program)+" pretrain --resume "+words.Quote(d.Path))
	}

	// Where the numbers come from: time, data, machine and source.
	t.add("started", e.Started.Local().Format(time.RFC1123))
	if from, err := record.ReadAncestry(d.Path); err == nil && from != nil {
		t.add("init", ancestryText(*from))
	}
	t.add("data", fmt.Sprintf("%s, fingerprint %.12s", e.Data, e.Fingerprint))
	t.add("device", fmt.Sprintf("%s (%s %s)", e.Device, e.Backend, e.Plugin))
	t.add("source", fmt.Sprintf("%s, %s", e.Source(), e.Go))
	if m := d.Last; m != nil {
		t.add("trained", fmt.Sprintf("%d steps, %.1f epochs, %d images, %.0f s", m.Step, m.Epoch, m.Images, m.Seconds))
		loss := fmt.Sprintf("%.4f", m.Loss)
		if m.Chance != 0 { // 0 is unknown
			loss += fmt.Sprintf(" (chance %.4f)", m.Chance)
		}
		t.add("loss", fmt.Sprintf("%s, spread %.3f, effective rank %.1f", loss, m.Spread, m.Rank))
		if m.ProbeAccuracy != nil {
			t.add("online probe", fmt.Sprintf("%.1f %% on training views", 100**m.ProbeAccuracy))
		}
		if m.KNNAccuracy != nil {
			t.add("online kNN", fmt.Sprintf("%.1f %% on training views", 100**m.KNNAccuracy))
		}
	}

	t.add("report", orNone(d.Report))
	if err := t.print(a.stdout); err != nil {
		return err
	}

	// The whole configuration, in the form that --config reads.
	text, err := yaml.Marshal(d.Config)
	if err != nil {
		return err
	}

	_, err = fmt.Fprintf(a.stdout, "\n%s", text)
	return err
}

func runsCompareCommand(a *app) *cobra.Command {
	var asJSON, force bool
	cmd := &cobra.Command{
		Use:   "compare RUN RUN...",
		Short: "Compare runs: what differs in configuration and results",
		Long: `Compare runs: the keys of the configuration that differ, how far each is, and the results of the trained
encoders side by side. Differences between single runs are no evidence: they vary with the seed. Results of
one kind that were measured by different protocols cannot be compared and are refused. Data are told apart by
name: the results of images that two runs have under different names stand in different rows.`,
		Example: `  sslx runs compare first lr01
  sslx runs compare runs/* --json`,
		Args:              arguments(2, -1),
		ValidArgsFunction: completeRun,
		RunE:              func(_ *cobra.Command, args []string) error { return a.runsCompare(args, asJSON, force) },
	}

	jsonFlag(cmd, &asJSON)
	cmd.Flags().BoolVar(&force, "force", false, "show results of different protocols side by side anyway")
	return cmd
}

func (a *app) runsCompare(names []string, asJSON, force bool) error {
	dirs, err := runs.FindAll(names)
	if err != nil {
		return err
	}
	c, err := runs.Compare(dirs)
	if err != nil {
		return err
	}

	// Numbers of different protocols next to each other invite a wrong conclusion.
	if !force {
		if err := runs.Comparable(c.Results); err != nil {
			return err
		}
	}

	if asJSON {
		return a.printJSON(c)
	}
	return a.printComparison(c)
}

func (a *app) printComparison(c runs.Comparison) error {
	if err := a.printStates(c.Runs); err != nil {
		return err
	}
	fmt.Fprintln(a.stdout)
	if len(c.Differences) == 0 {
		fmt.Fprintln(a.stdout, "the configurations are the same")
	} else if err := differenceTable(c).print(a.stdout); err != nil {
		return err
	}
	fmt.Fprintln(a.stdout)
	return a.printResults(c.Results)
}

func differenceTable(c runs.Comparison) *table {
	t := &table{left: 1}
	head := []string{"key"}
	for _, s := range c.Runs {
		head = append(head, s.Run)
	}

	t.add(head...)

	for _, d := range c.Differences {
		cells := []string{d.Key}
		for _, v := range d.Values {
			cells = append(cells, valueText(v))
		}
		t.add(cells...)
	}
	return t
}

// valueText is a value of a configuration: lists and groups of keys as in YAML, and "–" for a key that a run does not
// have, which is not the same as 0.
func valueText(v any) string {
	switch v := v.(type) {
	case nil:
		return "–"
	case string:
		return v
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}

type exportFlags struct {
	out, tensorboard string
	weights, onnx    string
	size             int
	metrics          bool
}

func runsExportCommand(a *app) *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{
		Use:   "export RUN...",
		Short: "Write results or logs as CSV, runs for TensorBoard, or an encoder for other programs",
		Long: `Write the results of runs as CSV, one line a result, to standard output or a file; with --metrics, their
training logs, one line a logging step.

With --tensorboard, write runs into a folder for TensorBoard: the scalars of their logs, view sheets, nearest
neighbors and maps as images, and the representations of test images for its projector. Pictures need a
finished run and its data; without them the scalars are written.

With --weights, write the encoder of one finished run as safetensors, with torchvision's or timm's names where
the network is theirs; with --onnx as an ONNX file of opset 17 for any number of images. Size and
normalization of the images are in the metadata of both.`,
		Example: `  sslx runs export runs/* > results.csv
  sslx runs export first --weights encoder.safetensors --onnx encoder.onnx
  sslx runs export first lr01 --metrics --out logs.csv
  sslx runs export first lr01 --tensorboard board`,
		Args:              arguments(1, -1),
		ValidArgsFunction: completeRun,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.runsExport(cmd.Context(), args, f)
		},
	}

	cmd.Flags().StringVar(&f.out, "out", "", "file to write; standard output when left out")
	cmd.Flags().BoolVar(&f.metrics, "metrics", false, "export the training logs")
	cmd.Flags().StringVar(&f.weights, "weights", "", "safetensors `file` to write the encoder to")
	cmd.Flags().StringVar(&f.onnx, "onnx", "", "ONNX `file` to write the encoder to")
	cmd.Flags().IntVar(&f.size, "size", 0, "height and width of images for --weights and --onnx; 0 is the run's")
	cmd.Flags().StringVar(&f.tensorboard, "tensorboard", "", "`folder` to write event files for TensorBoard into")
	return cmd
}

func (a *app) runsExport(ctx context.Context, names []string, f exportFlags) error {
	dirs, err := runs.FindAll(names)
	if err != nil {
		return err
	}
	if f.weights != "" || f.onnx != "" {
		return a.runsExportEncoder(dirs, f)
	}
	if f.tensorboard != "" {
		if f.metrics || f.out != "" {
			return usage.Errorf("--tensorboard writes a folder: leave --metrics and --out out")
		}
		err := a.work(func(opt sslx.Options) error { return report.ExportEvents(ctx, f.tensorboard, dirs, opt) })
		if err == nil {
			_, err = fmt.Fprintln(a.stdout, f.tensorboard)
		}
		return err
	}
	export := report.ExportResults
	if f.metrics {
		export = report.ExportMetrics
	}

	// Read whole before the first byte is written: a damaged run leaves no half of a file.
	table, err := export(dirs...)
	if err != nil {
		return err
	}

	if f.out == "" {
		return table.WriteCSV(a.stdout)
	}
	if err := atomicfile.Write(f.out, table.WriteCSV); err != nil {
		return fmt.Errorf("cannot write %s: %w", f.out, err)
	}
	return nil
}

// runsExportEncoder writes the encoder of a run for other programs.
func (a *app) runsExportEncoder(dirs []string, f exportFlags) error {
	if len(dirs) != 1 || f.metrics || f.out != "" || f.tensorboard != "" {
		return usage.Errorf("--weights and --onnx write the encoder of one run: name one, and leave --metrics, --out " +
			"and --tensorboard out")
	}
	w, err := pretrain.Weights(dirs[0], f.size)
	if err != nil {
		return err
	}

	for _, file := range []struct {
		path  string
		write func(string, *weights.Weights) error
	}{{f.weights, weights.Write}, {f.onnx, weights.WriteONNX}} {
		if file.path == "" {
			continue
		}
		if err := file.write(file.path, w); err != nil {
			return err
		}
		fmt.Fprintln(a.stdout, file.path)
	}
	return nil
}

func runsShareCommand(a *app) *cobra.Command {
	var page, card string
	cmd := &cobra.Command{
		Use:   "share RUN",
		Short: "Write a run as one web page, or as a model card",
		Long: `Write what the records of a run say to files that can be given away. --out is one HTML page with results,
curves, pictures, configuration and how to repeat the run; it loads nothing and runs no script. --card is a
model card in Markdown: data, recipe, results with protocols and baselines, limits, how to repeat it.

The pictures of a finished run whose data can be opened are drawn, and stay in the run folder, where they are
shown by "sslx runs watch". Otherwise the page has those that are there.`,
		Example: `  sslx runs share first --out first.html
  sslx runs share runs/first --out first.html --card README.md`,
		Args:              arguments(1, 1),
		ValidArgsFunction: completeRun,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.runsShare(cmd.Context(), args[0], page, card)
		},
	}

	cmd.Flags().StringVar(&page, "out", "", "HTML `file` to write")
	cmd.Flags().StringVar(&card, "card", "", "Markdown `file` to write")
	return cmd
}

func (a *app) runsShare(ctx context.Context, name, page, card string) error {
	if page == "" && card == "" {
		return usage.Errorf("runs share needs --out FILE.html, --card FILE.md, or both")
	}
	dir, err := runs.Find(name)
	if err != nil {
		return err
	}
	err = a.work(func(opt sslx.Options) error { return report.Share(ctx, dir, page, card, opt) })
	if err != nil {
		return err
	}
	for _, path := range []string{page, card} {
		if path != "" {
			fmt.Fprintln(a.stdout, path)
		}
	}
	return nil
}

func runsGCCommand(a *app) *cobra.Command {
	var records string
	var remove, asJSON bool
	cmd := &cobra.Command{
		Use:   "gc [DIR]",
		Short: "Find the run folders that are no longer needed, and delete them",
		Long: `Find the run folders in a folder (runs when left out) and below that are no longer needed, and delete them
with --delete. They are the folders of runs of claims whose record is kept, those of the candidates that a
finished sweep did not choose, and those of runs that ended before their first checkpoint. All others stay:
runs that a process works on, on this machine or another one, runs that can be resumed, those of a sweep
that is not finished or cannot be read, and trained encoders of which there is no record.`,
		Example: `  sslx runs gc
  sslx runs gc runs/claims --delete`,
		Args: arguments(0, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			return a.runsGC(args, records, remove, asJSON)
		},
	}

	cmd.Flags().StringVar(&records, "records", "",
		"folder of the records; the repository's and "+workFolder+" when left out")
	cmd.Flags().BoolVar(&remove, "delete", false, "delete them")
	jsonFlag(cmd, &asJSON)
	return cmd
}

func (a *app) runsGC(args []string, recordsFolder string, remove, asJSON bool) error {
	states, err := runs.List(argument(args))
	if err != nil {
		return err
	}

	// A trained run may go only when its record is kept, so records that cannot be read stop everything.
	records, err := recordsIn(recordsFolder)
	if err != nil {
		return err
	}

	kept := a.keptElsewhere(records)
	found := runs.FindGarbage(states, kept)
	for i := range found {
		if !remove {
			break
		}

		// Discard looks again: a process may have taken the run since it was listed.
		if found[i].Deleted, err = runs.Discard(found[i].Path, kept); err != nil {
			return err
		}
	}

	if asJSON {
		return a.printJSON(found)
	}
	return a.printGarbage(found, remove)
}

// keptElsewhere asks the sweep in whose folder a run is, or else the records of claims. The runs of a sweep that cannot
// be read stay, with a warning.
func (a *app) keptElsewhere(records experiments.Records) runs.Kept {
	sweeps := map[string]func(run string) (why string){} // by folder
	return func(dir string) string {
		folder := filepath.Dir(dir)
		if !isFile(filepath.Join(folder, experiments.StudyFile)) {
			return records.Kept(record.Name(dir))
		}

		if sweeps[folder] == nil {
			kept, err := keptInSweep(folder)
			if err != nil {
				a.warn(fmt.Sprintf("the runs of sweep %s are kept: %v", folder, err))
				kept = func(string) string { return "" }
			}
			sweeps[folder] = kept
		}
		return sweeps[folder](record.Name(dir))
	}
}

// keptInSweep is [experiments.Study.Kept] of the sweep in a folder.
func keptInSweep(folder string) (func(run string) (why string), error) {
	study, err := experiments.ReadStudy(filepath.Join(folder, experiments.StudyFile))
	if err != nil {
		return nil, err
	}
	records, err := experiments.Store{Path: filepath.Join(folder, experiments.RecordsFile)}.Read()
	if err != nil {
		return nil, err
	}
	return study.Kept(records)
}

// recordsIn returns the records of all scales in a folder, or in those where they are when none is named.
func recordsIn(folder string) (experiments.Records, error) {
	folders := []string{folder}

	// A sweep outside the repository keeps its records with its runs.
	if folder == "" {
		folders = []string{workFolder, experiments.RecordsFolder}
	}
	all := experiments.Records{}
	for _, folder := range folders {
		for _, scale := range experiments.Scales() {
			records, err := experiments.Store{Path: filepath.Join(folder, string(scale)+".jsonl")}.Read()
			if err != nil {
				return nil, err
			}
			for key, r := range records {
				all[key] = r
			}
		}
	}
	return all, nil
}

func (a *app) printGarbage(found []runs.Garbage, removed bool) error {
	t := table{left: 2}
	t.add("run", "why", "size")
	var sum int64
	n := 0
	for _, g := range found {
		if removed && !g.Deleted {
			// Discard left it alone, so its bytes are not counted.
			g.Why = "kept: a process has just taken it"
		} else {
			sum, n = sum+g.Bytes, n+1
		}
		t.add(g.Path, g.Why, bytesText(g.Bytes))
	}

	if len(found) > 0 {
		if err := t.print(a.stdout); err != nil {
			return err
		}
	}

	text := fmt.Sprintf("%d run folders (%s) can be deleted: --delete does it", n, bytesText(sum))
	switch {
	case len(found) == 0:
		text = "no run folder can be deleted"
	case removed:
		text = fmt.Sprintf("%d run folders (%s) were deleted", n, bytesText(sum))
	}

	_, err := fmt.Fprintln(a.stdout, text)
	return err
}
