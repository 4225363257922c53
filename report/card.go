package report

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/sslx-go/lab/internal/atomicfile"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/internal/words"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/record"
)

// cardStart begins every model card: metadata as model hubs read it.
const cardStart = "---\nlibrary_name: sslx\n"

// checkCard refuses a file that exists and is no model card: it may be the user's work.
func checkCard(path string) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("the model card cannot be written: %w", err)
	}
	defer func() { _ = file.Close() }()
	start, err := bufio.NewReader(file).Peek(len(cardStart))
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("the model card cannot be written: %w", err)
	}
	if len(start) > 0 && string(start) != cardStart {
		return usage.Errorf("%s is there and is no model card: give the card another name", path)
	}
	return nil
}

// writeCard writes the model card of the run in dir.
func (r Run) writeCard(path, dir string) error {
	var c sslx.Config
	if err := record.ReadConfig(dir, &c); err != nil {
		return err
	}
	done, total, err := pretrain.StepsDone(dir)
	if err != nil {
		return err
	}
	text := r.card(c.Resolved(), total > 0 && done >= total)
	err = atomicfile.Write(path, func(w io.Writer) error { _, err := io.WriteString(w, text); return err })
	if err != nil {
		return fmt.Errorf("the model card cannot be written to %s: %w", path, err)
	}
	return nil
}

