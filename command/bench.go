package command

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sslx-go/lab/bench"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/encoder"
)

// benchmark is one of package bench's.
type benchmark interface {
	Check(opt bench.Options) error
	Run(ctx context.Context, h *backend.Handle, opt bench.Options) (bench.Result, error)
}

type benchFlags struct {
	opt  bench.Options
	json bool
}

func benchCommand(a *app) *cobra.Command {
	return group(&cobra.Command{
		Use:   "bench",
		Short: "Measure speed side by side with other libraries",
		Long: `Measure the speed of sslx side by side with other libraries that do the same work on the same cores. All
take turns in one run, and while one of them works the others are idle. What is printed is the median rate
of all turns with its quartiles, and the ratio to each peer: above 1, sslx is faster. A race measures how
long whole trainings take to an accuracy, one program after another.

The peers live in a Python environment of their own: bench/install, in a checkout of sslx, makes it in the
user's cache folder, or in SSLX_PEERS. A peer that is not there is named. All compute on the CPU (sslx
unless GOMLX_BACKEND names another backend). Close other programs before you measure; docs/performance.md
says more.`,
		Example: `  sslx bench views --size 64
  sslx bench step --encoder resnet18 --json
  sslx bench endtoend --peers none
  sslx bench race --minutes 10 --out race.json`,
	}, benchViewsCommand(a), benchStepCommand(a), benchEndToEndCommand(a), benchEvaluateCommand(a),
		benchEmbedCommand(a), benchImportCommand(a), benchRaceCommand(a))
}

func benchViewsCommand(a *app) *cobra.Command {
	var size, batch int
	return a.benchmarkCommand("views", &cobra.Command{
		Use:   "views",
		Short: "Views a second, from bytes in memory to normalized views",
		Long: `Measure SimCLR's views for CIFAR-10 (resized crop, flip, color jitter, grayscale, normalizing), two of each
image, in views a second: against torchvision (transforms v2 in a loader with one worker process a core),
kornia (batched) and FFCV-SSL (its compiled operations).`,
		Example: `  sslx bench views
  sslx bench views --size 224 --batch 64 --peers torchvision,kornia`,
	}, func(cmd *cobra.Command) {
		cmd.Flags().IntVar(&size, "size", 32, "height and width of images and views, in pixels")
		cmd.Flags().IntVar(&batch, "batch", 256, "images in a batch")
	}, func() benchmark { return bench.NewViews(size, batch) })
}

func benchStepCommand(a *app) *cobra.Command {
	var name string
	var width, batch int
	var precision string

	return a.benchmarkCommand("step", &cobra.Command{
		Use:   "step",
		Short: "Images a second of the training step, without views",
		Long: `Measure the training step of SimCLR on two ready views of each image (encoder, projector, NT-Xent,
gradients, SGD with momentum), in images a second: against PyTorch (channels last; eager or compiled,
whichever is faster) and JAX (compiled), with the same network. It also says which share that is of what a
bare product of two matrices reaches on the same backend. With --precision bfloat16, all compute in that
type, and sslx in float32 takes turns with them.`,
		Example: `  sslx bench step
  sslx bench step --precision bfloat16
  sslx bench step --encoder resnet18 --turns 5
  sslx bench step --batch 1024 --peers none`,
	}, func(cmd *cobra.Command) {
		encoderFlags(cmd, &name, &batch)
		cmd.Flags().IntVar(&width, "width", 0, "channels of the encoder's first stage; 0 is the encoder's default")
		precisionFlag(cmd, &precision)
	}, func() benchmark {
		step := bench.NewStep(name, width, batch)
		step.Precision = recorded(precision)
		return step
	})
}

func precisionFlag(cmd *cobra.Command, precision *string) {
	cmd.Flags().StringVar(precision, "precision", "float32", "what the network computes in: float32 or bfloat16")
}

// recorded returns a precision as records have it, which do not name float32.
func recorded(precision string) string {
	if precision == "float32" {
		return ""
	}
	return precision
}

