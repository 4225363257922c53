package pages

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/sslx-go/lab/report"
)

// faultsRecord is what internal/faults keeps of a run of its random faults.
const faultsRecord = "internal/faults/results/faults.jsonl"

// faults is a table of what came of random faults.
func (g generator) faults() (Block, error) {
	file, err := os.Open(filepath.Join(g.root, faultsRecord))
	if err != nil {
		return Block{}, err
	}
	defer func() { _ = file.Close() }()

	t := report.Table{Align: "lrll", Head: []string{"Fault", "Times", "What happened", "Sentence"}}

	// One line a kind of fault, already counted: the page adds nothing to the record.
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var one struct {
			Fault, Happened, Sentence string
			Times                     int
		}
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			return Block{}, fmt.Errorf("%s is damaged: %w", faultsRecord, err)
		}
		t.Rows = append(t.Rows, []string{one.Fault, fmt.Sprint(one.Times), one.Happened, one.Sentence})
	}
	return Block{Text: t.Markdown()}, lines.Err()
}
