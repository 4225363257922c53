package pages

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sslx-go/lab/bench"
	"github.com/sslx-go/lab/report"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/record"
)

// saved is a record with the parts of its configuration that tables show.
type saved struct {
	bench.Result
	Config struct {
		Encoder            string
		Width, Size, Batch int
		Precision          string
		Kernels            bool
		Protocol           string
		Train, Test        int
		Accuracy           float64
		Set                string
		Files, Bytes       int
	} `json:"config"`
	Busy *float64 `json:"busy_cores"` // absent from the first records
}

// saved reads a record. The parts of a configuration that a benchmark does not have stay 0.
func (g generator) saved(name string) (r saved, err error) {
	text, err := os.ReadFile(filepath.Join(g.root, "bench", "results", name+".json"))
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("record %s: %w", name, err)
	}
	return r, nil
}

// bench is a table of records of one benchmark.
func (g generator) bench(names []string) (Block, error) {
	var records []saved
	for _, name := range names {
		r, err := g.saved(name)
		if err != nil {
			return Block{}, err
		}
		records = append(records, r)
	}
	if len(records) == 0 {
		return Block{}, fmt.Errorf("it names no record")
	}
	return Block{Text: table(records)}, nil
}

// table shows records of one benchmark: all programs where there are peers, and how the work grows where there are not.
func table(records []saved) string {
	var out strings.Builder

	// Records without peers show how the work grows, in columns of their own.
	peak := true
	for _, r := range records {
		peak = peak && r.Peak != nil && len(r.Peers)+len(r.Missing) == 0
	}
	if peak {
		out.WriteString("| encoder | batch | images/s | quartiles | GFLOP/s | of a matrix product | first step |\n" +
			"| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	} else {
		out.WriteString("| what | program | " + records[0].Sslx.Unit + " | quartiles | sslx is | how |\n" +
			"| --- | --- | ---: | ---: | ---: | --- |\n")
	}
	for _, r := range records {
		if peak {
			fmt.Fprintf(&out, "| %s, width %d | %d | %s | %s | %s | %.0f %% | %.1f s |\n", r.Config.Encoder,
				r.Config.Width, r.Config.Batch, figure(r.Sslx.Median), quartiles(r.Sslx),
				figure(r.Sslx.Median*r.Peak.Image), 100*r.Peak.Share, r.First)
		} else {
			r.programs(&out)
		}
	}

	// bench/run measures all records of a table in one go, and some are measured again: the latest one has the date.
	latest := slices.MaxFunc(records, func(a, b saved) int {
		return a.Environment.Started.Compare(b.Environment.Started)
	})
	var all []record.Environment
	for _, r := range records {
		all = append(all, r.Environment)
	}
	e := latest.Environment
	fmt.Fprintf(&out, "\n%s; turns of each: %d; %s; %s, revision %s.", e.Device, len(latest.Sslx.Turns),
		quiet(records), e.Started.Format(time.DateOnly), revisionsText(all))
	return out.String()
}

// revisionsText lists the revisions of environments, each once, in their order.
func revisionsText(all []record.Environment) string {
	var revisions []string
	for _, e := range all {
		if revision := fmt.Sprintf("%.12s", e.Revision); !slices.Contains(revisions, revision) {
			revisions = append(revisions, revision)
		}
	}
	return strings.Join(revisions, ", ")
}

// quiet says what else the machine did between turns.
func quiet(records []saved) string {
	busy, known := 0.0, true
	for _, r := range records {
		if known = known && r.Busy != nil; known {
			busy = max(busy, *r.Busy)
		}
	}

	if !known {
		return "**other work on the machine is not known: do not quote these ratios**"
	}
	return quietText(busy)
}

// quietText says how many cores other work kept busy. Ratios from a busy machine are wrong: they stay on the page, with
// a warning.
func quietText(busy float64) string {
	if busy > bench.QuietCores {
		return fmt.Sprintf("**the machine was not quiet (%.1f cores busy with other work): do not quote these "+
			"ratios**", busy)
	}
	return fmt.Sprintf("%.2f cores busy with other work", busy)
}

// programs writes a line for sslx and each peer.
func (r saved) programs(out *strings.Builder) {
	// A benchmark is told apart by what it varies: size, encoder, protocol or set.
	what := fmt.Sprintf("%dx%d, batch %d", r.Config.Size, r.Config.Size, r.Config.Batch)
	if r.Config.Encoder != "" {
		what = fmt.Sprintf("%s, batch %d", r.Config.Encoder, r.Config.Batch)
	}
	if r.Config.Protocol != "" {
		what = fmt.Sprintf("%s, %s x %s", r.Config.Protocol, figure(float64(r.Config.Train)),
			figure(float64(r.Config.Test)))
	}
	if r.Config.Set != "" {
		what = r.Config.Set
		if r.Config.Size > 0 {
			what += fmt.Sprintf(" to %d", r.Config.Size)
		}
	}
	how := fmt.Sprintf("first unit of work after %.1f s", r.First)
	if r.Config.Set != "" {
		how = fmt.Sprintf("%d files of %s kB", r.Config.Files, figure(float64(r.Config.Bytes)/1e3))
	}
	if r.Peak != nil {
		how += fmt.Sprintf("; %.0f %% of a matrix product", 100*r.Peak.Share)
	}
	if r.Config.Protocol != "" {
		how += fmt.Sprintf("; accuracy %.4f", r.Config.Accuracy)
	}
	fmt.Fprintf(out, "| %s | sslx | %s | %s | | %s |\n", what, figure(r.Sslx.Median), quartiles(r.Sslx), how)
	for _, p := range r.Peers {
		fmt.Fprintf(out, "| | %s %s | %s | %s | **%.2fx** | %s |\n", p.Name, p.Version, figure(p.Median),
			quartiles(p.Rates), r.Ratio[p.Name], p.Note)
	}
	for _, m := range r.Missing {
		fmt.Fprintf(out, "| | %s | | | | %s |\n", m.Name, m.Reason)
	}
}

func quartiles(r bench.Rates) string { return figure(r.Q1) + " to " + figure(r.Q3) }

// figure prints a rate without digits that mean nothing, with commas between thousands.
func figure(x float64) string {
	if x < 100 {
		return fmt.Sprintf("%.1f", x)
	}
	text := strconv.FormatFloat(x, 'f', 0, 64)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// embedding is a table of how many images a second each encoder embeds, of those that were measured: by default, on
// XLA, and in pure Go without kernels.
func (g generator) embedding() (Block, error) {
	t := report.Table{Align: "lrrrrr", Head: []string{"Encoder", "sslx", "PyTorch", "sslx is", "on XLA", "in plain Go"}}
	var records []saved
	for _, name := range encoder.Names() {
		cells, measured := []string{name, "", "", "", "", ""}, false
		for _, of := range []struct {
			column int
			prefix string
		}{{1, "embed-"}, {4, "embed-xla-"}, {5, "embed-go-"}} {
			r, err := g.saved(of.prefix + name)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return Block{}, err
			}
			records, measured = append(records, r), true
			cells[of.column] = figure(r.Sslx.Median)
			for _, p := range r.Peers {
				cells[2], cells[3] = figure(p.Median), fmt.Sprintf("%.2fx", r.Ratio[p.Name])
			}

			// Without kernels, the default is XLA.
			if of.column == 1 && !r.Config.Kernels {
				cells[4] = cells[1]
			}
		}
		if measured {
			t.Rows = append(t.Rows, cells)
		}
	}
	if len(records) == 0 {
		return Block{Text: "Not measured on a quiet machine yet: `ONLY='embed-*' bench/run` fills this table."}, nil
	}

	e := records[0].Environment
	return Block{Text: fmt.Sprintf("%s\nImages of 32x32 a second; %s; %s; %s, revision %.12s.", t.Markdown(), e.Device,
		quiet(records), e.Started.Format(time.DateOnly), e.Revision)}, nil
}
