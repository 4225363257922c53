package pages

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sslx-go/lab/experiments"
	_ "github.com/sslx-go/lab/experiments/claims" // registers the claims
	"github.com/sslx-go/lab/internal/words"
	"github.com/sslx-go/lab/plots"
	"github.com/sslx-go/lab/report"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/record"
)

// Where things are in the repository.
const (
	recordsFolder = "experiments/results"
	figuresFolder = "docs/figures"
)

// Generators returns the generators of all blocks, from the records of the repository at root:
//
//	record NAME       how the run experiments/results/NAME was made, and its results on labels of its own data
//	results NAME      all results of that run
//	claims            the verdicts on all claims
//	claim ID          what the records say of a claim
//	budget            the differences that decide claims, against the epochs of training
//	plans ID          what is run for a claim
//	methods           what was measured of all methods
//	method NAME       what was measured of a method, or of dino-vit
//	equal-time        EMP-SSL next to SimCLR that trained as long
//	bench NAME...     the table of records of bench/results
//	faults            what came of random faults
//	encoders          the built-in encoders and their sizes
//	architecture      the packages of the module, drawn in layers
//	headlines         the first bullets of the README
//	papers            all methods with their papers and what was measured
//	ratios NAME...    sslx next to its fastest peer on each machine
//	front NAME        views, neighbors and the loss of the run experiments/results/NAME
//	embedding         how many images a second each encoder embeds
//	configuration     the default configuration
//	selection         how well measures without labels choose among the encoders of the claim negatives
//	fingerprints      the data sets that the records of the claims were made on
//	ablation NAME     what each change did in the sweep experiments/recipes/NAME.yaml, an ablation
//	race              the races of bench/results, a machine each; nothing where there is none
func Generators(root string) map[string]Generator {
	g := generator{root}
	return map[string]Generator{
		"record": one(g.record), "results": one(g.results), "claims": none(g.claims), "claim": one(g.claim),
		"budget": none(g.budget),
		"plans":  one(g.plans), "methods": none(g.methods),
		"equal-time": none(g.equalTime),
		"method":     one(g.method), "bench": g.bench, "faults": none(g.faults),
		"encoders": none(g.encoders), "architecture": none(g.architecture),
		"front": one(g.front), "headlines": none(g.headlines), "papers": none(g.papers), "ratios": g.ratios,
		"configuration": none(g.configuration), "embedding": none(g.embedding), "race": none(g.race),
		"ablation":  one(g.ablation),
		"selection": none(g.selection), "fingerprints": none(g.fingerprints),
	}
}

type generator struct{ root string }

// none and one are generators of so many arguments.
func none(make func() (Block, error)) Generator {
	return func(arguments []string) (Block, error) {
		if len(arguments) != 0 {
			return Block{}, fmt.Errorf("it takes no arguments")
		}
		return make()
	}
}

func one(make func(argument string) (Block, error)) Generator {
	return func(arguments []string) (Block, error) {
		if len(arguments) != 1 {
			return Block{}, fmt.Errorf("it takes one argument")
		}
		return make(arguments[0])
	}
}

// record says how a run was made, and its results on labels of its own data.
func (g generator) record(name string) (Block, error) {
	dir := filepath.Join(g.root, recordsFolder, name)
	run, err := report.ReadRun(dir)
	if err != nil {
		return Block{}, err
	}
	var c sslx.Config
	if err := record.ReadConfig(dir, &c); err != nil {
		return Block{}, err
	}
	if len(run.Metrics) == 0 {
		return Block{}, fmt.Errorf("%s has no training log", dir)
	}
	var own []record.Result
	for _, r := range run.Results {
		label, ok := strings.CutPrefix(r.Task, run.Environment.Data+"/")
		if ok && !strings.HasPrefix(label, "made-") {
			own = append(own, r)
		}
	}

	figure, err := report.ResultsFigure(own)
	if err != nil {
		return Block{}, err
	}

	// Everything that the numbers depend on, in one sentence above the table.
	last, e := run.Metrics[len(run.Metrics)-1], run.Environment
	text := fmt.Sprintf("%s, %s, batch %d, %s of %s, seed %d: %s of training on %s (%s), %.0f views a second.\n\n%s",
		objective.NameOf(c.Objective), encoder.NameOf(c.Encoder), c.Batch,
		words.Count(last.Epoch, "epoch"), e.Data, c.Seed, words.Duration(last.Seconds), words.Count(e.Cores, "core"),
		e.CPU, float64(len(c.Views))*float64(last.Images)/last.Seconds, report.ResultsMarkdown(own))
	return Block{Text: text, Figures: map[string]*plots.Figure{filepath.Join(figuresFolder, name+".png"): figure}}, nil
}

// results lists all results of a run.
func (g generator) results(name string) (Block, error) {
	results, err := record.ReadResults(filepath.Join(g.root, recordsFolder, name))
	if err != nil {
		return Block{}, err
	}
	return Block{Text: report.Results(results).Markdown()}, nil
}

// records returns the records of the claims at the scale of the pages.
func (g generator) records() (experiments.Records, error) {
	return experiments.Store{Path: filepath.Join(g.root, recordsFolder, "claims",
		string(experiments.CPU)+".jsonl")}.Read()
}