// card returns the model card: data, recipe, results, limits and how to repeat it, all from the record.
func (r Run) card(c sslx.Config, finished bool) string {
	var b strings.Builder
	section := func(title string, paragraphs ...string) {
		fmt.Fprintf(&b, "## %s\n\n", title)
		for _, p := range paragraphs {
			b.WriteString(strings.TrimRight(p, "\n") + "\n\n")
		}
	}
	method := objective.NameOf(c.Objective)
	fmt.Fprintf(&b, "%stags: [self-supervised-learning, image-feature-extraction]\n---\n\n# %s\n\n", cardStart,
		inline(r.Name))
	fmt.Fprintf(&b, "Image encoder %s, trained with %s. This card was generated from the record of the run.\n\n",
		inline(encoder.NameOf(c.Encoder)), inline(method))

	section("Data", r.dataText(c))
	section("Recipe", r.recipeTable(c).Markdown(), "The whole configuration:", fenced("yaml", r.Config))
	if len(r.Results) == 0 {
		section("Results", "The run has not been evaluated.")
	} else {
		section("Results", strings.Join(escapedLines(r.Summary()[1:]), "\n\n"), ResultsMarkdown(r.Results),
			"Accuracies are in percent, the best of each row is bold. Pixels and the untrained encoder are the "+
				"baselines (untrained-bn: with running statistics of the data); the text after @ is the layer that "+
				"was measured. Hyper-parameters of probes were chosen on images held out of the training split.")
	}
	section("Limits", "- "+strings.Join(r.limits(c, finished), "\n- "))
	section("How to repeat it", "Save the configuration above as config.yaml, then:",
		fenced("sh", strings.Join(r.repeat("config.yaml"), "\n")), r.originTable().Markdown())
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// dataText says what the encoder was trained on.
func (r Run) dataText(c sslx.Config) string {
	e := r.Environment
	text := fmt.Sprintf("Trained on the training split of %s", inline(cmp.Or(e.Data, c.Data)))
	if e.Fingerprint != "" {
		text += fmt.Sprintf(" (SHA-256 of its content: `%s`)", inline(e.Fingerprint))
	}
	if c.Size > 0 {
		text += fmt.Sprintf(", at %d pixels", c.Size)
	}
	if c.Objective.Needs().Labels {
		return text + ", with its labels."
	}
	text += ". The encoder saw no labels"

	// The log tells: the configuration of a run on images without labels names a probe, too.
	if slices.ContainsFunc(r.Metrics, func(m record.Metrics) bool { return m.ProbeAccuracy != nil }) {
		text += "; the online probe used them without a gradient to the encoder"
	}
	return text + "."
}

// recipeTable lists what decides a training.
func (r Run) recipeTable(c sslx.Config) Table {
	t := Table{Align: "ll", Head: []string{"", "value"}}
	add := func(name, value string) { t.Rows = append(t.Rows, []string{name, value}) }

	// What was to be trained.
	add("method", objective.NameOf(c.Objective))
	add("encoder", encoder.NameOf(c.Encoder))
	add("setting", settingText(c))
	add("views", words.Count(len(c.Views), "view")+" an image; "+viewText(c))
	if len(c.Resolutions) > 0 {
		var sizes []string
		for _, r := range c.Resolutions {
			sizes = append(sizes, fmt.Sprintf("%d pixels from epoch %d", r.Size, r.Epoch))
		}
		add("size of views", strings.Join(sizes, ", "))
	}
	add("epochs", fmt.Sprint(c.Epochs))
	add("seed", fmt.Sprint(c.Seed))

	// What the log says of the training.
	if n := len(r.Metrics); n > 0 {
		last := r.Metrics[n-1]
		add("trained", fmt.Sprintf("%s, %s images seen, in %s", words.Count(last.Epoch, "epoch"),
			words.Thousands(last.Images), words.Duration(last.Seconds)))
		loss := fmt.Sprintf("%.4f", last.Loss)
		if last.Chance != 0 {
			loss += fmt.Sprintf(" (chance %.4f)", last.Chance)
		}
		add("last loss", loss)
		if last.Rank != 0 {
			add("effective rank", fmt.Sprintf("%.1f of the embeddings of a batch", last.Rank))
		}
	}
	return t
}

// limits says what the numbers do not show, as far as the record tells.
func (r Run) limits(c sslx.Config, finished bool) (list []string) {
	if !finished {
		list = append(list, "The record has no checkpoint of the last step: either training is not finished, or the "+
			"weights were not kept.")
	}

	// What it was measured on.
	sets := map[string]bool{}
	var elsewhere []string
	for _, v := range r.Results {
		set, _, _ := strings.Cut(v.Task, "/")
		if set != r.Environment.Data && !sets[set] {
			elsewhere = append(elsewhere, inline(set))
		}
		sets[set] = true
	}
	switch {
	case len(r.Results) == 0:
		list = append(list, "Nothing was measured: it is not known what the encoder is good for.")
	case len(elsewhere) == 0:
		list = append(list, "It was measured on the data set that it was trained on only: what it does on other "+
			"images is not known.")
	default:
		list = append(list, "Data sets that it was measured on and not trained on: "+strings.Join(elsewhere, ", ")+".")
	}

	// What the numbers do not tell.
	if len(r.Results) > 0 {
		list = append(list, "One run with one seed: the intervals are over images, and do not tell how much "+
			"another seed would change the numbers.")
		if behind := r.behind(); len(behind) > 0 {
			list = append(list, "It does not beat its baselines on "+strings.Join(behind, ", ")+": there, training "+
				"has gained nothing.")
		}
		if !slices.ContainsFunc(r.Results, func(v record.Result) bool { return record.IsUntrained(v.Model) }) {
			list = append(list, "The untrained encoder was not measured, which is the baseline that matters most.")
		}
	}
	if n := len(r.Metrics); n > 0 && r.Metrics[n-1].Chance > 0 && r.Metrics[n-1].Loss >= 0.99*r.Metrics[n-1].Chance {
		list = append(list, "The loss is still at its chance level: the embeddings tell nothing about the images.")
	}

	size := "of the size that it was trained on"
	if c.Size > 0 {
		size = fmt.Sprintf("of %d pixels", c.Size)
	}
	return append(list, "It expects images "+size+", normalized with the statistics in its checkpoint.")
}

// behind lists the tasks on which no trained model of the run is better than both baselines.
func (r Run) behind() (tasks []string) {
	c := compare(r.Results)
	for _, row := range c.main() {
		var best, trained float64
		for name, e := range row.cells {
			if record.IsBaseline(name) {
				best = max(best, e.tenths())
			} else if name != record.ModelSupervised {
				trained = max(trained, e.tenths())
			}
		}
		if best > 0 && trained > 0 && trained <= best {
			tasks = append(tasks, inline(row.task))
		}
	}
	return tasks
}

// originTable lists with what and when the run was made.
func (r Run) originTable() Table {
	t := Table{Align: "ll", Head: []string{"made with", ""}}
	for _, fact := range EnvironmentFacts(r.Environment) {
		t.Rows = append(t.Rows, []string{fact[0], fact[1]})
	}
	return t
}

// inline returns text of a record that is no markup of a line of Markdown.
func inline(text string) string { return markdownEscapes.Replace(words.Printable(text, false)) }

func escapedLines(lines []string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = inline(line)
	}
	return out
}

// fenced returns a block of code, whose fence is longer than any in it.
func fenced(language, code string) string {
	fence := "```"
	for strings.Contains(code, fence) {
		fence += "`"
	}
	return fence + language + "\n" + strings.TrimRight(code, "\n") + "\n" + fence
}
