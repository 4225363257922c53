package pages

import (
	"fmt"
	"path/filepath"

	"gonum.org/v1/gonum/stat"

	"github.com/sslx-go/lab/internal/words"
	"github.com/sslx-go/lab/report"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/record"
)

// measured is what the records of a method say, with a number for each seed.
type measured struct {
	config                           sslx.Config
	knn, linear, minutes, rank, loss []float64
	chance                           float64
	cpu                              string
	cores                            int
}

// measured returns the records experiments/results/methods/NAME-SEED; a method without any was not measured.
func (g generator) measured(name string) (m measured, err error) {
	dirs, err := g.runs(name)
	if err != nil {
		return m, err
	}
	for _, dir := range dirs {
		if err := m.add(dir); err != nil {
			return m, err
		}
	}
	return m, nil
}

// runs returns the folders of the records NAME-SEED.
func (g generator) runs(name string) (dirs []string, err error) {
	return filepath.Glob(filepath.Join(g.root, recordsFolder, "methods", name+"-[0-9]"))
}

// add adds the record of a seed.
func (m *measured) add(dir string) error {
	m.config = sslx.Config{}
	if err := record.ReadConfig(dir, &m.config); err != nil {
		return err
	}
	name := objective.NameOf(m.config.Objective)
	knn, err := accuracyOf(dir, name, "knn")
	if err != nil {
		return err
	}
	linear, err := accuracyOf(dir, name, "linear")
	if err != nil {
		return err
	}
	metrics, err := record.ReadMetrics(dir)
	if err != nil || len(metrics) == 0 {
		return fmt.Errorf("%s has no training log: %w", dir, err)
	}
	e, err := record.ReadEnvironment(dir)
	if err != nil {
		return err
	}

	// The end of the training counts, never a better step before it.
	last := metrics[len(metrics)-1]
	m.knn, m.linear = append(m.knn, knn), append(m.linear, linear)
	m.minutes = append(m.minutes, last.Seconds/60)
	m.rank, m.loss = append(m.rank, last.Rank), append(m.loss, last.Loss)
	m.chance, m.cpu, m.cores = last.Chance, e.CPU, e.Cores
	return nil
}

// accuracyOf returns the accuracy of a model by a family of protocols, in percent; of untrained encoders, the best.
func accuracyOf(dir, model, family string) (float64, error) {
	results, err := record.ReadResults(dir)
	if err != nil {
		return 0, err
	}

	best := -1.0
	for _, r := range results {
		same := r.Model == model || model == record.ModelUntrained && record.IsUntrained(r.Model)
		if same && r.Protocol.Family == family && r.Metric == record.MetricAccuracy {
			best = max(best, 100*r.Value)
		}
	}
	if best < 0 {
		return 0, fmt.Errorf("%s has no accuracy of %s by %s", dir, model, family)
	}
	return best, nil
}