func benchEndToEndCommand(a *app) *cobra.Command {
	var name, data, precision string
	var batch int
	return a.benchmarkCommand("endtoend", &cobra.Command{
		Use:   "endtoend",
		Short: "Images a second of a whole training",
		Long: `Measure training as users run it (images from a packed set, random views, steps, a log), in images a second:
against lightly and solo-learn as their documentation says for CIFAR-10, with the same network, views and
batch. Their images are random ones of the same number and size, and they compute in float32 in any case.
With --precision bfloat16, sslx in float32 takes turns with it.`,
		Example: `  sslx bench endtoend
  sslx bench endtoend --precision bfloat16 --peers none
  sslx bench endtoend --data cifar10 --encoder resnet18`,
	}, func(cmd *cobra.Command) {
		encoderFlags(cmd, &name, &batch)
		precisionFlag(cmd, &precision)
		cmd.Flags().StringVar(&data, "data", "factors", "name or path of a data set: see \"sslx data list\"")
		completeFunc(cmd, "data", completeDataName)
	}, func() benchmark {
		e := bench.NewEndToEnd(data, name, batch)
		e.Precision = recorded(precision)
		return e
	})
}

func benchEvaluateCommand(a *app) *cobra.Command {
	var protocol string
	return a.benchmarkCommand("evaluate", &cobra.Command{
		Use:   "evaluate",
		Short: "Test images a second of a protocol on features",
		Long: `Measure kNN or one fit of the linear probe on 50,000 training and 10,000 test images with 512 features, in
test images a second: against scikit-learn on the same features.`,
		Example: `  sslx bench evaluate --turns 3
  sslx bench evaluate --protocol linear`,
	}, func(cmd *cobra.Command) {
		cmd.Flags().StringVar(&protocol, "protocol", "knn", strings.Join(bench.Protocols(), " or "))
		completeFunc(cmd, "protocol", cobra.FixedCompletions(bench.Protocols(), cobra.ShellCompDirectiveNoFileComp))
	}, func() benchmark { return bench.NewEvaluate(protocol) })
}

func benchEmbedCommand(a *app) *cobra.Command {
	var name string
	var size int
	return a.benchmarkCommand("embed", &cobra.Command{
		Use:   "embed",
		Short: "Images a second that an encoder turns into features",
		Long: `Measure features of images in bytes by an encoder in evaluation mode, as "sslx embed" computes them, in
images a second: against PyTorch (channels last; eager or compiled, whichever is faster) for the encoders
convnet and resnet18. GOMLX_BACKEND=xla:cpu or go measures one backend.`,
		Example: `  sslx bench embed
  sslx bench embed --encoder vit-tiny --size 64
  GOMLX_BACKEND=go sslx bench embed --encoder resnet20 --turns 3`,
	}, func(cmd *cobra.Command) {
		cmd.Flags().StringVar(&name, "encoder", "convnet", "an encoder: see docs/encoders.md")
		cmd.Flags().IntVar(&size, "size", 32, "height and width of images, in pixels")
		completeFunc(cmd, "encoder", cobra.FixedCompletions(encoder.Names(), cobra.ShellCompDirectiveNoFileComp))
	}, func() benchmark { return bench.NewEmbed(name, size) })
}

func benchImportCommand(a *app) *cobra.Command {
	var folder string
	var size int
	return a.benchmarkCommand("import", &cobra.Command{
		Use:   "import",
		Short: "Images a second of an import",
		Long: `Measure how fast a folder of image files becomes a pack on the disk, in images a second: against
torchvision's ImageFolder with one worker process a core, which reads the same files with Pillow and brings
them to the same size. The folder has class folders, as ImageFolder wants it; bench/photographs.py, in a
checkout of sslx, writes the folders that bench/run measures.`,
		Example: `  sslx bench import --folder pets
  sslx bench import --folder photographs/PNG --size 224 --json`,
	}, func(cmd *cobra.Command) {
		cmd.Flags().StringVar(&folder, "folder", "", "folder of images in class folders")
		cmd.Flags().IntVar(&size, "size", 64, "height and width that images are brought to, in pixels; 0 is their own")
	}, func() benchmark { return bench.NewImport(folder, size) })
}

func encoderFlags(cmd *cobra.Command, name *string, batch *int) {
	cmd.Flags().StringVar(name, "encoder", "convnet", strings.Join(bench.Encoders(), " or "))
	cmd.Flags().IntVar(batch, "batch", 0, "images in a batch; 0 is 128 for convnet and 64 for resnet18")
	completeFunc(cmd, "encoder", cobra.FixedCompletions(bench.Encoders(), cobra.ShellCompDirectiveNoFileComp))
}

