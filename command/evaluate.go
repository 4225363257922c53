package command

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/plots"
	"github.com/sslx-go/lab/report"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/encoder/weights"
	"github.com/sslx-go/lab/sslx/evaluate"
	"github.com/sslx-go/lab/sslx/record"
	"github.com/sslx-go/lab/sslx/runs"
)

type evaluateFlags struct {
	tasks, protocols, layers, compare []string
	baselines, validation, json       bool

	// For files of weights.
	data      string
	size      int
	mean, std []float64
}

func evaluateCommand(a *app) *cobra.Command {
	var f evaluateFlags
	cmd := &cobra.Command{
		Use:   "evaluate RUN|WEIGHTS",
		Short: "Measure what an encoder has learned",
		Long: `Measure the frozen encoder of a finished run, by k nearest neighbors and by a linear probe when no other
protocol is asked for; of a run on images without labels, by the measures that need none as well. What is
chosen is chosen on images held out of train; the test split is read once.
The trained encoder is compared with its baselines: raw pixels and the untrained encoder. The results are
added to the run folder; results of other tasks and protocols stay.

RUN is a run folder, or the name of one in runs/. A task is a label of the run's data, one made from it
(` + strings.Join(evaluate.MadeTasks(), ", ") + `: what was done to the image?), a set, SET/LABEL,
or the path of an image folder or archive. "all" is every label of the run's data, those made from it, and
` + taskSets() + `;
a set that is not installed is left out, with a line that says how to get it.

WEIGHTS is a file of safetensors with an encoder of torchvision, timm or lightly, or an ONNX file, which is
not fine-tuned and of which --layers may name one value. It is measured on the data set of --data, and the
results are printed and kept nowhere; --compare WEIGHTS of a run keeps them in the run folder. The size of
its images and their normalization come from the file or from --size, --mean and --std.

docs/protocol.md says what each protocol is, docs/weights.md which weights can be read.`,
		Example: `  sslx evaluate runs/first
  sslx evaluate first --tasks shape,object_hue --protocols knn
  sslx evaluate first --tasks all --protocols all --layers encoder,projector0
  sslx evaluate first --tasks eurosat5k,~/birds --compare runs/supervised
  sslx evaluate resnet.safetensors --data cifar10 --size 32 --mean 0.5,0.5,0.5 --std 0.25,0.25,0.25
  sslx evaluate runs/first --json > results.json`,
		Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.evaluate(cmd.Context(), args[0], f) },

		ValidArgsFunction: completeRun,
	}
	cmd.Flags().StringSliceVar(&f.tasks, "tasks", nil,
		"with commas between; when left out, the labels of the run's data, or without labels the tasks made from it")
	cmd.Flags().StringSliceVar(&f.protocols, "protocols", nil,
		strings.Join(append(evaluate.Names(), evaluate.AllProtocols),
			", ")+", with commas between; knn,linear when left out, and label-free for data without labels")
	cmd.Flags().StringSliceVar(&f.layers, "layers", nil, "encoder, projector0, projector1, …; encoder when left out")
	cmd.Flags().BoolVar(&f.validation, "validation", false, "measure on images held out of train, and leave test alone")
	cmd.Flags().StringSliceVar(&f.compare, "compare", nil,
		"other runs or files of weights to measure too, such as a supervised one")
	cmd.Flags().BoolVar(&f.baselines, "baselines", true, "measure raw pixels and the untrained encoder too")
	cmd.Flags().StringVar(&f.data, "data", "", "data set to measure weights on")
	inputFlags(cmd, &f.size, &f.mean, &f.std)
	jsonFlag(cmd, &f.json)
	completeFunc(cmd, "data", completeDataName)
	completeFunc(cmd, "protocols", cobra.FixedCompletions(append(evaluate.Names(), evaluate.AllProtocols),
		cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// inputFlags adds the flags that say what images a file of weights takes.
func inputFlags(cmd *cobra.Command, size *int, mean, std *[]float64) {
	cmd.Flags().IntVar(size, "size", 0, "height and width of the images that weights are for, in pixels")
	cmd.Flags().Float64SliceVar(mean, "mean", nil, "mean of each channel, on [0, 1], that weights are for")
	cmd.Flags().Float64SliceVar(std, "std", nil, "standard deviation of each channel that weights are for")
}

// check returns a usage error for flags that do not fit what is measured.
func (f evaluateFlags) check(ofWeights bool) error {
	input := f.size != 0 || f.mean != nil || f.std != nil
	switch {
	case !ofWeights && f.data != "":
		return usage.Errorf("a run is measured on the data that it was trained on: leave --data out, or name a set " +
			"as one of --tasks")
	case !ofWeights && input && !slices.ContainsFunc(f.compare, evaluate.IsWeights):
		return usage.Errorf("a run knows the size and the normalization of its images: leave --size, --mean and " +
			"--std out, which are for files of weights")
	}
	return nil
}

func (a *app) evaluate(ctx context.Context, name string, f evaluateFlags) (err error) {
	ofWeights, dir := evaluate.IsWeights(name), name
	if err := f.check(ofWeights); err != nil {
		return err
	}

	// All runs are found before the first is measured: a typo must not cost minutes.
	if !ofWeights {
		if dir, err = runs.Find(name); err != nil {
			return err
		}
	}
	var others []string
	for _, other := range f.compare {
		if !evaluate.IsWeights(other) {
			if other, err = runs.Find(other); err != nil {
				return err
			}
		}
		others = append(others, other)
	}

	// Results of a file of weights have no run folder.
	a.whenStopped(keepsResults)
	if ofWeights {
		a.whenStopped(printsResults)
	}

	var results []record.Result
	err = a.work(func(opt sslx.Options) (err error) {
		options := sslx.EvaluateOptions{Tasks: f.tasks, Protocols: f.protocols, Layers: f.layers, Compare: others,
			Baselines: f.baselines, Validation: f.validation, Options: opt, Data: f.data,
			Weights: weights.Options{Size: f.size, Mean: f.mean, Std: f.std}}
		if ofWeights {
			results, err = sslx.EvaluateWeights(ctx, dir, options)
		} else {
			results, err = sslx.Evaluate(ctx, dir, options)
		}
		return err
	})
	if err != nil && len(results) > 0 { // what was measured before the error is not lost
		return errors.Join(err, a.printEvaluation(results, f.json))
	}
	if err != nil {
		return err
	}

	if ofWeights {
		return a.printEvaluation(results, f.json)
	}

	// Drawn with --json too: the figures belong to the run folder.
	figures, err := drawEvaluation(dir, results)
	if err != nil {
		return err
	}
	if err := a.printEvaluation(results, f.json); err != nil || f.json {
		return err
	}

	for _, path := range figures {
		fmt.Fprintln(a.stdout, "figure", path)
	}
	return nil
}

func (a *app) printEvaluation(results []record.Result, json bool) error {
	if json {
		return a.printJSON(list(results))
	}
	return a.printResults(results)
}

// drawEvaluation draws the results of the trained encoder into the run folder: a map of tasks and protocols when there
// are several, other measures than accuracy, what it confuses, and the curves of its probes. It returns the paths.
func drawEvaluation(dir string, results []record.Result) (paths []string, err error) {
	tasks := map[string]bool{}
	for _, r := range results {
		if r.Metric == record.MetricAccuracy {
			tasks[r.Task] = true
		}
	}

	// A map with one row says no more than the table.
	if len(tasks) > 1 {
		m, err := report.TaskMap(results, results[len(results)-1].Model)
		if err != nil {
			return nil, err
		}
		if paths, err = draw(paths, filepath.Join(dir, "tasks.png"), m.Figure); err != nil {
			return nil, err
		}
	}

	// A figure for each measure besides accuracy.
	for _, metric := range report.Measures(results) {
		figure := func() (*plots.Figure, error) { return report.MeasureFigure(results, metric) }
		if paths, err = draw(paths, filepath.Join(dir, report.MeasurePicture(metric)), figure); err != nil {
			return nil, err
		}
	}
	model, task := results[len(results)-1].Model, results[0].Task
	if m, ok := report.CorruptionMap(results, model, task); ok {
		if paths, err = draw(paths, filepath.Join(dir, "corruptions.png"), m.Figure); err != nil {
			return nil, err
		}
	}

	// The classes of the first task, by the protocol that was measured last.
	counts, err := record.ReadConfusions(dir)
	if err != nil {
		return nil, err
	}
	for _, c := range slices.Backward(counts) {
		measured := func(r record.Result) bool {
			return r.Model == model && r.Task == task && c.Model == model && c.Task == task && r.Protocol == c.Protocol
		}
		if slices.ContainsFunc(results, measured) {
			paths, err = draw(paths, filepath.Join(dir, "confusion.png"), report.ConfusionMap(c).Figure)
			if err != nil {
				return nil, err
			}
			break
		}
	}

	// The folder keeps the curves of earlier evaluations; they are drawn again only when this one has any.
	curves, err := record.ReadCurves(dir)
	if err != nil || len(curves) == 0 || !slices.ContainsFunc(results, isCurve(curves)) {
		return paths, err
	}
	return draw(paths, filepath.Join(dir, "curves.png"),
		func() (*plots.Figure, error) { return report.ProbeCurves(curves) })
}

// isCurve returns whether a result is the end of one of the curves.
func isCurve(curves []record.Curve) func(record.Result) bool {
	return func(r record.Result) bool {
		return slices.ContainsFunc(curves, func(c record.Curve) bool {
			return c.Protocol == r.Protocol && c.Task == r.Task
		})
	}
}

func draw(paths []string, path string, figure func() (*plots.Figure, error)) ([]string, error) {
	f, err := figure()
	if err == nil {
		err = f.Save(path)
	}
	return append(paths, path), err
}

// taskSets lists the sets of "all" by their first names.
func taskSets() string {
	var names []string
	for _, set := range evaluate.TaskSets() {
		names = append(names, set.Name)
	}
	return strings.Join(names, ", ")
}