// untrained returns the accuracies of the untrained encoder of the records NAME-SEED.
func (g generator) untrained(name string) (values []float64, err error) {
	dirs, err := g.runs(name)
	if err != nil {
		return nil, err
	}
	if len(dirs) == 0 {
		return nil, fmt.Errorf("there is no record of the untrained encoder of %s", name)
	}
	for _, dir := range dirs {
		v, err := accuracyOf(dir, record.ModelUntrained, "knn")
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return values, nil
}

// machine says what a method was trained on.
func (m measured) machine() string {
	if m.cores == 1 {
		return fmt.Sprintf("one core (%s) that other work shared", m.cpu)
	}
	return fmt.Sprintf("%d cores (%s)", m.cores, m.cpu)
}

// spread says mean and standard deviation.
func spread(values []float64) string {
	mean, deviation := stat.MeanStdDev(values, nil)
	if len(values) == 1 {
		return fmt.Sprintf("%.1f", mean)
	}
	return fmt.Sprintf("%.1f ± %.1f", mean, deviation)
}

// Where the untrained encoders were measured: that of all methods with SimCLR, and the vision transformer's.
const (
	untrainedRuns = "simclr"
	vitRuns       = "dino-vit"
)

// method says what was measured of a method, or of a recipe NAME.
func (g generator) method(name string) (Block, error) {
	m, err := g.measured(name)
	if err != nil {
		return Block{}, err
	}

	// A new method has a page before it has a record.
	if len(m.knn) == 0 {
		return Block{Text: "Not measured yet."}, nil
	}

	// What training added is the gain over the untrained encoder.
	base := untrainedRuns
	if name == vitRuns {
		base = vitRuns
	}
	untrained, err := g.untrained(base)
	if err != nil {
		return Block{}, err
	}

	chance := ""
	if m.chance != 0 {
		chance = fmt.Sprintf(" (chance %.3g)", m.chance)
	}
	gain := stat.Mean(m.knn, nil) - stat.Mean(untrained, nil)
	return Block{Text: fmt.Sprintf("CIFAR-10, `sslx pretrain --config cifar10-%s`: %s, %s with batch %d, %.1f "+
		"minutes of training on %s: kNN %s %% on test, %+.1f points above the untrained encoder (%s %%), linear "+
		"%s %%; seeds: %d. The last loss is %.3g%s, the effective rank of the embeddings %.1f.", name, m.encoder(),
		words.Count(m.config.Epochs, "epoch"), m.config.Batch, stat.Mean(m.minutes, nil), m.machine(), spread(m.knn),
		gain, spread(untrained), spread(m.linear), len(m.knn), stat.Mean(m.loss, nil), chance,
		stat.Mean(m.rank, nil))}, nil
}

// encoder says what was trained.
func (m measured) encoder() string {
	name := encoder.NameOf(m.config.Encoder)
	if vit, ok := m.config.Encoder.(encoder.ViT); ok {
		return fmt.Sprintf("%s with patches of %d", name, vit.Patch)
	}
	return fmt.Sprintf("%s of width %d", name, m.config.Encoder.Dim()/8)
}

// methods is a table of what was measured of every method.
func (g generator) methods() (Block, error) {
	untrained, err := g.untrained(untrainedRuns)
	if err != nil {
		return Block{}, err
	}
	t := report.Table{Align: "lrrrrrrr", Head: []string{"method", "seeds", "kNN, test (%)", "above untrained",
		"linear, test (%)", "epochs", "minutes", "effective rank"}}
	for _, name := range objective.Names() {
		m, err := g.measured(name)
		if err != nil {
			return Block{}, err
		}

		// An empty row shows that a method was not measured.
		if len(m.knn) == 0 {
			t.Rows = append(t.Rows, []string{report.Link(name, name+".md"), "0", "", "", "", "", "", ""})
			continue
		}
		gain := stat.Mean(m.knn, nil) - stat.Mean(untrained, nil)
		t.Rows = append(t.Rows, []string{report.Link(name, name+".md"), fmt.Sprint(len(m.knn)), spread(m.knn),
			fmt.Sprintf("%+.1f", gain), spread(m.linear), fmt.Sprint(m.config.Epochs),
			fmt.Sprintf("%.1f", stat.Mean(m.minutes, nil)), fmt.Sprintf("%.1f", stat.Mean(m.rank, nil))})
	}
	t.Rows = append(t.Rows, []string{"untrained encoder", fmt.Sprint(len(untrained)), spread(untrained), "", "", "",
		"", ""})
	return Block{Text: t.Markdown()}, nil
}

// equalTime is a table of EMP-SSL after few epochs, and of SimCLR that trained as long.
func (g generator) equalTime() (Block, error) {
	t := report.Table{Align: "lrrrrr", Head: []string{"method", "epochs", "minutes", "kNN, test (%)",
		"linear, test (%)", "seeds"}}
	for _, runs := range []string{"equal-time/empssl-1", "equal-time/simclr-4", "empssl", "simclr",
		"equal-time/empssl-10", "equal-time/simclr-45"} {
		m, err := g.measured(runs)
		if err != nil {
			return Block{}, err
		}
		if len(m.knn) == 0 {
			continue
		}
		method := objective.NameOf(m.config.Objective)
		t.Rows = append(t.Rows, []string{report.Link(method, method+".md"), fmt.Sprint(m.config.Epochs),
			fmt.Sprintf("%.1f", stat.Mean(m.minutes, nil)), spread(m.knn), spread(m.linear), fmt.Sprint(len(m.knn))})
	}
	return Block{Text: t.Markdown()}, nil
}