// benchmarkCommand adds what all benchmarks have in common to a command.
func (a *app) benchmarkCommand(what string, cmd *cobra.Command, own func(*cobra.Command),
	make func() benchmark) *cobra.Command {
	f := benchFlags{opt: bench.DefaultOptions()}
	own(cmd)
	peers := bench.Peers(what)
	cmd.Flags().StringSliceVar(&f.opt.Peers, "peers", nil, "`names` of the peers, with commas between them, or none "+
		"(default "+strings.Join(peers, ",")+")")
	cmd.Flags().IntVar(&f.opt.Turns, "turns", f.opt.Turns, "how many times each is measured")
	cmd.Flags().Float64Var(&f.opt.Seconds, "seconds", f.opt.Seconds, "about how many seconds a turn takes")
	jsonFlag(cmd, &f.json)
	completeFunc(cmd, "peers", cobra.FixedCompletions(append(peers, bench.NoPeers), cobra.ShellCompDirectiveNoFileComp))
	cmd.Args = arguments(0, 0)

	// A benchmark is made when the command runs: only then do its flags have their values.
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return a.bench(cmd.Context(), make(), f) }
	return cmd
}

func (a *app) bench(ctx context.Context, b benchmark, f benchFlags) error {
	// Checked first: a wrong flag must not wait for the installation of a plugin.
	if err := b.Check(f.opt); err != nil {
		return err
	}
	var result bench.Result
	err := a.measure(ctx, f.opt, func(h *backend.Handle, opt bench.Options) (err error) {
		result, err = b.Run(ctx, h, opt)
		return err
	})
	if err != nil {
		return err
	}

	if f.json {
		return a.printJSON(result)
	}
	return a.printBench(result)
}

// measure opens the backend of a benchmark, and runs it with the options that show progress and warnings.
func (a *app) measure(ctx context.Context, o bench.Options,
	run func(h *backend.Handle, o bench.Options) error) error {
	return a.work(func(opt sslx.Options) error {
		config := cmp.Or(os.Getenv(backend.ConfigEnv), "xla:cpu") // peers compute on the CPU
		h, err := backend.Open(ctx, backend.Options{Config: config, Warn: opt.Warn,
			Progress: func(item string, done, total int64) {
				opt.Progress(sslx.Progress{Phase: phaseInstall + " " + item, Done: done, Total: total})
			}})
		if err != nil {
			return err
		}
		defer h.Close()

		o.Warn = opt.Warn
		o.Progress = func(phase string, done, total int) {
			opt.Progress(sslx.Progress{Phase: phase, Done: int64(done), Total: int64(total)})
		}
		return run(h, o)
	})
}

func (a *app) printBench(r bench.Result) error {
	t := table{left: 2}
	t.add("", "version", "median", "q1", "q3", "sslx is")

	// sslx and its peers share one form; only the last column differs.
	rates := func(name, version string, r bench.Rates, faster string) {
		t.add(name, version, digits(r.Median), digits(r.Q1), digits(r.Q3), faster)
	}

	rates("sslx", moduleVersion(), r.Sslx, "")
	for _, p := range r.Peers {
		rates(p.Name, p.Version, p.Rates, fmt.Sprintf("%.2fx", r.Ratio[p.Name]))
	}
	if err := t.print(a.stdout); err != nil {
		return err
	}

	// What one must know to quote the rates: unit, machine, and what disturbed them.
	notes := table{left: 2}
	notes.add("unit", fmt.Sprintf("%s, %d turns each, on %s", r.Sslx.Unit, len(r.Sslx.Turns), r.Environment.Device))
	if r.Busy > bench.QuietCores {
		notes.add("warning", fmt.Sprintf("%.1f cores were busy with other work between turns: the ratios are wrong",
			r.Busy))
	}

	notes.add("first", fmt.Sprintf("sslx took %.1f s to the end of its first unit of work, compilation included",
		r.First))
	if p := r.Peak; p != nil {
		notes.add("peak", fmt.Sprintf("%s GFLOP/s, %.0f %% of the %s of a matrix product",
			digits(p.Image*r.Sslx.Median), 100*p.Share, digits(p.Product.Median)))
	}

	for _, p := range r.Peers {
		// How a peer was run decides whether the comparison is fair.
		notes.add(p.Name, p.Note)
	}
	for _, m := range r.Missing {
		notes.add(m.Name, m.Reason+": run "+m.Install)
	}

	fmt.Fprintln(a.stdout)
	return notes.print(a.stdout)
}

// digits prints a number with at least three digits.
func digits(x float64) string {
	if x <= 0 {
		return "0"
	}
	return strconv.FormatFloat(x, 'f', max(0, 2-int(math.Floor(math.Log10(x)))), 64)
}