// fingerprints lists the fingerprints of the data sets that the records of the claims were made on. Results of version
// 0.1 have none.
func (g generator) fingerprints() (Block, error) {
	r, err := g.records()
	if err != nil {
		return Block{}, err
	}
	prints := map[string][]string{}
	add := func(set, print string) {
		if print != "" && !slices.Contains(prints[set], print) {
			prints[set] = append(prints[set], print)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(r)) {
		add(r[key].Environment.Data, r[key].Environment.Fingerprint)
		for _, result := range r[key].Results {
			set, _, _ := strings.Cut(result.Task, "/")
			add(set, result.Data)
		}
	}

	t := report.Table{Align: "ll", Head: []string{"set", "fingerprint"}}
	for _, set := range slices.Sorted(maps.Keys(prints)) {
		t.Rows = append(t.Rows, []string{report.Code(set), report.Code(strings.Join(prints[set], ", "))})
	}
	return Block{Text: t.Markdown()}, nil
}

func (g generator) claims() (Block, error) {
	r, err := g.records()
	if err != nil {
		return Block{}, err
	}
	t, err := report.Claims(experiments.CPU, r)
	return Block{Text: t.Markdown()}, err
}

// claim answers a claim from its records: verdict, limits, figure, and all estimates, folded.
func (g generator) claim(id string) (Block, error) {
	c, err := experiments.Named(id)
	if err != nil {
		return Block{}, err
	}
	r, err := g.records()
	if err != nil {
		return Block{}, err
	}

	// No page states a verdict of its own: it follows from the records each time.
	o, err := experiments.Judge(c, experiments.CPU, r)
	if err != nil {
		return Block{}, err
	}
	figure, err := experiments.Figure(c, experiments.CPU, r)
	if err != nil {
		return Block{}, err
	}

	b := Block{Text: report.OutcomeSummary(o) + "\n" + ruleText(c)}
	if figure != nil {
		name := "claim-" + id + ".png"
		b.Text += fmt.Sprintf("\n![%s](../figures/%s)\n", figure.Alt, name)
		b.Figures = map[string]*plots.Figure{filepath.Join(figuresFolder, name): figure}
	}

	// The summary has only the estimates that decide; here are all, and what each arm was trained with.
	b.Text += "\n" + report.FoldedEstimates(o)
	p := c.Plan(experiments.CPU).Remembering()
	if arms := report.Arms(p, r); len(arms.Rows) > 0 {
		text := fmt.Sprintf("%s Accuracy is the mean of the seeds on %s by %s. `sslx claims show RUN --scale %s` "+
			"prints the whole configuration of a run, and how to repeat it.\n\n%s", report.ArmsNote(p, r), p.Tasks[0],
			p.Protocols[0], experiments.CPU, arms.Markdown())
		b.Text += "\n" + report.Folded("Each arm: accuracy, setting, and a run to repeat", text)
	}
	return b, nil
}

// budget draws the differences that decide claims against the epochs of training.
func (g generator) budget() (Block, error) {
	r, err := g.records()
	if err != nil {
		return Block{}, err
	}
	figure, err := experiments.BudgetFigure(experiments.Claims(), experiments.CPU, r)
	if err != nil || figure == nil {
		return Block{}, err
	}
	const name = "claims-budget.png"
	return Block{Text: fmt.Sprintf("![%s](../figures/%s)", figure.Alt, name),
		Figures: map[string]*plots.Figure{filepath.Join(figuresFolder, name): figure}}, nil
}

// ruleText is the rule that a claim is decided by, as the command lists it, and what the verdict on a comparison means.
func ruleText(c experiments.Claim) string {
	text := "**The rule of the verdict**, as `sslx claims list` prints it: "
	rule := c.Rule(experiments.CPU)
	if rule == "" {
		return text + c.Decision + "\n" // the claim compares no arms: its decision is its rule
	}

	text += rule + "\n\nIn tables and figures, \"A over B\" is the accuracy of A minus that of B. *Upheld* means " +
		"that the whole interval lies beyond the margin, on the side that the belief predicts: A is better. "
	useless := slices.ContainsFunc(c.Plan(experiments.CPU).Comparisons, func(one experiments.Comparison) bool {
		return one.Useless
	})
	if useless {
		text += "Where the belief says that A is no better than B, as in the comparisons that decide, *upheld* means " +
			"that the whole interval lies below the margin: A is not better by more than that. "
	}
	return text + "*Reversed* means that it lies beyond the margin on the other side, and *equivalent* that it lies " +
		"within. *Not settled* means none of these, or a p-value above 0.05.\n"
}

// plans says what is run for a claim at each scale.
func (g generator) plans(id string) (Block, error) {
	c, err := experiments.Named(id)
	if err != nil {
		return Block{}, err
	}
	text := report.Plans(c).Markdown()

	// The plan knows only where a search begins; what it adds depends on what it finds.
	tunes := slices.ContainsFunc(experiments.Scales(), func(s experiments.Scale) bool {
		return c.Plan(s).Tuned() > 0
	})
	if tunes {
		text += "\nThe runs of tuning are those that the search begins with: it adds more where the best setting " +
			"lies at the edge of what was tried. The final runs, one for each arm and seed, are not in that column. " +
			"The answer above counts both kinds.\n"
	}
	return Block{Text: text}, nil
}
