package command

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/experiments"
	_ "github.com/sslx-go/lab/experiments/claims" // registers the claims
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/internal/words"
	"github.com/sslx-go/lab/internal/workers"
	"github.com/sslx-go/lab/report"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/runs"
)

func claimsCommand(a *app) *cobra.Command {
	return group(&cobra.Command{
		Use:   "claims",
		Short: "Test beliefs about SSL by experiments with verdicts",
		Long: `Run beliefs about joint-embedding SSL as experiments: five that Bordes et al. 2023 (arXiv:2303.01986)
question, and one about LeJEPA. A claim has a plan at each scale (smoke: minutes, no verdict; cpu: hours on
two cores; gpu; paper: ImageNet): arms whose hyper-parameters are tuned on validation images, then trained
with fresh seeds and measured on test. The verdict is computed from the records of these runs: equivalent or
reversed (both debunk the belief), upheld, or not settled; withdrawn, if the experiment was found to be
wrong.`,
		Example: `  sslx claims list
  sslx claims run minibatch --scale cpu
  sslx claims report --scale cpu`,
	}, claimsListCommand(a), claimsRunCommand(a), claimsReportCommand(a), claimsShowCommand(a))
}

// claimsFlags are what the commands of claims share.
type claimsFlags struct {
	scale, records string
	json           bool
}

func (f *claimsFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.scale, "scale", string(experiments.Smoke), "smoke, cpu, gpu or paper")
	cmd.Flags().StringVar(&f.records, "records", "",
		"folder of the records; the repository's, or runs/claims for smoke and outside of one")
	jsonFlag(cmd, &f.json)
	completeFunc(cmd, "scale", cobra.FixedCompletions([]string{"smoke", "cpu", "gpu", "paper"},
		cobra.ShellCompDirectiveNoFileComp))
}

// workFolder holds a folder for each run of a sweep.
var workFolder = filepath.Join(runs.Folder, "claims")

// store returns the records of the scale.
func (f claimsFlags) store() (experiments.Scale, experiments.Store, error) {
	scale, err := experiments.ScaleNamed(f.scale)
	dir := f.records
	if dir == "" {
		dir = workFolder
		if _, err := os.Stat(experiments.RecordsFolder); err == nil && scale != experiments.Smoke {
			dir = experiments.RecordsFolder
		}
	}
	return scale, experiments.Store{Path: filepath.Join(dir, string(scale)+".jsonl")}, err
}

// claimsNamed returns the claims of the given ids, all when there are none or it is "all".
func claimsNamed(ids []string) (claims []experiments.Claim, err error) {
	if len(ids) == 0 || len(ids) == 1 && ids[0] == "all" {
		return experiments.Claims(), nil
	}
	for _, id := range ids {
		c, err := experiments.Named(id)
		if err != nil {
			return nil, err
		}
		claims = append(claims, c)
	}
	return claims, nil
}

func completeClaim(*cobra.Command, []string, string) (names []string, d cobra.ShellCompDirective) {
	for _, c := range experiments.Claims() {
		names = append(names, c.ID)
	}
	return append(names, "all"), cobra.ShellCompDirectiveNoFileComp
}

func claimsListCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the claims",
		Long:    "List the claims: what is believed, what would follow, and how it is decided.",
		Example: "  sslx claims list",
		Args:    arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			for i, c := range experiments.Claims() {
				if i > 0 {
					fmt.Fprintln(a.stdout)
				}
				t := table{left: 2}
				for _, line := range [][2]string{{"claim", c.ID}, {"belief", c.Belief}, {"prediction", c.Prediction},
					{"decision", c.Decision}, {"rule", c.Rule(experiments.CPU)}} {
					if line[1] == "" {
						continue
					}

					// Beliefs are paragraphs: they are wrapped, and only the first line has the name.
					for j, text := range words.Wrap(line[1], pageColumns-12) {
						t.add(map[bool]string{true: line[0]}[j == 0], text)
					}
				}
				if err := t.print(a.stdout); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func claimsRunCommand(a *app) *cobra.Command {
	var f claimsFlags
	var engine engineFlags
	var jobs int
	var work string
	cmd := &cobra.Command{
		Use:   "run CLAIM...",
		Short: "Run the experiments that a claim still lacks",
		Long: `Run the experiments of claims ("all" for all of them) that have no record yet, those of the deciding
comparisons first. A run that has a record is never repeated, an interrupted one resumes from its checkpoint,
and several such commands share the work.
Run folders are in ` + workFolder + `; ` + "`sslx runs gc`" + ` deletes those that are no longer needed.

With --engine slurm, the processes are workers of a Slurm array, and this command reports their state until
all runs are done. It can be stopped and repeated: workers that are in the queue stay, those that were lost
are submitted again.`,
		Example: `  sslx claims run all --scale smoke
  sslx claims run minibatch augmentation --scale cpu --jobs 2
  sslx claims run all --scale gpu --jobs 8 --engine slurm --sbatch=--partition=gpu --sbatch=--gpus=1`,
		Args:              arguments(1, -1),
		ValidArgsFunction: completeClaim,
		RunE: func(cmd *cobra.Command, args []string) error {
			// All arguments are checked before a process or a job starts.
			claims, err := claimsNamed(args)
			if err != nil {
				return err
			}
			if jobs < 1 {
				return usage.Errorf("--jobs is %d: it must be 1 or more", jobs)
			}
			onSlurm, err := engine.slurm()
			if err != nil {
				return err
			}
			if onSlurm {
				return a.claimsOnSlurm(cmd.Context(), claims, f, work, jobs, engine)
			}

			// Each process is this command again, without --jobs; locks next to the run folders divide the work.
			if jobs > 1 {
				return a.workers(cmd.Context(), jobs)
			}
			return a.claimsRun(cmd.Context(), claims, f, work)
		},
	}

	f.register(cmd)
	engine.register(cmd)
	cmd.Flags().StringVar(&work, "work", workFolder, "folder of the run folders")
	cmd.Flags().IntVar(&jobs, "jobs", 1, "processes that share the work, each with its part of the cores")
	return cmd
}

func (a *app) claimsRun(ctx context.Context, claims []experiments.Claim, f claimsFlags, work string) error {
	scale, store, err := f.store()
	if err != nil {
		return err
	}
	var plans []experiments.Plan
	for _, c := range claims {
		plans = append(plans, c.Plan(scale))
	}
	if err := a.makeRuns(ctx, experiments.Sweep{Store: store, Work: work}, plans...); err != nil {
		return err
	}

	// The report reads the records again: other processes may have added some meanwhile.
	return a.claimsReport(claims, f, "")
}

// makeRuns makes the runs that plans lack, and says which one is made and how long the others will take.
func (a *app) makeRuns(ctx context.Context, s experiments.Sweep, plans ...experiments.Plan) error {
	a.whenStopped(savesCheckpoint)
	return a.work(func(opt sslx.Options) error {
		// In a log file, the line that each run writes is enough.
		if !a.terminal {
			opt.Progress = nil
		}

		// The time left follows from the runs so far; runs of earlier commands do not count.
		begun, before, told := time.Now(), -1, s.Started
		s.Options, s.Started = opt, func(done, total int, what string) {
			if before < 0 {
				before = done
			}
			left := ""
			if done > before {
				left = ", " + leftText(time.Since(begun).Seconds()/float64(done-before)*float64(total-done)) + " left"
			}
			a.say("run %d of %d%s: %s", done+1, total, left, what)
			if told != nil {
				told(done, total, what)
			}
		}
		return s.Run(ctx, plans...)
	})
}

func claimsReportCommand(a *app) *cobra.Command {
	var f claimsFlags
	var out string
	cmd := &cobra.Command{
		Use:   "report [CLAIM...]",
		Short: "Report the verdicts that the records support",
		Long: `Report on claims, all when none is named, from their records: verdict, estimates with intervals, compute
spent. With --out, write the report as one HTML file, with figures and how to repeat every number.`,
		Example: `  sslx claims report --scale cpu
  sslx claims report --scale cpu --out claims.html`,
		ValidArgsFunction: completeClaim,
		RunE: func(_ *cobra.Command, args []string) error {
			// An unknown claim is an error before records are read, which can be many.
			claims, err := claimsNamed(args)
			if err != nil {
				return err
			}
			return a.claimsReport(claims, f, out)
		},
	}

	f.register(cmd)
	cmd.Flags().StringVar(&out, "out", "", "an HTML file to write")
	return cmd
}

func (a *app) claimsReport(claims []experiments.Claim, f claimsFlags, out string) error {
	scale, store, err := f.store()
	if err != nil {
		return err
	}
	records, err := store.Read()
	if err != nil {
		return err
	}

	if len(records) == 0 {
		a.say("%s", noRecords(store))
	}

	// Judged before anything is written, so that an error leaves no half of a report.
	outcomes := []experiments.Outcome{}
	for _, c := range claims {
		o, err := experiments.Judge(c, scale, records)
		if err != nil {
			return err
		}
		outcomes = append(outcomes, o)
	}

	// The file comes in addition to the table, which is printed below.
	if out != "" {
		if err := report.WriteClaims(out, scale, records, claims...); err != nil {
			return err
		}
		a.say("the report is in %s", out)
	}

	if f.json {
		return a.printJSON(outcomes)
	}
	for i, o := range outcomes {
		if i > 0 {
			fmt.Fprintln(a.stdout)
		}
		if err := report.WriteOutcome(a.stdout, o, pageColumns); err != nil {
			return err
		}
	}
	return nil
}

// noRecords says what to do about a store without records.
func noRecords(s experiments.Store) string {
	if _, err := os.Stat(experiments.RecordsFolder); err == nil {
		return fmt.Sprintf("there are no records in %s: those of this clone are of --scale cpu; --records names "+
			"another folder", s.Path)
	}
	return fmt.Sprintf("there are no records in %s: call this in a clone of sslx with --scale cpu, or name the folder "+
		"of the records with --records", s.Path)
}

func claimsShowCommand(a *app) *cobra.Command {
	var f claimsFlags
	var asYAML bool
	cmd := &cobra.Command{
		Use:   "show RUN",
		Short: "Show a record of a claim, and how to repeat it",
		Long: `Show the record of a run of a claim: configuration, seed, log, results, and the commands that repeat it. RUN
is the key in a report, or its beginning.`,
		Example: `  sslx claims show 7f60c913 --scale cpu
  sslx claims show 7f60c913 --scale cpu --yaml > repeat.yaml`,
		Args: arguments(1, 1),
		RunE: func(_ *cobra.Command, args []string) error { return a.claimsShow(args[0], f, asYAML) },
	}

	f.register(cmd)
	cmd.Flags().BoolVar(&asYAML, "yaml", false, "print the configuration, and nothing else")
	cmd.MarkFlagsMutuallyExclusive("json", "yaml")
	return cmd
}

func (a *app) claimsShow(key string, f claimsFlags, asYAML bool) error {
	_, store, err := f.store()
	if err != nil {
		return err
	}
	records, err := store.Read()
	if err != nil {
		return err
	}

	var found []experiments.Record
	for name, r := range records {
		if strings.HasPrefix(name, key) {
			found = append(found, r)
		}
	}

	if len(records) == 0 {
		return usage.Errorf("%s", noRecords(store))
	}

	// A key is given by its beginning.
	if len(found) != 1 {
		return usage.Errorf("%d records of %s begin with %q: give the key of one", len(found), store.Path, key)
	}
	r := found[0]
	text, err := configText(r.Config)
	switch {
	case err != nil:
		return err
	case f.json:
		return a.printJSON(r)
	case asYAML:
		_, err := fmt.Fprint(a.stdout, text)
		return err
	}
	return a.printRecord(r, f.shown(r.Key), text)
}

// shown is the command that shows a record.
func (f claimsFlags) shown(key string) string {
	command := fmt.Sprintf("%s claims show %s --scale %s", words.Quote(usage.Program), key, f.scale)
	if f.records != "" {
		command += " --records " + words.Quote(f.records)
	}
	return command
}

// printRecord prints a record, and how to repeat its run. show is the command that does, and config the configuration
// as YAML.
func (a *app) printRecord(r experiments.Record, show, config string) error {
	t := table{left: 2}
	t.add("run", r.Key)
	features := "instruction sets not recorded" // of the first records
	if len(r.Environment.Features) > 0 {
		features = "with " + strings.Join(r.Environment.Features, ", ")
	}
	t.add("made", fmt.Sprintf("%s, revision %s", r.Finished.Format(time.DateTime), r.Environment.Revision))
	t.add("on", fmt.Sprintf("%s of %s, %s", words.Count(r.Environment.Cores, "core"), r.Environment.CPU, features))
	t.add("data", fmt.Sprintf("%s, fingerprint %s", r.Environment.Data,
		cmp.Or(r.Environment.Fingerprint, "not recorded")))
	t.add("trained", fmt.Sprintf("%d images in %.0f s, %.0f a second", r.Images, r.Seconds,
		float64(r.Images)/max(r.Seconds, 1e-9)))
	if r.Cue != nil {
		t.add("cue", fmt.Sprintf("statistics of pixels tell negatives from anchors in %.1f %% of the cases (chance "+
			"50 %%, limit %g %%)", 100**r.Cue, 100*experiments.MaxCue))
	}
	if err := t.print(a.stdout); err != nil {
		return err
	}

	// A record must be enough to repeat its run, without the run folder.
	fmt.Fprintf(a.stdout, "\nIts configuration:\n\n%s%s", config, repeatText(r, show))

	// The log shows whether the training diverged or collapsed.
	log := table{left: 0}
	log.add("step", "seconds", "loss", "spread", "rank", "probe")
	for _, m := range r.Log {
		probe := "-"
		if m.ProbeAccuracy != nil {
			probe = fmt.Sprintf("%.1f", 100**m.ProbeAccuracy)
		}
		log.add(fmt.Sprint(m.Step), fmt.Sprintf("%.0f", m.Seconds), fmt.Sprintf("%.4f", m.Loss),
			fmt.Sprintf("%.3f", m.Spread), fmt.Sprintf("%.1f", m.Rank), probe)
	}
	if err := log.print(a.stdout); err != nil {
		return err
	}

	fmt.Fprintln(a.stdout)
	return a.printResults(r.Results)
}

// repeatText says how to repeat the run of a record that a command shows.
func repeatText(r experiments.Record, show string) string {
	e := r.Environment
	cores := "0"
	if e.Cores > 1 {
		cores = fmt.Sprintf("0-%d", e.Cores-1)
	}
	revision := strings.TrimSuffix(e.Revision, "+dirty") // as git knows it
	evaluate := report.EvaluateFlags(r.Results, e.Data, r.Validation)
	text := fmt.Sprintf(`
To repeat it, in a clone of sslx on Linux:

  %[1]s --yaml > repeat.yaml
  %[4]s data show %[6]s   # its fingerprint must be the one above
  git checkout %[2]s && go install ./cmd/sslx
  taskset -c %[3]s %[4]s pretrain --config repeat.yaml --out runs/repeat
  taskset -c %[3]s %[4]s evaluate runs/repeat %[5]s

On a processor of the same kind and instruction sets, the numbers are then equal to the last bit. With other
images, elsewhere, at another revision, or on another number of cores, rounding or the order of images differs,
and with it the accuracy, by as much as with another seed.

`, show, revision, cores, words.Quote(usage.Program), evaluate, e.Data)

	if len(r.Tasks) > 1 {
		text += fmt.Sprintf("The last command needs the image sets of all tasks; with --tasks %s, those of the "+
			"training are enough.\n\n", r.Tasks[0])
	}
	return text
}

// workers runs this command in several processes that share the work.
func (a *app) workers(ctx context.Context, jobs int) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}

	// Every process ends with the same report; the first one's is passed on.
	a.whenStopped(savesCheckpoint)
	printed, err := workers.Run(ctx, jobs, a.stderr, self, withoutJobs(os.Args[1:])...)

	// After an interrupt the processes fail too, and their errors would hide the reason.
	if ctx.Err() != nil {
		return fmt.Errorf("%w: the same command resumes the sweep", ctx.Err())
	}
	if err != nil {
		return fmt.Errorf("a process of the sweep ended early (%w): the same command resumes it", err)
	}

	_, err = a.stdout.Write(printed)
	return err
}

// withoutJobs returns the arguments without the flag --jobs.
func withoutJobs(args []string) (rest []string) {
	for i := 0; i < len(args); i++ {
		switch {
		case args[i] == "--jobs":
			i++
		case !strings.HasPrefix(args[i], "--jobs="):
			rest = append(rest, args[i])
		}
	}
	return rest
}

// configText returns a configuration as YAML.
func configText(c sslx.Config) (string, error) {
	text, err := yaml.Marshal(c)
	return string(text), err
}
